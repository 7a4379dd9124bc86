"""Movements a second through HTTP on the loopback interface, the times to the answer, and memory.

Run: python benchmarks/service.py

A server of its own is asked at a steady rate, whether it has answered or not, as visitors would: the time
to the answer counts from the moment at which the request was due. Movements are synthetic, of 30 to 90
points.
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

CASES = (("batches of 10", 10, 500), ("single", 1, 100))
"""What is sent, movements of a request, movements a second."""
CONNECTIONS = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--sessions", action="store_true", help="of sessions, which are stored")
    options = parser.parse_args()
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
        try:
            url = server.stdout.readline().split()[-1]
            while httpx.get(f"{url}/readyz", timeout=60).status_code != 200:
                time.sleep(0.05)
            print(f"start to ready: {time.perf_counter() - began:.1f} s")
            asyncio.run(load(url, psutil.Process(server.pid), options))
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)


async def load(url: str, server: psutil.Process, options: argparse.Namespace) -> None:
    print(f"{'':>14} {'a second':>9} {'done':>6} {'p50 ms':>7} {'p99 ms':>7} {'CPU':>5} {'MB':>10}")
    for name, size, rate in CASES:
        count = int(options.seconds * rate / size)
        bodies = [body(size, seed) for seed in range(200)]
        await asked(url, bodies[:20], 1000)  # warm
        chosen = [bodies[k % len(bodies)] for k in range(count)]
        if options.sessions:
            marked = (f'"session": "{name[:6]}-{k}", "id"'.encode() for k in range(count))
            chosen = [one.replace(b'"id"', mark) for one, mark in zip(chosen, marked, strict=True)]
        before, cpu = server.memory_info().rss, sum(server.cpu_times()[:2])
        began = time.perf_counter()
        times = 1000 * np.array(await asked(url, chosen, rate / size))
        took = time.perf_counter() - began
        used = (sum(server.cpu_times()[:2]) - cpu) / took
        after = server.memory_info().rss
        print(
            f"{name:>14} {count * size / took:9.0f} {count:6} "
            f"{np.quantile(times, 0.5):7.1f} {np.quantile(times, 0.99):7.1f} {used:5.0%} "
            f"{before / 1e6:4.0f} → {after / 1e6:.0f}"
        )


async def asked(url: str, bodies: Sequence[bytes], rate: float) -> list[float]:
    """Return the time to each answer, of requests that are due so many a second."""
    due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    times: list[float] = []
    asking = [asyncio.create_task(ask(url, due, times)) for _ in range(CONNECTIONS)]
    began = time.perf_counter()
    for number, content in enumerate(bodies):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        due.put_nowait((began + number / rate, content))
    await due.join()
    for one in asking:
        one.cancel()
    return times


async def ask(url: str, due: asyncio.Queue, times: list[float]) -> None:
    """Send what is due over one connection; by hand, since a client of httpx costs as much as the server."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    while True:
        when, content = await due.get()
        writer.write(
            b"POST /v1/movements HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(content) + content
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = re.search(rb"content-length: (\d+)", head)
        assert length is not None
        await reader.readexactly(int(length[1]))
        times.append(time.perf_counter() - when)
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
