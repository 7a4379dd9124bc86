"""Tokens, rates, and addresses that others reach."""

import json
import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from examples.service import batch, finished, movement, serving, settings
from humouse.errors import InputError
from humouse.service.access import Access
from humouse.service.logs import JsonLines
from humouse.service.server import serve

_TOKENS = ("first-token-0123456789", "other-token-0123456789")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "tokens").write_text("\n".join(_TOKENS))
    words = [
        f"tokens_file={folder}/tokens",
        f"database=sqlite:///{folder}/sessions.sqlite",
        "limits.requests_per_second=5000",
        "limits.sessions=2",
        "limits.waiting=10",
        "public_events=true",
    ]
    with serving(words) as client:
        yield client


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_opens(guarded: httpx.Client):
    for token in _TOKENS:
        answer = guarded.get("/v1/sessions/a", headers=bearing(token))
        assert answer.status_code == 404
    wrong = ("x", _TOKENS[0][:-1], _TOKENS[0] + "x", "é")
    for path in ("/v1/sessions/a", "/metrics", "/nothing"):
        for given in [{}, *({"Authorization": f"Bearer {one}".encode()} for one in wrong)]:
            answer = guarded.get(path, headers=given)
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert "Authorization: Bearer TOKEN" in answer.json()["error"]
        basic = {"Authorization": f"Basic {_TOKENS[0]}"}
        assert guarded.get(path, headers=basic).status_code == 401
    for path in ("/healthz", "/readyz", "/openapi.json"):
        assert guarded.get(path).status_code == 200


def test_a_visitors_page_is_told_no_verdict(guarded: httpx.Client):
    content = batch(0, begins_ms=0)
    answer = guarded.post("/v1/sessions/visitor/events", json=content)
    assert answer.json() == {"session": "visitor", "batch": "b-0", "events": 41}
    answer = guarded.post("/v1/sessions/visitor/events", json=content, headers=bearing(_TOKENS[1]))
    assert answer.json()["movements"] == 1
    wrong = bearing("no such token at all")
    assert guarded.post("/v1/sessions/a/events", json=content, headers=wrong).status_code == 401
    assert guarded.post("/v1/movements", json={"movements": []}).status_code == 401


def test_sessions_and_what_waits_have_a_limit(guarded: httpx.Client):
    ask = bearing(_TOKENS[0])
    given = [movement("a", "s1"), movement("b", "s2"), movement("c", "s3")]
    for one in given:
        answer = guarded.post("/v1/movements", json={"movements": [one]}, headers=ask)
    assert answer.status_code == 429
    assert "sessions are stored, as many as may be" in answer.json()["error"]
    assert answer.headers["Retry-After"] == "60"


def test_who_comes_while_many_wait_is_told_so(guarded: httpx.Client):
    given = {"movements": [movement(f"m-{k}", seed=k) for k in range(10)]}

    def ask(_: int) -> httpx.Response:
        return guarded.post("/v1/movements", json=given, headers=bearing(_TOKENS[0]))

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(ask, range(12)))
    assert {one.status_code for one in answers} == {200, 429}
    busy = next(one for one in answers if one.status_code == 429)
    assert busy.json() == {"error": "busy: 10 movements wait; send these again soon"}
    assert busy.headers["Retry-After"] == "1"


def test_who_asks_too_often_waits():
    async def fine(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("fine")(scope, receive, send)

    async def ask(address: str, times: int) -> list[httpx.Response]:
        transport = httpx.ASGITransport(app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
            return [await client.get("/v1/sessions/a") for _ in range(times)]

    app = Access(fine, [], False, per_second=3)
    answers = finished(ask("1.2.3.4", 4))
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["Retry-After"] == "1"
    assert answers[-1].json() == {"error": "more than 3 requests a second; slow down"}
    assert finished(ask("1.2.3.5", 1))[0].status_code == 200
    time.sleep(0.4)
    assert finished(ask("1.2.3.4", 1))[0].status_code == 200


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["host=0.0.0.0"], "host=0.0.0.0: others can reach it, and no token is set"),
        (["host=example.org"], "others can reach it"),
        (["tokens_file={tmp}/none"], "tokens_file={tmp}/none: cannot be read"),
        (["tokens_file={tmp}/empty"], "holds no token"),
        (["tokens_file={tmp}/short"], "fewer than 16 characters"),
        (["database=mysql://a:secret@b/c"], "database=mysql://…: no database that is known"),
        (["database=nonsense"], "database=nonsense://…: no database that is known"),
        (["database=sqlite:////nowhere/at/all"], "database: cannot be opened"),
        (["detector={tmp}"], "no detector"),
        (["limits.points=0"], "limits.points=0: must be above 0"),
        (["timeouts.body_s=-1"], "timeouts.body_s=-1.0: must be above 0"),
        (["retention_days=0"], "retention_days=0.0: must be above 0"),
        (["reasons=-1"], "reasons=-1: must be at least 0"),
        (["false_positive_rate=0.2"], "false_positive_rate=0.2: choose 0.01 or 0.001"),
        (["gestures.gap_ms=0"], "gap_ms=0"),
        (["port=70000"], "port=70000: must be at most 65535"),
        (["host=127.0.0.256"], "others can reach it"),
    ],
)
def test_settings_that_cannot_be(tmp_path: Path, words: list[str], said: str):
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "short").write_text("secret")
    filled = [word.format(tmp=tmp_path) for word in words]
    where = [] if "database" in words[0] else [f"database=sqlite:///{tmp_path}/s.sqlite"]
    with pytest.raises(InputError) as caught:
        serve(settings(*filled, *where))
    assert said.format(tmp=tmp_path) in str(caught.value)
    assert "secret" not in str(caught.value)


def test_the_log_has_lines_of_json_without_movements(
    guarded: httpx.Client, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.INFO, "humouse.service"):
        one = movement("my-movement", "my-session") | {"x_px": [123456.0] * 40}
        guarded.post("/v1/movements", json={"movements": [one]}, headers=bearing(_TOKENS[0]))
        until = time.monotonic() + 5  # the line comes after the answer
        while not caplog.records and time.monotonic() < until:
            time.sleep(0.01)
    for record in caplog.records:
        record._of_another_library = 1
    lines = [JsonLines().format(record) for record in caplog.records]
    assert {"event", "level", "time", "method", "route", "status", "ms"} == set(
        json.loads(lines[-1])
    )
    for word in ("123456", "my-movement", "my-session", *_TOKENS):
        assert word not in "".join(lines)
