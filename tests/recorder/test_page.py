"""The page and its script in Chromium and in Firefox, with a driver that moves the mouse."""

import contextlib
import time
from pathlib import Path

import pytest

import humouse.capture
from humouse.data.sources import make_source
from recorder.conftest import until

_ENGINES = ("chromium", "firefox")
_COUNT = """(() => {
  window.seen = 0;
  for (const kind of ['pointermove', 'pointerdown', 'pointerup', 'wheel'])
    addEventListener(kind, (event) =>
      { window.seen += event.getCoalescedEvents?.().length || 1; }, {capture: true, passive: true});
  return true;
})()"""
_CENTRE = """(() => {
  const box = document.querySelector('%s').getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
})()"""


@pytest.fixture
def visit(request, recorder):
    """Open the recorder's page; nothing but itself may be asked for, and no cookie be there."""

    @contextlib.contextmanager
    def opened(engine, width=1280, scheme="light"):
        program = request.getfixturevalue({"chromium": "browser", "firefox": "firefox"}[engine])
        page = program.new_page(
            viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(recorder.address)
        until(lambda: shown(page, "#folder") == str(recorder.folder))
        yield page
        assert page.evaluate("document.cookie") == ""
        page.close()
        assert all(url.startswith((recorder.address, "data:")) for url in asked)

    return opened


class Driver:
    """A mouse that goes straight, in equal steps."""

    def __init__(self, page):
        self._page, self._at = page, (200.0, 400.0)

    def go(self, selector, steps=15):
        goal = self._page.evaluate(_CENTRE % selector)
        start = self._at
        for k in range(1, steps + 1):
            part = k / steps
            self._page.mouse.move(*(a + part * (b - a) for a, b in zip(start, goal, strict=True)))
            time.sleep(0.005)
        self._at = goal

    def click(self, selector):
        self.go(selector)
        self._page.mouse.down()
        self._page.mouse.up()


def shown(page, selector):
    return page.evaluate(f"document.querySelector('{selector}').textContent")


def test_the_script_is_small_and_keeps_to_itself():
    script = Path(humouse.capture.__file__).parent / "web" / "humouse.js"
    text = script.read_text()
    assert len(text.encode()) < 8000
    assert "import " not in text.replace("import {", "")
    assert not {"cookie", "keydown", "keypress", "input", "localStorage"} & set(
        text.split("// Times")[1].split("\n", 1)[1].replace("(", " ").replace('"', " ").split()
    )


@pytest.mark.parametrize("engine", _ENGINES)
def test_a_driver_goes_through_the_tasks(visit, recorder, engine):
    with visit(engine) as page:
        driver = Driver(page)
        driver.click("#begin")
        page.evaluate(_COUNT)
        for _ in range(4):
            driver.click(".target")
        assert page.evaluate("document.getElementById('progress').value") == 4
        driver.click("#next")
        driver.go(".piece")
        page.mouse.down()
        driver.go(".slot")
        page.mouse.up()
        assert page.evaluate("document.getElementById('progress').value") == 1
        driver.click("#next")
        assert shown(page, "#place") == "Task 3 of 5"
        until(lambda: recorder.events() == page.evaluate("window.seen"))
    batches = recorder.batches()
    assert [one["number"] for one in batches] == list(range(len(batches)))
    assert {one["task"] for one in batches} >= {"targets", "drag"}
    assert {pointer for one in batches for pointer in one["events"]["pointer"]} == {"mouse"}
    source = make_source("auto", root=recorder.folder)
    (file,) = source.files()
    assert source.name == "humouse"
    states = source.events(file).table["state"].value_counts()
    assert dict(states.iter_rows())["press"] >= 6
