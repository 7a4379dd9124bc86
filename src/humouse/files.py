"""Atomic writes, backups, JSON files, hashes, and the package versions that manifests state."""

import errno
import hashlib
import importlib.metadata
import itertools
import json
import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from humouse.errors import InputError

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


def back_up(path: str | Path) -> Path | None:
    """Rename a file or folder to the first free NAME.previous-K; return that path, None if there is none."""
    path = Path(path)
    if not path.exists():
        return None
    for number in itertools.count(1):
        free = path.with_name(f"{path.stem}.previous-{number}{path.suffix}")
        if not free.exists():
            return path.rename(free)
    raise AssertionError("counting never ends")


def write_json(path: str | Path, content: Mapping[str, Any]) -> None:
    """Write `content` to `path` as indented JSON, whole or not at all."""
    with atomic_write(path) as temporary:
        temporary.write_text(
            json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )


def read_json(path: str | Path) -> dict[str, Any]:
    """Return the JSON object in `path`.

    Raises:
        InputError: The file is missing, cut short or not a JSON object.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise InputError(f"{path}: not readable as JSON ({error})") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds no JSON object")
    return content


def sha256(path: str | Path) -> str:
    """Return the hex SHA-256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on, as far as installed."""
    found = {"python": platform.python_version()}
    for name in _VERSIONED_PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found
