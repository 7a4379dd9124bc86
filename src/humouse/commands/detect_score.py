"""`humouse detect score`: scores of movements by a saved detector, with reasons."""

from pathlib import Path

import polars as pl

from humouse.data.movement_file import read_log
from humouse.detection.saved import NOT_SCORED, SavedDetector
from humouse.errors import InputError
from humouse.files import atomic_write, set_aside
from humouse.settings import DetectScoreSettings

_VERB = "humouse detect score"


def run(settings: DetectScoreSettings) -> None:
    """Score movements and write the table of decisions."""
    s = settings
    if s.detector is None or s.movements is None:
        missing = "detector" if s.detector is None else "movements"
        raise InputError(
            f"{missing}: name it, as in {_VERB} detector=detector movements=theirs.parquet"
        )
    if s.reasons < 0:
        raise InputError(f"reasons={s.reasons}: must be at least 0")
    detector = SavedDetector.load(s.detector)
    detector.check_rate(s.false_positive_rate)
    log = read_log(s.movements, **vars(s.columns), time_unit=s.time_unit)
    decisions = detector.score(
        log.movements, false_positive_rate=s.false_positive_rate, reasons=s.reasons
    )
    unused = log.left_out.with_columns(verdict=pl.lit(NOT_SCORED))
    decisions = pl.concat([decisions, unused], how="diagonal").sort("row", maintain_order=True)
    _write(decisions, Path(s.out))
    scored = decisions.filter(pl.col("verdict") != NOT_SCORED)
    print(
        f"{int(scored['flagged'].sum()):,} of {len(scored):,} movements flagged at a threshold "
        f"that flags {s.false_positive_rate:.1%} of people's: {s.out}"
    )
    if others := len(decisions) - len(scored):
        print(f"{others:,} more cannot be scored; the column reasons says why")


def _write(decisions: pl.DataFrame, path: Path) -> None:
    set_aside(path)
    with atomic_write(path) as temporary:
        decisions.write_csv(temporary) if path.suffix == ".csv" else decisions.write_parquet(
            temporary
        )
