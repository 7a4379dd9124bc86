"""Jobs in processes of their own: each is done once, and one that fails ends them all."""

import multiprocessing
import os
import signal
import time
from functools import partial

import pytest

from humouse.errors import InputError
from humouse.processes import run_jobs

# Only functions of modules reach other processes: a job is a link to make, from a folder prepared.


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_every_job_is_done_and_an_error_comes_out(tmp_path, workers):
    jobs = [str(tmp_path / f"link {number}") for number in range(5)]
    prepare = partial(str, "the folder")
    handler = signal.getsignal(signal.SIGTERM)
    calls: list[None] = []
    numbers = run_jobs(divmod, [7, 4, 1], partial(int, 9), workers=workers, progress=list)
    assert numbers == [(1, 2), (2, 1), (9, 0)]
    run_jobs(os.symlink, jobs, prepare, workers=workers, progress=lambda: calls.append(None))
    assert [os.readlink(job) for job in jobs] == ["the folder"] * 5
    assert len(calls) == 5
    with pytest.raises(FileExistsError, match="link 4"):
        run_jobs(os.symlink, jobs[4:], prepare, workers=workers, progress=lambda: None)
    assert signal.getsignal(signal.SIGTERM) is handler


def test_a_killed_process_is_reported():
    """As the system does for want of memory: the job kills the process that prepared its number."""
    with pytest.raises(InputError, match=r"workers: a process ended .*exit code -9"):
        run_jobs(os.kill, [signal.SIGKILL], os.getpid, workers=2, progress=lambda: None)


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


def test_nothing_to_do_prepares_nothing():
    def fails():
        raise AssertionError("prepared")

    run_jobs(os.symlink, [], fails, workers=2, progress=fails)
