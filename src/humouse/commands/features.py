"""`humouse features`: the table of features of the movements in a file, part by part."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float32
from joblib import cpu_count

from humouse.addresses import Fetched, output_file, reading, version_of
from humouse.cluster import Cluster, engine
from humouse.commands.kept_parts import KeptParts, kept_count
from humouse.data.movement_file import LogPart, OpenLog, open_log
from humouse.errors import InputError
from humouse.features import GROUPS, FeatureTable, feature_table
from humouse.files import atomic_write, move, set_aside, versions
from humouse.movement_table import StoredMovements, in_pieces, write_frames
from humouse.point_cells import PointColumns
from humouse.progress import pace_bar
from humouse.settings import FeaturesSettings
from humouse.settings.checks import check_workers
from humouse.steps import Steps

_VERB = "humouse features"
_PART = 2**12
"""Movements of a part: what is padded together, and what is lost when a run is killed."""
_FEWEST_EACH, _FEWEST_EACH_WITH_STROKES = 50_000, 1000
"""Movements that a process describes in the time that it takes to start."""
_STILL = "no steps"
_REASONS_SAID = 5

_Job = tuple[int, StoredMovements]


def run(settings: FeaturesSettings) -> None:
    """Compute the features of every movement that can be used, and write the table.

    Raises:
        InputError: A setting or the file cannot be used, another run writes the same table, a process
            was killed, or the cluster is lost.
        KeyboardInterrupt: The run was interrupted; the parts made so far are kept.
    """
    s = settings
    if s.movements is None:
        raise InputError(f"movements: name the file, as in {_VERB} movements=theirs.parquet")
    check_workers(s.workers)
    if not s.groups:
        raise InputError(f"groups=[]: name at least one, as in groups=[{next(iter(GROUPS))}]")
    cluster = Cluster.asked(s.engine, s.ray_address, s.workers)
    groups, suffix = tuple(dict.fromkeys(s.groups)), Path(s.out).suffix
    if suffix != ".parquet":
        named = f"{s.out.removesuffix(suffix)}.parquet"
        raise InputError(f"out={s.out}: the table is a Parquet file; name it {named}")
    with reading(s.movements) as movements, output_file(s.out) as out:
        log = _Counted(open_log(movements, PointColumns(**vars(s.columns)), s.time_unit))
        kept = KeptParts(out.parts, _decides(s, movements, groups))
        kept.sweep(())
        _make_parts(log, kept, groups, s.workers, cluster)
        if not log.used:
            raise InputError(f"{s.movements}: no movement can be used: {log.reasons()}")
        _write(kept, groups, -(-log.used // _PART), out.here)
        out.send()
        kept.remove()
    columns = sum(len(GROUPS[group]) for group in groups)
    print(f"{log.used:,} movements, {columns} features of each: {s.out}")
    if log.left_out:
        print(f"left out: {log.reasons()}")


class _Counted:
    """The movements of a file that can be used, counted as they are read, and why others cannot."""

    def __init__(self, log: OpenLog) -> None:
        self.count = log.count
        self.used = 0
        self.left_out: Counter[str] = Counter()
        self._parts = log.parts

    def pieces(self) -> Iterator[StoredMovements]:
        """Yield the movements that have steps, in pieces of one size, once."""
        for piece in in_pieces(map(self._usable, self._parts), _PART):
            self.used += len(piece.lengths)
            yield piece

    def reasons(self) -> str:
        """Return why movements are left out, the most frequent reasons first."""
        said = self.left_out.most_common(_REASONS_SAID)
        rest = self.left_out.total() - sum(count for _, count in said)
        more = [f"{rest:,} (other reasons)"] if rest else []
        return ", ".join([*(f"{count:,} ({reason})" for reason, count in said), *more])

    def _usable(self, part: LogPart) -> StoredMovements:
        self.left_out.update(part.left_out["reasons"])
        moving = part.movements.lengths > 0
        if moving.all():
            return part.movements
        self.left_out[_STILL] += int((~moving).sum())
        return part.movements.rows(np.flatnonzero(moving))


def _make_parts(
    log: _Counted,
    kept: KeptParts,
    groups: Sequence[str],
    asked: int | None,
    cluster: Cluster | None,
) -> None:
    """Compute the features of the parts that are not kept yet, each whole.

    Raises:
        KeyboardInterrupt: The run was interrupted; says how many movements are kept.
    """
    have: dict[int, int] = {}
    for number in range(-(-log.count // _PART)):
        part = kept.get(number)
        if part is not None:
            have[number] = len(part["row"])
    done = sum(have.values())

    def missing() -> Iterator[_Job]:
        for number, piece in enumerate(log.pieces()):
            if number not in have and len(piece.lengths):
                yield number, piece

    workers = _workers(log.count - done, groups, asked)
    results = engine(cluster, workers=workers)(_features, missing(), partial(tuple, groups))
    bar = pace_bar("movements", log.count, done=done)
    with kept_count(log.count, done) as count, bar as advance, closing(results):
        for (number, piece), values in results:
            kept.keep(number, _part(piece, values))
            count(len(values))
            advance(len(values))


def _workers(left: int, groups: Sequence[str], asked: int | None) -> int:
    """Return how many processes describe the movements that are left: no more than have something to do."""
    if asked is not None:
        return max(1, min(asked, -(-left // _PART)))
    each = _FEWEST_EACH_WITH_STROKES if "neuromotor" in groups else _FEWEST_EACH
    return max(1, min(cpu_count(), left // each))


def _features(groups: tuple[str, ...], job: _Job) -> Float32[np.ndarray, "B F"]:
    """Return [B, F] the features of the movements of a part."""
    _, piece = job
    return feature_table(Steps.padded(piece.steps, piece.lengths, piece.start), groups).values


def _part(piece: StoredMovements, values: Float32[np.ndarray, "B F"]) -> dict[str, np.ndarray]:
    """Return what is kept of a part: its features, and whose and which movements they are of."""
    assert piece.places is not None
    part = {
        "features": values,
        "movement": piece.places.movement.astype(str),
        "row": piece.places.row,
    }
    return part if piece.user is None else {**part, "user": piece.user.astype(str)}


def _write(kept: KeptParts, groups: Sequence[str], parts: int, out: Path) -> None:
    """Write the table from its parts, whole before an earlier one is set aside."""
    columns = [feature for group in groups for feature in GROUPS[group]]
    names = tuple(feature.name for feature in columns)
    units = tuple(feature.unit for feature in columns)

    empty = FeatureTable(np.empty((0, len(names)), np.float32), names, units)

    def frame(number: int) -> pl.DataFrame:
        part = kept[number]
        table = replace(empty, values=part["features"], user=part.get("user"))
        whole = pl.DataFrame({"movement": part["movement"], "row": part["row"]})
        return whole.hstack(table.frame()).with_columns(
            pl.col("movement", "user").replace("", None)
        )

    ready = kept.folder / "ready.parquet"
    with atomic_write(ready) as temporary:
        rest = map(frame, range(1, parts))
        write_frames(temporary, frame(0), rest, metadata=empty.metadata)
    set_aside(out)
    move({ready: out})


def _decides(
    s: FeaturesSettings, movements: str | Fetched, groups: Sequence[str]
) -> dict[str, Any]:
    """Return everything that decides the table to the last bit."""
    return {
        "movements": version_of(movements),
        "columns": asdict(s.columns),
        "time_unit": s.time_unit,
        "groups": list(groups),
        "part": _PART,
        "versions": versions(),
    }
