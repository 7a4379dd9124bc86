"""`humouse data download`: a public dataset's recordings, from where they are published."""

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

from humouse.commands.help import print_page, wrapped
from humouse.data.public.download import Archive, Downloaded, download, downloaded
from humouse.data.sources.definitions import definition
from humouse.errors import InputError
from humouse.progress import byte_bar
from humouse.settings import DownloadSettings
from humouse.settings.compose import as_override, config_groups


def run(settings: DownloadSettings) -> None:
    """Fetch a dataset unless it is there; print where it is from, its terms, and what comes next."""
    archive, folder = _checked(settings)
    print_page(_terms(settings))
    found = downloaded(archive, folder)
    if found is None:
        try:
            with byte_bar(f"downloading {settings.name}") as shown:
                found = download(archive, folder, _announced(shown))
        except KeyboardInterrupt:
            raise KeyboardInterrupt("(what arrived is kept; the same command resumes)") from None
        print_page(_origin(archive, found))
    else:
        print_page("It is there already; nothing was fetched.")
    print_page(f"recordings: {folder}/ ({found.recordings:,} files)\nnext: {_next(settings)}")


def _checked(settings: DownloadSettings) -> tuple[Archive, Path]:
    if settings.name is None:
        names = " or ".join(config_groups("download")["archive"])
        raise InputError(f"no dataset is named; run humouse data download NAME: {names}")
    given = {key: getattr(settings, key) for key in ("address", "pattern", "licence", "citation")}
    for key, value in (given | {"out_dir": settings.out_dir}).items():
        if not value:
            raise InputError(f"{key}: give one, or leave it out for the dataset's own")
    return Archive(sha256=settings.sha256, **given), Path(str(settings.out_dir)).expanduser()


def _terms(settings: DownloadSettings) -> str:
    lines = [f"{settings.name}: {settings.about}"]
    window = max(shutil.get_terminal_size((100, 24)).columns, 40)
    for what in ("page", "address", "licence", "citation"):
        text = getattr(settings, what) or "none given"
        lines += wrapped(text, window, f"  {what:<9}  ", " " * 13)
    return "\n".join(lines)


def _announced(shown: Callable[[int, int | None], None]) -> Callable[[int, int | None], None]:
    """Return what shows the progress, and prints the size before the first byte is read."""
    first = True

    def progress(done: int, total: int | None) -> None:
        nonlocal first
        if first:
            size = "the server does not say" if total is None else f"{total / 1e6:,.1f} MB"
            resumed = f", {done / 1e6:,.1f} MB of them from an earlier download" if done else ""
            print_page(f"  size       {size}{resumed}")
            first = False
        shown(done, total)

    return progress


def _origin(archive: Archive, found: Downloaded) -> str:
    if archive.sha256 is not None:
        return f"  SHA-256    {found.sha256}, as expected"
    return (
        f"  SHA-256    {found.sha256}\n"
        "             No hash of this archive is known, so it was not checked. Give\n"
        f"             sha256={found.sha256}\n"
        "             next time to be sure of the same bytes."
    )


def _next(settings: DownloadSettings) -> str:
    """Return the command that prepares the recordings."""
    command = f"humouse data prepare source={settings.name}"
    if settings.name and settings.out_dir == definition(settings.name, {}).downloaded:
        return command
    return f"{command} {shlex.quote(f'root={as_override(settings.out_dir)}')}"
