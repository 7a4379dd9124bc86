"""Lists the recordings below a folder."""

import re
from pathlib import Path

from humouse.data.sources.source import SourceFile
from humouse.errors import InputError


def recordings(
    root: Path, pattern: str, *, expected: str, user_from: str = "folder", public: str = ""
) -> list[SourceFile]:
    """Return the files below `root` that match, in natural order (user2 before user10).

    Args:
        root: A folder, or one file.
        pattern: Which files, as a glob relative to the folder.
        expected: What such a path looks like, for the error message.
        public: What `humouse data download` calls the dataset, if it is a public one.
        user_from: Whether a file's folder or its own name (without the ending) is the person's.

    Raises:
        InputError: The root is missing, or nothing below it matches.
    """
    if root.is_file():
        found = [root]
        base = root.parent
    elif root.is_dir():
        found = [path for path in root.glob(pattern) if path.is_file()]
        base = root
    else:
        fetch = f", or fetch them: humouse data download {public}" if public else ""
        raise InputError(f"root={root}: no such folder; give the one that holds {expected}{fetch}")
    if not found:
        raise InputError(f"root={root}: no file {expected} in it; give the folder that holds them")
    return [
        SourceFile(
            name=path.relative_to(base).as_posix(),
            path=path,
            user=path.stem if user_from == "file" else path.parent.name,
            session=path.stem,
        )
        for path in sorted(found, key=lambda path: natural_key(path.relative_to(base).as_posix()))
    ]


def natural_key(name: str) -> list[tuple[int, str]]:
    """Return a sort key that orders the numbers in names by their value."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
