"""`humouse detect negatives`: a mixture of negatives on disk, and the manifest that says what made it."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from humouse.data.prepared import load_split, origin_of
from humouse.detection.samples.labelled import Evidence
from humouse.detection.samples.negatives import SCRIPTED, make_negatives, makers, shares
from humouse.files import back_up, sha256, versions, write_json
from humouse.progress import progress_bar
from humouse.settings import NegativesSettings
from humouse.settings.checks import check_seed
from humouse.settings.compose import command_of
from humouse.training.device import resolve_device

_CONFIG = "detect/negatives"
_VERB = "humouse detect negatives"


def run(settings: NegativesSettings) -> None:
    """Make negatives and write them."""
    s = settings
    check_seed(s.seed)
    made_by = makers(
        models={"gan": s.gan_ckpt, "diffusion": s.diffusion_ckpt},
        files=s.files,
        device=str(resolve_device(s.device)),
    )
    people = load_split(s.people)
    mixture = s.mixture or {SCRIPTED: 1.0}
    n = len(people) if s.n is None else s.n
    with progress_bar("making negatives", len(shares(mixture, list(made_by), n))) as advance:
        made = make_negatives(mixture, made_by, people, n, seed=s.seed, progress=advance)
    counts = write_negatives(made, Path(s.out_dir), _provenance(s))
    for family, count in counts.items():
        print(f"  {family:<16}{count:>8,}")
    print(
        f"{len(made):,} negatives: {s.out_dir}/ (a Parquet file of each family and manifest.json)"
    )


def write_negatives(made: Evidence, folder: Path, provenance: dict[str, Any]) -> dict[str, int]:
    """Write FAMILY.parquet for each family, then manifest.json; return how many of each there are.

    Raises:
        InputError: A file cannot be written.
    """
    if kept := back_up(folder):
        print(f"{folder} exists: kept as {kept}")
    families: dict[str, Any] = {}
    for family in dict.fromkeys(made.family.tolist()):
        rows = np.flatnonzero(made.family == family)
        path = folder / f"{family}.parquet"
        made.movements[rows].trimmed().save(path)
        families[family] = {
            "file": path.name,
            "sha256": sha256(path),
            "movements": len(rows),
            # Rows stand variant by variant, so the counts say which row is which.
            "variants": dict(Counter(made.variant[rows].tolist())),
        }
    units = {"dx_px": "px", "dy_px": "px", "dt_ms": "ms"}
    write_json(folder / "manifest.json", {"families": families, "units": units, **provenance})
    return {family: one["movements"] for family, one in families.items()}


def _provenance(s: NegativesSettings) -> dict[str, Any]:
    files = [*s.gan_ckpt, *s.diffusion_ckpt, *(s.files or {}).values()]
    return {
        "command": command_of(_VERB, _CONFIG, s),
        "settings": asdict(s),
        "people": origin_of(s.people),
        "files": {path: sha256(path) for path in files},
        "versions": versions(),
    }
