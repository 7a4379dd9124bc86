"""The bytes of a file, unpacked as they are read."""

import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

from humouse.errors import InputError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACKED = (".gz", ".zst")
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_MOST_TIMES, _SMALL_BYTES = 200, 2**26
"""A CSV unpacks to 4 times its size, NDJSON to 8: what gives so much more is made to fill the memory."""
_MOST_BYTES = 2**32
"""What is read whole stands in memory several times."""
_PIECE_BYTES = 2**24


class Unpacked:
    """A file, plain or in gzip or zstd, open for reading.

    Raises:
        InputError: It cannot be read or unpacked, or unpacks to more than a recording does.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._given_bytes = 0
        self._most_bytes: int | None = None
        with self._named():
            self._raw = path.open("rb")
            try:
                self._file: BinaryIO = self._raw
                head = self._raw.peek(4)
                if head.startswith((_GZIP, _ZSTD)):
                    unpack = gzip.open if head.startswith(_GZIP) else zstd.open
                    self._file = cast(BinaryIO, unpack(self._raw))
                    self._most_bytes = max(_SMALL_BYTES, _MOST_TIMES * path.stat().st_size)
            except BaseException:
                self._raw.close()
                raise

    def __enter__(self) -> "Unpacked":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        self._raw.close()

    def read(self, size_bytes: int) -> bytes:
        """Return the next bytes; fewer than asked for only where the file ends."""
        pieces, left = [], size_bytes
        while left:
            with self._named():
                piece = self._file.read(left)
            if not piece:
                break
            pieces.append(piece)
            left -= len(piece)
            self._given_bytes += len(piece)
            if self._most_bytes is not None and self._given_bytes > self._most_bytes:
                raise self._too_large(self._most_bytes)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def rest(self) -> bytes:
        """Return all that follows."""
        pieces = []
        while piece := self.read(_PIECE_BYTES):
            pieces.append(piece)
            if self._most_bytes is not None and self._given_bytes > _MOST_BYTES:
                raise self._too_large(_MOST_BYTES)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _too_large(self, most_bytes: int) -> InputError:
        return InputError(
            f"{self._path}: unpacks to more than {most_bytes / 2**20:,.0f} MiB, as no recording of its size "
            "does; if it is one, unpack it yourself (gunzip, unzstd) and give the unpacked file"
        )

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Say which file cannot be read."""
        try:
            yield
        except (OSError, EOFError, zlib.error, zstd.ZstdError) as error:
            reason = str(error).splitlines()[0] if str(error) else "it ends too early"
            raise InputError(f"{self._path}: cannot be read ({reason})") from error
