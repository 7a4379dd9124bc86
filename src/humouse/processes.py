"""Jobs done by several processes, of one thread each; and by any pool, in their order."""

import multiprocessing
import os
import pickle
import shutil
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    Future,
    ProcessPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from functools import cache, partial
from multiprocessing.process import BaseProcess
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from humouse.errors import InputError
from humouse.files import reason_of

Job = TypeVar("Job")
Result = TypeVar("Result")

WAITING = 4
"""Jobs that wait for each process: enough to do while the first in order takes several times as long."""


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
        jobs: What there is to do; taken as they are begun, since each may hold much.
        prepare: Called once in each process that has a job.
        workers: How many processes; with one, this process does it all.
        progress: Called after each job.

    Raises:
        InputError: A process ended without a word, as one that the system kills for its memory.
    """
    numbered = stream_jobs(
        partial(_numbered, do), enumerate(jobs), prepare, workers=workers, ordered=False
    )
    results: dict[int, Result] = {}
    with closing(numbered):
        for (number, _), result in numbered:
            results[number] = result
            progress()
    return [results[number] for number in range(len(results))]


def _numbered(do: Callable[[Any, Job], Result], prepared: Any, job: tuple[int, Job]) -> Result:
    return do(prepared, job[1])


def stream_jobs(
    do: Callable[[Any, Job], Result],
    jobs: Iterable[Job],
    prepare: Callable[[], Any],
    *,
    workers: int,
    ordered: bool = True,
) -> Generator[tuple[Job, Result], None, None]:
    """Yield every job with its result; few jobs are held at a time.

    Close it if it is left before its end: then its processes end.

    Args:
        do: As `run_jobs`.
        jobs: What there is to do; taken as results are.
        prepare: As `run_jobs`.
        workers: As `run_jobs`.
        ordered: Whether results come in the order of the jobs, or each as soon as it is there.

    Raises:
        InputError: As `run_jobs`.
    """
    if workers == 1:
        prepared = cache(prepare)
        with one_thread():
            for job in jobs:
                yield job, do(prepared(), job)
        return
    with _pool(workers, prepare) as submit:

        def begin(job: Job) -> Future[bytes]:
            return submit(do, job)

        for job, result in results_of(begin, jobs, workers=workers, ordered=ordered):
            yield job, pickle.loads(result)


def results_of(
    begin: Callable[[Job], Future[Result]], jobs: Iterable[Job], *, workers: int, ordered: bool
) -> Iterator[tuple[Job, Result]]:
    """Yield each job with its result, as a pool of so many workers does them.

    Args:
        begin: Gives a job to the pool.
        jobs: What there is to do; taken as results are.
        workers: How many there are.
        ordered: As `stream_jobs`.
    """
    if ordered:
        return in_order(begin, jobs, waiting=WAITING * workers)
    # One more than are at work: each holds what its job is about.
    return _as_done(begin, jobs, waiting=workers)


def by_value(thing: Any, *, alone: bool = False) -> Callable[[], Any]:
    """Return a `prepare` that returns a copy of a thing, as it is now, wherever it is called.

    Args:
        thing: What the jobs need.
        alone: This process does all jobs: it is the thing itself then, since a copy would be for nothing.
    """
    return (lambda: thing) if alone else partial(pickle.loads, pickle.dumps(thing))


def in_order(
    begin: Callable[[Job], Future[Result]], jobs: Iterable[Job], *, waiting: int
) -> Iterator[tuple[Job, Result]]:
    """Yield each job with its result, in the order of the jobs.

    Args:
        begin: Gives a job to a pool.
        jobs: What there is to do; taken as results are.
        waiting: How many jobs may be begun beside the first of which no result is yielded yet.
    """
    begun: deque[tuple[Job, Future[Result]]] = deque()
    for job in jobs:
        begun.append((job, begin(job)))
        if len(begun) > waiting:
            first, future = begun.popleft()
            yield first, future.result()
    for first, future in begun:
        yield first, future.result()


def _as_done(
    begin: Callable[[Job], Future[Result]], jobs: Iterable[Job], *, waiting: int
) -> Iterator[tuple[Job, Result]]:
    """Yield each job with its result as soon as it is there; `waiting` as `in_order`."""
    begun: dict[Future[Result], Job] = {}
    for job in jobs:
        begun[begin(job)] = job
        if len(begun) > waiting:
            yield from _done(begun)
    while begun:
        yield from _done(begun)


def _done(begun: dict[Future[Result], Job]) -> Iterator[tuple[Job, Result]]:
    """Wait for a result, then take out of `begun` whatever has one, and yield it."""
    for future in wait(begun, return_when=FIRST_COMPLETED).done:
        yield begun.pop(future), future.result()


@contextmanager
def _pool(workers: int, prepare: Callable[[], Any]) -> Iterator[Callable[..., Future[bytes]]]:
    """Yield what gives a function and a job to a pool, for a pickled result.

    However the block ends, the processes end at once.
    """
    # A pool has no public way to end a process at its work: its processes are the new children.
    others = set(multiprocessing.active_children())
    spawn = multiprocessing.get_context("spawn")
    processes: set[BaseProcess] = set()

    def own_processes() -> set[BaseProcess]:
        return set(multiprocessing.active_children()) - others

    def submit(do: Callable[[Any, Job], Result], job: Job) -> Future[bytes]:
        if not os.path.exists(path):
            with _in_a_line(path), open(path, "wb") as file:
                pickle.dump(prepare, file)
        work = pickle.dumps((do, job))
        try:
            future = pool.submit(_do, work)
        except (OSError, ValueError) as error:
            # One ended while the next was started, whose pipes were closed by then; or no memory for it.
            raise BrokenProcessPool(str(error)) from error
        if not processes:
            processes.update(own_processes())
        return future

    def end_processes() -> None:
        for process in own_processes():
            process.terminate()

    with sigterm_interrupts(), _scratch() as path:
        pool = ProcessPoolExecutor(workers, spawn, _start_worker, (path,))
        try:
            yield submit
        except BrokenProcessPool as error:
            end_processes()  # the pool waits for one that was started while it broke, and does not end it
            pool.shutdown()
            # The pool ends the others by SIGTERM.
            codes = {one.exitcode for one in processes} - {0, None, -signal.SIGTERM}
            said = f" (exit code {', '.join(map(str, codes))})" if codes else ""
            raise InputError(
                f"workers: a process ended before its job did{said}, most likely for want of memory; choose "
                "fewer workers"
            ) from error
        finally:
            end_processes()
            pool.shutdown(cancel_futures=True)


@contextmanager
def _scratch() -> Iterator[str]:
    """Yield a path for what processes prepare themselves with; what is there is removed.

    Given to a process at its start, a model goes through a pipe whose other end the giver holds open, too:
    if that process is killed before it has read all, the giver waits for ever.
    """
    with _in_a_line("temporary files"):
        made = TemporaryDirectory(prefix="humouse-", ignore_cleanup_errors=True)
    with made as folder:
        yield os.path.join(folder, "prepare.pickle")


@contextmanager
def _in_a_line(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{what}: cannot be written ({reason_of(error)}); the environment variable TMPDIR names another "
            "folder"
        ) from error


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
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
def one_thread() -> Iterator[None]:
    """Compute on one thread in the block: numbers must not depend on how many processes there are."""
    import torch  # here, since what only uses threads does without it

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


_prepared: Callable[[], Any]
"""In a worker: returns what was prepared, once."""


def _start_worker(path: str) -> None:
    """Compute on one thread; being interrupted is the first process's business.

    Args:
        path: Of a file that holds how to prepare; see `_scratch`.
    """
    import torch

    global _prepared
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(path,), daemon=True).start()
    torch.set_num_threads(1)
    # At the first job, whose future carries an error; one raised here would only break the pool.
    _prepared = cache(partial(_read_and_prepare, path))


def _read_and_prepare(path: str) -> Any:
    with open(path, "rb") as file:
        prepare = pickle.load(file)
    return prepare()


def _end_with_parent(path: str) -> None:
    """End this process when its parent was killed: nobody else would, and it waits for jobs for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    shutil.rmtree(os.path.dirname(path), ignore_errors=True)
    os._exit(1)


def _do(work: bytes) -> bytes:
    """Do a pickled job, and return the result pickled.

    Left to the pool, tensors would go through shared memory, of which a container has little.
    """
    do, job = pickle.loads(work)
    return pickle.dumps(do(_prepared(), job))
