"""Jobs done by several processes, of one thread each."""

import multiprocessing
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

import torch

from humouse.errors import InputError

Job = TypeVar("Job")
_LOOK_EVERY_S = 1.0


def each(
    do: Callable[[Any, Job], None],
    jobs: Sequence[Job],
    prepare: Callable[[], Any],
    *,
    workers: int,
    progress: Callable[[], None],
) -> None:
    """Do every job, in any order; the first that fails ends them all.

    Args:
        do: Takes what `prepare` returned, and a job; a function of a module.
        jobs: What there is to do.
        prepare: Called once in each process.
        workers: How many processes; with one, this process does it all.
        progress: Called after each job.

    Raises:
        InputError: A process ended without a word, as one that the system kills for its memory.
    """
    if not jobs:
        return
    if workers == 1:
        with _one_thread():
            prepared = prepare()
            for job in jobs:
                do(prepared, job)
                progress()
        return
    context = multiprocessing.get_context("spawn")
    todo, done = context.Queue(), context.Queue()
    for job in jobs:
        todo.put(job)
    for _ in range(workers):
        todo.put(None)
    processes = [
        context.Process(target=_work, args=(do, prepare, todo, done), daemon=True)
        for _ in range(min(workers, len(jobs)))
    ]
    with _started(processes):
        for _ in jobs:
            failure = _outcome(done, processes)
            if failure is not None:
                raise failure
            progress()


def _outcome(done: Any, processes: Sequence[BaseProcess]) -> BaseException | None:
    """Return what came of the next job: None, or the error that it ended with."""
    while True:
        # Looked at before the queue: what a process said before it ended is heard.
        ended = [one for one in processes if not one.is_alive()]
        try:
            return done.get(timeout=_LOOK_EVERY_S)
        except queue.Empty:
            if any(one.exitcode for one in ended) or len(ended) == len(processes):
                codes = ", ".join(str(one.exitcode) for one in ended)
                raise InputError(
                    f"workers: a process ended before its job did (exit code {codes}), most likely for "
                    "want of memory; go on with resume=true and fewer workers"
                ) from None


@contextmanager
def _started(processes: Sequence[BaseProcess]) -> Iterator[None]:
    """Have the processes at work in the block; however it is left, they end."""
    in_main = threading.current_thread() is threading.main_thread()  # only there are signals heard
    before = signal.signal(signal.SIGTERM, _interrupt) if in_main else None
    for one in processes:
        one.start()
    try:
        yield
    finally:
        for one in processes:
            one.terminate()
        for one in processes:
            one.join()
        if in_main:
            signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: Any) -> None:
    raise KeyboardInterrupt


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute on one thread in the block: numbers must not depend on how many processes there are."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _work(do: Callable[[Any, Any], None], prepare: Callable[[], Any], todo: Any, done: Any) -> None:
    """Do jobs until there are no more; being interrupted is the first process's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    try:
        prepared = prepare()
        for job in iter(todo.get, None):
            do(prepared, job)
            done.put(None)
    except BaseException as error:
        done.put(error)
