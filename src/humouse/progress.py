"""Progress on the terminal."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from time import monotonic

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

Advance = Callable[..., None]
"""Advances a progress bar by one; takes `note=` for a few words at the end of the line."""


@contextmanager
def progress_bar(
    what: str, total: int, *, done: int = 0, shown: bool = True
) -> Iterator[Callable[..., None]]:
    """Show a progress bar on stderr; yield a function that advances it by one.

    The function takes `note=` for a few words at the end of the line, and `by=` for another number.
    """
    columns = (*_COLUMNS, TimeElapsedColumn(), TimeRemainingColumn(), _NOTE)
    console = Console(stderr=True)
    progress = Progress(*columns, console=console, disable=not shown)
    task = progress.add_task(what, total=total, completed=done, note="")
    if console.is_terminal:  # in a log file, a job that fails at once then shows only its message
        progress.start()
    try:
        yield partial(_advance, progress, task)
    finally:
        _stop(progress)


@contextmanager
def pace_bar(
    what: str, count: int, *, done: int = 0, shown: bool = True
) -> Iterator[Callable[[int], None]]:
    """Show how many of a job's items are done, and how many a second; yield a function that takes more.

    Args:
        what: The job, or its items.
        count: How many items there are.
        done: Done by an earlier run of the job.
        shown: Whether to show anything.
    """
    began, since = monotonic(), 0
    with progress_bar(what, count, done=done, shown=shown) as advance:

        def more(items: int) -> None:
            nonlocal since
            since += items
            pace = since / max(monotonic() - began, 1e-3)
            advance(by=items, note=f"{pace:,.0f} a second")

        yield more


@contextmanager
def byte_bar(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show the bytes of a transfer on stderr; yield a function that takes those done and in all."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def duration(seconds: float) -> str:
    """Return a duration in words, as exact as an estimate is.

    >>> duration(1.3), duration(41.3), duration(2290), duration(9000)
    ('1 second', '41 seconds', '38 minutes', '2.5 hours')
    """
    if seconds < 100:
        return "1 second" if round(seconds) == 1 else f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 6000 else f"{seconds / 3600:.1f} hours"


@dataclass
class Stage:
    """A part of a job, whose steps take about the same time each.

    Args:
        name: What it makes.
        steps: How many steps it has.
        step_s: How long a step takes, as measured before the job (s).
        done: Steps done so far.
        began: When it began, by `time.monotonic`; None before.
        before: Steps done by an earlier run of the job.
    """

    name: str
    steps: int
    step_s: float
    done: int = 0
    began: float | None = None
    before: int = 0

    def left_s(self, now: float) -> float:
        """Return how long it still takes (s); what is measured on the way outweighs `step_s`."""
        if self.began is None:
            return (self.steps - self.done) * self.step_s
        taken = self.done - self.before
        pace_s = (_TRUSTED * self.step_s + now - self.began) / (_TRUSTED + taken)
        return (self.steps - self.done) * pace_s


_TRUSTED = 20
"""How many steps the measurement before the job counts for."""


class JobProgress:
    """The display of a job on stderr: a bar for each stage, and the time that the whole has left.

    Args:
        stages: In their order.
    """

    def __init__(self, stages: Iterable[Stage]) -> None:
        self.stages = list(stages)
        self._begun = self._now = monotonic()
        self._console = Console(stderr=True)
        # What is printed meanwhile stands above the bars, unless it goes to a file.
        self._display = _Display(
            *_COLUMNS,
            _NOTE,
            last_line=self.last_line,
            console=self._console,
            redirect_stdout=sys.stdout.isatty(),
        )
        self._tasks = [
            self._display.add_task(
                f"{number} of {len(self.stages)}: {stage.name}",
                total=stage.steps,
                completed=stage.done,
                note="",
            )
            for number, stage in enumerate(self.stages, 1)
        ]

    @property
    def left_s(self) -> float:
        """How long the job still takes (s)."""
        return sum(stage.left_s(self._now) for stage in self.stages)

    def last_line(self) -> str:
        """Return how long the job has run, takes and still takes."""
        passed_s = monotonic() - self._begun
        left_s = max(0.0, self.left_s - (monotonic() - self._now))
        if all(stage.done >= stage.steps for stage in self.stages):
            return f"took {duration(passed_s)}"
        whole_s = passed_s + left_s
        return f"{duration(passed_s)} of about {duration(whole_s)}, about {duration(left_s)} left"

    @contextmanager
    def stage(
        self, number: int, total: int, *, done: int = 0, shown: bool = True
    ) -> Iterator[Advance]:
        """Show a stage's progress; yield a function that advances it by one.

        Args:
            number: Which stage, from 0.
            total: How many steps it has.
            done: Steps done before.
            shown: Whether to show anything.
        """
        stage, task = self.stages[number], self._tasks[number]
        _end(self.stages[:number])
        self._now = monotonic()
        stage.steps, stage.done, stage.before, stage.began = total, done, done, self._now
        self._display.update(task, total=total, completed=done)
        self._display.disable = not shown
        if self._console.is_terminal:
            self._display.start()

        def advance(note: str | None = None) -> None:
            stage.done += 1
            self._now = monotonic()
            _advance(self._display, task, note)

        yield advance

    def __enter__(self) -> "JobProgress":
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            _end(self.stages)
        _stop(self._display)


def _end(stages: Iterable[Stage]) -> None:
    """Leave nothing to do in stages that are over, also where they stopped early."""
    for stage in stages:
        stage.steps = stage.done


class _Display(Progress):
    """Bars, and a line below them."""

    def __init__(
        self,
        *columns: str | ProgressColumn,
        last_line: Callable[[], str],
        console: Console,
        redirect_stdout: bool,
    ) -> None:
        self._last_line = last_line
        super().__init__(*columns, console=console, redirect_stdout=redirect_stdout)

    def get_renderables(self) -> Iterable[RenderableType]:
        """Yield the bars and the line."""
        yield from super().get_renderables()
        yield Text(self._last_line())


_COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
_NOTE = TextColumn("{task.fields[note]}")


def _advance(progress: Progress, task: TaskID, note: str | None = None, by: int = 1) -> None:
    progress.start()
    if note is None:
        progress.advance(task, by)
    else:
        progress.update(task, advance=by, note=note)


def _stop(progress: Progress) -> None:
    if progress.live.is_started:
        progress.stop()
