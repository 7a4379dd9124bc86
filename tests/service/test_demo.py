"""`/demo` in Chromium and in Firefox: one's own movements, those that are played, a server with tokens."""

import contextlib
import json
import re
import time
from pathlib import Path

import httpx
import pytest

from examples.service import serving
from humouse.files import sha256
from humouse.service import demo
from humouse.training.checkpoint import PRETRAINED
from recorder.conftest import until

MOVEMENTS = Path(demo.__file__).parent / "web" / "movements.json"
_SLOWLY = {
    engine: pytest.param(engine, marks=pytest.mark.slow) for engine in ("chromium", "firefox")
}
# A card by its heading: what it says, the verdicts and reasons in its list, the points of its curve.
_CARD = """(() => {
  const box = [...document.querySelectorAll('.card')]
    .find((one) => one.querySelector('h2').textContent === %s);
  const all = (selector) => [...box?.querySelectorAll(selector) ?? []];
  return {
    verdict: all('[role=status]').map((one) => one.textContent).join(),
    odds: all('.odds').map((one) => one.textContent).join(),
    verdicts: all('li b').map((one) => one.textContent),
    reasons: all('li small').map((one) => one.textContent),
    points: all('.curve .dots').map((one) => one.getAttribute('d').split('M').length - 1),
    told: all('.curve').map((one) => one.getAttribute('aria-label')).join(),
  };
})()"""
_SHOWN = "document.querySelector('%s')?.checkVisibility()"


def _wrong(said):
    """Return whether Chromium reports a fault; an answer of 401 brings out the field for a token."""
    return said.type == "error" and "401" not in said.text


@pytest.fixture
def visit(request):
    """Open the page of a service, where nothing moves that need not; nothing may fail in it."""

    @contextlib.contextmanager
    def opened(engine, service, width=900, scheme="light"):
        program = request.getfixturevalue({"chromium": "browser", "firefox": "firefox"}[engine])
        page = program.new_page(
            viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
        )
        failures = []
        fault = {"chromium": "pageerror", "firefox": "console"}[engine]
        page.on(fault, lambda said: failures.append(str(said)))
        if engine == "chromium":
            page.on("console", lambda said: failures.append(said.text) if _wrong(said) else None)
        page.goto(f"{service.base_url}/demo")
        yield page
        page.close()
        assert not failures

    return opened


def card(page, title):
    return page.evaluate(_CARD % json.dumps(title))


def play(page, name):
    """Play a source to its end; return its card."""
    click = "[...document.querySelectorAll('#play button')].find((one) => one.textContent === %s).click()"
    page.evaluate(click % json.dumps(f"Play {name}"))
    until(lambda: "after 6 movements" in card(page, name)["verdict"])
    return card(page, name)


def move(page, rows):
    """Move the mouse along rows, each ended by a click."""
    for row in range(rows):
        for step in range(30):
            page.mouse.move(150 + 12 * step, 320 + 20 * row)
            time.sleep(0.01)
        page.mouse.down()
        page.mouse.up()
        time.sleep(0.25)


def share_in(odds):
    """Return the share of people's sessions that words tell, at most."""
    found = re.fullmatch(
        r"(fewer than )?([\d,]+) of ([\d,]+) sessions of people (is|are) as strange", odds
    )
    assert found, odds
    count, scale = (float(number.replace(",", "")) for number in found.group(2, 3))
    assert (found[4] == "is") == (count == 1)
    return count / scale


@pytest.mark.parametrize("engine", [_SLOWLY["chromium"], "firefox"])
def test_it_shows_what_the_service_says(visit, service, engine):
    with visit(engine, service) as page:
        posted = []
        page.on("request", lambda request: posted.append(request.url))
        page.press("#enter button", "Enter")
        until(lambda: page.evaluate(_SHOWN % "#canvas"))
        move(page, 4)
        until(lambda: "after 4 movements" in card(page, "You")["verdict"])
        (session,) = {url.split("/")[-2] for url in posted if url.endswith("/events")}
        found = service.get(f"/v1/sessions/{session}").json()
        you = card(page, "You")
        assert you["verdict"] == f"{found['verdict']}, after 4 movements"
        assert you["verdicts"] == [one["verdict"] for one in reversed(found["decisions"])]
        assert share_in(you["odds"]) == pytest.approx(max(found["p_value"], 1e-4), rel=0.5)
        assert you["points"][0] >= 1
        assert f"after 4, {you['odds'].removesuffix(' as strange')}" in you["told"]
        for name, verdict in (("humouse's model", "human"), ("wind", "bot")):
            played = play(page, name)
            assert played["verdict"] == f"{verdict}, after 6 movements"
            assert len(played["verdicts"]) == 6
            assert played["reasons"][0]
            assert played["points"] == [6]
            assert (share_in(played["odds"]) < 0.01) == (verdict == "bot")


@pytest.mark.parametrize("engine", ["chromium", _SLOWLY["firefox"]])
def test_a_server_with_tokens_asks_for_one(visit, tmp_path, engine):
    token = "a-token-of-the-test-0123456789"
    (tmp_path / "tokens").write_text(token)
    words = [f"database=sqlite:///{tmp_path}/s.sqlite", f"tokens_file={tmp_path}/tokens"]
    with serving(words) as client, visit(engine, client) as page:
        page.press("#enter button", "Enter")
        said = "document.getElementById('failed').textContent"
        until(lambda: "a token is needed" in page.evaluate(said))
        assert page.evaluate(_SHOWN % "#token")
        page.evaluate(f"document.getElementById('token').value = '{token}'")
        page.press("#enter button", "Enter")
        until(lambda: page.evaluate(_SHOWN % "#play button"))
        play(page, "line")
        assert client.get("/demo/../app.py").status_code in (401, 404)
        assert client.get("/demo/other.js").status_code == 404


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["chromium", "firefox"])
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_it_fits(visit, service, screenshots, engine, width, scheme):
    with visit(engine, service, width, scheme) as page:
        page.press("#enter button", "Enter")
        until(lambda: page.evaluate(_SHOWN % "#play button"))
        for name in ("humouse's model", "wind"):
            play(page, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        colours = "getComputedStyle(document.querySelector('.card ol')).scrollbarColor"
        ground = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 29)"}[scheme]
        assert page.evaluate(colours).endswith(ground)
        whole = {"full_page": True} if engine == "chromium" else {}
        page.screenshot(path=screenshots / f"demo-{engine}-{width}-{scheme}.png", **whole)


def test_what_is_played_is_of_the_packaged_model_and_of_bots():
    content = json.loads(MOVEMENTS.read_text())
    assert content["made_by"]["model"] == sha256(PRETRAINED)
    names = [one["name"] for one in content["sources"]]
    assert names == ["humouse's model", "line", "bezier", "minimum jerk", "wind"]
    assert all(len(one["movements"]) == 6 for one in content["sources"])


def test_the_script_may_be_imported_by_other_sites(service: httpx.Client):
    answer = service.get("/humouse.js")
    assert "export function start" in answer.text
    assert answer.headers["access-control-allow-origin"] == "*"
    assert len(answer.content) < 8000
