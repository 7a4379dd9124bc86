"""The pages in a real Chromium: nothing fails, everything has size, the replay obeys."""

import contextlib
import itertools
from dataclasses import replace

import pytest
import torch

from humouse.report import write_report

_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_NOW = "Number(document.getElementById('replay-clock').textContent)"


@pytest.fixture(scope="module")
def pages(report, comparison):
    """Address of a report and of a comparison."""
    return {"report": report, "compare": comparison}


@pytest.fixture(scope="module")
def visit(browser, pages):
    """Open a page; when it is left, nothing must have failed and nothing been asked for."""

    @contextlib.contextmanager
    def opened(name, width=1280, height=800, motion="reduce", scheme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            reduced_motion=motion,
            color_scheme=scheme,
        )
        page = context.new_page()
        said, asked = [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        address = pages[name].as_uri()
        page.goto(address)
        yield page
        context.close()
        assert said == []
        assert [url.split("#")[0] for url in asked if not url.startswith("data:")] == [address]

    return opened


def until(page, condition):
    """Wait until an expression is true; Playwright's own way needs eval, which the page forbids."""
    for _ in range(400):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"{condition} did not come true in 10 s")


def pixels(page, side="generated"):
    return page.evaluate(f"document.getElementById('replay-{side}').toDataURL()")


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("report", 360),
        pytest.param("compare", 1280, marks=pytest.mark.slow),
        pytest.param("report", 1280, marks=pytest.mark.slow),
        pytest.param("compare", 360, marks=pytest.mark.slow),
    ],
)
def test_it_fits_and_is_kept_as_a_picture(visit, screenshots, name, width):
    with visit(name, width) as page:
        assert page.evaluate(_OVERFLOW) <= 0
        page.screenshot(path=screenshots / f"{name}-{width}.png", full_page=True)
        assert (screenshots / f"{name}-{width}.png").stat().st_size > 50_000
        page.evaluate("document.querySelectorAll('details').forEach((part) => part.open = true)")
        assert page.evaluate(_OVERFLOW) <= 0
        empty = page.evaluate(
            "[...document.querySelectorAll('svg:not(.axis), canvas, figure')].filter((one) => {"
            " const box = one.getBoundingClientRect(); return box.width < 10 || box.height < 10;"
            "}).map((one) => one.outerHTML.slice(0, 200))"
        )
        assert empty == []
        wide = page.evaluate(
            "[...document.querySelectorAll('td, tbody th')].filter((one) => one.scrollWidth >"
            " one.clientWidth + 1 && one.clientWidth).map((one) => one.textContent)"
        )
        assert [
            text for text in wide if text.strip() != "Marks"
        ] == []  # no cell runs into the next


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_words_can_be_read(visit, scheme):
    contrast = """() => {
      const light = (c) => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map((x) => x / 255)
        .map((x) => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
        return .2126 * r + .7152 * g + .0722 * b; };
      const behind = (e) => { for (; e; e = e.parentElement) {
        const c = getComputedStyle(e).backgroundColor; if (!c.endsWith(', 0)')) return c; }
        return 'rgb(255, 255, 255)'; };
      const faint = [];
      for (const e of document.querySelectorAll('body *')) {
        const own = [...e.childNodes].some((n) => n.nodeType == 3 && n.textContent.trim());
        if (!own || ['SCRIPT', 'STYLE', 'NOSCRIPT', 'title', 'desc'].includes(e.tagName)) continue;
        const style = getComputedStyle(e);
        const [a, b] = [light(e instanceof SVGElement ? style.fill : style.color), light(behind(e))];
        const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        if (ratio < 4.5) faint.push([e.outerHTML.slice(0, 80), ratio]);
      }
      return faint;
    }"""
    for name in ("report", "compare"):
        with visit(name, scheme=scheme) as page:
            assert page.evaluate(contrast) == []


@pytest.mark.slow
def test_every_picture_has_a_name(visit):
    for name in ("report", "compare"):
        with visit(name) as page:
            nameless = page.evaluate(
                "[...document.querySelectorAll('[role=img]')].filter((one) => !("
                " one.getAttribute('aria-label') || document.getElementById("
                " one.getAttribute('aria-labelledby') || '')?.textContent))"
                ".map((one) => one.outerHTML.slice(0, 200))"
            )
            assert nameless == []
            outline = page.evaluate(
                "[...document.querySelectorAll('h1, h2, h3, h4')].map((h) => Number(h.tagName[1]))"
            )
            assert outline[0] == 1
            assert all(b - a <= 1 for a, b in itertools.pairwise(outline))
            assert page.locator("main").count() == page.locator("h1").count() == 1


@pytest.mark.slow
def test_the_replay_does_not_start_under_reduced_motion(visit):
    with visit("report") as page:
        page.locator("#replay-play").scroll_into_view_if_needed()
        before = pixels(page)
        page.wait_for_timeout(300)
        assert page.evaluate(_NOW) == 0
        assert pixels(page) == before
        assert page.locator("#replay-play").inner_text() == "Play"


@pytest.mark.slow
def test_the_replay_starts_when_it_scrolls_into_view(visit):
    with visit("report", height=300, motion="no-preference") as page:
        page.wait_for_timeout(200)
        assert page.evaluate(_NOW) == 0  # still out of sight
        page.locator("#replay-people").scroll_into_view_if_needed()
        until(page, f"{_NOW} > 0")
        assert page.locator("#replay-play").inner_text() == "Pause"


def test_it_moves_and_stops(visit):
    with visit("report") as page:
        before = [pixels(page, side) for side in ("people", "generated")]
        page.click("#replay-play")
        until(page, f"{_NOW} > 0.1")
        page.click("#replay-play")
        after = [pixels(page, side) for side in ("people", "generated")]
        assert after[0] != before[0]
        assert after[1] != before[1]
        status = page.locator("#replay-status")
        assert status.get_attribute("aria-live") == "polite"
        assert status.inner_text().startswith("Paused at 1×")
        stopped = page.evaluate(_NOW)
        page.wait_for_timeout(200)
        assert page.evaluate(_NOW) == stopped
        assert pixels(page) == after[1]


@pytest.mark.slow
def test_the_replays_clock_runs_at_the_chosen_speed(visit):
    """Played through a browser's own frames, whose times are made here: 16 ms each."""
    frames = """(n) => { let at = 0; const queue = [];
      window.requestAnimationFrame = (job) => queue.push(job);
      window.cancelAnimationFrame = () => { queue.length = 0; };
      window.ticks = (n) => { for (let k = 0; k < n; k++) { at += 16; queue.shift()(at); } }; }"""
    with visit("report") as page:
        page.evaluate(frames)
        page.click("#replay-play")
        reached = {}
        for speed in ("1", "0.25", "4", "0.5", "2"):
            page.select_option("#replay-speed", speed)
            page.fill("#replay-seed", speed[-1])
            page.press("#replay-seed", "Tab")  # another seed begins anew
            page.evaluate("ticks(1)")
            begun = page.evaluate(_NOW)
            page.evaluate("ticks(5)")
            reached[float(speed)] = page.evaluate(_NOW) - begun
        for speed, seconds in reached.items():
            assert seconds == pytest.approx(0.08 * speed, abs=0.011)
        page.evaluate("ticks(2000)")  # at the end it begins again
        assert page.evaluate(_NOW) < 1.0


@pytest.mark.slow
def test_seeds_choose_the_gestures(visit):
    rows = "document.getElementById('replay-people').dataset.rows"
    with visit("report") as page:
        first, shown = page.evaluate(rows), pixels(page)
        assert len(set(first.split())) == 6
        page.click("#replay-next")
        assert page.input_value("#replay-seed") == "1"
        assert page.evaluate(rows) != first
        assert pixels(page) != shown
        for typed, kept in (("0", "0"), ("-7", "0"), ("99999", "9999"), ("", "0")):
            page.fill("#replay-seed", typed)
            page.press("#replay-seed", "Tab")
            assert page.input_value("#replay-seed") == kept
        assert page.evaluate(rows) == first
        assert pixels(page) == shown


def test_the_page_is_usable_by_keyboard_alone(visit):
    with visit("report") as page:
        names = []
        for _ in range(40):
            page.keyboard.press("Tab")
            names.append(
                page.evaluate(
                    "document.activeElement.id || document.activeElement.getAttribute('href')"
                )
            )
            if names[-1] == "replay-next":
                break
        assert names[0] == "#main"  # the skip link
        controls = ["replay-play", "replay-speed", "replay-seed", "replay-next"]
        assert names[-4:] == controls
        page.keyboard.press("Enter")
        assert page.input_value("#replay-seed") == "1"
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("ArrowUp")
        assert page.input_value("#replay-seed") == "2"
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("ArrowDown")
        assert page.input_value("#replay-speed") == "2"
        page.keyboard.press("Shift+Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        page.keyboard.press("Space")
        until(page, f"{_NOW} > 0")
        assert "Playing at 2×, seed 2" in page.locator("#replay-status").inner_text()


@pytest.mark.slow
def test_paper_shows_the_page_and_no_controls(visit, tmp_path):
    with visit("report") as page:
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 718, "height": 1000})  # A4 less its margins
        assert not page.locator(".controls").is_visible()
        assert not page.locator("nav").is_visible()
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details[open]").count() == 0  # not twenty sheets of histograms
        assert not page.locator("details .feature").last.is_visible()
        assert page.evaluate(_OVERFLOW) <= 0
        paper = page.pdf(path=tmp_path / "report.pdf", format="A4")
        assert paper.startswith(b"%PDF")
    with visit("compare") as page:
        folded = page.locator("details:not(.screen)").count()
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details[open]").count() == folded > 0
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator("details[open]").count() == 0


@pytest.mark.slow
def test_a_page_of_a_run_without_features_or_curves_works_too(run, browser, tmp_path):
    bare = {"features": {}, "spectra": {}, "curves": {}, "neighbours": (), "warnings": ()}
    alone = replace(run.generated, **bare)
    people = run.movements("people")[:3]
    people.save(tmp_path / "data" / "people.parquet")
    nothing = replace(people, deltas=torch.zeros_like(people.deltas))  # there is nothing to replay
    nothing.save(tmp_path / "data" / "generated.parquet")
    page = browser.new_page(viewport={"width": 360, "height": 700})
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(
        write_report(replace(run, folder=tmp_path, evaluations={"generated": alone})).as_uri()
    )
    page.click("#replay-next")
    assert "3 gestures of people and 0 generated" in page.locator("#replay-status").inner_text()
    assert page.evaluate(_OVERFLOW) <= 0
    page.close()
    assert said == []
