"""POST /v1/sessions/{id}/events: stored once, cut on the server, judged so far."""

import time

import httpx
import pytest

from examples.service import PAGE, batch, movement


def sent(service: httpx.Client, session: str, content: dict) -> dict:
    answer = service.post(f"/v1/sessions/{session}/events", json=content)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_batches_twice_and_out_of_order(service: httpx.Client):
    given = [batch(k, begins_ms=1000 * k, seed=k) for k in range(6)]
    answers = [sent(service, "in-order", one) for one in given]
    assert [one["movements"] for one in answers] == [1, 2, 3, 4, 5, 6]
    assert answers[-1]["events"] == 6 * 41
    assert [sent(service, "in-order", one) for one in given] == answers
    for one in reversed(given):
        last = sent(service, "reversed", one)
    assert last | {"session": "in-order"} == answers[-1]
    one, other = (service.get(f"/v1/sessions/{name}").json() for name in ("in-order", "reversed"))
    assert one["decisions"] == other["decisions"]
    assert len(one["decisions"]) == 6


def test_a_movement_waits_until_it_has_ended(service: httpx.Client):
    whole = batch(0, begins_ms=0)
    halves = []
    for number, part in enumerate((slice(20), slice(20, None))):
        events = {name: values[part] for name, values in whole["events"].items()}
        halves.append(whole | {"batch": f"h-{number}", "number": number, "events": events})
    assert sent(service, "halves", halves[0])["movements"] == 0
    assert sent(service, "halves", halves[1])["movements"] == 1
    assert sent(service, "whole", whole)["movements"] == 1
    one, other = (service.get(f"/v1/sessions/{name}").json() for name in ("halves", "whole"))
    assert one["decisions"] == other["decisions"]
    # A pause ends one, too; but only what comes after shows that it is a pause.
    assert sent(service, "pause", batch(0, begins_ms=0, click=False))["movements"] == 0
    assert sent(service, "pause", batch(1, begins_ms=2000, click=False))["movements"] == 1


def test_pages_are_apart_and_only_the_mouse_counts(service: httpx.Client):
    later = PAGE | {"time_origin_ms": PAGE["time_origin_ms"] + 60_000}
    sent(service, "pages", batch(0, begins_ms=0))
    second = batch(0, begins_ms=0, seed=1, page=later) | {"batch": "p2-0"}
    assert sent(service, "pages", second)["movements"] == 2
    touch = batch(1, begins_ms=5000)
    touch["events"]["pointer"] = ["touch"] * 41
    assert sent(service, "pages", touch)["movements"] == 2


def test_a_late_batch_mends_what_was_judged(service: httpx.Client):
    whole = batch(0, begins_ms=0)
    order = (0, 2, 1)
    cuts = (slice(15), slice(15, 25), slice(25, None))
    for number in order:
        events = {name: values[cuts[number]] for name, values in whole["events"].items()}
        part = whole | {"batch": f"h-{number}", "number": number, "events": events}
        last = sent(service, "late", part)
    assert last["movements"] == 1
    stored = service.get("/v1/sessions/late").json()
    sent(service, "late-whole", whole)
    assert stored["decisions"] == service.get("/v1/sessions/late-whole").json()["decisions"]


def test_deletion(service: httpx.Client):
    sent(service, "gone", batch(0, begins_ms=0))
    assert service.delete("/v1/sessions/gone").status_code == 204
    for ask in (service.get, service.delete):
        answer = ask("/v1/sessions/gone")
        assert (answer.status_code, answer.json()) == (404, {"error": "no session gone"})
    assert sent(service, "gone", batch(0, begins_ms=0))["movements"] == 1


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (batch(0, begins_ms=1, seed=9), 409, "batch b-0: another one of that name is stored"),
        (batch(1, begins_ms=0) | {"version": 2}, 422, "version: must be 1"),
        (
            batch(1, begins_ms=0) | {"batch": "../b"},
            422,
            "batch: must be 1 to 64 letters, digits, - or _",
        ),
        (batch(1, begins_ms=0) | {"secret": 1}, 422, "secret: there is no such field"),
        (batch(1, begins_ms=2e9), 422, "events.t_ms: a number beyond 1,000,000,000"),
        (
            batch(1, begins_ms=0, page=PAGE | {"time_origin_ms": (time.time() + 1e5) * 1000}),
            422,
            "events from the future",
        ),
    ],
)
def test_what_is_refused(service: httpx.Client, content: dict, status: int, said: str):
    sent(service, "strict", batch(0, begins_ms=0))
    answer = service.post("/v1/sessions/strict/events", json=content)
    assert answer.status_code == status
    assert answer.json()["error"].startswith(said)


def test_a_session_has_an_end(service: httpx.Client):
    given = [movement(f"m-{seed}", "full", seed) for seed in range(60)]
    answer = service.post("/v1/movements", json={"movements": given}).json()
    assert {one["session"]["movements"] for one in answer["movements"]} == {60}
    for number in range(1, 15):
        wheel = batch(number, begins_ms=1000 * number)
        wheel["events"]["kind"] = ["wheel"] * 41
        sent(service, "full", wheel)
    answer = service.post("/v1/sessions/full/events", json=batch(15, begins_ms=0))
    assert answer.status_code == 413
    assert answer.json()["error"] == "a session holds at most 3000 events; begin another one"
    stored = service.get("/v1/sessions/full").json()
    assert (stored["movements"], len(stored["decisions"])) == (60, 50)
