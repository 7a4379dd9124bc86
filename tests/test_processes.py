"""Jobs in processes of their own: each is done once, and one that fails ends them all."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.errors import InputError
from humouse.processes import in_order, run_jobs, stream_jobs

# Only functions of modules reach other processes: a job is a link to make, from a folder prepared.


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_every_job_is_done_and_an_error_comes_out(tmp_path, workers):
    jobs = [str(tmp_path / f"link {number}") for number in range(5)]
    prepare = partial(str, "the folder")
    handler = signal.getsignal(signal.SIGTERM)
    calls: list[None] = []
    numbers = run_jobs(divmod, [7, 4, 1], partial(int, 9), workers=workers, progress=list)
    assert numbers == [(1, 2), (2, 1), (9, 0)]

    def taken() -> Iterator[str]:
        """What a job is about may be large, so few are taken before they can be begun."""
        for number, job in enumerate(jobs, 1):
            assert number - len(calls) <= workers + 2
            yield job

    run_jobs(os.symlink, taken(), prepare, workers=workers, progress=lambda: calls.append(None))
    assert [os.readlink(job) for job in jobs] == ["the folder"] * 5
    assert len(calls) == 5
    with pytest.raises(FileExistsError, match="link 4"):
        run_jobs(os.symlink, jobs[4:], prepare, workers=workers, progress=lambda: None)
    assert signal.getsignal(signal.SIGTERM) is handler


def test_a_killed_process_is_reported():
    """As the system does for want of memory: the job kills the process that prepared its number."""
    with pytest.raises(InputError, match=r"workers: a process ended .*exit code -9"):
        run_jobs(os.kill, [signal.SIGKILL], os.getpid, workers=2, progress=lambda: None)


_KILLED_AT_ITS_START = """
from multiprocessing import resource_tracker, spawn
from humouse.processes import by_value, run_jobs

def length(prepared, job):
    return len(prepared)

if __name__ == "__main__":
    resource_tracker.ensure_running()
    spawn.set_executable("/bin/false")
    run_jobs(length, range(4), by_value(b"x" * 2**20), workers=2, progress=int)
"""


@pytest.mark.skipif(not os.path.exists("/bin/false"), reason="there is no /bin/false")
def test_a_process_that_ends_at_its_start_is_reported(tmp_path):
    """Not waited for: what it was given is larger than a pipe holds."""
    (tmp_path / "program.py").write_text(_KILLED_AT_ITS_START)
    done = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert "InputError: workers: a process ended before its job did" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["program.py"]


def test_what_processes_are_given_needs_room(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(
        InputError, match=r"temporary files: cannot be written .*TMPDIR names another folder"
    ):
        run_jobs(divmod, [7], partial(int, 9), workers=2, progress=list)


@pytest.mark.slow
def test_an_interruption_ends_the_processes_at_their_work():
    """The first job is over at once; the others wait a minute for a signal that nobody sends."""

    def interrupt():
        raise KeyboardInterrupt

    prepare = partial(list, [signal.SIGUSR1])
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_jobs(signal.sigtimedwait, [0, 60, 60], prepare, workers=2, progress=interrupt)
    assert time.monotonic() - started < 45
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_an_error_in_preparing_comes_out():
    prepare = partial(os.stat, "nowhere")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        run_jobs(max, [1, 2], prepare, workers=2, progress=lambda: None)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_results_stream_in_the_order_of_the_jobs(workers):
    taken = []

    def jobs():
        for number in range(1, 40):
            taken.append(number)
            yield number

    with closing(stream_jobs(divmod, jobs(), partial(int, 39), workers=workers)) as results:
        assert next(results) == (1, (39, 0))
        assert len(taken) < 12  # the others are not made before they are needed
        assert list(results) == [(number, divmod(39, number)) for number in range(2, 40)]
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_results_may_come_as_soon_as_they_are_there(workers):
    """The first job waits for a signal that nobody sends."""
    seconds = [10.0 if workers > 1 else 0.1, 0.0, 0.0, 0.0]
    prepare = partial(list, [signal.SIGUSR1])
    found = stream_jobs(signal.sigtimedwait, seconds, prepare, workers=workers, ordered=False)
    with closing(found):
        jobs = [job for job, _ in found]
    assert sorted(jobs) == sorted(seconds)
    assert workers == 1 or jobs != seconds


@given(st.lists(st.floats(0, 0.002), max_size=12), st.integers(1, 4), st.integers(0, 5))
@settings(max_examples=20, deadline=None)
def test_a_pools_results_come_in_order_and_few_wait(seconds, threads, waiting):
    begun, seen = [], []
    with ThreadPoolExecutor(threads) as pool:

        def begin(job):
            begun.append(job)
            assert len(begun) - len(seen) <= waiting + 1
            return pool.submit(time.sleep, job)

        for job, result in in_order(begin, seconds, waiting=waiting):
            seen.append(job)
            assert result is None
    assert seen == begun == seconds


@pytest.mark.slow
def test_tensors_go_by_value():
    """Not through shared memory, of which a container has little."""
    (made,) = run_jobs(torch.full, [4.0], prepare=partial(tuple, [2]), workers=2, progress=list)
    assert made.tolist() == [4.0, 4.0]
    assert not made.is_shared()


def test_nothing_to_do_prepares_nothing():
    def fails():
        raise AssertionError("prepared")

    run_jobs(os.symlink, [], fails, workers=2, progress=fails)
