"""`humouse detect score`: what a detector says of each movement of a file, and why."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from joblib import cpu_count

from humouse.addresses import output_file, reading
from humouse.cluster import Cluster
from humouse.data.movement_file import LogPart, OpenLog, open_log
from humouse.detection.detector import Detector, Judgement, check_rate
from humouse.detection.names import BOT, HUMAN, UNFAMILIAR, UNUSABLE
from humouse.errors import InputError
from humouse.files import atomic_write, set_aside
from humouse.movement_table import StoredMovements, write_frames
from humouse.point_cells import PointColumns
from humouse.progress import pace_bar
from humouse.settings import DetectScoreSettings
from humouse.settings.checks import check_workers

_VERB = "humouse detect score"
_ROWS_AT_A_TIME = 2**14
_FEWEST_FOR_A_BAR = 2**13


def run(settings: DetectScoreSettings) -> None:
    """Score movements and write the table of decisions.

    Raises:
        InputError: A setting or a file cannot be used, another run writes the same table, or the cluster
            is lost.
    """
    s = settings
    if s.movements is None:
        raise InputError(f"movements: name the file, as in {_VERB} movements=theirs.csv")
    check_rate(s.false_positive_rate)
    if s.reasons < 0:
        raise InputError(f"reasons={s.reasons}: must be at least 0")
    check_workers(s.workers)
    cluster = Cluster.asked(s.engine, s.ray_address, s.workers)
    detector = Detector.load(s.detector)
    said = _Said()
    with reading(s.movements) as movements, output_file(s.out) as out:
        log = open_log(movements, PointColumns(**vars(s.columns)), s.time_unit)
        _write(map(said.count, _decisions(detector, cluster, log, s)), out.here)
        out.send()
    said.report(s)


def _decisions(
    detector: Detector, cluster: Cluster | None, log: OpenLog, s: DetectScoreSettings
) -> Iterator[pl.DataFrame]:
    """Yield the table of decisions, in the order of the rows in each file."""
    left_out: list[pl.DataFrame] = []
    files: list[np.ndarray] = []  # of the movements, and of those left out
    unused_files: list[np.ndarray] = []

    def movements(part: LogPart) -> StoredMovements:
        left_out.append(part.left_out)
        files.append(np.full(len(part.movements.lengths), part.file))
        unused_files.append(np.full(len(part.left_out), part.file))
        return part.movements

    with pace_bar("movements", log.count, shown=log.count >= _FEWEST_FOR_A_BAR) as advance:
        judged = detector.judge(
            map(movements, log.parts),
            false_positive_rate=s.false_positive_rate,
            reasons=s.reasons,
            workers=s.workers or cpu_count(),
            cluster=cluster,
            progress=advance,
        )
    unused = pl.concat(left_out).with_columns(verdict=pl.lit(UNUSABLE))
    row = np.concatenate([judged.places["row"].to_numpy(), unused["row"].to_numpy()])
    order = np.lexsort((row, np.concatenate([*files, *unused_files])))
    for first in range(0, max(len(order), 1), _ROWS_AT_A_TIME):
        yield _table(judged, unused, order[first : first + _ROWS_AT_A_TIME])


def _table(judged: Judgement, unused: pl.DataFrame, numbers: np.ndarray) -> pl.DataFrame:
    """Return the decisions on movements of these numbers, those left out numbered after the others."""
    used = len(judged.places)
    is_used = numbers < used
    table = judged.table(numbers[is_used])
    if is_used.all():
        return table
    both = pl.concat([table, unused[numbers[~is_used] - used]], how="diagonal")
    place = np.empty(len(numbers), np.int64)
    place[np.argsort(~is_used, kind="stable")] = np.arange(len(numbers))
    return both[place]


class _Said:
    """What was said of all movements, counted while it is written."""

    def __init__(self) -> None:
        self.verdicts: Counter[str] = Counter()
        self.last: list[pl.DataFrame] = []

    def count(self, table: pl.DataFrame) -> pl.DataFrame:
        """Return the table, whose verdicts count from now on."""
        self.verdicts.update(dict(table["verdict"].value_counts().iter_rows()))
        if "session_verdict" in table.columns:
            self.last.append(_last_of_each(table))
        return table

    def report(self, s: DetectScoreSettings) -> None:
        """Print how many movements and sources have which verdict."""
        verdicts = (BOT, HUMAN, UNFAMILIAR, UNUSABLE)
        shown = ", ".join(f"{self.verdicts[name]:,} {name}" for name in verdicts)
        print(
            f"{self.verdicts.total():,} movements: {shown} (at most {s.false_positive_rate:.1%} of people's "
            f"may be called bots): {s.out}"
        )
        if self.last:
            ends = _last_of_each(pl.concat(self.last))["session_verdict"].value_counts(sort=True)
            counts = ", ".join(f"{n:,} {verdict}" for verdict, n in ends.iter_rows())
            print(f"{ends['count'].sum():,} sources: {counts}")
        if self.verdicts[UNUSABLE]:
            print(f"{UNUSABLE}: the column reasons says why")


def _last_of_each(table: pl.DataFrame) -> pl.DataFrame:
    """Return the last verdict on each source."""
    said = table.select("user", "session", "session_verdict").drop_nulls("session_verdict")
    return said.group_by("user", "session", maintain_order=True).agg(pl.last("session_verdict"))


def _write(tables: Iterator[pl.DataFrame], path: Path) -> None:
    """Write tables one after the other into one file, whole or not at all."""
    first = next(tables)
    set_aside(path)
    with atomic_write(path) as temporary:
        if path.suffix == ".csv":
            with temporary.open("wb") as file:
                first.write_csv(file)
                for table in tables:
                    table.write_csv(file, include_header=False)
        else:
            write_frames(temporary, first, tables)
