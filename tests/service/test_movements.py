"""POST /v1/movements: an answer to each, in order, the same that the command line gives."""

import re
from statistics import NormalDist

import httpx
import numpy as np
import pytest

from examples.service import movement, path
from humouse.detection.detector import Detector
from humouse.trajectories import Trajectories


def judged(service: httpx.Client, *movements: object) -> list[dict]:
    answer = service.post("/v1/movements", json={"movements": movements})
    assert answer.status_code == 200, answer.text
    assert answer.json()["detector"]
    return answer.json()["movements"]


def test_each_is_answered_in_order_as_the_detector_decides(service: httpx.Client):
    given = [movement(f"m-{seed}", seed=seed, points=30 + seed) for seed in range(6)]
    columns = {
        name: np.concatenate([one[name] for one in given]) for name in ("t_ms", "x_px", "y_px")
    }
    names = np.repeat([one["id"] for one in given], [len(one["t_ms"]) for one in given])
    table = Trajectories.from_points(columns | {"movement": names}, movement="movement")
    expected = Detector.load().score(table, reasons=3)
    # Strangers to one another, each of which is a session of its own.
    alone = [Detector.load().score(one, reasons=3).row(0, named=True) for one in table]
    answers = judged(service, *given)
    assert (
        [one["id"] for one in answers] == [one["id"] for one in given] == list(expected["movement"])
    )
    for answer, row in zip(answers, alone, strict=True):
        assert answer["verdict"] == row["verdict"]
        assert answer["probability"] == pytest.approx(row["probability"], rel=1e-4)
        assert answer["reasons"] == row["reasons"].split("; ")
        assert answer["session"] is None


def test_one_that_cannot_be_used_costs_the_others_nothing(service: httpx.Client):
    good = movement("good", seed=1)
    bad = [
        ({"id": "a"}, "t_ms: is missing"),
        (good | {"id": "../a"}, "id: must be 1 to 64 letters, digits, - or _"),
        (good | {"text": "secret"}, "text: there is no such field"),
        (good | {"t_ms": [0.0]}, "columns of different lengths: t_ms 1, x_px 40, y_px 40"),
        (good | {"t_ms": [None] * 40}, "t_ms.0: must be a number"),
        (good | {"t_ms": ["1"] * 40}, "t_ms.0: must be a number"),
        (good | {"t_ms": good["t_ms"][::-1]}, r"a time that runs backwards, t_ms\[1\]"),
        (good | {"x_px": [1e300] * 40}, r"x_px\[0\] is no usable number"),
        (movement("short", points=1), "1 points; a movement needs at least 2"),
        (movement("long", points=4097) | {"y_px": [0] * 4097}, "4097 points, more than 4096"),
        (good | {"x_px": [5] * 40, "y_px": [5] * 40}, "it goes nowhere"),
        (7, "no JSON object"),
    ]
    small = [one for one, _ in bad if not isinstance(one, dict) or one["id"] != "long"]
    alone = judged(service, good)[0]
    answers = judged(service, good, *small, good)
    assert answers[0] == answers[-1] == alone
    for one, reason in bad:
        (answer,) = judged(service, one)
        assert answer["verdict"] == "unusable"
        (said,) = answer["reasons"]
        assert re.match(reason, said), said


def test_nan_is_unusable_though_no_json(service: httpx.Client):
    body = '{"movements": [{"id": "a", "t_ms": [0, NaN], "x_px": [0, 1], "y_px": [0, Infinity]}]}'
    answer = service.post(
        "/v1/movements", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.json()["movements"][0]["reasons"] == ["t_ms[1] is no usable number"]


def test_none_at_all(service: httpx.Client):
    assert judged(service) == []


def test_a_session_is_judged_together_and_a_movement_twice_is_one(service: httpx.Client):
    given = [movement(f"m-{seed}", "visitor", seed) for seed in range(8)]
    first = judged(service, *given[:5])
    assert {one["session"]["movements"] for one in first} == {5}
    again = judged(service, *given[:5])
    assert again == first
    more = judged(service, *given)
    assert more[:5] == first
    assert more[-1]["session"] | {"movements": 8, "events": 320} == more[-1]["session"]
    (other,) = judged(service, given[0] | {"x_px": given[1]["x_px"]})
    assert other["reasons"] == ["another movement of that id came before in its session"]
    both = judged(service, movement("x", "v2", 1), movement("x", "v2", 2), movement("x", "v3", 2))
    assert [one["verdict"] == "unusable" for one in both] == [False, True, False]
    stored = service.get("/v1/sessions/visitor").json()
    assert [one["id"] for one in stored["decisions"]] == [one["id"] for one in given]
    table = Trajectories.from_points(
        {
            "t_ms": np.concatenate([path(seed)["t_ms"] for seed in range(8)]),
            "x_px": np.concatenate([path(seed)["x_px"] for seed in range(8)]),
            "y_px": np.concatenate([path(seed)["y_px"] for seed in range(8)]),
            "m": np.repeat(np.arange(8), 40),
            "who": np.full(320, "visitor"),
        },
        movement="m",
        user="who",
    )
    last = Detector.load().score(table).row(-1, named=True)
    assert stored["verdict"] == last["session_verdict"]
    assert stored["score"] == pytest.approx(last["session_score"], rel=1e-4)
    # As many people's sessions of any one length lie above a score as of a normal distribution.
    assert stored["p_value"] == pytest.approx(1 - NormalDist().cdf(stored["score"]))
