"""The page and its script in Chromium and in Firefox, with a driver that moves the mouse."""

import contextlib
import time
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT

import humouse.capture
from humouse.data.sources import make_source
from humouse.recorder.own import own_report
from recorder.conftest import until

_SLOWLY = {
    engine: pytest.param(engine, marks=pytest.mark.slow) for engine in ("chromium", "firefox")
}
_COUNT = """(() => {
  window.seen = 0;
  for (const kind of ['pointermove', 'pointerdown', 'pointerup', 'wheel'])
    addEventListener(kind, (event) =>
      { window.seen += event.getCoalescedEvents?.().length || 1; }, {capture: true, passive: true});
  return true;
})()"""
# A browser may hand out the last move with the next frame.
_SEEN = """new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))
  .then(() => window.seen)"""
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

    def click(self, selector, steps=15):
        self.go(selector, steps)
        self._page.mouse.down()
        self._page.mouse.up()


def shown(page, selector):
    return page.evaluate(f"document.querySelector('{selector}').textContent")


def arrived(recorder, count):
    """Wait until as many events are stored as were seen."""
    end = time.monotonic() + 40
    while recorder.events() != count() and time.monotonic() < end:
        time.sleep(0.1)
    assert recorder.events() == count(), [len(one["events"]["t_ms"]) for one in recorder.batches()]


def test_the_script_is_small_and_keeps_to_itself():
    script = Path(humouse.capture.__file__).parent / "web" / "humouse.js"
    text = script.read_text()
    assert len(text.encode()) < 8000
    assert "import " not in text.replace("import {", "")
    assert not {"cookie", "keydown", "keypress", "input", "localStorage"} & set(
        text.split("// Times")[1].split("\n", 1)[1].replace("(", " ").replace('"', " ").split()
    )


@pytest.mark.parametrize("engine", [_SLOWLY["chromium"], "firefox"])
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
        arrived(recorder, lambda: page.evaluate("window.seen"))
    batches = recorder.batches()
    assert [one["number"] for one in batches] == list(range(len(batches)))
    assert {one["task"] for one in batches} >= {"targets", "drag"}
    assert {pointer for one in batches for pointer in one["events"]["pointer"]} == {"mouse"}
    source = make_source("auto", root=recorder.folder)
    (file,) = source.files()
    assert source.name == "humouse"
    states = source.events(file).table["state"].value_counts()
    assert dict(states.iter_rows())["press"] >= 6


@pytest.mark.parametrize("engine", ["chromium", _SLOWLY["firefox"]])
def test_what_cannot_be_sent_survives_a_reload_and_arrives_once(visit, recorder, engine):
    with visit(engine) as page:
        driver = Driver(page)
        driver.click("#begin")
        page.evaluate(_COUNT)
        driver.click(".target")
        until(lambda: "All of them" in shown(page, "#sent"))
        aside = recorder.folder.rename(recorder.folder.with_name("aside"))  # nothing can be stored
        driver.click(".target")
        until(lambda: "does not answer" in shown(page, "#sent"))
        driver.go("#next")
        seen = page.evaluate(_SEEN)
        page.goto(recorder.address)
        page.evaluate(_COUNT)
        assert shown(page, "#place") == "Task 1 of 5"
        driver.click(".target")
        aside.rename(recorder.folder)
        arrived(recorder, lambda: seen + page.evaluate("window.seen"))
        until(lambda: "All of them" in shown(page, "#sent"))
    batches = recorder.batches()
    assert len({one["batch"] for one in batches}) == len(batches)
    assert len({one["page"]["time_origin_ms"] for one in batches}) == 2
    assert len(list(recorder.folder.glob("*.ndjson"))) == 1


@pytest.mark.slow
@pytest.mark.parametrize("engine", [_SLOWLY["chromium"], "firefox"])
def test_a_server_that_was_away_gets_everything_once(visit, recorder, engine):
    with visit(engine) as page:
        driver = Driver(page)
        driver.click("#begin")
        page.evaluate(_COUNT)
        recorder.end()
        driver.click(".target")
        until(lambda: "does not answer" in shown(page, "#sent"))
        recorder.begin()
        arrived(recorder, lambda: page.evaluate("window.seen"))
    batches = recorder.batches()
    assert len({one["batch"] for one in batches}) == len(batches)


@pytest.mark.slow
def test_a_page_that_is_left_hands_over_the_rest(visit, recorder):
    with visit("chromium") as page:
        driver = Driver(page)
        driver.click("#begin")
        page.evaluate(_COUNT)
        driver.go(".target")
        seen = page.evaluate(_SEEN)
        page.goto("about:blank")
        arrived(recorder, lambda: seen)
        page.goto(recorder.address)


@pytest.mark.parametrize("engine", ["chromium", _SLOWLY["firefox"]])
def test_a_part_of_sessions_is_recorded_the_same_part_each_time(visit, engine):
    count = """import('/humouse.js').then(({start}) => {
      let recorded = 0;
      for (let k = 0; k < 300; k++) {
        const one = start({session: 's' + k, sample: 0.1, url: location.origin});
        recorded += one.recording;
        one.stop();
      }
      return recorded;
    })"""
    with visit(engine) as page:
        recorded = page.evaluate(count)
        assert 15 < recorded < 50
        assert page.evaluate(count) == recorded


@pytest.mark.slow
def test_the_page_can_be_used_by_keyboard(visit, recorder):
    with visit("chromium") as page:
        page.press("#begin", "Enter")
        for number in (1, 2):
            page.press(".target", "Enter")
            assert page.evaluate("document.getElementById('progress').value") == number
            assert page.evaluate("document.activeElement.className") == "target"
        page.press("#next", "Enter")
        page.press(".piece", "ArrowLeft")
        page.press("#next", "Enter")
        page.press("#slide", "ArrowRight")
        assert shown(page, "output") == "51"
        page.press("#next", "Enter")
        page.press(".text summary", "Enter")
        assert page.evaluate("document.querySelector('.text details').open")
        Driver(page).go(".text")
        arrived(recorder, lambda: 15)
    assert {kind for batch in recorder.batches() for kind in batch["events"]["kind"]} == {"move"}


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (390, "dark"),
        pytest.param(390, "light", marks=pytest.mark.slow),
        pytest.param(1280, "light", marks=pytest.mark.slow),
        pytest.param(1280, "dark", marks=pytest.mark.slow),
    ],
)
def test_it_fits_and_everybody_can_use_it(visit, screenshots, width, scheme):
    with visit("chromium", width, scheme) as page:
        assert not page.locator("#touch").is_visible()
        page.screenshot(path=screenshots / f"record-0-{width}-{scheme}.png")
        page.click("#begin")
        for number in range(1, 6):
            page.wait_for_timeout(50)
            page.screenshot(path=screenshots / f"record-{number}-{width}-{scheme}.png")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(_CENTRE % "#next")[1] < 900
            assert axe(page) == []
            page.click("#next")


@pytest.mark.slow
def test_a_finger_is_recorded_as_one_and_the_page_says_that_it_is_left_out(browser, recorder):
    page = browser.new_page(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    page.goto(recorder.address)
    assert page.locator("#touch").is_visible()
    page.tap("#begin")
    page.tap(".target")
    until(recorder.events)
    page.close()
    assert {one for batch in recorder.batches() for one in batch["events"]["pointer"]} == {"touch"}


def axe(page):
    """Return axe-core's serious and critical findings."""
    page.evaluate(f"(() => {{ {AXE_SCRIPT}\n }})()")
    found = page.evaluate("axe.run({resultTypes: ['violations']}).then((one) => one.violations)")
    return [(one["id"], one["nodes"]) for one in found if one["impact"] in ("serious", "critical")]


@pytest.mark.slow
def test_at_the_end_the_driver_is_told_that_it_is_a_bot(visit, recorder, screenshots):
    with visit("chromium") as page:
        driver = Driver(page)
        driver.click("#begin")
        for _ in range(12):
            driver.click(".target", steps=24)
        for _ in range(5):
            page.click("#next")
        until(lambda: shown(page, "#report"), 90)
        page.screenshot(path=screenshots / "record-end-1280-light.png", full_page=True)
        words = shown(page, "#report")
        assert axe(page) == []
    (session,) = recorder.folder.glob("*.ndjson")
    found = own_report(session)
    assert found["session"] == "bot"
    assert found["verdicts"]["own"]["bot"] > 0.8 * found["movements"]
    assert found["verdicts"]["model"].get("human", 0) > 90  # what made them learnt from people
    assert f"{found['movements']} movements" in words
    assert "All together: bot." in words
    straight = next(row for row in found["rows"] if row["name"] == "straightness")
    assert straight["own"][1] > 99.5 > straight["model"][1]
