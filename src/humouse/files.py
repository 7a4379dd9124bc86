"""Atomic writes, what earlier runs wrote, JSON files, hashes, and the versions that manifests state.

One rule for overwriting: what an earlier run wrote is never lost. Right before its first write, a
run sets aside what lies in its way, `set_aside` one file, `set_aside_in` what belongs together in a
folder, and says so. A run that is resumed goes on in place, and a page that is drawn again from the
same result replaces the page. On the same occasion goes what killed runs left half written.

One run at a time writes to a folder, `alone_in`, or a file, `alone_with`: the second is refused before its
work, as is one that could not write.
"""

import errno
import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from glob import escape
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from typing import Any

from humouse.errors import InputError

_MOST_JSON = 2**28
_LOCK = ".lock"
_LOOK_S = 0.1
_WORKING = ".parts-"
_VERSIONED_PACKAGES = ("humouse", "torch", "numpy", "polars", "scikit-learn", "accelerate")


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, renamed to it when the block ends without an error.

    Whatever happens in the block, `path` holds either what it held before or the whole new file;
    its folder is made if need be. What writers left there that were killed is removed first.

    Raises:
        InputError: The file cannot be written (a full disk, no permission); `path` is unchanged.
    """
    path = Path(path)
    temporary = held = None
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            sweep(path.parent, [escape(path.name)])
            temporary, held = _held_beside(path)
            yield temporary
            # The rename must not reach the disk before the content does.
            with open(temporary, "rb+") as file:
                os.fsync(file.fileno())
            replace(temporary, path)
    finally:
        if temporary is not None:
            with suppress(OSError):  # gone after the rename
                temporary.unlink()
        if held is not None:
            os.close(held)


def _held_beside(path: Path) -> tuple[Path, int | None]:
    """Make a temporary file that nobody else has; return it, and a descriptor that holds its lock.

    There is none on Windows, where what is open cannot be renamed.
    """
    for number in count():
        temporary = path.with_name(f".{path.name}.{os.getpid()}-{number}.tmp")
        try:
            held = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:  # another thread's, or that of a process of this number elsewhere
            continue
        if sys.platform == "win32":
            os.close(held)
            return temporary, None
        try:
            _lock(held)
            return temporary, held
        except BlockingIOError:  # taken for a dead one's at this very moment, and removed
            os.close(held)
    raise AssertionError("numbers have no end")


def sweep(folder: str | Path, names: Iterable[str]) -> None:
    """Remove the temporary files of `atomic_write` whose writers are dead.

    A live one holds a lock on its file, wherever it runs. Where the system knows no such locks, and on
    Windows, nothing is removed.

    Args:
        folder: Where the files were to lie.
        names: Of the files, as paths below it or patterns of them.
    """
    for name in map(Path, names):
        for stray in Path(folder).glob(str(name.with_name(f".{name.name}.*.tmp"))):
            with suppress(OSError):  # gone meanwhile, or another user's
                if _is_abandoned(stray):
                    stray.unlink()


def _is_abandoned(stray: Path) -> bool:
    """Return whether nobody holds the lock of a file, as far as can be known."""
    if sys.platform == "win32":
        return False
    descriptor = os.open(stray, os.O_RDWR)
    try:
        return _lock(descriptor)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)


def replace(source: Path, target: Path) -> None:
    """Rename a file, to the place of another if there is one.

    A server of files whose answer is lost is asked again, and finds nothing to rename: that is no error if
    the file is where it should be.
    """
    before = os.stat(source)
    try:
        os.replace(source, target)
    except FileNotFoundError:
        if not (target.exists() and os.path.samestat(before, os.stat(target))):
            raise


def alone_in(folder: str | Path, *, wait: bool = False) -> AbstractContextManager[None]:
    """Let no other process be in such a block for the same folder, which is made if need be.

    The folder has a locked file meanwhile, which the system lets go when this process ends, however it
    ends. Where it knows no such locks nothing is checked. On Windows it is untried.

    Args:
        folder: Where this process is about to write.
        wait: Wait for the others' end.

    Raises:
        InputError: Another process is in such a block, or nothing can be written to the folder.
    """
    return _alone(Path(folder), f"{folder}: another run is writing there", "folder", wait)


@contextmanager
def alone_with(path: str | Path) -> Iterator[Path]:
    """Let no other process write a file; yield a hidden folder for its parts, which goes when it is empty.

    Raises:
        InputError: As `alone_in`.
    """
    path = Path(path)
    folder = path.with_name(f".{path.name}.parts")
    try:
        with _alone(folder, f"{path}: another run is writing it", "name"):
            yield folder
    finally:
        with suppress(OSError):
            folder.rmdir()


@contextmanager
def _alone(folder: Path, taken: str, other: str, wait: bool = False) -> Iterator[None]:
    made = not folder.is_dir()
    lock = folder / _LOCK
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = _locked(lock, wait)
        except BlockingIOError as error:
            raise InputError(f"{taken}; wait for its end, or choose another {other}") from error
    try:
        yield
    finally:
        with suppress(OSError):  # Windows keeps what is open
            lock.unlink()
        os.close(descriptor)
        if made:
            with suppress(OSError):  # something is in it
                folder.rmdir()


def _locked(path: Path, wait: bool) -> int:
    """Return a descriptor of a file that holds its lock.

    Raises:
        BlockingIOError: Another process holds it.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor)
            # Whoever had it may have removed it at its end, and a third one made another.
            if path.exists() and os.path.samestat(os.fstat(descriptor), os.stat(path)):
                return descriptor
            os.close(descriptor)
        except OSError as error:
            os.close(descriptor)
            if not (wait and isinstance(error, BlockingIOError)):
                raise
            sleep(_LOOK_S)


def _lock(descriptor: int) -> bool:
    """Take the lock of an open file; return whether there are such locks there.

    Raises:
        BlockingIOError: Another process holds it.
    """
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(str(error)) from error
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:  # a file system that knows no locks
        return False
    return True


@contextmanager
def working_folder(out_dir: str | Path) -> Iterator[Path]:
    """Yield a folder within `out_dir` that vanishes after use; those that dead runs left are removed first.

    The block stands within `alone_in` for the same folder.

    Raises:
        InputError: `out_dir` cannot be written.
    """
    for left in Path(out_dir).glob(f"{_WORKING}*"):
        shutil.rmtree(left, ignore_errors=True)
    with writing(out_dir):
        # On a network's disk a file that is still open stays a moment longer.
        made = TemporaryDirectory(dir=out_dir, prefix=_WORKING, ignore_cleanup_errors=True)
    with made as name:
        yield Path(name)


@contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Turn what stops a file or folder from being written into one line that names it.

    Raises:
        InputError: The block raised an OSError.
    """
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({reason_of(error)})") from error


def reason_of(error: OSError) -> str:
    """Return why a file could not be written, and what to do about a full disk."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full; free some space or choose another folder, then run it again"
    return error.strerror or str(error)


def check_space(folder: Path, needed: int) -> None:
    """Raise InputError if fewer bytes are free in a folder than are needed."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise InputError(
            f"{folder}: needs {needed:,} bytes, and {free:,} are free; free some space or choose "
            "another folder"
        )


def set_aside(path: str | Path) -> None:
    """Rename a file that a new one is about to replace to the first free NAME.previous-K, and say so.

    Raises:
        InputError: It cannot be renamed.
    """
    path = Path(path)
    sweep(path.parent, [escape(path.name)])
    if path.is_file():
        numbered = (path.with_name(f"{path.stem}.previous-{k}{path.suffix}") for k in count(1))
        free = next(other for other in numbered if not other.exists())
        move({path: free})
        print(f"{path} exists: kept as {free}")


def set_aside_in(folder: str | Path, names: Iterable[str]) -> None:
    """Move what an earlier run wrote into a folder to the first free FOLDER/previous-K, and say so.

    Everything else in the folder stays where it is.

    Args:
        folder: Where a run is about to write.
        names: The files that such runs write, as paths below it or patterns of them.

    Raises:
        InputError: A file cannot be moved.
    """
    folder, names = Path(folder), list(names)
    sweep(folder, names)
    found = {path for name in names for path in folder.glob(name) if path.is_file()}
    if not found:
        return
    free = next(other for k in count(1) if not (other := folder / f"previous-{k}").exists())
    move({path: free / path.relative_to(folder) for path in sorted(found)})
    print(f"{folder} holds an earlier run's files: kept in {free}")


def earlier_names(path: str | Path, key: str) -> list[str]:
    """Return the keys under `key` in a manifest, as patterns; none if there is no such file."""
    with suppress(InputError, AttributeError):
        return [escape(name) for name in read_json(path).get(key, {})]
    return []


def move(places: Mapping[Path, Path]) -> None:
    """Rename each file to its place on the same disk, whose folder is made if need be.

    Raises:
        InputError: A file cannot be moved.
    """
    for path, place in places.items():
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            replace(path, place)
        except OSError as error:
            raise InputError(f"{path}: cannot be moved to {place} ({reason_of(error)})") from error


def write_json(path: str | Path, content: Mapping[str, Any]) -> None:
    """Write `content` to `path` as indented JSON, whole or not at all."""
    with atomic_write(path) as temporary:
        # Half of a pair of signs, as "\\ud800" may bring, is written as it came.
        temporary.write_text(
            json.dumps(content, indent=2, ensure_ascii=False) + "\n",
            encoding="utf-8",
            errors="backslashreplace",
        )


def read_json(path: str | Path) -> dict[str, Any]:
    """Return the JSON object in `path`.

    Raises:
        InputError: The file is missing, cut short, far too large, or not a JSON object.
    """
    try:
        content = json.loads(read_bounded(path, _MOST_JSON).decode())
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not readable as JSON ({error})") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds no JSON object")
    return content


def has_shape(content: Any, shape: Any) -> bool:
    """Return whether JSON is what a reader expects.

    Args:
        content: The JSON.
        shape: A type; {name: shape} of what must be there, beside whatever else is; {str: shape} for any
            names; [shape] for a list of them; (shape, shape) for either.
    """
    if isinstance(shape, tuple):
        return any(has_shape(content, one) for one in shape)
    if isinstance(shape, dict):
        if not isinstance(content, dict):
            return False
        if str in shape:
            return all(has_shape(part, shape[str]) for part in content.values())
        return all(
            name in content and has_shape(content[name], part) for name, part in shape.items()
        )
    if isinstance(shape, list):
        return isinstance(content, list) and all(has_shape(part, shape[0]) for part in content)
    return isinstance(content, shape) and (shape is bool or not isinstance(content, bool))


def read_bounded(path: str | Path, most: int) -> bytes:
    """Return a file's content.

    Raises:
        InputError: It has more than so many bytes, and is not what it should be.
        OSError: It cannot be read.
    """
    with open(path, "rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise InputError(f"{path}: more than {most >> 20} MiB, which no such file has")
    return content


def sha256(path: str | Path) -> str:
    """Return the hex SHA-256 of a file's bytes; of a folder, that of its files' names and hashes."""
    if Path(path).is_dir():
        return digest({one.name: sha256(one) for one in Path(path).iterdir() if one.is_file()})
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(content: Any) -> str:
    """Return the hex SHA-256 of plain content: equal content has the same."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def has_digest(content: Any, said: Any) -> bool:
    """Return whether plain content has the digest that it says; what is nested too deeply has none."""
    with suppress(RecursionError):
        return digest(content) == said
    return False


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on, as far as installed."""
    found = {"python": platform.python_version()}
    for name in _VERSIONED_PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found
