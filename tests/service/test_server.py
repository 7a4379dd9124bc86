"""The process of the service: what it is made of, what it does to begin, and how many it serves."""

import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from examples.service import serving, settings
from humouse.service import app, store
from humouse.service.server import listening, server_of
from recorder.conftest import until


def test_it_reads_its_tokens_and_opens_its_database_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    done: list[str] = []

    def counted(name: str, function: Callable) -> Callable:
        def call(*given: object) -> object:
            done.append(name)
            return function(*given)

        return call

    monkeypatch.setattr(app, "read_tokens", counted("tokens", app.read_tokens))
    monkeypatch.setattr(store.Store, "open", counted("database", store.Store.open))
    server_of(settings(f"database=sqlite:///{tmp_path}/s.sqlite"))
    assert sorted(done) == ["database", "tokens"]


def test_no_piece_of_an_answer_waits_for_the_one_before():
    with (
        listening("127.0.0.1", 0) as opened,
        socket.create_connection(opened.getsockname()),
        opened.accept()[0] as line,
    ):
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_more_connections_than_allowed_are_told_so_in_json(tmp_path: Path):
    words = [f"database=sqlite:///{tmp_path}/s.sqlite", "limits.connections=3"]
    with serving(words) as client, ExitStack() as opened:
        where = (client.base_url.host, client.base_url.port)
        assert client.get("/readyz").status_code == 200  # the client's own connection stays open
        idle = [opened.enter_context(socket.create_connection(where)) for _ in range(3)]
        until(lambda: client.get("/readyz").status_code == 503)
        answer = client.get("/readyz")
        assert answer.json() == {"error": "more than 3 connections are open; come again soon"}
        assert (answer.headers["Retry-After"], answer.headers["Connection"]) == ("1", "close")
        assert client.get("/healthz").status_code == 200
        for line in idle:
            line.close()
        until(lambda: client.get("/readyz").status_code == 200)
