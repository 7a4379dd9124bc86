"""`humouse detect negatives`: a mixture of negatives on disk, and the manifest that says what made it."""

import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from glob import escape
from typing import Any

import numpy as np
import torch
from joblib import cpu_count

from humouse.addresses import output_folder
from humouse.cluster import RAY, Cluster, engine
from humouse.commands.kept_parts import KeptParts, kept_count
from humouse.data.prepared import load_split, origin_of, split_file
from humouse.detection.names import GENERATED, SCRIPTED
from humouse.detection.samples.negatives import (
    NegativePart,
    make_part,
    mixture_counts,
    negative_parts,
)
from humouse.detection.samples.sources import NegativeSources, negative_sources
from humouse.errors import InputError
from humouse.files import earlier_names, move, set_aside_in, sha256, versions, write_json
from humouse.movement_table import StoredMovements, write_tables
from humouse.processes import by_value
from humouse.progress import pace_bar
from humouse.settings import NegativesSettings
from humouse.settings.checks import check_seed, check_workers
from humouse.settings.compose import command_of
from humouse.training.device import resolve_device
from humouse.trajectories import Trajectories

_CONFIG = "detect/negatives"
_VERB = "humouse detect negatives"
_MANIFEST = "manifest.json"
_PART = 2**12
"""Movements of a part, each of which has a seed of its own: what is lost when a run is killed."""
_FEWEST_EACH, _FEWEST_EACH_OF_MODELS = 50_000, 1000
"""Movements that a process makes in the time that it takes to start."""

_Material = tuple[NegativeSources, Trajectories]
_Job = tuple[int, NegativePart]


def run(settings: NegativesSettings) -> None:
    """Make negatives, part by part, and write them.

    Raises:
        InputError: A setting or a file cannot be used, another run writes there, a process was killed,
            or the cluster is lost.
        KeyboardInterrupt: The run was interrupted; the parts made so far are kept.
    """
    s = settings
    check_seed(s.seed)
    check_workers(s.workers)
    models = [*s.gan_ckpt, *s.diffusion_ckpt]
    cluster = Cluster.asked(s.engine, s.ray_address, s.workers)
    if cluster is not None and models and s.device == "cuda":
        raise InputError(f"engine={RAY}: makes negatives on processors; add device=cpu")
    sources, people = material = _material(s)
    n = len(people) if s.n is None else s.n
    counts = mixture_counts(s.mixture or {SCRIPTED: 1.0}, list(sources), n)
    parts = negative_parts(counts, sources, seed=s.seed, size=_PART)
    workers = _workers(s, parts)
    with output_folder(s.out_dir, [_MANIFEST]) as out:
        kept = KeptParts(out.parts, _decides(s))
        kept.sweep([_MANIFEST])
        _make_parts(parts, material, kept, workers, cluster)
        families = _write(kept, parts, sources)
        units = {"dx_px": "px", "dy_px": "px", "dt_ms": "ms"}
        content = {"families": families, "units": units, **_provenance(s)}
        write_json(kept.out_dir / _MANIFEST, content)
        out.send()
        kept.remove()
    for family, one in families.items():
        print(f"  {family:<16}{one['movements']:>8,}")
    print(f"{n:,} negatives: {s.out_dir}/ (a Parquet file of each family and {_MANIFEST})")


def _material(s: NegativesSettings) -> _Material:
    """Return what makes the movements, and the people whose goals and timing they take over."""
    sources = negative_sources(
        models={"gan": s.gan_ckpt, "diffusion": s.diffusion_ckpt},
        files=s.files,
        device=str(_device(s)),
    )
    return sources, load_split(s.people)


def _device(s: NegativesSettings) -> torch.device:
    """Return the device that models run on: a cluster's workers have processors."""
    return resolve_device("cpu" if s.engine == RAY else s.device)


def _workers(s: NegativesSettings, parts: Sequence[NegativePart]) -> int:
    """Return how many processes make the parts: no more than have something to do.

    Raises:
        InputError: Several are asked for, and a model runs on a GPU.
    """
    n = sum(part.n for part in parts)
    models = any(part.family in GENERATED for part in parts)
    device = _device(s)
    if models and device.type != "cpu":
        check_workers(s.workers, str(device))
        return 1
    each = _FEWEST_EACH_OF_MODELS if models else _FEWEST_EACH
    return min(s.workers or max(1, min(cpu_count(), n // each)), len(parts))


def _make_parts(
    parts: Sequence[NegativePart],
    material: _Material,
    kept: KeptParts,
    workers: int,
    cluster: Cluster | None,
) -> None:
    """Make the parts that are not kept yet.

    Raises:
        KeyboardInterrupt: The run was interrupted; says how many movements are kept.
    """
    missing = [job for job in enumerate(parts) if kept.get(job[0]) is None]
    n, left = (sum(part.n for part in some) for some in (parts, [part for _, part in missing]))
    prepare = by_value(material, alone=cluster is None and workers == 1)
    results = engine(cluster, workers=workers)(_made, missing, prepare)
    bar = pace_bar("movements", n, done=n - left)
    with kept_count(n, n - left) as count, bar as advance, closing(results):
        for (number, part), made in results:
            kept.keep(number, made)
            count(part.n)
            advance(part.n)


def _made(material: _Material, job: _Job) -> dict[str, np.ndarray]:
    """Return what is kept of a part."""
    made = make_part(job[1], *material).as_steps().stored()
    part = {"steps": made.steps, "lengths": made.lengths, "start": made.start}
    return part if made.user is None else {**part, "user": made.user.astype(str)}


def _write(
    kept: KeptParts, parts: Sequence[NegativePart], sources: NegativeSources
) -> dict[str, Any]:
    """Write FAMILY.parquet for each family from its parts; return what the manifest says of them."""
    out_dir, names = kept.out_dir, dict.fromkeys(part.family for part in parts)
    numbers = {name: [k for k, part in enumerate(parts) if part.family == name] for name in names}
    # Whole before anything is set aside: a full disk leaves earlier ones where they are.
    ready = kept.folder / "ready"
    shutil.rmtree(ready, ignore_errors=True)
    for family in names:
        write_tables(
            ready / f"{family}.parquet", (_stored(kept, family, k) for k in numbers[family])
        )
    written = {*earlier_names(out_dir / _MANIFEST, "families"), *map(escape, names)}
    set_aside_in(out_dir, [_MANIFEST, *(f"{name}.parquet" for name in written)])
    move({path: out_dir / path.name for path in ready.iterdir()})
    families: dict[str, Any] = {}
    for family in names:
        path, variants = out_dir / f"{family}.parquet", Counter[str]()
        for k in numbers[family]:
            variants[sources[family][parts[k].variant].variant] += parts[k].n
        families[family] = {
            "file": path.name,
            "sha256": sha256(path),
            "movements": variants.total(),
            # Rows stand variant by variant, so the counts say which row is which.
            "variants": dict(variants),
        }
    return families


def _stored(kept: KeptParts, family: str, number: int) -> StoredMovements:
    part = kept[number]
    return StoredMovements(part["steps"], part["lengths"], part["start"], part.get("user"), family)


def _files(s: NegativesSettings) -> dict[str, str]:
    files = [*s.gan_ckpt, *s.diffusion_ckpt, *(s.files or {}).values()]
    return {path: sha256(path) for path in files}


def _decides(s: NegativesSettings) -> dict[str, Any]:
    """Return everything that decides the movements to the last bit."""
    elsewhere = {"device", "out_dir", "engine", "ray_address", "workers"}
    return {
        "settings": {key: value for key, value in asdict(s).items() if key not in elsewhere},
        "people": sha256(split_file(s.people)),
        "files": _files(s),
        "device": str(_device(s)),
        "part": _PART,
        "versions": versions(),
    }


def _provenance(s: NegativesSettings) -> dict[str, Any]:
    return {
        "command": command_of(_VERB, _CONFIG, s),
        "settings": asdict(s),
        "people": origin_of(s.people),
        "files": _files(s),
        "versions": versions(),
    }
