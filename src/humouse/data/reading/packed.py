"""The content of a file: unpacked, and text in UTF-8."""

import gzip
import io
import zlib
from pathlib import Path

import polars as pl

from humouse.errors import InputError

PACKED = (".gz", ".zst")
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_PARQUET = b"PAR1"
_MOST_BYTES = 2**33
"""More than any recording holds, unpacked: a small file may be made to fill the memory."""
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


def content(path: Path) -> bytes:
    """Return what is in a file, unpacked, with text as UTF-8 without a mark, its lines ended as in Unix.

    Parquet stays as it is. Bytes that are no UTF-8 are read as Windows' Latin letters where they stand
    in text; so no byte is an error.

    Raises:
        InputError: The file cannot be read or unpacked.
    """
    try:
        raw = path.read_bytes()
        if raw.startswith(_GZIP):
            raw = _gunzipped(raw)
        elif raw.startswith(_ZSTD):
            raw = "\n".join(pl.read_lines(path).to_series().to_list()).encode()
    except (OSError, EOFError, zlib.error, pl.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0] if str(error) else "it ends too early"
        raise InputError(f"{path}: cannot be read ({reason})") from error
    if is_parquet(raw):
        return raw
    return _utf8(raw)


def is_parquet(raw: bytes) -> bool:
    """Return whether these are the bytes of a Parquet file."""
    return raw.startswith(_PARQUET)


def is_blank(raw: bytes) -> bool:
    """Return whether nothing but blanks is in a text; without the copy that stripping it would make."""
    return not raw or raw.isspace()


def _gunzipped(raw: bytes) -> bytes:
    with gzip.open(io.BytesIO(raw)) as file:
        unpacked = file.read(_MOST_BYTES)
        if file.read(1):
            raise OSError(f"it holds more than {_MOST_BYTES // 2**30} GiB")
    return unpacked


def _utf8(raw: bytes) -> bytes:
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            raw = raw[len(mark) :]
            text = raw if encoding == "utf-8" else raw.decode(encoding, "replace").encode()
            break
    else:
        text = _unmarked(raw)
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text


def _unmarked(raw: bytes) -> bytes:
    """Return text without a mark as UTF-8."""
    head = raw[:4096]
    zeros = head.count(0)
    if zeros > len(head) / 4:  # every other byte of Latin text in UTF-16
        return raw.decode("utf-16-be" if head[0] == 0 else "utf-16-le", "replace").encode()
    try:
        raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace").encode()
    return raw
