"""`humouse detect score`: what a detector says of each movement of a file, and why."""

from pathlib import Path

import polars as pl

from humouse.data.movement_file import read_log
from humouse.detection.detector import Detector, check_rate
from humouse.detection.names import BOT, HUMAN, UNFAMILIAR, UNUSABLE
from humouse.errors import InputError
from humouse.files import atomic_write, set_aside
from humouse.point_cells import PointColumns
from humouse.settings import DetectScoreSettings

_VERB = "humouse detect score"


def run(settings: DetectScoreSettings) -> None:
    """Score movements and write the table of decisions."""
    s = settings
    if s.movements is None:
        raise InputError(f"movements: name the file, as in {_VERB} movements=theirs.csv")
    check_rate(s.false_positive_rate)
    if s.reasons < 0:
        raise InputError(f"reasons={s.reasons}: must be at least 0")
    detector = Detector.load(s.detector)
    log = read_log(s.movements, PointColumns(**vars(s.columns)), s.time_unit)
    decisions = detector.score(
        log.movements, false_positive_rate=s.false_positive_rate, reasons=s.reasons
    )
    unused = log.left_out.with_columns(verdict=pl.lit(UNUSABLE))
    decisions = pl.concat([decisions, unused], how="diagonal").sort("row", maintain_order=True)
    _write(decisions, Path(s.out))
    _report(decisions, s)


def _report(decisions: pl.DataFrame, s: DetectScoreSettings) -> None:
    counts = dict(decisions["verdict"].value_counts().iter_rows())
    verdicts = (BOT, HUMAN, UNFAMILIAR, UNUSABLE)
    shown = ", ".join(f"{counts.get(name, 0):,} {name}" for name in verdicts)
    print(
        f"{len(decisions):,} movements: {shown} (at most {s.false_positive_rate:.1%} of people's may be "
        f"called bots): {s.out}"
    )
    if "session_verdict" in decisions.columns:
        last = decisions.drop_nulls("session_verdict").group_by(
            "user", "session", maintain_order=True
        )
        ends = dict(
            last.agg(pl.last("session_verdict"))["session_verdict"].value_counts().iter_rows()
        )
        print(
            f"{sum(ends.values()):,} sources: " + ", ".join(f"{n:,} {v}" for v, n in ends.items())
        )
    if UNUSABLE in counts:
        print(f"{UNUSABLE}: the column reasons says why")


def _write(decisions: pl.DataFrame, path: Path) -> None:
    set_aside(path)
    with atomic_write(path) as temporary:
        decisions.write_csv(temporary) if path.suffix == ".csv" else decisions.write_parquet(
            temporary
        )
