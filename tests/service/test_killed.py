"""The real server, killed under load: what it acknowledged is there, once."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

import humouse
from examples.service import batch, movement

_SOURCE = str(Path(humouse.__file__).parents[1])


@contextmanager
def server(*words: str, log: Path) -> Iterator[tuple[httpx.Client, subprocess.Popen]]:
    """Run `humouse serve`, and yield a client and the process."""
    command = [sys.executable, "-m", "humouse", "serve", "port=0", *words]
    environment = os.environ | {"PYTHONPATH": _SOURCE}
    with (
        log.open("a") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
        ) as process,
    ):
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line.startswith("humouse serves at http://127.0.0.1:"), log.read_text()
            with httpx.Client(base_url=line.split()[-1], timeout=60) as client:
                yield client, process
        finally:
            process.kill()


def load(url: httpx.URL, session: str, acknowledged: dict[str, dict]) -> None:
    """Send batches of a session and movements of another until the server is gone."""
    with httpx.Client(base_url=url, timeout=60) as client, suppress(httpx.TransportError):
        for number in range(1000):
            content = batch(number, begins_ms=1000 * number, seed=number)
            answer = client.post(f"/v1/sessions/{session}/events", json=content)
            acknowledged[f"{session}/{number}"] = answer.json()
            one = movement(f"m-{number}", f"{session}-whole", number)
            answer = client.post("/v1/movements", json={"movements": [one]})
            acknowledged[f"{session}-whole/{number}"] = answer.json()["movements"][0]


def kill_under_load(*words: str, log: Path, rounds: int, after: int) -> None:
    """Kill the server when it has acknowledged so much, start it again, and look; several times."""
    acknowledged: dict[str, dict] = {}
    for number in range(rounds):
        with server(*words, log=log) as (client, process):
            check(client, acknowledged)
            url, enough = client.base_url, len(acknowledged) + after
            names = [f"r{number}-{k}" for k in range(3)]
            threads = [
                threading.Thread(target=load, args=(url, one, acknowledged)) for one in names
            ]
            for thread in threads:
                thread.start()
            while len(acknowledged) < enough and process.poll() is None:
                threads[0].join(0.02)
            process.send_signal(signal.SIGKILL)
            for thread in threads:
                thread.join()
    with server(*words, log=log) as (client, process):
        check(client, acknowledged)
        stop_under_way(client, process, signal.SIGTERM)


def stop_under_way(client: httpx.Client, process: subprocess.Popen, number: signal.Signals) -> None:
    """Tell the server to stop in the middle of a request, and check that it answers the request."""
    given = [movement(f"m-{k}", "stopped", k) for k in range(200)]
    body = json.dumps({"movements": given}).encode()

    def halves() -> Iterator[bytes]:
        # However fast the server is, it cannot answer before it has the second half.
        yield body[: len(body) // 2]
        time.sleep(0.5)
        process.send_signal(number)
        time.sleep(0.5)
        assert process.poll() is None
        yield body[len(body) // 2 :]

    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    answer = client.post("/v1/movements", content=halves(), headers=headers)
    assert len(answer.json()["movements"]) == 200
    assert process.wait(30) in (0, -number, 130)


def check(client: httpx.Client, acknowledged: dict[str, dict]) -> None:
    """Check that all that was acknowledged is stored, once, and is answered the same again."""
    last: dict[str, int] = {}
    for name in acknowledged:
        session, _, number = name.partition("/")
        last[session] = max(last.get(session, 0), int(number))
    for session, number in last.items():
        stored = client.get(f"/v1/sessions/{session}").json()
        # The request under way when the server was killed may be there, or not.
        points = 40 if "whole" in session else 41
        assert stored["movements"] in (number + 1, number + 2)
        assert stored["events"] == points * stored["movements"]
        ids = [one["id"] for one in stored["decisions"]]
        assert len(ids) == len(set(ids)) == min(stored["movements"], 50)
        said = acknowledged[f"{session}/{number}"]
        if "whole" in session:
            one = movement(f"m-{number}", session, number)
            answer = client.post("/v1/movements", json={"movements": [one]}).json()["movements"][0]
        else:
            content = batch(number, begins_ms=1000 * number, seed=number)
            answer = client.post(f"/v1/sessions/{session}/events", json=content).json()
        assert answer == said


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path):
    words = (f"database=sqlite:///{tmp_path}/s.sqlite", "reasons=0")
    kill_under_load(*words, log=tmp_path / "log", rounds=1, after=12)
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert {line["event"] for line in lines} == {"request"}


@pytest.mark.slow
def test_kill_9_again_and_again(tmp_path: Path):
    words = (f"database=sqlite:///{tmp_path}/s.sqlite", "reasons=0")
    kill_under_load(*words, log=tmp_path / "log", rounds=5, after=60)


@pytest.mark.slow
def test_signals(tmp_path: Path):
    """SIGHUP loads the detector anew; Ctrl-C ends what SIGTERM ends above."""
    words = (f"database=sqlite:///{tmp_path}/s.sqlite",)
    with server(*words, log=tmp_path / "log") as (client, process):
        assert client.get("/readyz").status_code == 200
        process.send_signal(signal.SIGHUP)
        while "detector loaded" not in (tmp_path / "log").read_text():
            assert process.poll() is None
            time.sleep(0.05)
        stop_under_way(client, process, signal.SIGINT)
    assert "Traceback" not in (tmp_path / "log").read_text()
