"""A real PostgreSQL: two services on one database, and a database that stops and comes back."""

import os
import pwd
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from examples.service import batch, change, serving
from humouse.service.store import Store

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("initdb") is None, reason="no PostgreSQL here"),
]


@pytest.fixture(scope="module")
def control() -> Iterator[tuple[str, Callable[[str], None]]]:
    """Yield the URL of a database of its own, and what starts and stops its server."""
    # Not below pytest's folder, which only its owner may enter; PostgreSQL does not run as root.
    with tempfile.TemporaryDirectory() as folder:
        as_other: list[str] = []
        if os.geteuid() == 0:
            other = pwd.getpwnam("nobody")
            os.chown(folder, other.pw_uid, other.pw_gid)
            as_other = ["setpriv", f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}"]
            as_other.append("--clear-groups")
        data = Path(folder) / "data"

        def call(*words: str) -> None:
            command = [*as_other, *words]
            with (Path(folder) / "said").open("w") as said:
                subprocess.run(command, check=True, cwd=folder, stdout=said, stderr=said)

        def do(what: str) -> None:
            options = f"-k {folder} -c listen_addresses='' -c fsync=off"
            call("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "-o", options, what)

        call("initdb", "-D", str(data), "-U", "humouse", "-A", "trust", "-E", "UTF8", "--no-sync")
        do("start")
        try:
            yield f"postgresql+psycopg://humouse@/postgres?host={folder}", do
        finally:
            do("stop")


@pytest.fixture(scope="module")
def two(control: tuple) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    words = [f"database='{control[0]}'", "reasons=0"]
    with serving(words) as one, serving(words) as other:
        yield one, other


def test_two_services_share_sessions(two: tuple[httpx.Client, httpx.Client]):
    given = [batch(k, begins_ms=1000 * k, seed=k) for k in range(24)]
    answers: list[httpx.Response] = []

    def send(client: httpx.Client, part: list[dict]) -> None:
        answers.extend(client.post("/v1/sessions/shared/events", json=one) for one in part)

    # Each batch goes to both, at about the same time.
    threads = [threading.Thread(target=send, args=(one, given)) for one in two]
    threads.append(threading.Thread(target=send, args=(two[0], given[::-1])))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one.status_code for one in answers} == {200}
    one, other = (client.get("/v1/sessions/shared").json() for client in two)
    assert one == other
    assert (one["movements"], one["events"], len(one["decisions"])) == (24, 24 * 41, 24)
    assert two[1].delete("/v1/sessions/shared").status_code == 204
    assert two[0].get("/v1/sessions/shared").status_code == 404


def test_two_that_store_the_same_sessions_do_not_block_each_other(control: tuple):
    names = [f"of-both-{k}" for k in range(40)]

    def keep(store: Store, order: list[str], version: int) -> list[bool]:
        return store.keep([change(name, version, f"b-{version}") for name in order])

    with (
        closing(Store(control[0])) as one,
        closing(Store(control[0])) as other,
        ThreadPoolExecutor(2) as pool,
    ):
        one.open()
        for version in range(1, 16):
            orders = (names, names[::-1])
            kept, others = pool.map(keep, (one, other), orders, (version, version))
            assert all(a != b for a, b in zip(kept, others[::-1], strict=True))  # one of the two


def test_a_database_that_stops_and_comes_back(
    two: tuple[httpx.Client, httpx.Client], control: tuple
):
    client, (_, do) = two[0], control
    assert client.post("/v1/sessions/a/events", json=batch(0, begins_ms=0)).status_code == 200
    do("stop")
    for ask in (
        client.get("/readyz"),
        client.post("/v1/sessions/a/events", json=batch(1, begins_ms=0)),
    ):
        assert (ask.status_code, ask.headers["Retry-After"]) == (503, "5")
    do("start")
    assert client.get("/readyz").status_code == 200
    answer = client.post("/v1/sessions/a/events", json=batch(1, begins_ms=1000))
    assert answer.json()["movements"] == 2
