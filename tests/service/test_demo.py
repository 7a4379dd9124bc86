"""`/demo` in Chromium: the visitor's own movements, those that are played, and a server with tokens."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from examples.service import serving
from humouse.files import sha256
from humouse.service import demo
from humouse.training.checkpoint import PRETRAINED

MOVEMENTS = Path(demo.__file__).parent / "web" / "movements.json"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page where nothing moves that need not, and that must not fail."""
    context = browser.new_context(reduced_motion="reduce", viewport={"width": 900, "height": 800})
    shown = context.new_page()
    failures: list[str] = []
    shown.on("pageerror", lambda error: failures.append(str(error)))
    yield shown
    context.close()
    assert not failures


def card(page: Page, title: str):
    return page.locator("section.card", has=page.get_by_role("heading", name=title, exact=True))


def test_it_shows_what_the_service_says(page: Page, service: httpx.Client):
    posted: list[str] = []
    page.on("request", lambda request: posted.append(request.url))
    page.goto(f"{service.base_url}/demo")
    page.get_by_role("button", name="Begin").click()
    field = page.locator("#canvas")
    field.wait_for()
    for row in range(4):
        for step in range(30):
            page.mouse.move(150 + 12 * step, 320 + 20 * row)
            page.wait_for_timeout(10)
        page.mouse.click(498, 320 + 20 * row)  # ends the movement
        page.wait_for_timeout(250)
    said = card(page, "You").get_by_role("status")
    expect(said).to_contain_text("after 4 movements", timeout=15_000)
    (session,) = {url.split("/")[-2] for url in posted if url.endswith("/events")}
    found = service.get(f"/v1/sessions/{session}").json()
    expect(said).to_have_text(f"{found['verdict']}, after 4 movements")
    verdicts = card(page, "You").locator("li b").all_inner_texts()
    assert verdicts == [one["verdict"] for one in reversed(found["decisions"])]
    for name, verdict in (("humouse's model", "human"), ("wind", "bot")):
        page.get_by_role("button", name=f"Play {name}").click()
        played = card(page, name)
        expect(played.get_by_role("status")).to_have_text(f"{verdict}, after 6 movements")
        assert played.locator("li").count() == 6
        assert played.locator("li small").first.inner_text()


def test_a_server_with_tokens_asks_for_one(page: Page, tmp_path: Path):
    token = "a-token-of-the-test-0123456789"
    (tmp_path / "tokens").write_text(token)
    words = [f"database=sqlite:///{tmp_path}/s.sqlite", f"tokens_file={tmp_path}/tokens"]
    with serving(words) as client:
        page.goto(f"{client.base_url}/demo")
        page.get_by_role("button", name="Begin").click()
        page.get_by_label("Token").fill(token)
        expect(page.get_by_role("alert")).to_contain_text("a token is needed")
        page.get_by_role("button", name="Begin").click()
        page.get_by_role("button", name="Play line").click()
        expect(card(page, "line").get_by_role("status")).to_contain_text("after 6 movements")
        assert client.get("/demo/../app.py").status_code in (401, 404)
        assert client.get("/demo/other.js").status_code == 404


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
