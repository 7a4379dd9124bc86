"""Where recorded batches are kept: a file for each session, a line for each batch."""

import errno
import json
import os
import threading
from pathlib import Path
from typing import Any

from humouse.capture.payload import Batch
from humouse.errors import InputError
from humouse.files import reason_of

ENDING = ".ndjson"


class Store:
    """Sessions in a folder, as `source=humouse` reads them.

    What `add` has returned from is on the disk. A batch of a name that is there already is not added
    again, nor after a restart.

    Args:
        folder: Where they are; it is made.
        person: Whose they are.

    Raises:
        InputError: The folder cannot be made or written to.
    """

    def __init__(self, folder: Path, person: str):
        self.folder, self._person = folder, person
        self._names: dict[str, set[str]] = {}
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            reachable = os.access(folder, os.W_OK | os.X_OK)
        except OSError as error:
            raise InputError(f"{folder}: cannot be made ({reason_of(error)})") from error
        if not reachable:
            raise InputError(f"{folder}: cannot be written to; choose another folder for out=")

    def path(self, session: str) -> Path:
        """Return the file of a session."""
        return self.folder / f"{session}{ENDING}"

    def sessions(self) -> list[Path]:
        """Return the files of all sessions."""
        return sorted(self.folder.glob(f"*{ENDING}"))

    def add(self, session: str, batch: Batch) -> bool:
        """Keep a batch; return False where it was there already.

        Raises:
            OSError: It cannot be written. The file is then as before.
        """
        head = {"person": self._person, "session": session}
        line = json.dumps(head | batch.model_dump(), separators=(",", ":")) + "\n"
        with self._lock:
            names = self._names.get(session)
            if names is None:
                names = self._names[session] = _repaired(self.path(session))
            if batch.batch in names:
                return False
            _append(self.path(session), line.encode())
            names.add(batch.batch)
            return True


def _repaired(path: Path) -> set[str]:
    """Return the names of the batches in a file, without the line that a power cut left half written."""
    if not path.is_file():
        return set()
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)
    return {str(name) for line in content[:whole].splitlines() if (name := _name(line))}


def _name(line: bytes) -> Any:
    try:
        return json.loads(line)["batch"]
    except (ValueError, LookupError, TypeError):  # another hand's line: it stays as it is
        return None


def _append(path: Path, line: bytes) -> None:
    new = not path.exists()
    with path.open("ab", buffering=0) as file:
        before = file.tell()
        try:
            if file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file.fileno())
            if new:  # the name of a new file is its folder's content
                _sync_folder(path.parent)
        except OSError:
            file.truncate(before)
            raise


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
