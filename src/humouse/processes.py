"""Jobs done by several processes, of one thread each."""

import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

import torch

from humouse.errors import InputError

Job = TypeVar("Job")
Result = TypeVar("Result")


def run_jobs(
    do: Callable[[Any, Job], Result],
    jobs: Iterable[Job],
    prepare: Callable[[], Any],
    *,
    workers: int,
    progress: Callable[[], None],
) -> list[Result]:
    """Do every job and return the results in the order of the jobs; the first that fails ends them all.

    Args:
        do: Takes what `prepare` returned, and a job; a function of a module.
        jobs: What there is to do; the first are begun while the later ones are still being made.
        prepare: Called once in each process that has a job.
        workers: How many processes; with one, this process does it all.
        progress: Called after each job.

    Raises:
        InputError: A process ended without a word, as one that the system kills for its memory.
    """
    if workers > 1:
        return _run_in_pool(do, jobs, prepare, workers, progress)
    prepared, results = cache(prepare), []
    with _one_thread():
        for job in jobs:
            results.append(do(prepared(), job))
            progress()
    return results


def _run_in_pool(
    do: Callable[[Any, Job], Result],
    jobs: Iterable[Job],
    prepare: Callable[[], Any],
    workers: int,
    progress: Callable[[], None],
) -> list[Result]:
    """Do every job in a pool; however it ends, its processes end at once."""
    # A pool has no public way to end a process at its work: its processes are the new children.
    others = set(multiprocessing.active_children())
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, spawn, _start_worker, (prepare,))
    processes: set[BaseProcess] = set()
    with _sigterm_interrupts():
        try:
            futures = [pool.submit(_do, do, job) for job in jobs]
            processes = set(multiprocessing.active_children()) - others
            for future in as_completed(futures):
                future.result()
                progress()
            return [future.result() for future in futures]
        except BrokenProcessPool as error:
            pool.shutdown()
            # The pool ends the others by SIGTERM.
            codes = {one.exitcode for one in processes} - {0, None, -signal.SIGTERM}
            raise InputError(
                f"workers: a process ended before its job did (exit code "
                f"{', '.join(map(str, codes))}), most likely for want of memory; choose fewer workers"
            ) from error
        finally:
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
            pool.shutdown(cancel_futures=True)


@contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """Take SIGTERM as Ctrl-C in the block, so that processes are ended before this one is."""
    if threading.current_thread() is not threading.main_thread():  # only there are signals heard
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute on one thread in the block: numbers must not depend on how many processes there are."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


_prepared: Callable[[], Any]
"""In a worker: returns what was prepared, once."""


def _start_worker(prepare: Callable[[], Any]) -> None:
    """Compute on one thread; being interrupted is the first process's business."""
    global _prepared
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    # At the first job, whose future carries an error; one raised here would only break the pool.
    _prepared = cache(prepare)


def _do(do: Callable[[Any, Job], Result], job: Job) -> Result:
    return do(_prepared(), job)
