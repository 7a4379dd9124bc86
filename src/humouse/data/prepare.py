"""Raw recordings → three Parquet files of gestures, split by person, and a manifest."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from humouse.data.counts import Counts
from humouse.data.gestures import cut_parts, to_trajectories
from humouse.data.names import natural_key
from humouse.data.prepared import MANIFEST, Prepared, load_split, manifest_sha256
from humouse.data.sources import Source, SourceFile
from humouse.data.splits import PEOPLE, SPLITS, divide
from humouse.errors import InputError
from humouse.files import (
    alone_in,
    atomic_write,
    replace,
    set_aside_in,
    sha256,
    versions,
    working_folder,
    write_json,
    writing,
)
from humouse.gestures import GestureRules, Gestures

__all__ = ["Prepared", "load_split", "prepare"]

# Part of the settings: data prepared under other code than this are not reused.
_FORMAT = 2
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
    by: str = PEOPLE,
    progress: Callable[[int, int], None] | None = None,
    wait: bool = False,
) -> Prepared:
    """Cut a source's recordings into gestures, split them by person and write them.

    `out_dir` gets train.parquet, val.parquet and test.parquet (see `Trajectories.save`), then
    manifest.json, once all of them are written: what lay there stays whole until then, and is then set
    aside. Where it
    already holds what the same settings made of the same files, by their hashes, and the splits are
    whole, nothing is done. Recordings are read one at a time, long ones in parts, and the gestures wait on
    disk for the split: memory grows neither with the number of files nor with their length.

    Args:
        source: Where the events come from.
        out_dir: Folder to write to.
        rules: What counts as a gesture.
        val_fraction: Share of the people that go to val.
        test_fraction: Share of the people that go to test.
        seed: Seed of the split, 0 ≤ seed < 2³².
        by: What is divided: "people", or of the same people "sessions" or the "time" of each; see
            `divide`.
        progress: Called with the number of files done and of all files.
        wait: Wait where another process is writing to `out_dir`, as one that makes the same.

    Raises:
        InputError: A recording or a setting cannot be used, too few people made any gesture, or
            `out_dir` cannot be written, or another process is at it.
    """
    if not 0 <= seed < 2**32:
        raise InputError(f"split.seed={seed}: must be at least 0 and below 2³²")
    out_dir = Path(out_dir)
    settings = {
        "format": _FORMAT,
        "source": {"name": source.name, "settings": source.settings(), "note": source.note},
        "rules": dataclasses.asdict(rules),
        "split": {
            "by": by,
            "seed": seed,
            "val_fraction": val_fraction,
            "test_fraction": test_fraction,
        },
    }
    files = source.files()
    hashes = [None if file.path is None else _hash(file.path) for file in files]
    if (found := _reusable(out_dir, settings, files, hashes)) is not None:
        return found
    counts = Counts()
    with alone_in(out_dir, wait=wait), working_folder(out_dir) as folder, _writing_to(out_dir):
        # Another process may have made the same meanwhile.
        if (found := _reusable(out_dir, settings, files, hashes)) is not None:
            return found
        parts = _write_parts(source, files, rules, folder, counts, progress)
        if not counts.users:
            raise InputError(counts.nothing(str(source.root or source.name), rules))
        number = divide(
            list(counts.sources),
            np.array(counts.source_of),
            by=by,
            val=val_fraction,
            test=test_fraction,
            seed=seed,
        )
        content = {
            **settings,
            "origin": source.origin,
            "synthetic": source.synthetic,
            "root": None if source.root is None else str(source.root),
            "splits": _write_splits(folder, parts, number, counts, source.origin),
            **counts.report(files, hashes),
            "versions": versions(),
        }
        manifest = {"sha256": manifest_sha256(content), **content}
        write_json(folder / MANIFEST, manifest)
        put_in_place(folder, out_dir)
    return Prepared(out_dir, manifest)


def _write_parts(
    source: Source,
    files: Sequence[SourceFile],
    rules: GestureRules,
    folder: Path,
    counts: Counts,
    progress: Callable[[int, int], None] | None,
) -> list[Path]:
    """Write all gestures to files in `folder`, in order, and return these."""
    written: list[Path] = []
    waiting: list[Gestures] = []

    def write() -> None:
        written.append(folder / f"{len(written):06}.parquet")
        to_trajectories(waiting, source.origin).save(written[-1])
        waiting.clear()

    for done, file in enumerate(files, 1):
        counts.begin_file()
        for events, gestures in cut_parts(source.parts(file), rules):
            waiting.append(counts.add(file, events, gestures))
            if sum(len(one.steps) for one in waiting) >= _STEPS_A_PART:
                write()
        if progress is not None:
            progress(done, len(files))
    if any(len(one.steps) for one in waiting):
        write()
    return written


def _write_splits(
    folder: Path,
    parts: Sequence[Path],
    number: np.ndarray,
    counts: Counts,
    origin: str,
) -> dict[str, dict[str, Any]]:
    """Write the splits to `folder` and return the manifest's part about them.

    Which split each gesture goes to is in `number` [N].
    """
    user = np.array([user for user, _ in counts.sources])[counts.source_of]
    return {
        split: {
            "sha256": _write_split(folder / f"{split}.parquet", parts, number == at, origin),
            "gestures": int((number == at).sum()),
            "users": sorted(set(user[number == at].tolist()), key=natural_key),
        }
        for at, split in enumerate(SPLITS)
    }


def _write_split(path: Path, parts: Sequence[Path], chosen: np.ndarray, origin: str) -> str:
    """Write the chosen [N] gestures among `parts` to `path` and return the file's SHA-256."""
    rows = pl.Series(np.flatnonzero(chosen), dtype=pl.UInt32)
    everything = pl.scan_parquet(list(parts), glob=False, row_index_name="row")
    theirs = everything.filter(pl.col("row").is_in(rows.implode())).drop("row")
    with atomic_write(path) as temporary:
        theirs.sink_parquet(
            temporary, metadata={"humouse.origin": origin}, row_group_size=_ROWS_A_GROUP
        )
    return sha256(path)


def put_in_place(folder: Path, out_dir: Path) -> None:
    """Move the splits and their manifest to `out_dir`, setting aside what lay there.

    Within a file system this needs no space: a full disk cannot stop it halfway.

    Raises:
        InputError: `out_dir` cannot be written.
    """
    names = [*(f"{split}.parquet" for split in SPLITS), MANIFEST]
    set_aside_in(out_dir, names)
    with writing(out_dir):
        for name in names:
            replace(folder / name, out_dir / name)


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
