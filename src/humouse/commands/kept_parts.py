"""Parts of a result that are kept on disk until all are made, so that an interrupted run goes on."""

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from humouse.errors import InputError
from humouse.files import atomic_write, digest, sweep

_PREFIX = ".partial-"
_DIGEST = hashlib.sha256().digest_size


class KeptParts:
    """The parts of one result, numbered from 0: arrays by name, one file each, whole or absent.

    They lie in a hidden folder whose name is the hash of all that decides them, so a run finds its
    own parts and no others. Each file begins with the hash of the rest: a damaged part counts as absent.

    Args:
        out_dir: Where the result will lie.
        decided_by: Everything that a part depends on, as plain values.
    """

    def __init__(self, out_dir: Path, decided_by: Mapping[str, Any]) -> None:
        self.out_dir = out_dir
        self.folder = out_dir / f"{_PREFIX}{digest(decided_by)[:16]}"

    def keep(self, number: int, part: Mapping[str, np.ndarray]) -> None:
        """Write a part.

        Raises:
            InputError: It cannot be written.
        """
        packed = BytesIO()
        np.savez(packed, **part)  # type: ignore[arg-type] # the stub takes allow_pickle for a name
        content = packed.getvalue()
        try:
            with atomic_write(self._path(number)) as temporary:
                temporary.write_bytes(hashlib.sha256(content).digest() + content)
        except InputError:
            if not list(self.folder.glob("[0-9]*")):
                self.remove()
            raise

    def get(self, number: int) -> dict[str, np.ndarray] | None:
        """Return a part; None where it is absent or damaged."""
        try:
            content = self._path(number).read_bytes()
        except OSError:
            return None
        found, packed = content[:_DIGEST], content[_DIGEST:]
        if hashlib.sha256(packed).digest() != found:
            return None
        with np.load(BytesIO(packed)) as part:
            return dict(part)

    def __getitem__(self, number: int) -> dict[str, np.ndarray]:
        """Return a part.

        Raises:
            InputError: It is absent or damaged.
        """
        part = self.get(number)
        if part is None:
            raise InputError(
                f"{self._path(number)}: damaged since it was written; the same command makes it again"
            )
        return part

    def sweep(self, files: Iterable[str]) -> None:
        """Remove what runs left that were killed: the parts of other results, and files half written.

        No other run may be writing to the folder.

        Args:
            files: Names of the files that such runs write to `out_dir`.
        """
        others = [one for one in self.out_dir.glob(f"{_PREFIX}*") if one != self.folder]
        for folder in others:
            shutil.rmtree(folder, ignore_errors=True)
        if others:
            print(f"{self.out_dir}: removed what an interrupted run with other settings had kept")
        sweep(self.out_dir, files)
        sweep(self.folder, ["*"])

    def remove(self) -> None:
        """Remove them: the result holds everything."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06}.part"


@contextmanager
def kept_count(count: int, done: int) -> Iterator[Callable[[int], None]]:
    """Say how many movements an earlier run kept; yield a function that takes how many more are.

    Args:
        count: How many there are.
        done: Kept by an earlier run.

    Raises:
        KeyboardInterrupt: The block was interrupted; says how many are kept.
    """
    if done:
        print(f"going on after {done:,} of {count:,} movements")
    kept = done

    def more(movements: int) -> None:
        nonlocal kept
        kept += movements

    try:
        yield more
    except KeyboardInterrupt:
        if not kept:
            raise
        raise KeyboardInterrupt(
            f"({kept:,} of {count:,} movements are kept; the same command goes on)"
        ) from None
