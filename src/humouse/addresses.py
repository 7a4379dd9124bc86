"""Files at an address, such as s3://bucket/x: read and written by way of this machine's disk.

What a command writes lies in a folder of this machine until it is whole; then each file is sent, the
manifest last. What it reads is fetched one file at a time. fsspec knows the protocols. A path, and file://,
is of this machine, and nothing is copied.
"""

import errno
import os
import re
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from humouse.errors import InputError, nearest
from humouse.extras import require
from humouse.files import (
    alone_in,
    alone_with,
    check_space,
    digest,
    read_json,
    reason_of,
    sha256,
    write_json,
)
from humouse.progress import progress_bar

CACHE = "HUMOUSE_CACHE"
"""Environment variable: where files of addresses lie on this machine."""

_LAST = "manifest.json"
_MARK = ".humouse-unfinished"
_NOTE = ".sent.json"
_ADDRESS = re.compile(r"[A-Za-z][\w.+-]*://")
_WHOLE_OR_ABSENT = frozenset(
    ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "oci", "hf")
)
"""Protocols of stores without folders, where a file appears when all of it has arrived."""
_STAMPS = (
    "size",
    "ETag",
    "etag",
    "generation",
    "LastModified",
    "last_modified",
    "mtime",
    "modified",
    "created",
)


def cache_folder() -> Path:
    """Return the folder for files on their way: HUMOUSE_CACHE, or humouse in $XDG_CACHE_HOME or ~/.cache."""
    if named := os.environ.get(CACHE):
        return Path(named).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "humouse"


class Output:
    """Where a command writes: a path of this machine.

    Args:
        place: The path, as the user named it.
        here: Where the file is to be written, or the files, on this machine.
        parts: The folder for parts of it, which are kept when a run is interrupted.
    """

    def __init__(self, place: str, here: Path, parts: Path) -> None:
        self.place = place
        self.here = here
        self.parts = parts

    def named(self, name: str) -> str:
        """Return the path or address of a file in the folder, to be shown."""
        return str(Path(self.place) / name)

    def send(self) -> None:
        """Send all files that lie `here` to the address; there is nothing to do for a path.

        Raises:
            InputError: The connection was lost, or there is no permission. What is there is marked as
                unfinished, and the next run goes on.
            KeyboardInterrupt: It was interrupted; says how many files are sent.
        """


@contextmanager
def output_folder(place: str, files: Iterable[str]) -> Iterator[Output]:
    """Yield where to write a result of several files, which is this run's alone.

    Args:
        place: A path or an address.
        files: Names of the files that such runs write, as far as they are known, or patterns of them.

    Raises:
        InputError: Another run writes there, nothing can be written there, or the address holds a result
            already, which is not replaced.
    """
    place = _without_file(place)
    if not _is_address(place):
        with alone_in(place):
            yield Output(place, Path(place), Path(place))
        return
    with _sending(place.rstrip("/"), None, files) as out:
        yield out


@contextmanager
def output_file(place: str) -> Iterator[Output]:
    """Yield where to write one file, which is this run's alone.

    Args:
        place: A path or an address.

    Raises:
        InputError: Another run writes it, nothing can be written there, or a file is there.
    """
    place = _without_file(place)
    if not _is_address(place):
        with alone_with(place) as parts:
            yield Output(place, Path(place), parts)
        return
    folder, _, name = place.rpartition("/")
    if not name or folder.endswith(":/"):
        raise InputError(f"{place}: name a file in a folder, as in {folder}/tables/table.parquet")
    with _sending(folder, name, [name]) as out, alone_with(out.here) as out.parts:
        yield out


class _Sent(Output):
    """Where a command writes for an address.

    Args:
        folder: Address of the folder.
        name: Name of the one file that is written there; None for a result of several files.
        staging: The folder of this machine.
    """

    def __init__(self, folder: str, name: str | None, staging: Path) -> None:
        place, here = (folder, staging) if name is None else (f"{folder}/{name}", staging / name)
        super().__init__(place, here, staging)
        self._staging = staging
        self._folder = folder
        self._mark = _MARK if name is None else f".{name}{_MARK}"
        self._note = self._noted()
        self._marked: set[str] = set()
        with _in_a_line(folder):
            self._fs, self._root = _opened(folder)

    def named(self, name: str) -> str:
        return f"{self.place}/{name}"

    def begin(self, files: Iterable[str]) -> None:
        """Check that nobody else's files are there, and mark the folder, which shows that one can write."""
        with _in_a_line(self._folder):
            path = f"{self._root}/{self._mark}"
            with suppress(FileNotFoundError):
                if self._fs.cat_file(path).decode(errors="replace") != self._note["mark"]:
                    raise InputError(
                        f"{self.place}: another run is writing there, or was interrupted; go on on its "
                        f"machine, or remove {self._folder}/{self._mark} and what it sent"
                    )
            self._check_free(files)
            write_json(self._staging / _NOTE, self._note)
            self._put_mark("")

    def send(self) -> None:
        files = {
            path.relative_to(self._staging).as_posix(): path
            for path in self._staging.rglob("*")
            if path.is_file()
        }
        shown = [name for name in files if not any(p.startswith(".") for p in name.split("/"))]
        names = sorted(shown, key=lambda name: (name == _LAST, name))
        sent = 0
        try:
            with progress_bar("files sent", len(names)) as advance, _in_a_line(self._folder, True):
                self._check_free(names)
                for folder in {name.rpartition("/")[0] for name in names} - self._marked:
                    self._put_mark(folder)
                for other in set(self._note["sent"]) - set(names):  # an interrupted run's
                    self._remove(other)
                    self._take_note(other, None)
                for name in names:
                    self._put(name, files[name])
                    sent += 1
                    advance()
                for folder in self._marked:
                    self._remove(f"{folder}/{self._mark}".lstrip("/"))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"({sent:,} of {len(names):,} files are sent; run the same command again)"
            ) from None

    def end(self) -> None:
        """Remove what is left at the address of a run that kept nothing."""
        if not self._note["sent"] and not any(self._staging.rglob("[0-9]*.part")):
            with suppress(Exception):
                if self._marked:
                    self._remove(self._mark)
            shutil.rmtree(self._staging, ignore_errors=True)

    def _noted(self) -> dict[str, Any]:
        with suppress(InputError):
            note = read_json(self._staging / _NOTE)
            if isinstance(note.get("mark"), str) and isinstance(note.get("sent"), dict):
                return note
        return {"address": self.place, "mark": uuid.uuid4().hex, "sent": {}}

    def _take_note(self, name: str, content: str | None) -> None:
        """Note which content of a file is sent: "" while it is on its way, None if there is none."""
        if content is None:
            del self._note["sent"][name]
        else:
            self._note["sent"][name] = content
        write_json(self._staging / _NOTE, self._note)

    def _check_free(self, files: Iterable[str]) -> None:
        """Raise InputError if files of these names are there that were not sent from here."""
        listed: dict[str, dict[str, Any]] = {}
        for pattern in files:
            folder, _, last = pattern.rpartition("/")
            if folder not in listed:
                listed[folder] = _listed(self._fs, f"{self._root}/{folder}".rstrip("/"))
            for found in listed[folder]:
                name = f"{folder}/{found}".lstrip("/")
                if (found == last or fnmatch(found, last)) and name not in self._note["sent"]:
                    raise InputError(
                        f"{self._folder}/{name}: is there already, and files at an address are not "
                        "replaced; choose another address, or remove it"
                    )

    def _put_mark(self, folder: str) -> None:
        self._marked.add(folder)
        path = f"{self._root}/{folder}".rstrip("/")
        self._make(path)
        self._fs.pipe_file(f"{path}/{self._mark}", self._note["mark"].encode())

    def _put(self, name: str, path: Path) -> None:
        """Send a file, unless that is done; it appears whole."""
        content, size, to = sha256(path), path.stat().st_size, f"{self._root}/{name}"
        folder, _, last = to.rpartition("/")
        if self._note["sent"].get(name) == content and _size(self._fs, to) == size:
            return
        self._take_note(name, "")
        self._remove(name)  # what was sent with other settings
        if _whole_or_absent(self._fs):
            self._fs.put_file(str(path), to)
        else:
            self._make(folder)
            self._fs.put_file(str(path), f"{folder}/.{last}.unfinished")
            self._fs.mv(f"{folder}/.{last}.unfinished", to)
        arrived = _size(self._fs, to)
        if arrived != size:
            raise OSError(f"{arrived} of {size:,} bytes of {name} arrived")
        self._take_note(name, content)

    def _make(self, folder: str) -> None:
        """Make a folder where there are folders; elsewhere this would make buckets."""
        if not _whole_or_absent(self._fs):
            self._fs.makedirs(folder, exist_ok=True)

    def _remove(self, name: str) -> None:
        if _size(self._fs, f"{self._root}/{name}") is not None:
            self._fs.rm_file(f"{self._root}/{name}")


@contextmanager
def _sending(folder: str, name: str | None, files: Iterable[str]) -> Iterator[_Sent]:
    """Yield where to write for an address; what is kept there goes when all is sent."""
    _require(folder)
    place = folder if name is None else f"{folder}/{name}"
    staging = cache_folder() / "sending" / digest([folder, name])[:16]
    with ExitStack() as stack:
        try:
            stack.enter_context(alone_in(staging))
        except InputError as error:
            said = str(error).replace(f"{staging}: another run", f"{place}: another run")
            raise InputError(said) from error
        for path in staging.iterdir():  # a result that was not sent; its parts are kept
            if not path.name.startswith("."):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        out = _Sent(folder, name, staging)
        try:
            out.begin(files)
            yield out
        except BaseException:
            out.end()
            raise
        shutil.rmtree(staging, ignore_errors=True)


class Fetched:
    """A file at an address, or the Parquet files in a folder there: as paths, one on the disk at a time.

    It may be gone through several times; a path is there until the next one is taken.

    Args:
        address: The file or the folder.
        folder: Where to put the files, on this machine.

    Raises:
        InputError: There is no such file, no permission, or no connection; the folder is not finished.
    """

    def __init__(self, address: str, folder: Path) -> None:
        self.address = address
        self._to = folder
        with _in_a_line(address):
            self._fs, root = _opened(address)
            self._fs.invalidate_cache()
            info = self._fs.info(root)
            self.is_folder = info["type"] == "directory"
            if not self.is_folder:
                self._base, _, name = root.rpartition("/")
                self._files = {name: info}
                return
            self._base, found = root.rstrip("/"), _listed(self._fs, root)
        self._files = {name: found[name] for name in sorted(found) if name.endswith(".parquet")}
        if _MARK in found:
            raise InputError(
                f"{address}: is not finished: a run is writing there, or was interrupted; the same command "
                "goes on"
            )
        if not self._files:
            raise InputError(
                f"{address}: a folder without *.parquet files; name a file, or a folder of files that "
                "humouse wrote"
            )

    def __str__(self) -> str:
        return self.address

    def __iter__(self) -> Iterator[Path]:
        return map(self._fetched, self._files)

    @property
    def version(self) -> str:
        """Hash of the files' names, sizes and times or tags: what they hold, without reading them."""
        return digest(
            {
                name: {key: str(info[key]) for key in _STAMPS if info.get(key) is not None}
                for name, info in self._files.items()
            }
        )

    def _fetched(self, name: str) -> Path:
        path, size = self._to / name, self._files[name].get("size")
        if path.is_file():
            return path
        for other in self._to.iterdir():
            other.unlink()
        check_space(self._to.parent, size or 0)
        shown = f"{self.address}/{name}" if self.is_folder else self.address
        with _in_a_line(shown, True):
            self._fs.get_file(f"{self._base}/{name}", str(path))
        if size is not None and path.stat().st_size != size:
            raise InputError(
                f"{shown}: {path.stat().st_size:,} of {size:,} bytes arrived, or it was replaced meanwhile; "
                "run the same command again"
            )
        return path


@contextmanager
def reading(place: str) -> Iterator[str | Fetched]:
    """Yield what to read: a path as it is, or the files at an address, which errors name by their address.

    Raises:
        InputError: As `Fetched`.
    """
    place = _without_file(place)
    if not _is_address(place):
        yield place
        return
    _require(place)
    address = place.rstrip("/")
    with _scratch() as folder:
        fetched = Fetched(address, folder)
        shown = address if fetched.is_folder else address.rpartition("/")[0]
        try:
            yield fetched
        except InputError as error:
            raise InputError(str(error).replace(str(folder), shown)) from error


def version_of(place: str | Fetched) -> str:
    """Return a hash that differs where what is to be read differs."""
    return place.version if isinstance(place, Fetched) else sha256(place)


def _is_address(place: str) -> bool:
    return _ADDRESS.match(place) is not None


def _without_file(place: str) -> str:
    """Return the path of an address of this machine."""
    return place.removeprefix("file://")


def _require(address: str) -> None:
    require(f"{address}: an address", "remote")


def _opened(address: str) -> tuple[Any, str]:
    """Return the file system of an address, and the path there.

    Raises:
        InputError: There is no such protocol.
        ImportError: Its package is not installed.
    """
    import fsspec  # of an extra

    protocol = address.partition("://")[0]
    known = fsspec.available_protocols()
    if protocol not in known:
        hint = nearest(protocol, known, "those most used are s3, gs, abfs and sftp")
        raise InputError(f"{address}: no such protocol as {protocol}://; {hint}")
    return fsspec.core.url_to_fs(address)


def _whole_or_absent(files: Any) -> bool:
    names = files.protocol
    return not _WHOLE_OR_ABSENT.isdisjoint([names] if isinstance(names, str) else names)


def _listed(files: Any, folder: str) -> dict[str, dict[str, Any]]:
    """Return what is known of each file in a folder, by its name; nothing where there is no such folder."""
    files.invalidate_cache()
    try:
        found = files.ls(folder, detail=True)
    except FileNotFoundError:
        return {}
    return {one["name"].rpartition("/")[2]: one for one in found if one["type"] == "file"}


def _size(files: Any, path: str) -> int | None:
    """Return a file's bytes; None where there is no such file."""
    files.invalidate_cache()
    try:
        return files.info(path)["size"]
    except FileNotFoundError:
        return None


@contextmanager
def _scratch() -> Iterator[Path]:
    """Yield an empty folder, which is removed at the end; so are those of runs that were killed."""
    folder = cache_folder() / "reading"
    for other in folder.glob("*"):
        with suppress(InputError), alone_in(other):
            shutil.rmtree(other, ignore_errors=True)
    mine = folder / uuid.uuid4().hex
    with alone_in(mine):
        try:
            yield mine
        finally:
            shutil.rmtree(mine, ignore_errors=True)


@contextmanager
def _in_a_line(address: str, transfer: bool = False) -> Iterator[None]:
    """Raise whatever goes wrong at an address as an InputError of one line.

    Args:
        address: What to name.
        transfer: Whether it worked before, so that the same command may go on.
    """
    try:
        yield
    except InputError:
        raise
    except ImportError as error:
        raise InputError(f"{address}: {_package(address, error)}") from error
    except FileNotFoundError as error:
        raise InputError(f"{address}: no such file, folder or bucket") from error
    except Exception as error:  # of any package
        why = _first_line(error)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            said = f"{cache_folder()}: {reason_of(error)}, or name one in {CACHE}"
        elif isinstance(error, PermissionError) or "credential" in f"{type(error)} {why}".lower():
            said = (
                f"{address}: no permission ({why}); set up an account that may list, read, write and delete "
                "there"
            )
        elif transfer:
            said = f"{address}: the connection was lost ({why}); run the same command again"
        else:
            said = f"{address}: cannot be reached ({why})"
        raise InputError(said) from error


def _package(address: str, error: ImportError) -> str:
    """Return what to install for a protocol."""
    from fsspec.registry import known_implementations

    protocol = address.partition("://")[0]
    package = known_implementations.get(protocol, {"class": ""})["class"].partition(".")[0]
    if package in ("", "fsspec"):
        return f"{protocol}:// needs one more package ({_first_line(error)})"
    return f"{protocol}:// needs {package} ({_first_line(error)}): pip install {package}"


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")
