"""A zip archive → a folder of recordings, whole or not at all."""

import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from humouse.errors import InputError
from humouse.files import check_space, writing


class BadArchiveError(InputError):
    """What was fetched is no archive, or not the right one."""


@contextmanager
def unpacked(archive: Path, folder: Path, pattern: str) -> Iterator[Path]:
    """Yield a temporary folder with the files of a zip archive that match; then name it `folder`.

    Args:
        archive: The zip file.
        folder: Must not exist, or be empty; it appears when the block ends without an error.
        pattern: Path of the wanted files as a glob, `user*/session_*.csv`; whatever folders lie
            around it in the archive are left out.

    Raises:
        BadArchiveError: It is no zip archive or a damaged one, a path in it leads out of the
            folder, or no file matches.
        InputError: The folder cannot be written.
    """
    with (
        writing(folder),
        tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as name,
    ):
        inside = Path(name) / "unpacked"
        inside.mkdir()
        _unpack(archive, inside, pattern)
        yield inside
        os.replace(inside, folder)


def _unpack(archive: Path, folder: Path, pattern: str) -> None:
    with _readable(archive) as file:
        wanted = _wanted(file.infolist(), pattern)
        check_space(folder, sum(member.file_size for member, _ in wanted))
        for member, path in wanted:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with file.open(member) as source, open(target, "xb") as copy:
                shutil.copyfileobj(source, copy)


@contextmanager
def _readable(archive: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(archive) as file:
            yield file
    # RuntimeError: it is encrypted.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise BadArchiveError(f"no whole zip archive ({error})") from error


def _wanted(
    members: Sequence[zipfile.ZipInfo], pattern: str
) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """Return the members that match the pattern, each with the path that it gets."""
    depth = len(PurePosixPath(pattern).parts)
    found = []
    for member in members:
        path = PurePosixPath(member.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in member.filename:
            raise BadArchiveError(
                f"the path {member.filename!r} in it leads out of its folder; nothing was unpacked"
            )
        if not member.is_dir() and path.match(pattern):
            found.append((member, PurePosixPath(*path.parts[-depth:])))
    if not found:
        raise BadArchiveError(f"holds no file {pattern}; is it the right archive?")
    if len({path for _, path in found}) < len(found):
        raise BadArchiveError("holds a recording twice; is it the right archive?")
    return found
