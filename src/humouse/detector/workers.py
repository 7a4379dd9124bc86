"""Jobs done by several processes, of one thread each."""

import multiprocessing
import signal
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch

Job = TypeVar("Job")
_prepared: Any = None


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
    """
    if workers == 1 or len(jobs) < 2:
        prepared = prepare() if jobs else None
        for job in jobs:
            do(prepared, job)
            progress()
        return
    context = multiprocessing.get_context("spawn")
    # Leaving the block ends the processes, whatever happened in it.
    with context.Pool(workers, _begin, (prepare,)) as pool:
        for _ in pool.imap_unordered(_Do(do), jobs):
            progress()


class _Do:
    """Does one job with what its process has prepared."""

    def __init__(self, do: Callable[[Any, Any], None]) -> None:
        self.do = do

    def __call__(self, job: Any) -> None:
        self.do(_prepared, job)


def _begin(prepare: Callable[[], Any]) -> None:
    """Get a process ready; interrupting is the first process's business."""
    global _prepared
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    _prepared = prepare()
