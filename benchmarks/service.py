"""Movements a second through HTTP on the loopback interface, the times to the answer, and memory.

Run: python benchmarks/service.py

A server of its own is asked at a steady rate, whether it has answered or not, as visitors would: the time
to the answer counts from the moment at which the request was due. What of it is the client's own delay
stands beside it ("late": from that moment until a connection sends the request), so that a busy machine
shows. Movements are synthetic, of 30 to 90 points.

With --minutes, so many minutes' worth of requests are sent as fast as they are answered instead, and the
server's memory is printed ten times on the way.

With --scorer, the detector alone is asked as the service asks it, in this process, by the processor's time.
"""

import argparse
import asyncio
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

import httpx
import numpy as np
import psutil

from figures import figure
from humouse.detection.detector import Detector
from humouse.service.recorded import as_steps

CASES = (("batches of 10", 10, 500), ("single", 1, 100))
"""What is sent, movements of a request, movements a second."""
P99_MS = {"batches of 10": 50, "single": 15}
START_S, MEMORY_MB = 3, 400
CONNECTIONS = 16
PARTS = 10
"""How often memory is printed on the long way."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--sessions", action="store_true", help="of sessions, which are stored")
    parser.add_argument("--minutes", type=float, help="of requests, as fast as they are answered")
    parser.add_argument("--scorer", action="store_true", help="time the scorer alone, without HTTP")
    options = parser.parse_args()
    if options.scorer:
        time_scorer()
        return
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        command = [
            sys.executable,
            "-m",
            "humouse",
            "serve",
            "port=0",
            "limits.requests_per_second=1e5",
        ]
        server = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert server.stdout is not None
        try:
            url = server.stdout.readline().split()[-1]
            while httpx.get(f"{url}/readyz", timeout=60).status_code != 200:
                time.sleep(0.05)
            ready_s = time.perf_counter() - began
            figure("service: start to ready", ready_s, "s", at_most=START_S)
            print(f"start to ready: {ready_s:.1f} s")
            measure = load if options.minutes is None else memory
            asyncio.run(measure(url, psutil.Process(server.pid), options))
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)


def time_scorer() -> None:
    """Print the processor's time (ms) of one call, the least of 15 means, since the machine is shared."""
    detector = Detector.load()
    for name, size, _ in CASES:
        calls = [
            [
                np.column_stack([one["t_ms"], one["x_px"], one["y_px"]]).astype(np.float64)
                for one in json.loads(body(size, seed))["movements"]
            ]
            for seed in range(40)
        ]

        def mean_ms(calls: list[list[np.ndarray]] = calls) -> float:
            began = time.process_time()
            for movements in calls:
                steps = as_steps(movements, [""] * len(movements))
                detector.answers(steps, false_positive_rate=0.01, reasons=3)
            return (time.process_time() - began) / len(calls) * 1e3

        least_ms = min(mean_ms() for _ in range(15))
        figure(f"scorer: {name}", least_ms, "ms of the processor a call")
        print(f"{name:>14} {least_ms:.2f} ms a call")


async def load(url: str, server: psutil.Process, options: argparse.Namespace) -> None:
    columns = f"{'p50 ms':>8} {'p99 ms':>8} {'late p99':>8} {'CPU':>5} {'MB':>10}"
    print(f"{'':>14} {'a second':>9} {'done':>6} {columns}")
    for name, size, rate in CASES:
        count = int(options.seconds * rate / size)
        await asked(url, requests(size, 20, None), 1000)  # warm
        chosen = requests(size, count, name[:6] if options.sessions else None)
        before, cpu = server.memory_info().rss, sum(server.cpu_times()[:2])
        began = time.perf_counter()
        times = await asked(url, chosen, rate / size)
        took = time.perf_counter() - began
        used = (sum(server.cpu_times()[:2]) - cpu) / took
        after = server.memory_info().rss
        (p50, p99), (_, late) = 1000 * np.quantile(times, (0.5, 0.99), axis=0).T
        what = f"service: {name}{', stored' if options.sessions else ''}"
        # So many are asked for: who answers them all is a little late at the end.
        figure(what, count * size / took, "a second", at_least=0.98 * rate)
        figure(f"{what}: p50", p50, "ms")
        figure(f"{what}: p99", p99, "ms", at_most=None if options.sessions else P99_MS[name])
        figure(f"{what}: memory", after / 1e6, "MB", at_most=MEMORY_MB)
        print(
            f"{name:>14} {count * size / took:9.0f} {count:6} {p50:8.1f} {p99:8.1f} {late:8.1f} "
            f"{used:5.0%} {before / 1e6:4.0f} → {after / 1e6:.0f}"
        )


async def memory(url: str, server: psutil.Process, options: argparse.Namespace) -> None:
    for name, size, rate in CASES:
        part = int(options.minutes * 60 * rate / size / PARTS)
        for number in range(PARTS + 1):
            print(
                f"{name:>14} {number * part:9,} requests {server.memory_info().rss / 1e6:5.0f} MB"
            )
            if number < PARTS:
                session = f"{name[:6]}-{number}" if options.sessions else None
                await asked(url, requests(size, part, session), 1e9)


def requests(size: int, count: int, session: str | None) -> list[bytes]:
    """Return bodies of so many movements; each names a session of its own, if there is to be one."""
    bodies = [body(size, seed) for seed in range(min(count, 200))]
    chosen = [bodies[k % len(bodies)] for k in range(count)]
    if session is None:
        return chosen
    marks = (f'"session": "{session}-{k}", "id"'.encode() for k in range(count))
    return [one.replace(b'"id"', mark) for one, mark in zip(chosen, marks, strict=True)]


async def asked(url: str, bodies: Sequence[bytes], rate: float) -> list[tuple[float, float]]:
    """Send requests that are due so many a second; return the times (s) to answer and sending."""
    due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    times: list[tuple[float, float]] = []
    asking = [asyncio.create_task(ask(url, due, times)) for _ in range(CONNECTIONS)]
    began = time.perf_counter()
    for number, content in enumerate(bodies):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        due.put_nowait((began + number / rate, content))
    await due.join()
    for one in asking:
        one.cancel()
    return times


async def ask(url: str, due: asyncio.Queue, times: list[tuple[float, float]]) -> None:
    """Send what is due over one connection; by hand, since a client of httpx costs as much as the server."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    while True:
        when, content = await due.get()
        late = time.perf_counter() - when
        writer.write(
            b"POST /v1/movements HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(content) + content
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = re.search(rb"content-length: (\d+)", head)
        assert length is not None
        await reader.readexactly(int(length[1]))
        times.append((time.perf_counter() - when, late))
        due.task_done()


def body(size: int, seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    movements = []
    for number in range(size):
        n = int(rng.integers(30, 90))
        speed = np.sin(np.linspace(0.1, 3, n))[:, None] * rng.uniform(-9, 9, 2)
        x, y = (speed + rng.normal(0, 0.7, (n, 2))).cumsum(0).round().T.tolist()
        t = (8.0 * np.arange(n)).tolist()
        movements.append({"id": f"m-{number}", "t_ms": t, "x_px": x, "y_px": y})
    return json.dumps({"movements": movements}).encode()


if __name__ == "__main__":
    main()
