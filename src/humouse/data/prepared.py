"""Prepared data on disk: three splits in Parquet, and the manifest of their origin."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any

from humouse.data.splits import SPLITS
from humouse.errors import InputError
from humouse.files import digest, has_digest, has_shape, read_json, sha256
from humouse.trajectories import Trajectories

MANIFEST = "manifest.json"
# Where the files lie, what versions read them and how long they last do not change what they hold.
_OUTSIDE_THE_HASH = ("sha256", "root", "versions", "moving_ms")
# What readers of a manifest take for granted.
_COUNTS = {
    **dict.fromkeys(("files", "events", "events_merged", "events_still", "gestures"), int),
    **{name: {str: int} for name in ("rows_dropped", "rows_repaired", "gestures_dropped")},
}
_SHAPE = {
    "format": int,
    "source": {"name": str, "settings": dict, "note": (str, NoneType)},
    "rules": dict,
    "split": {"by": str},
    "origin": str,
    "synthetic": bool,
    "splits": {name: {"sha256": str, "gestures": int, "users": [str]} for name in SPLITS},
    "counts": _COUNTS,
    "warnings": [{"warning": str, "files": [str]}],
    "users_without_gestures": [str],
    "files_without_events": [str],
    "files": [{"name": str, "sha256": (str, NoneType)}],
}
_TIMES = {"kept": (int, float), "found": (int, float)}
_MOST_MS = 2**62
_NO_TIMES = {"kept": 0, "found": 0}
_HOW_TO = "prepare one with: humouse data prepare source=NAME root=FOLDER"


@dataclass(frozen=True)
class Prepared:
    """A folder of prepared data.

    Args:
        folder: Holds train.parquet, val.parquet, test.parquet and manifest.json.
        manifest: Content of the manifest.
        reused: Whether `prepare` found it there and did nothing.
    """

    folder: Path
    manifest: dict[str, Any]
    reused: bool = False

    @classmethod
    def load(cls, folder: str | Path) -> "Prepared":
        """Return the prepared data in `folder`; its splits are not read.

        Raises:
            InputError: There is none, or its manifest is damaged or not of this version.
        """
        folder = Path(folder)
        if not (folder / MANIFEST).is_file():
            raise InputError(f"{folder}: no prepared data (no {MANIFEST}); {_HOW_TO}")
        manifest = read_json(folder / MANIFEST)
        if not _is_whole(manifest) or not has_digest(_hashed(manifest), manifest.get("sha256")):
            raise InputError(
                f"{folder / MANIFEST}: damaged or changed by hand; delete it and prepare the data "
                "again"
            )
        return cls(folder, manifest)

    @property
    def sha256(self) -> str:
        """Hash that identifies the data, wherever the files lie and whichever versions read them."""
        return self.manifest["sha256"]

    @property
    def synthetic(self) -> bool:
        """Whether no person made these movements."""
        return self.manifest["synthetic"]

    def split(self, name: str) -> Trajectories:
        """Return the split "train", "val" or "test".

        Raises:
            InputError: Its file is missing or damaged.
        """
        return load_split(self.folder / name)

    def is_whole(self) -> bool:
        """Return whether every split is there, byte for byte as it was written."""
        files = (
            (self.folder / f"{name}.parquet", self.manifest["splits"][name]) for name in SPLITS
        )
        return all(path.is_file() and sha256(path) == split["sha256"] for path, split in files)

    def summary(self) -> str:
        """Return a few lines for people: what was read, kept, dropped, and why."""
        counts = self.manifest["counts"]
        lines = [
            f"{self.manifest['origin']}: {counts['files']:,} files, {counts['events']:,} events, "
            f"{counts['gestures']:,} gestures kept"
            + (" (reused: nothing has changed)" if self.reused else ""),
            *(
                f"  {name}: {len(split['users'])} people, {split['gestures']:,} gestures"
                for name, split in self.manifest["splits"].items()
            ),
            f"  rows dropped: {by_reason(counts['rows_dropped'])}; merged into a later event of "
            f"the same ms: {counts['events_merged']:,}",
            f"  gestures dropped: {by_reason(counts['gestures_dropped'])}{_time_kept(self.manifest)}",
        ]
        if note := self.manifest["source"]["note"]:
            lines.append(f"  {note}")
        if repaired := counts["rows_repaired"]:
            lines.append(f"  rows put in order: {by_reason(repaired)}")
        if names := self.manifest["users_without_gestures"]:
            lines.append(f"  people without any gesture, left out: {_names(names)}")
        if names := self.manifest["files_without_events"]:
            lines.append(f"  files without any usable event, left out: {_names(names)}")
        if self.manifest["split"]["by"] != "people":
            lines.append(
                "  careful: the same people are in train, val and test; scores on val and test say nothing "
                "of others"
            )
        lines += [f"  careful: {with_files(one)}" for one in self.manifest["warnings"]]
        return "\n".join(lines)


def _is_whole(manifest: Mapping[str, Any]) -> bool:
    """Return whether a manifest has what its readers take for granted."""
    # Earlier versions did not measure the time in motion.
    moving_ms = manifest.get("moving_ms", _NO_TIMES)
    return (
        has_shape(manifest, _SHAPE)
        and manifest["counts"].keys() <= _COUNTS.keys()
        and has_shape(moving_ms, _TIMES)
        and all(0 <= moving_ms[key] < _MOST_MS for key in _TIMES)
    )


def _time_kept(manifest: Mapping[str, Any]) -> str:
    """Return what the gestures kept are of the time in which the mouse moved, in words."""
    moving_ms = manifest.get("moving_ms", _NO_TIMES)
    if not moving_ms["found"]:
        return ""
    return f"; {moving_ms['kept'] / moving_ms['found']:.1%} of the time in motion kept"


def load_split(path: str | Path) -> Trajectories:
    """Return the trajectories of one split.

    Args:
        path: `data/val`, which stands for `data/val.parquet`, or such a file itself.

    Raises:
        InputError: The file is missing or damaged.
    """
    return Trajectories.load(split_file(path))


def split_file(path: str | Path) -> Path:
    """Return the file of a split; see `load_split`.

    Raises:
        InputError: There is none.
    """
    path = Path(path)
    file = path if path.suffix == ".parquet" else path.with_name(f"{path.name}.parquet")
    if not file.is_file():
        raise InputError(f"{file}: no such split; {_HOW_TO}")
    return file


def origin_of(path: str | Path) -> dict[str, Any]:
    """Return what identifies a split: its file and hash, and the manifest beside it if there is one.

    The manifest comes without its list of files, which its hash covers.
    """
    file = split_file(path)
    content: dict[str, Any] = {"path": str(file), "sha256": sha256(file)}
    if (file.parent / MANIFEST).is_file():
        manifest = read_json(file.parent / MANIFEST)
        content["manifest"] = {key: value for key, value in manifest.items() if key != "files"}
    return content


def manifest_sha256(manifest: Mapping[str, Any]) -> str:
    """Return the hash of what a manifest states about the data themselves."""
    return digest(_hashed(manifest))


def _hashed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in manifest.items() if key not in _OUTSIDE_THE_HASH}


def by_reason(counts: Mapping[str, int]) -> str:
    """Return counts as words, the most frequent first: "3 backwards, 1 unreadable", or "none"."""
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{count:,} {reason}" for reason, count in ordered) or "none"


def alike(warnings: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Return each warning with its files; those that differ by their numbers alone stand together.

    Args:
        warnings: Sentence → the files that it is about.
    """
    found: dict[str, dict[str, Any]] = {}
    for text, files in warnings.items():
        kind = re.sub(r"\d+|\S+\.\w+|'[^']*'", "", text)
        found.setdefault(kind, {"warning": text, "files": []})["files"] += files
    return list(found.values())


def in_number(count: int, thing: str) -> str:
    """Return "1 file", "2 files"."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def with_files(found: Mapping[str, Any]) -> str:
    """Return a warning with the files that it is about."""
    first, *more = found["files"] or [""]
    others = f" (and {in_number(len(more), 'more file')} alike)" if more else ""
    return f"{first}{others}: {found['warning']}" if first else found["warning"]


def _names(names: list[str], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
