"""Progress on the terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)


@contextmanager
def progress_bar(
    what: str, total: int, *, done: int = 0, shown: bool = True
) -> Iterator[Callable[..., None]]:
    """Show a progress bar on stderr; yield a function that advances it by one.

    The function takes `note=` for a few words at the end of the line.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    console = Console(stderr=True)
    progress = Progress(*columns, console=console, disable=not shown)
    task = progress.add_task(what, total=total, completed=done, note="")
    if console.is_terminal:  # in a log file, a job that fails at once then shows only its message
        progress.start()

    def advance(note: str | None = None) -> None:
        progress.start()
        if note is None:
            progress.advance(task)
        else:
            progress.update(task, advance=1, note=note)

    try:
        yield advance
    finally:
        if progress.live.is_started:
            progress.stop()


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
