"""Work that is done together: one thread, which takes at once whatever waits."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")
_AT_ONCE = 64
"""What jobs weigh after which no further one is taken into one call: more would make the first wait."""


class Together(Generic[_Job, _Result]):
    """Does jobs in a thread of its own, those that wait in one call.

    Args:
        do: From jobs to the result of each. What it raises is raised to all of them.
        weight: What a job weighs.
    """

    def __init__(
        self,
        do: Callable[[Sequence[_Job]], Sequence[_Result]],
        weight: Callable[[_Job], int] = lambda _: 1,
    ) -> None:
        self._do, self._weight = do, weight
        self._waiting: asyncio.Queue[tuple[_Job, asyncio.Future[_Result]]] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, "together")

    async def done(self, job: _Job) -> _Result:
        """Return the result of a job, when it is done."""
        result: asyncio.Future[_Result] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((job, result))
        return await result

    async def work(self) -> None:
        """Do what is asked for, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            taken = [await self._waiting.get()]
            while self._room(taken) and not self._waiting.empty():
                taken.append(self._waiting.get_nowait())
            jobs, results = zip(*taken, strict=True)
            try:
                made = await loop.run_in_executor(self._thread, self._do, jobs)
            except Exception as error:  # these jobs' failure must not be the next ones'
                for result in results:
                    if not result.done():
                        result.set_exception(error)
                continue
            for result, one in zip(results, made, strict=True):
                if not result.done():  # else its client is gone
                    result.set_result(one)

    def _room(self, taken: Sequence[tuple[_Job, asyncio.Future[_Result]]]) -> bool:
        return sum(self._weight(job) for job, _ in taken) < _AT_ONCE
