"""The content of a file: unpacked, and text in UTF-8; whole, or in blocks of lines."""

from collections.abc import Generator
from pathlib import Path

from humouse.data.reading.packed import Unpacked

BLOCK_BYTES = 2**23
"""Text that is read at a time: about an hour of movement as CSV."""
_PARQUET = b"PAR1"
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
    with Unpacked(path) as file:
        return _text(file.rest())


def blocks(path: Path, block_bytes: int = BLOCK_BYTES) -> Generator[bytes, None, None]:
    """Yield what `content` returns, in blocks of whole lines; at once where it is no text of lines.

    Of a text of several blocks, each is by itself UTF-8 or Latin.

    Args:
        path: The file.
        block_bytes: What is read at a time; a line that is longer makes a longer block.

    Raises:
        InputError: The file cannot be read or unpacked.
    """
    with Unpacked(path) as file:
        block, text = file.read(block_bytes), _text
        if not _has_lines(block):
            block += file.rest()
        while more := file.read(block_bytes):
            if end := block.rfind(b"\n") + 1:
                yield text(block[:end])
                text = _lines
            block = block[end:] + more
        yield text(block)


def is_parquet(raw: bytes) -> bool:
    """Return whether these are the bytes of a Parquet file."""
    return raw.startswith(_PARQUET)


def is_blank(raw: bytes) -> bool:
    """Return whether nothing but blanks is in a text; without the copy that stripping it would make."""
    return not raw or raw.isspace()


def _has_lines(raw: bytes) -> bool:
    """Return whether a file that begins so is text whose lines can be told apart before it is decoded."""
    wide = any(raw.startswith(mark) for mark, encoding in _MARKS if encoding != "utf-8")
    return not (wide or is_parquet(raw) or _alternates(raw)) and b"\n" in raw


def _text(raw: bytes) -> bytes:
    """Return a text from its beginning as UTF-8 with Unix' ends of lines; Parquet as it is."""
    if is_parquet(raw):
        return raw
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            raw = raw[len(mark) :]
            return _unix(raw if encoding == "utf-8" else raw.decode(encoding, "replace").encode())
    if _alternates(raw):
        order = "be" if raw[0] == 0 else "le"
        return _unix(raw.decode(f"utf-16-{order}", "replace").encode())
    return _lines(raw)


def _alternates(raw: bytes) -> bool:
    """Return whether every other byte is 0, as of Latin text in UTF-16."""
    head = raw[:4096]
    return head.count(0) > len(head) / 4


def _lines(raw: bytes) -> bytes:
    """Return UTF-8 as it is and other text as Latin, in UTF-8, with Unix' ends of lines."""
    if not raw.isascii():
        try:
            raw.decode()
        except UnicodeDecodeError:
            raw = raw.decode("cp1252", "replace").encode()
    return _unix(raw)


def _unix(text: bytes) -> bytes:
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text
