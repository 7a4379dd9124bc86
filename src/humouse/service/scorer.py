"""The detector at work: requests that wait are scored together."""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from humouse.detection.detector import MANIFEST, Detector
from humouse.errors import InputError
from humouse.files import sha256
from humouse.service import metrics
from humouse.service.failures import Refusal
from humouse.service.recorded import as_steps
from humouse.service.together import Together

_LOG = logging.getLogger("humouse.service")
_DIGITS = 12


@dataclass(frozen=True)
class Judged:
    """What a detector says of one movement.

    Args:
        verdict: On it.
        probability: Of a bot; None where the movement goes nowhere.
        p_value: Share of people whose movements look more like a bot's; likewise.
        reasons: What speaks for the verdict.
        session_verdict: On its source, up to it.
        session_score: Of its source, up to it.
    """

    verdict: str
    probability: float | None
    p_value: float | None
    reasons: list[str]
    session_verdict: str | None
    session_score: float | None


@dataclass(frozen=True, eq=False)
class _Job:
    movements: Sequence[Float64[np.ndarray, "_ 3"]]
    sources: Sequence[str]


@dataclass(frozen=True, eq=False)
class _Loaded:
    detector: Detector
    name: str


class Scorer:
    """Scores movements with the detector of a folder, which can be loaded anew at any time.

    Args:
        folder: Where the detector lies; None for the packaged one.
        false_positive_rate: Share of people's movements that may be called bots.
        reasons: How many explain each verdict.
        most_waiting: Movements that may wait; a request beyond is told to come again.

    Raises:
        InputError: There is no detector in the folder, or it does not fit.
    """

    def __init__(
        self, folder: Path | None, false_positive_rate: float, reasons: int, most_waiting: int
    ) -> None:
        self._folder, self._rate, self._reasons = folder, false_positive_rate, reasons
        self._most_waiting, self._waiting = most_waiting, 0
        self._loaded = self._load()
        self._together = Together(self._score, lambda job: len(job.movements))

    @property
    def detector(self) -> str:
        """The first digits of the SHA-256 of the detector's manifest."""
        return self._loaded.name

    async def score(
        self, movements: Sequence[Float64[np.ndarray, "_ 3"]], sources: Sequence[str]
    ) -> list[Judged]:
        """Return what is said of each movement.

        Args:
            movements: The points of each: t (ms), x, y (px); those of one source in the order of time.
            sources: What each belongs to; "" for nothing that is known.

        Raises:
            Refusal: Too many movements wait.
        """
        if not movements:
            return []
        if self._waiting and self._waiting + len(movements) > self._most_waiting:
            raise Refusal(429, f"busy: {self._waiting} movements wait; send these again soon", 1)
        self._waiting += len(movements)
        try:
            return await self._together.done(_Job(movements, sources))
        finally:
            self._waiting -= len(movements)

    async def work(self) -> None:
        """Score what is asked for, until cancelled."""
        await self._together.work()

    async def reload(self) -> None:
        """Load the detector of the folder anew; the old one serves until then, or goes on."""
        loop = asyncio.get_running_loop()
        try:
            self._loaded = await loop.run_in_executor(None, self._load)
        except InputError as error:
            _LOG.error("detector refused", extra={"error": str(error), "detector": self.detector})
        else:
            _LOG.info("detector loaded", extra={"detector": self.detector})

    def _load(self) -> _Loaded:
        detector = Detector.load(self._folder)
        self._decide(detector, [_TRIAL], [""])
        return _Loaded(detector, sha256(detector.folder / MANIFEST)[:_DIGITS])

    def _decide(
        self,
        detector: Detector,
        movements: Sequence[Float64[np.ndarray, "_ 3"]],
        sources: Sequence[str],
    ) -> list[Judged]:
        said = detector.answers(
            as_steps(movements, sources),
            false_positive_rate=self._rate,
            reasons=self._reasons,
        )
        return [_judged(one) for one in said]

    def _score(self, jobs: Sequence[_Job]) -> list[list[Judged]]:
        began = time.perf_counter()
        movements = [one for job in jobs for one in job.movements]
        # Sources of two requests are never one.
        sources = [
            f"{k}/{source}" if source else ""
            for k, job in enumerate(jobs)
            for source in job.sources
        ]
        judged = self._decide(self._loaded.detector, movements, sources)
        metrics.SCORING.observe(time.perf_counter() - began)
        metrics.AT_ONCE.observe(len(movements))
        ends = np.cumsum([len(job.movements) for job in jobs]).tolist()
        return [judged[end - len(job.movements) : end] for job, end in zip(jobs, ends, strict=True)]


_TRIAL = np.column_stack([np.arange(20) * 16.0, np.arange(20) ** 1.5 * 4, np.arange(20) * 3.0])
"""A movement that a newly loaded detector is tried with, and warmed up."""


def _judged(row: dict) -> Judged:
    return Judged(
        row["verdict"],
        row["probability"],
        row["p_value"],
        row["reasons"].split("; ") if row["reasons"] else [],
        row.get("session_verdict"),
        row.get("session_score"),
    )
