"""Every page in Chromium and in Firefox, wide and narrow, light and dark, under axe-core's eyes.

A part of the combinations is quick; all of them are run with the tests marked slow.
"""

import contextlib
import csv
import itertools
import time
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT

_ENGINES = ("chromium", "firefox")
_PAGES = ("evaluation", "comparison", "detection")
_QUICK = {("chromium", 1400, "light"), ("firefox", 390, "dark")}
_CASES = [
    pytest.param(*case, marks=() if (case[0], *case[2:]) in _QUICK else pytest.mark.slow)
    for case in itertools.product(_ENGINES, _PAGES, (1400, 390), ("light", "dark"))
]
# The replay in Chromium is tried in test_browser.py; every page's numbers in one of the browsers.
_QUICK_REPLAYS = {("firefox", "evaluation")}
_QUICK_NUMBERS = {("firefox", "evaluation"), ("chromium", "comparison"), ("firefox", "detection")}
_MOST_BYTES = 1_500_000


def _each(pages, quick):
    """Return every page of these in every browser, slow but for some."""
    return pytest.mark.parametrize(
        ("engine", "name"),
        [
            pytest.param(*case, marks=() if case in quick else pytest.mark.slow)
            for case in itertools.product(_ENGINES, pages)
        ],
    )


_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_UNFOLD = "document.querySelectorAll('details').forEach((part) => { part.open = true; })"
_CLOCK = "Number(document.getElementById('replay-clock').textContent)"
_PICTURES = "[...document.querySelectorAll('#replay canvas')].map((one) => one.toDataURL())"
# What stands first in each cell of the table that a link to a file belongs to, where it is a number.
_NUMBERS = """[...document.querySelector('a[download]').closest('section').querySelectorAll('td.num')]
  .map((cell) => (cell.querySelector('[data-value]') ?? cell.firstChild)?.textContent.trim() ?? '')
  .filter((text) => /\\d/.test(text))"""
# Tables that stick out of the page, and boxes with more behind their edge that do not show
# it by a shadow (which a coloured cell would hide), cannot be scrolled by keyboard, or have no name.
_TABLES = """[...document.querySelectorAll('table')].filter((one) => one.checkVisibility()).flatMap(
  (table) => {
    let box = table;
    while (box && !['auto', 'scroll'].includes(getComputedStyle(box).overflowX)) box = box.parentElement;
    const faults = [];
    if ((box ?? table).getBoundingClientRect().right > document.documentElement.clientWidth + 1)
      faults.push('sticks out');
    if (box && box.scrollWidth > box.clientWidth + 1) {
      const edge = box.getBoundingClientRect().right;
      const cut = [...table.querySelectorAll('td')].map((cell) => [cell, cell.getBoundingClientRect()])
        .filter(([, its]) => its.left < edge - 12 && its.right > edge);
      if (!getComputedStyle(box).backgroundImage.includes('gradient') ||
          cut.some(([cell]) => getComputedStyle(cell).backgroundColor !== 'rgba(0, 0, 0, 0)'))
        faults.push('no shadow');
      if (box.tabIndex !== 0) faults.push('not by keyboard');
      if (!box.ariaLabel && !box.getAttribute('aria-labelledby')) faults.push('no name');
    }
    return faults.map((fault) => fault + ': ' + table.textContent.trim().slice(0, 60));
  })"""
_LIGHTNESS = """['backgroundColor', 'color'].map((part) => getComputedStyle(document.body)[part]
  .match(/\\d+/g).slice(0, 3).reduce((sum, one) => sum + Number(one) / 765, 0))"""


@pytest.fixture(scope="module")
def pages(report, comparison, detection):
    """File of each kind of page."""
    return {"evaluation": report, "comparison": comparison, "detection": detection}


@pytest.fixture(scope="module")
def visit(request, pages):
    """Open a page; when it is left, nothing must have failed and nothing been asked for."""

    @contextlib.contextmanager
    def opened(engine, name, width=1400, scheme="light"):
        program = request.getfixturevalue({"chromium": "browser", "firefox": "firefox"}[engine])
        page = program.new_page(
            viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )
        said, asked = [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        address = pages[name].as_uri()
        page.goto(address)
        yield page
        page.close()
        assert said == []
        assert {url for url in asked if not url.startswith("data:")} <= {address}

    return opened


def axe(page, contrast):
    """Return axe-core's serious and critical findings: rule, number of elements, the first one.

    Contrast takes axe-core longer than all the rest; other tests here measure it in Chromium.
    """
    page.evaluate(f"(() => {{ {AXE_SCRIPT}\n }})()")
    found = page.evaluate(
        "axe.run({resultTypes: ['violations'], preload: false, rules: {'color-contrast': {enabled: "
        f"{str(contrast).lower()} }} }} }}).then((result) => result.violations.map((one) =>"
        " [one.impact, one.id, one.nodes.length, String(one.nodes[0].target)]))"
    )
    return [fault for fault in found if fault[0] in ("serious", "critical")]


def until(page, condition):
    """Wait until an expression is true."""
    end = time.monotonic() + 20
    while not page.evaluate(condition):
        assert time.monotonic() < end, f"{condition} did not come true in 20 s"
        time.sleep(0.02)


@pytest.mark.parametrize("name", _PAGES)
def test_a_page_is_one_file_that_can_be_mailed(pages, name):
    assert pages[name].stat().st_size <= _MOST_BYTES


@pytest.mark.parametrize(("engine", "name", "width", "scheme"), _CASES)
def test_it_fits_and_everybody_can_use_it(visit, screenshots, request, engine, name, width, scheme):
    slow = request.node.get_closest_marker("slow") is not None
    with visit(engine, name, width, scheme) as page:
        paper, ink = page.evaluate(_LIGHTNESS)
        assert (paper < 0.2 and ink > 0.8) if scheme == "dark" else (paper > 0.8 and ink < 0.2)
        assert page.evaluate(_OVERFLOW) <= 0
        if slow:
            page.screenshot(path=screenshots / f"{name}-{engine}-{width}-{scheme}.png")
        page.press("summary", "Enter")
        assert page.evaluate("document.querySelector('details').open")
        page.evaluate(_UNFOLD)
        assert page.evaluate(_OVERFLOW) <= 0
        assert page.evaluate(_TABLES) == []
        if slow or engine == "firefox":
            assert axe(page, contrast=slow) == []


@_each(("evaluation", "comparison"), _QUICK_REPLAYS)
def test_the_replay_plays_and_stops_by_keyboard(visit, engine, name):
    with visit(engine, name) as page:
        before = page.evaluate(_PICTURES)
        page.press("#replay-play", "Enter")
        until(page, f"{_CLOCK} > 0.1")
        page.press("#replay-play", "Space")
        stopped, after = page.evaluate(_CLOCK), page.evaluate(_PICTURES)
        assert len(before) == len(after) > 1
        assert all(one != other for one, other in zip(before, after, strict=True))
        time.sleep(0.2)
        assert page.evaluate(_CLOCK) == stopped
        assert page.evaluate(_PICTURES) == after


@_each(_PAGES, _QUICK_NUMBERS)
def test_the_numbers_of_the_table_can_be_taken_along(visit, engine, name):
    with visit(engine, name, 390) as page:
        with page.expect_download() as got:
            page.press("a[download]", "Enter")
        with Path(got.value.path()).open(newline="", encoding="utf-8") as file:
            values = [float(row["value"]) for row in csv.DictReader(file)]
        shown = page.evaluate(_NUMBERS)
    assert shown
    assert [text for text in shown if not any(is_shown_as(text, value) for value in values)] == []


def is_shown_as(text, value):
    """Return whether a table's text, such as −0.02 or >99.9%, is a value up to its last digit."""
    bare, unit = text.strip("<>%").replace("−", "-"), 0.01 if text.endswith("%") else 1.0
    digits = len(bare.partition(".")[2])
    return abs(float(bare) * unit - value) <= unit / 10**digits
