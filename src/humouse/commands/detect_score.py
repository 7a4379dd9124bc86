"""`humouse detect score`: what a saved detector says about movements, and why."""

from pathlib import Path

from humouse.bots.movement_file import read_movements
from humouse.detection.samples.people import seen_as
from humouse.detection.saved import SavedDetector
from humouse.errors import InputError
from humouse.files import atomic_write
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
    detector.blend.check_rate(s.false_positive_rate)
    movements = read_movements(s.movements)
    seen = seen_as(movements)
    if len(seen) < len(movements):
        raise InputError(
            f"{s.movements}: {len(movements) - len(seen)} movements go nowhere; leave them out"
        )
    table = detector.decide(seen, false_positive_rate=s.false_positive_rate, reasons=s.reasons)
    out = Path(s.out)
    with atomic_write(out) as temporary:
        table.write_csv(temporary) if out.suffix == ".csv" else table.write_parquet(temporary)
    flagged = int(table["flagged"].sum())
    print(
        f"{flagged:,} of {len(table):,} movements flagged, where {s.false_positive_rate:.1%} of "
        f"people's would be: {out}"
    )
