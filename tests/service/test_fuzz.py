"""Mutated requests: each gets a status below 500 and an answer in JSON, at once, and nothing fails."""

import gzip
import json
import logging
import random
import re
import resource
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from examples.mutation import mutated, scrambled
from examples.service import batch, movement, serving

_HEADERS = (
    {"Content-Type": "text/plain"},
    {"Content-Type": "application/json; charset=utf-16"},
    {"Content-Encoding": "gzip"},
    {"Content-Encoding": "deflate"},
    {"Content-Encoding": "zstd"},
    {"Content-Encoding": "gzip, gzip"},
    {"Authorization": "Bearer x"},
    {"Origin": "null"},
    {"Expect": "100-continue"},
    {"X-Forwarded-For": "a, b, c"},
    {"X": "x" * 10_000},
)
_BOMB = gzip.compress(b"[" * 3_000_000)
_PATHS = ("/v1/movements", "/v1/sessions/{}/events", "/v1/sessions/{}", "/readyz", "/openapi.json")
_NAMES = ("a", "b", "A-1", "..", "%2e%2e%2f", "a%00", "%ff", "a" * 100, "ü", "a?b=c", "a;b", "")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("fuzz")
    words = [
        f"database=sqlite:///{folder}/s.sqlite",
        "reasons=0",
        "limits.body_bytes=100000",
        "limits.requests_per_second=100000",
        "timeouts.body_s=1",
    ]
    with serving(words) as client:
        yield client


def request(draw: random.Random) -> dict[str, Any]:
    """Return a mutated request."""
    kind = draw.randrange(3)
    few = [movement(f"m-{k}", draw.choice((None, "s")), k, points=9) for k in range(2)]
    content = batch(draw.randrange(3), begins_ms=0) if kind else {"movements": few}
    path = "/v1/sessions/fuzz/events" if kind else "/v1/movements"
    method, headers = "POST", {"Content-Type": "application/json"}
    if draw.random() < 0.8:
        content = mutated(content, draw)
    body = json.dumps(content).encode()
    if draw.random() < 0.2:
        body = scrambled(body, draw)
    if draw.random() < 0.1:
        body, headers = gzip.compress(body), headers | {"Content-Encoding": "gzip"}
        body = scrambled(body, draw) if draw.random() < 0.5 else body
        body = _BOMB if draw.random() < 0.1 else body
    if draw.random() < 0.1:
        headers = headers | draw.choice(_HEADERS)
    if draw.random() < 0.1:
        path = draw.choice(_PATHS).format(draw.choice(_NAMES))
        method = draw.choice(("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "A"))
    return {"method": method, "url": path, "content": body, "headers": headers}


def wire(draw: random.Random) -> bytes:
    """Return a mutated request as bytes, with something wrong in its lines or its length."""
    asked = request(draw)
    length = len(asked["content"]) + draw.choice((0, 0, 0, -1, 1, 1000, 10**9, 10**30))
    headers = asked["headers"] | {"Host": "a", "Content-Length": str(length)}
    if draw.random() < 0.2:
        headers |= {"Transfer-Encoding": draw.choice(("chunked", "gzip", "chunked, chunked", ""))}
    url = asked["url"] or "/"
    lines = [f"{asked['method']} {url} HTTP/1.1", *(": ".join(one) for one in headers.items())]
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"
    if draw.random() < 0.5:
        head = scrambled(head, draw)
    return head + asked["content"]


def exchanged(service: httpx.Client, sent: bytes) -> bytes:
    """Send bytes over a connection of their own, and return all that comes back until it is closed."""
    where = (service.base_url.host, service.base_url.port)
    said = b""
    with socket.create_connection(where, timeout=10) as line:
        try:
            line.sendall(sent)
            line.shutdown(socket.SHUT_WR)
            while part := line.recv(2**16):
                said += part
        except ConnectionError:  # it need not listen to the end
            pass
    return said


def attack(service: httpx.Client, seeds: range, log: pytest.LogCaptureFixture) -> None:
    for seed in seeds:
        draw, began = random.Random(seed), time.perf_counter()
        if draw.random() < 0.1:
            said = exchanged(service, wire(draw))
            assert not said or re.match(rb"HTTP/1\.1 [124]", said), (seed, said)
        else:
            asked = request(draw)
            answer = service.request(**asked)
            assert answer.status_code < 500, (seed, answer.text)
            if answer.status_code != 204 and asked["method"] not in ("HEAD", "OPTIONS"):
                said = answer.json()
                assert answer.status_code == 200 or list(said) == ["error"], (seed, said)
        assert time.perf_counter() - began < 10, seed
    assert service.get("/readyz").status_code == 200
    answer = service.post("/v1/movements", json={"movements": [movement("m")]})
    assert answer.json()["movements"][0]["probability"] is not None
    failed = [one for one in log.records if one.levelno >= logging.ERROR or one.exc_info]
    assert not failed, failed[0].getMessage()


def test_hundreds_of_mutated_requests(service: httpx.Client, caplog: pytest.LogCaptureFixture):
    attack(service, range(300), caplog)


@pytest.mark.slow
def test_ten_thousand_mutated_requests(service: httpx.Client, caplog: pytest.LogCaptureFixture):
    attack(service, range(10_000, 11_000), caplog)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    attack(service, range(11_000, 20_000), caplog)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB
