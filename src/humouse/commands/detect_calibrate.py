"""`humouse detect calibrate`: a detector for one's own site, from people of one's own and no bots."""

from dataclasses import asdict, replace
from pathlib import Path

from humouse.data.movement_file import read_log
from humouse.detection.detector import RATES, Detector
from humouse.detection.own_setup import calibrate_setup, promised
from humouse.errors import InputError
from humouse.files import sha256, versions
from humouse.point_cells import PointColumns
from humouse.settings import DetectCalibrateSettings
from humouse.settings.compose import command_of

_CONFIG = "detect/calibrate"
_VERB = "humouse detect calibrate"
_SUSPICIOUS = 0.03


def run(settings: DetectCalibrateSettings) -> None:
    """Calibrate a detector and write it."""
    s = settings
    if s.people is None:
        raise InputError(f"people: name the file, as in {_VERB} people=ours.csv")
    detector = Detector.load(s.detector)
    log = read_log(s.people, PointColumns(**vars(s.columns)), s.time_unit)
    setup, suspicious = calibrate_setup(
        detector, log.movements, s.name or Path(s.people).stem, alone=not s.keep
    )
    provenance = {
        "command": command_of(_VERB, _CONFIG, s),
        "settings": asdict(s),
        "people": {"file": str(s.people), "sha256": sha256(s.people), "gestures": setup.gestures},
        "calibrated_from": {"folder": str(detector.folder), **dict(detector.provenance)},
        "versions": versions(),
    }
    others = tuple(one for one in detector.setups if s.keep and one.name != setup.name)
    replace(detector, setups=(*others, setup)).save(Path(s.out_dir), provenance)
    print(f"{setup.name}: {setup.gestures:,} gestures of {setup.people} people")
    if len(log.left_out):
        print(f"{len(log.left_out):,} more movements in the file cannot be used")
    for rate in RATES:
        low, high = promised(rate, setup.gestures)
        print(
            f"false-alarm rate asked for {rate:.1%}: further people like these will see {low:.2%} to "
            f"{high:.2%} (95%)"
        )
    if suspicious > _SUSPICIOUS:
        print(
            f"careful: {suspicious:.0%} of these movements look like bots' to the detector as it was. If "
            "they are, leave them out: 1% among the gestures is enough to spoil the threshold for 1%"
        )
    known = ", ".join(one.name for one in (*others, setup))
    print(f"detector: {s.out_dir}/ (knows {known})")
