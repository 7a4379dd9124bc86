"""What the service rests on fails: a database is gone and comes back, a disk is full, a detector damaged."""

import asyncio
import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from examples.service import batch, finished, movement, serving
from examples.signed import signed
from humouse.detection.detector import PACKAGED
from humouse.service.scorer import Scorer
from humouse.service.store import Store


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faults")
    (folder / "database").mkdir()
    shutil.copytree(PACKAGED, folder / "detector")
    return folder


@pytest.fixture(scope="module")
def service(place: Path) -> Iterator[httpx.Client]:
    words = [f"database=sqlite:///{place}/database/s.sqlite", f"detector={place}/detector"]
    with serving(words) as client:
        yield client


def test_a_database_that_is_gone_and_comes_back(
    service: httpx.Client, place: Path, caplog: pytest.LogCaptureFixture
):
    content = [batch(k, begins_ms=1000 * k, seed=k) for k in range(3)]
    assert service.post("/v1/sessions/a/events", json=content[0]).status_code == 200
    (place / "database").rename(place / "away")
    for answer in (service.get("/v1/sessions/a"), service.get("/readyz")):
        assert answer.status_code == 503
    for _ in range(2):
        answer = service.post("/v1/sessions/a/events", json=content[1])
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert answer.json() == {"error": "the database does not answer; send it again"}
    assert service.get("/healthz").status_code == 200
    alone = service.post("/v1/movements", json={"movements": [movement("m")]})
    assert alone.status_code == 200  # it needs no database
    (place / "away").rename(place / "database")
    assert service.get("/readyz").status_code == 200
    assert service.post("/v1/sessions/a/events", json=content[1]).json()["movements"] == 2
    failures = [one for one in caplog.records if one.getMessage() == "database failed"]
    assert len(failures) >= 4
    assert all(one.levelno == logging.ERROR for one in failures)


def test_a_full_disk(service: httpx.Client, small_disk: Callable):
    first = batch(0, begins_ms=0)
    assert service.post("/v1/sessions/full/events", json=first).status_code == 200
    with small_disk(1024):
        answer = service.post("/v1/sessions/full/events", json=batch(1, begins_ms=1000))
    assert (answer.status_code, list(answer.json())) == (503, ["error"])
    stored = service.get("/v1/sessions/full").json()
    assert (stored["events"], stored["movements"]) == (41, 1)
    answer = service.post("/v1/sessions/full/events", json=batch(1, begins_ms=1000))
    assert answer.json()["movements"] == 2


def test_what_is_old_is_forgotten(service: httpx.Client, place: Path):
    store = Store(f"sqlite:///{place}/database/s.sqlite")
    service.post("/v1/sessions/old/events", json=batch(0, begins_ms=0))
    between = time.time()
    service.post("/v1/sessions/new/events", json=batch(0, begins_ms=0))
    assert store.forget(between) >= 1
    assert service.get("/v1/sessions/old").status_code == 404
    assert service.get("/v1/sessions/new").json()["movements"] == 1
    # A batch that comes late begins the session anew.
    answer = service.post("/v1/sessions/old/events", json=batch(1, begins_ms=0))
    assert answer.json()["movements"] == 1
    store.close()


def test_another_detector_is_swapped_in(place: Path):
    async def swap() -> None:
        scorer = Scorer(place / "detector", 0.01, 0, 100)
        manifest = place / "detector" / "detector.json"
        before, content = scorer.detector, manifest.read_text()
        working = asyncio.create_task(scorer.work())
        points = np.array([[0.0, 0.0, 0.0], [16.0, 9.0, 1.0], [32.0, 20.0, 5.0]])
        for damaged in ("{", "{}", content.replace('"format": 4', '"format": 2')):
            manifest.write_text(damaged)
            await scorer.reload()
            assert scorer.detector == before
            assert await scorer.score([points], [""])
        changed = json.loads(content)
        changed["provenance"]["note"] = "another one"
        manifest.write_text(signed(changed))
        await asyncio.gather(scorer.reload(), *(scorer.score([points], [""]) for _ in range(20)))
        assert scorer.detector != before
        manifest.write_text(content)
        working.cancel()

    finished(swap())
