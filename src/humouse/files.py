"""Atomic writes, what earlier runs wrote, JSON files, hashes, and the versions that manifests state.

One rule for overwriting: what an earlier run wrote is never lost. Right before its first write, a
run sets aside what lies in its way, `set_aside` one file, `set_aside_in` what belongs together in a
folder, and says so. A run that is resumed goes on in place, and a page that is drawn again from the
same result replaces the page.
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
from contextlib import contextmanager, suppress
from glob import escape
from itertools import count
from pathlib import Path
from typing import Any

from humouse.errors import InputError

_MOST_JSON = 2**28
_VERSIONED_PACKAGES = ("humouse", "torch", "numpy", "polars", "scikit-learn", "accelerate")


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, renamed to it when the block ends without an error.

    Whatever happens in the block, `path` holds either what it held before or the whole new file;
    its folder is made if need be.

    Raises:
        InputError: The file cannot be written (a full disk, no permission); `path` is unchanged.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        # The rename must not reach the disk before the content does.
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({reason_of(error)})") from error
    finally:
        with suppress(OSError):  # gone after the rename; unreachable where a parent is a file
            temporary.unlink()


@contextmanager
def alone_in(folder: str | Path) -> Iterator[None]:
    """Let no other process be in such a block for the same folder, which is made if need be.

    The system lets the folder go when this process ends, however it ends. Where it knows no such locks, as
    Windows, nothing is checked.

    Raises:
        InputError: Another process is in such a block, or the folder cannot be made.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = _locked(folder)
    except BlockingIOError as error:
        raise InputError(
            f"{folder}: another run is writing there; wait for its end, or choose another folder"
        ) from error
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({reason_of(error)})") from error
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)


def _locked(folder: Path) -> int | None:
    """Return a descriptor of a folder that holds its lock; None where there are no such locks.

    Raises:
        BlockingIOError: Another process holds it.
    """
    if sys.platform == "win32":
        return None
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    except OSError:  # a file system that knows no locks
        pass
    return descriptor


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
    folder = Path(folder)
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
            path.rename(place)
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
