"""`humouse detect negatives`: a mixture of negatives on disk, and the manifest that says what made it."""

from collections import Counter
from dataclasses import asdict
from glob import escape
from pathlib import Path
from typing import Any

import numpy as np

from humouse.data.prepared import load_split, origin_of
from humouse.detection.names import SCRIPTED
from humouse.detection.samples.labelled import LabelledMovements
from humouse.detection.samples.negatives import make_negatives, mixture_counts
from humouse.detection.samples.sources import negative_sources
from humouse.files import earlier_names, set_aside_in, sha256, versions, write_json
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
    sources = negative_sources(
        models={"gan": s.gan_ckpt, "diffusion": s.diffusion_ckpt},
        files=s.files,
        device=str(resolve_device(s.device)),
    )
    people = load_split(s.people)
    n = len(people) if s.n is None else s.n
    counts = mixture_counts(s.mixture or {SCRIPTED: 1.0}, list(sources), n)
    with progress_bar("making negatives", len(counts)) as advance:
        made = make_negatives(counts, sources, people, seed=s.seed, progress=advance)
    written = write_negatives(made, Path(s.out_dir), _provenance(s))
    for family, count in written.items():
        print(f"  {family:<16}{count:>8,}")
    print(
        f"{len(made):,} negatives: {s.out_dir}/ (a Parquet file of each family and manifest.json)"
    )


def write_negatives(
    made: LabelledMovements, folder: Path, provenance: dict[str, Any]
) -> dict[str, int]:
    """Write FAMILY.parquet for each family, then manifest.json; return how many of each there are.

    Raises:
        InputError: A file cannot be written.
    """
    manifest = folder / "manifest.json"
    names = dict.fromkeys(made.family.tolist())
    written = {*earlier_names(manifest, "families"), *map(escape, names)}
    set_aside_in(folder, [manifest.name, *(f"{name}.parquet" for name in written)])
    families: dict[str, Any] = {}
    for family in names:
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
    write_json(manifest, {"families": families, "units": units, **provenance})
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
