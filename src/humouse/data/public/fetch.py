"""An address → a file: streamed, and resumed where it was interrupted."""

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from humouse.errors import InputError
from humouse.files import check_space, read_json, write_json, writing

Progress = Callable[[int, int | None], None]

_TIMEOUT_S = 30.0
_PAUSE_S = 1.0
_ATTEMPTS = 3
_BLOCK = 2**18
_RANGE_NOT_SATISFIABLE = 416


class _InterruptedTransferError(Exception):
    """The connection broke off before everything had arrived."""


def fetch(address: str, path: Path, progress: Progress) -> None:
    """Write what lies at an address to `path`.

    What an earlier call left in `path` is continued (HTTP Range), if it came from the same address
    and the server says that nothing changed since. A connection that breaks off is resumed, too.

    Args:
        address: An http, https or file address.
        path: The file; `discard` removes it and the note of its origin.
        progress: Called with the bytes that are there and those of the whole, None where the server
            does not say; the first call comes before anything is read.

    Raises:
        InputError: The address cannot be reached or holds nothing, the connection breaks off again
            and again (what arrived stays), or the file cannot be written.
    """
    if urlsplit(address).scheme not in ("http", "https", "file"):
        raise InputError(
            f"address={address}: give one that begins with https://, http:// or file://"
        )
    most, idle = _size(path), 0  # attempts in a row that brought nothing new
    while idle < _ATTEMPTS:
        time.sleep(_PAUSE_S if idle else 0)
        try:
            _transfer(address, path, progress)
            return
        except urllib.error.HTTPError as error:
            error.close()
            if error.code != _RANGE_NOT_SATISFIABLE:
                answer = f"{error.code} {error.reason}"
                raise InputError(
                    f"{address}: the server answers {answer}; give another address=…"
                ) from error
            discard(path)
            why = "the server offers no whole file"
        except (OSError, http.client.HTTPException, _InterruptedTransferError) as error:
            why = _reason(error)
            if isinstance(error, urllib.error.URLError) and not _size(path):
                break
        idle = 0 if _size(path) > most else idle + 1
        most = max(most, _size(path))
    if not _size(path):
        raise InputError(
            f"{address}: cannot be reached ({why}); check the network, or fetch it elsewhere and give "
            "address=file:///PATH"
        )
    raise InputError(
        f"{address}: the connection broke off ({why}) after {_size(path):,} bytes; the same command "
        "resumes there"
    )


def discard(path: Path) -> None:
    """Remove a fetched file and the note of its origin."""
    for one in (path, _note(path)):
        with suppress(FileNotFoundError):
            one.unlink()


def _transfer(address: str, path: Path, progress: Progress) -> None:
    """Fetch what is missing in `path`, in one connection."""
    origin = _origin(path) if _size(path) else {}
    done = _size(path) if origin.get("address") == address and origin.get("validator") else 0
    if done and done == origin.get("size"):
        progress(done, done)
        return
    # Compressed on the way, bytes could not be counted nor ranges be asked for.
    headers = {"User-Agent": "humouse", "Accept-Encoding": "identity"}
    if done:
        headers |= {"Range": f"bytes={done}-", "If-Range": origin["validator"]}
    request = urllib.request.Request(address, headers=headers)
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:
        begins = str(response.headers.get("Content-Range", "")).partition("-")[0]
        if begins != f"bytes {done}":  # the whole file, from its beginning
            if begins:
                discard(path)
                raise _InterruptedTransferError("the server sent another part than was asked for")
            done = 0
        length = response.headers.get("Content-Length")
        total = None if length is None else done + int(length)
        check_space(path.parent, int(length or 0))
        progress(done, total)
        _begin(path, address, response.headers, total, done)
        while block := response.read1(_BLOCK):  # what has arrived, without waiting for more
            _append(path, block)
            done += len(block)
            progress(done, total)
    if total is not None and done < total:
        raise _InterruptedTransferError(f"{total - done:,} bytes are missing")


def _begin(path: Path, address: str, headers: Any, total: int | None, done: int) -> None:
    """Note where the file comes from; empty it unless it is continued."""
    tag, changed = headers.get("ETag", ""), headers.get("Last-Modified")
    # A weak tag says that two files mean the same, not that they are the same bytes.
    validator = tag if tag and not tag.startswith("W/") else changed
    write_json(_note(path), {"address": address, "validator": validator, "size": total})
    if not done:
        with writing(path):
            path.write_bytes(b"")


def _append(path: Path, block: bytes) -> None:
    with writing(path), open(path, "ab") as file:
        file.write(block)


def _origin(path: Path) -> dict[str, Any]:
    try:
        return read_json(_note(path))
    except InputError:
        return {}


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _reason(error: Exception) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return f"no answer within {_TIMEOUT_S:.0f} s"
    text = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    return text or type(cause).__name__
