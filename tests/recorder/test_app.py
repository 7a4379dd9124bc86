"""The recorder's answers: what it stores, and what it refuses with a sentence."""

import json
from collections.abc import Iterator

import httpx
import pytest

from examples.batches import batch


@pytest.fixture
def client(recorder) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=recorder.address, timeout=60) as client:
        yield client


def post(client, content, session="s", **headers):
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    headers = {"content-type": "application/json", **headers}
    return client.post(f"/v1/sessions/{session}/events", content=body, headers=headers)


def test_a_batch_sent_twice_is_stored_once_also_by_another_process(client, recorder):
    assert post(client, batch("a")).json() == {"stored": True}
    assert post(client, batch("a")).json() == {"stored": False}
    recorder.end()
    recorder.begin()
    assert post(client, batch("a")).json() == {"stored": False}
    assert [one["batch"] for one in recorder.batches()] == ["a"]


@pytest.mark.parametrize(
    ("content", "session", "headers", "status", "said"),
    [
        (b"{", "s", {}, 422, "no JSON"),
        (b"[]", "s", {}, 422, "no JSON object"),
        (batch("a") | {"version": 2}, "s", {}, 422, "version: must be 1"),
        (batch("a") | {"keys": "secret"}, "s", {}, 422, "keys: there is no such field"),
        (batch("a"), "%2e%2e", {}, 422, "session: must be 1 to 64 letters, digits, - or _"),
        (batch("a"), "s" * 65, {}, 422, "session: must be 1 to 64 letters, digits, - or _"),
        (b" " * 2_000_001, "s", {}, 413, "at most 2,000,000 bytes"),
        # What another site's page can send without asking, and under a name that leads here.
        (batch("a"), "s", {"content-type": "text/plain"}, 422, "no JSON object"),
        (batch("a"), "s", {"host": "evil.example"}, 400, "Invalid host"),
    ],
)
def test_what_is_refused(client, recorder, content, session, headers, status, said):
    answer = post(client, content, session, **headers)
    assert answer.status_code == status
    assert said in answer.text
    assert recorder.batches() == []


def test_where_nothing_can_be_written_it_says_so_and_the_next_try_succeeds(client, recorder):
    aside = recorder.folder.rename(recorder.folder.with_name("aside"))
    answer = post(client, batch("a"))
    assert answer.status_code == 507
    assert "theirs: cannot be written (No such file or directory)" in answer.json()["error"]
    aside.rename(recorder.folder)
    assert post(client, batch("a")).json() == {"stored": True}


def test_the_page_asks_nobody_else_and_sets_no_cookie(client):
    for path in ("/", "/humouse.js", "/about.json", "/record.js"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-security-policy"].startswith("default-src 'self'")
        assert "set-cookie" not in answer.headers


def test_a_session_without_a_mouse_has_no_movements(client):
    assert client.get("/v1/sessions/none/report").json() == {"movements": 0}
    finger = [(8 * k, 9 * k, k, "move", 1, "touch") for k in range(30)]
    post(client, batch("a", finger))
    assert client.get("/v1/sessions/s/report").json() == {"movements": 0}
