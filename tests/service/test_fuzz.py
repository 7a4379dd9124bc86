"""Mutated requests: each gets a status below 500 and an answer in JSON, at once."""

import gzip
import json
import random
import resource
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
    {"Authorization": "Bearer x"},
    {"Origin": "null"},
    {"Expect": "100-continue"},
    {"X-Forwarded-For": "a, b, c"},
    {"X": "x" * 10_000},
)
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
    if draw.random() < 0.1:
        headers = headers | draw.choice(_HEADERS)
    if draw.random() < 0.1:
        path = draw.choice(_PATHS).format(draw.choice(_NAMES))
        method = draw.choice(("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "A"))
    return {"method": method, "url": path, "content": body, "headers": headers}


def attack(service: httpx.Client, seeds: range) -> None:
    for seed in seeds:
        asked = request(random.Random(seed))
        began = time.perf_counter()
        answer = service.request(**asked)
        assert answer.status_code < 500, (seed, answer.text)
        if answer.status_code != 204 and asked["method"] not in ("HEAD", "OPTIONS"):
            said = answer.json()
            assert answer.status_code == 200 or list(said) == ["error"], (seed, said)
        assert time.perf_counter() - began < 10, seed
    assert service.get("/readyz").status_code == 200
    answer = service.post("/v1/movements", json={"movements": [movement("m")]})
    assert answer.json()["movements"][0]["probability"] is not None


def test_hundreds_of_mutated_requests(service: httpx.Client):
    attack(service, range(300))


@pytest.mark.slow
def test_ten_thousand_mutated_requests(service: httpx.Client):
    attack(service, range(10_000, 11_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    attack(service, range(11_000, 20_000))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB
