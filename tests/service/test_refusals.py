"""Bad input: a status and one sentence each, and the service goes on."""

import gzip
import json
import socket
import time
import tracemalloc
import zlib

import httpx
import pytest

from examples.service import movement

JSON = {"Content-Type": "application/json"}
_GOOD = json.dumps({"movements": [movement("a")]}).encode()


def refusal(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert list(answer.json()) == ["error"]
    return answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 422, "the body is no JSON object"),
        (b"{", 400, "the body is no JSON"),
        (b"[" * 100_000, 400, "nested too deep"),
        (b'{"movements":' + b"[" * 100_000, 400, "nested too deep"),
        (b'{"movements":[' + b"[" * 500 + b"]" * 500 + b"]}", 200, None),
        (b"\xff\xfe", 400, "the body"),
        (b"NaN", 422, "the body is no JSON object"),
        (b"[]", 422, "the body is no JSON object"),
        (b'{"movements": 7}', 422, "movements: must be a list"),
        (b'{"movements": [], "more": 1}', 422, "more: there is no such field"),
        (b'{"movements": [], "\\ud800\\n": 1}', 422, "the body is no JSON object in UTF-8"),
        (b'{"movements": [{"id": "\\ud800"}, {"\\ud800": 1}]}', 200, None),
        (b'{"movements": [' + b",".join([b"7"] * 61) + b"]}", 413, "more than 60 movements"),
        (b" " * 200_001, 413, "larger than 200,000 bytes"),
        (b'{"movements": [{"id": "a", "t_ms": [' + b"1," * 90_000 + b"1]}]}", 200, None),
    ],
)
def test_bodies(service: httpx.Client, body: bytes, status: int, said: str | None):
    answer = service.post("/v1/movements", content=body, headers=JSON)
    if said is None:
        assert answer.status_code == status
        verdicts = {one["verdict"] for one in answer.json()["movements"]}
        assert verdicts == {"unusable"}
    else:
        assert said in refusal(answer, status)


def test_a_body_of_another_kind(service: httpx.Client):
    plain = service.post("/v1/movements", content=_GOOD, headers={"Content-Type": "text/plain"})
    assert "application/json" in refusal(plain, 422)


def test_gzip(service: httpx.Client):
    packed = JSON | {"Content-Encoding": "gzip"}
    answer = service.post("/v1/movements", content=gzip.compress(_GOOD), headers=packed)
    assert answer.json()["movements"][0]["id"] == "a"
    bomb = gzip.compress(b" " * 100_000_000)
    assert len(bomb) < 100_000
    began = time.perf_counter()
    assert "larger" in refusal(service.post("/v1/movements", content=bomb, headers=packed), 413)
    assert time.perf_counter() - began < 1
    cut = gzip.compress(_GOOD)[:-9]
    more = gzip.compress(_GOOD) * 2
    for body, said in (
        (_GOOD, "no gzip"),
        (cut, "ends early"),
        (more, "goes on"),
        (zlib.compress(_GOOD), "no gzip"),
    ):
        assert said in refusal(service.post("/v1/movements", content=body, headers=packed), 400)
    for encoding in ("br", "zstd", "deflate", "gzip, gzip"):
        other = JSON | {"Content-Encoding": encoding}
        assert "gzip" in refusal(service.post("/v1/movements", content=_GOOD, headers=other), 415)


def test_a_bomb_is_unpacked_no_further_than_allowed(service: httpx.Client):
    pack = zlib.compressobj(wbits=31)
    bomb = b"".join([*(pack.compress(b" " * 1_000_000) for _ in range(100)), pack.flush()])
    packed = JSON | {"Content-Encoding": "gzip"}
    tracemalloc.start()
    try:
        answer = service.post("/v1/movements", content=bomb, headers=packed)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
    assert "larger" in refusal(answer, 413)


def exchange(service: httpx.Client, *parts: bytes, pause_s: float = 0) -> bytes:
    """Send raw bytes and return all that comes back."""
    url = service.base_url
    with socket.create_connection((url.host, url.port), timeout=10) as line:
        for part in parts:
            line.sendall(part)
            time.sleep(pause_s)
        return line.recv(10_000)


def test_what_is_too_large_is_refused_before_it_is_sent(service: httpx.Client):
    head = b"POST /v1/movements HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    said = exchange(service, head + b"Content-Length: 1000000000\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 413 ")
    chunk = b"ffff\r\n" + b" " * 0xFFFF + b"\r\n"
    said = exchange(service, head + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 4)
    assert said.startswith(b"HTTP/1.1 413 ")


def test_a_body_that_does_not_come(service: httpx.Client):
    head = b"POST /v1/movements HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n"
    began = time.perf_counter()
    assert exchange(service, head).startswith(b"HTTP/1.1 408 ")
    assert 0.4 < time.perf_counter() - began < 5


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v1/sessions/..%2F..%2Fetc", 404),
        ("GET", "/v1/sessions/%2e%2e", 422),
        ("GET", "/v1/sessions/a%00b", 422),
        ("GET", "/v1/sessions/" + "a" * 65, 422),
        ("DELETE", "/v1/sessions/a'%20OR%201=1", 422),
        ("PUT", "/v1/movements", 405),
        ("NONSENSE", "/v1/movements", 405),
        ("POST", "/v1/sessions/ü/events", 422),
    ],
)
def test_addresses(service: httpx.Client, method: str, path: str, status: int):
    answer = service.request(method, path, content=b"{}", headers=JSON)
    assert refusal(answer, status)


def test_pages_of_the_list_may_ask_and_others_not(service: httpx.Client):
    ask = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    for origin, allowed in (("https://shop.example", True), ("https://other.example", False)):
        answer = service.options("/v1/movements", headers=ask | {"Origin": origin})
        assert (answer.headers.get("Access-Control-Allow-Origin") == origin) is allowed


def test_the_service_tells_how_it_is(service: httpx.Client):
    assert service.get("/healthz").json() == {"status": "alive"}
    ready = service.get("/readyz").json()
    assert ready["status"] == "ready"
    for path in ("/healthz", "/readyz"):
        answer = service.head(path)
        assert (answer.status_code, answer.content) == (200, b"")
    service.post("/v1/movements", content=_GOOD, headers=JSON)
    service.get("/no/such/place")
    page = service.get("/metrics").text
    assert 'humouse_requests_total{method="POST",route="/v1/movements",status="200"}' in page
    assert 'route="none",status="404"' in page
    assert "no/such" not in page
    paths = service.get("/openapi.json").json()["paths"]
    for path in ("/v1/movements", "/v1/sessions/{session}/events"):
        body = paths[path]["post"]["requestBody"]["content"]["application/json"]
        assert "#/components/schemas/" in body["schema"]["$ref"]
        assert {"422", "503"} <= set(paths[path]["post"]["responses"])


def test_the_examples_are_taken(service: httpx.Client):
    document = service.get("/openapi.json").json()
    (example,) = document["components"]["schemas"]["MovementsRequest"]["examples"]
    answer = service.post("/v1/movements", json=example).json()
    assert [one["id"] for one in answer["movements"]] == ["m-1"]
    body = document["paths"]["/v1/sessions/{session}/events"]["post"]["requestBody"]
    example = body["content"]["application/json"]["example"]
    assert service.post("/v1/sessions/example/events", json=example).json()["events"] == 3
