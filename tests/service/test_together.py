"""Work that is done together: what waits goes into one call, and a failure is its own call's alone."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from examples.service import finished
from humouse.service.together import Together


def test_what_waits_is_done_in_one_call():
    free = threading.Event()
    calls: list[list[int]] = []

    def do(jobs: Sequence[int]) -> list[int]:
        free.wait(10)
        calls.append(list(jobs))
        return [10 * job for job in jobs]

    async def ask() -> list[int]:
        together = Together(do, weight=lambda job: job)
        working = asyncio.create_task(together.work())
        asking = [asyncio.create_task(together.done(job)) for job in (1, 30, 30, 30, 2)]
        await asyncio.sleep(0.05)
        free.set()
        results = await asyncio.gather(*asking)
        working.cancel()
        return results

    assert finished(ask()) == [10, 300, 300, 300, 20]
    # The first found nobody else waiting, or all; a call ends with the job that makes it heavy.
    assert [job for jobs in calls for job in jobs] == [1, 30, 30, 30, 2]
    assert len(calls) in (2, 3)
    assert all(sum(jobs[:-1]) < 64 for jobs in calls)


def test_a_failure_and_a_client_that_is_gone_cost_the_next_nothing():
    def do(jobs: Sequence[str]) -> list[str]:
        if "bad" in jobs:
            raise ValueError("no")
        return [job.upper() for job in jobs]

    async def ask() -> str:
        together = Together(do)
        working = asyncio.create_task(together.work())
        with pytest.raises(ValueError, match="no"):
            await together.done("bad")
        gone = asyncio.create_task(together.done("gone"))
        await asyncio.sleep(0)
        gone.cancel()
        result = await together.done("good")
        working.cancel()
        return result

    assert finished(ask()) == "GOOD"
