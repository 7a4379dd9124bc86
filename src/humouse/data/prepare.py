"""Raw recordings → three Parquet files of gestures, split by person, and a manifest."""

import dataclasses
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from humouse.data.gestures import cut_gestures, to_trajectories
from humouse.data.prepared import MANIFEST, Prepared, by_reason, load_split, manifest_sha256
from humouse.data.sources import Events, Source, SourceFile
from humouse.data.sources.folder import natural_key
from humouse.data.splits import SPLITS, split_users
from humouse.errors import InputError
from humouse.files import atomic_write, set_aside_in, sha256, versions, write_json
from humouse.gestures import GestureRules, Gestures

__all__ = ["Prepared", "load_split", "prepare"]

# Part of the settings: data prepared under other code than this are not reused.
_FORMAT = 1
# Steps held in memory before they go to disk: about 1 MB flat, some 10 MB padded.
_STEPS_A_PART = 2**16
_ROWS_A_GROUP = 2**14


def prepare(
    source: Source,
    *,
    out_dir: str | Path,
    rules: GestureRules,
    val_fraction: float = 0.2,
    test_fraction: float = 0.2,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Prepared:
    """Cut a source's recordings into gestures, split them by person and write them.

    `out_dir` gets train.parquet, val.parquet and test.parquet (see `Trajectories.save`), then
    manifest.json, once all of them are written: what lay there stays whole until then, and is then set
    aside. Where it
    already holds what the same settings made of the same files, by their hashes, and the splits are
    whole, nothing is done. Recordings are read one at a time, and the gestures wait on disk for the
    split: memory does not grow with the number of files.

    Args:
        source: Where the events come from.
        out_dir: Folder to write to.
        rules: What counts as a gesture.
        val_fraction: Share of the people that go to val.
        test_fraction: Share of the people that go to test.
        seed: Seed of the split, 0 ≤ seed < 2³².
        progress: Called with the number of files done and of all files.

    Raises:
        InputError: A recording or a setting cannot be used, too few people made any gesture, or
            `out_dir` cannot be written.
    """
    if not 0 <= seed < 2**32:
        raise InputError(f"split.seed={seed}: must be at least 0 and below 2³²")
    out_dir = Path(out_dir)
    settings = {
        "format": _FORMAT,
        "source": {"name": source.name, "settings": source.settings()},
        "rules": dataclasses.asdict(rules),
        "split": {"seed": seed, "val_fraction": val_fraction, "test_fraction": test_fraction},
    }
    files = source.files()
    hashes = [None if file.path is None else _hash(file.path) for file in files]
    if (found := _reusable(out_dir, settings, files, hashes)) is not None:
        return found
    counts = _Counts()
    with _parts_folder(out_dir) as name, _writing_to(out_dir):
        folder = Path(name)
        parts = _write_parts(source, files, rules, folder, counts, progress)
        if not counts.users:
            raise InputError(_nothing(source, counts))
        users = split_users(counts.users, val=val_fraction, test=test_fraction, seed=seed)
        content = {
            **settings,
            "origin": source.origin,
            "synthetic": source.synthetic,
            "root": None if source.root is None else str(source.root),
            "splits": _write_splits(folder, parts, users, counts, source.origin),
            **counts.report(files, hashes),
            "versions": versions(),
        }
        manifest = {"sha256": manifest_sha256(content), **content}
        write_json(folder / MANIFEST, manifest)
        # Another process may have made the same meanwhile.
        if (found := _reusable(out_dir, settings, files, hashes)) is not None:
            return found
        names = [*(f"{split}.parquet" for split in SPLITS), MANIFEST]
        set_aside_in(out_dir, names)
        _move(names, folder, out_dir)
    return Prepared(out_dir, manifest)


@dataclass
class _Counts:
    """What was read, kept and dropped so far."""

    events_of_file: list[int] = field(default_factory=list)
    files_without_events: list[str] = field(default_factory=list)
    rows_dropped: Counter[str] = field(default_factory=Counter)
    gestures_dropped: Counter[str] = field(default_factory=Counter)
    events_merged: int = 0
    seen: set[str] = field(default_factory=set)
    users: Counter[str] = field(default_factory=Counter)

    def add(self, file: SourceFile, events: Events, gestures: Gestures) -> None:
        self.events_of_file.append(events.table.height)
        if not events.table.height:
            self.files_without_events.append(file.name)
        self.rows_dropped.update(events.dropped)
        self.gestures_dropped.update(gestures.dropped)
        self.events_merged += gestures.merged_events
        self.seen.update({file.user} if file.user else events.table["user"].unique())
        self.users.update(gestures.user.tolist())

    def report(self, files: Sequence[SourceFile], hashes: Sequence[str | None]) -> dict[str, Any]:
        """Return the manifest's part about the files and what became of them."""
        return {
            "counts": {
                "files": len(self.events_of_file),
                "events": sum(self.events_of_file),
                "rows_dropped": dict(sorted(self.rows_dropped.items())),
                "events_merged": self.events_merged,
                "gestures": self.users.total(),
                "gestures_dropped": dict(sorted(self.gestures_dropped.items())),
            },
            "users_without_gestures": sorted(self.seen - self.users.keys(), key=natural_key),
            "files_without_events": self.files_without_events,
            "files": [
                {"name": file.name, "sha256": hashed, "events": events}
                for file, hashed, events in zip(files, hashes, self.events_of_file, strict=True)
            ],
        }


def _write_parts(
    source: Source,
    files: Sequence[SourceFile],
    rules: GestureRules,
    folder: Path,
    counts: _Counts,
    progress: Callable[[int, int], None] | None,
) -> list[Path]:
    """Write all gestures to files in `folder`, in order, and return these."""
    written: list[Path] = []
    waiting: list[Gestures] = []
    for done, file in enumerate(files, 1):
        events = source.events(file)
        waiting.append(cut_gestures(events.table, rules))
        counts.add(file, events, waiting[-1])
        steps = sum(len(gestures.steps) for gestures in waiting)
        if steps and (steps >= _STEPS_A_PART or done == len(files)):
            written.append(folder / f"{len(written):06}.parquet")
            to_trajectories(waiting, source.origin).save(written[-1])
            waiting = []
        if progress is not None:
            progress(done, len(files))
    return written


def _write_splits(
    folder: Path,
    parts: Sequence[Path],
    users: Mapping[str, Sequence[str]],
    counts: _Counts,
    origin: str,
) -> dict[str, dict[str, Any]]:
    """Write the splits to `folder` and return the manifest's part about them."""
    return {
        split: {
            "sha256": _write_split(folder / f"{split}.parquet", parts, names, origin),
            "gestures": sum(counts.users[user] for user in names),
            "users": names,
        }
        for split, names in users.items()
    }


def _write_split(path: Path, parts: Sequence[Path], users: Sequence[str], origin: str) -> str:
    """Write the gestures of `users` among `parts` to `path` and return the file's SHA-256."""
    theirs = pl.scan_parquet(list(parts), glob=False).filter(pl.col("user").is_in(users))
    with atomic_write(path) as temporary:
        theirs.sink_parquet(
            temporary, metadata={"humouse.origin": origin}, row_group_size=_ROWS_A_GROUP
        )
    return sha256(path)


def _move(names: Sequence[str], folder: Path, out_dir: Path) -> None:
    """Move files within a file system, which needs no space: a full disk cannot stop it halfway."""
    try:
        for name in names:
            os.replace(folder / name, out_dir / name)
    except OSError as error:
        raise InputError(f"{out_dir}: cannot be written ({error.strerror})") from error


def _hash(path: Path) -> str:
    try:
        return sha256(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error


def _reusable(
    out_dir: Path,
    settings: Mapping[str, Any],
    files: Sequence[SourceFile],
    hashes: Sequence[str | None],
) -> Prepared | None:
    """Return what lies in `out_dir` if it was made with these settings of these files."""
    try:
        found = Prepared.load(out_dir)
    except InputError:
        return None
    manifest = found.manifest
    if any(manifest.get(key) != value for key, value in settings.items()):
        return None
    before = [(file["name"], file["sha256"]) for file in manifest["files"]]
    now = [(file.name, hashed) for file, hashed in zip(files, hashes, strict=True)]
    same = before == now and found.is_whole()
    return dataclasses.replace(found, reused=True) if same else None


def _parts_folder(out_dir: Path) -> tempfile.TemporaryDirectory:
    """Return a folder within `out_dir` that vanishes after use."""
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(dir=out_dir, prefix=".parts-")
    except OSError as error:
        raise InputError(f"{out_dir}: cannot be written ({error.strerror})") from error


@contextmanager
def _writing_to(out_dir: Path) -> Iterator[None]:
    """Name `out_dir` where polars cannot write, which it reports as an error of computation."""
    try:
        yield
    except pl.exceptions.ComputeError as error:
        if "os error" not in str(error):
            raise
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{out_dir}: cannot be written ({reason}); free some space or choose another folder"
        ) from error


def _nothing(source: Source, counts: _Counts) -> str:
    return (
        f"{source.root or source.name}: not one gesture in {len(counts.events_of_file)} files of "
        f"{sum(counts.events_of_file)} events (rows dropped: {by_reason(counts.rows_dropped)}; "
        f"gestures dropped: {by_reason(counts.gestures_dropped)}); check the columns and the time "
        "unit, or loosen the rules"
    )
