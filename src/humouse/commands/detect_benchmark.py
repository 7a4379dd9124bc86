"""`humouse detect benchmark`: detectors evaluated on held-out families of bots (§8B, §11).

Each family is held out whole. Detectors are evaluated on people that none was fitted or calibrated
on, and everything is repeated under several seeds. Movements and scores are saved as they are made,
so that an interrupted run can resume.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from joblib import cpu_count

from humouse.cluster import Cluster, engine
from humouse.data.devices import DeviceRules
from humouse.data.prepared import MANIFEST, Prepared, load_split, origin_of
from humouse.detection.benchmark.aggregate import aggregate
from humouse.detection.benchmark.benchmark import Benchmark
from humouse.detection.benchmark.dataset import (
    BenchmarkData,
    Delivered,
    Part,
    People,
    Sizes,
    read_files,
)
from humouse.detection.benchmark.design import Design, check_mixes
from humouse.detection.benchmark.examples import find_examples
from humouse.detection.benchmark.fold import (
    Fitting,
    Fold,
    FoldScores,
    ScoredPart,
    fit_and_score,
    keep_scores,
    seen_by,
)
from humouse.detection.benchmark.result import EXAMPLES, RESULT, BenchmarkResult
from humouse.detection.benchmark.wording import sentences
from humouse.detection.names import COMPOSED, GENERATED, SCRIPTED
from humouse.detection.registry import select_detectors
from humouse.detection.samples.one_clock import OneClock
from humouse.detection.samples.people import named_apart, people_of
from humouse.detection.samples.shown import Showing
from humouse.detection.samples.sources import NegativeSources, negative_sources
from humouse.detection.samples.views import Views
from humouse.errors import InputError
from humouse.figures import save_figure
from humouse.files import alone_in, read_json, set_aside_in, sha256, versions, write_json
from humouse.processes import by_value
from humouse.progress import progress_bar
from humouse.report.detection.figures import detection_figures
from humouse.report.detection.page import write_detection_page
from humouse.settings import BenchmarkSettings
from humouse.settings.checks import check_at_least, check_workers
from humouse.settings.compose import command_of

_PLAN = "plan.json"
_PAGE = "benchmark.html"
_FILES = (
    *(_PLAN, RESULT, EXAMPLES, _PAGE),
    *(f"{name}.png" for name in ("held_out", "false_alarms", "sessions")),
    *("roc.png", "calibration.png"),
    "material/*/*/*/*.parquet",
    *(f"scores/seed */*.{kind}" for kind in ("parquet", "json", "joblib")),
)
_CONFIG = "detect/benchmark"
_VERB = "humouse detect benchmark"
# These change what is shown of a run, or how it is done, not what is measured.
_FREE_TO_CHANGE = (
    *("resume", "engine", "ray_address", "workers"),
    *("replicates", "report", "out_dir"),
)
_FitJob = tuple[Fold, dict[ScoredPart, Views]]
"""A fit, and what its detector scores."""


def run(settings: BenchmarkSettings) -> None:
    """Run the benchmark and write benchmark.json, the pictures and the page.

    Raises:
        InputError: A setting or a file cannot be used, another run writes there, a process was killed,
            or the cluster is lost.
    """
    cluster = Cluster.asked(settings.engine, settings.ray_address, settings.workers)
    benchmark = load_benchmark(settings)
    with alone_in(settings.out_dir):
        _run(benchmark, settings, cluster)


def _run(benchmark: Benchmark, settings: BenchmarkSettings, cluster: Cluster | None) -> None:
    provenance = _begin(settings)
    _announce(benchmark, settings)
    make = partial(_make_missing, benchmark=benchmark, cluster=cluster, workers=settings.workers)
    make("making movements", _material(benchmark))
    make("fitting detectors", _fits(benchmark))
    with progress_bar("measuring", benchmark.design.steps) as advance:
        result = aggregate(
            benchmark.predictions(), benchmark.design, benchmark.folder, provenance, advance
        )
    with progress_bar("choosing examples", len(benchmark.design.families) + 1) as advance:
        groups, movements = find_examples(benchmark, advance)
    result = replace(result, findings=sentences(result), groups=groups, movements=movements)
    result.save()
    _show(result, settings)


def load_benchmark(settings: BenchmarkSettings) -> Benchmark:
    """Return the benchmark that the settings describe, everything that they name loaded and checked.

    Raises:
        InputError: A setting, the data or a checkpoint cannot be used.
    """
    s = settings
    _check(s)
    sources = negative_sources(
        s.families, models={"gan": s.gan_ckpt, "diffusion": s.diffusion_ckpt}
    )
    held_out = [family for family in sources if family != COMPOSED]
    files = read_files(s.files or {})
    mixes = tuple(check_mixes(s.mixes, list(sources)))
    scripted = [family for family in held_out if family not in GENERATED]
    if len(scripted) < 2 and any(SCRIPTED in mix.split("+") for mix in mixes):
        raise InputError("families: at least two are needed, to hold one out")
    clock = OneClock(**vars(s.clock))
    people = _people(s)
    data = BenchmarkData(
        Path(s.out_dir) / "material",
        people,
        sources,
        held_out,
        files,
        clock,
        Sizes(s.people, s.bots_per_family),
    )
    fitting = Fitting(
        select_detectors(s.detectors),
        Showing(clock, DeviceRules(), s.looks),
        s.n,
        s.calibration_share,
        s.model_share,
    )
    design = Design(mixes, data.families, tuple(people), s.seeds, s.replicates)
    return Benchmark(Path(s.out_dir), design, data, fitting)


def _people(s: BenchmarkSettings) -> dict[str, People]:
    """Return the people of each set-up, by its name."""
    found: dict[str, People] = {}
    for folder in (s.dir, *s.more_dirs):
        train, evaluated = (load_split(Path(folder) / split) for split in ("train", s.split))
        name = train.origin
        if name in found:
            raise InputError(f"more_dirs: {folder} holds people of {name}, which is there already")
        found[name] = People(named_apart(train, name), named_apart(evaluated, name))
    return found


def _check(s: BenchmarkSettings) -> None:
    """Raise InputError for the first setting that makes no sense."""
    check_workers(s.workers)
    check_at_least(
        {
            "n": (s.n, 20),
            "looks": (s.looks, 1),
            "people": (s.people, 20),
            "bots_per_family": (s.bots_per_family, 10),
            "seeds": (s.seeds, 1),
            "replicates": (s.replicates, 0),
        }
    )
    if not s.model_share > 0:
        raise InputError(f"model_share={s.model_share:g}: must be above 0")


def _begin(settings: BenchmarkSettings) -> dict[str, Any]:
    """Write the plan into the run's folder, unless the folder holds the same; return the provenance."""
    folder, plan = Path(settings.out_dir), _plan(settings)
    if settings.resume and (folder / _PLAN).is_file():
        _check_same(read_json(folder / _PLAN), plan, folder)
    else:
        set_aside_in(folder, _FILES)
    write_json(folder / _PLAN, plan)
    return {**plan, "command": command_of(_VERB, _CONFIG, settings)}


def _announce(benchmark: Benchmark, s: BenchmarkSettings) -> None:
    data = benchmark.data
    print(f"{len(data.families)} families held out: {', '.join(data.families)}")
    for name, people in data.people.items():
        print(
            f"{name}: fitted on {len(people_of(people.train))} people, evaluated on "
            f"{len(people_of(people.evaluated))} others ({s.split})"
        )
    print(f"{len(benchmark.folds)} fits ({s.seeds} seeds)")
    for folder in (s.dir, *s.more_dirs):
        _note_other_data(Path(folder), data.sources)


def _note_other_data(folder: Path, sources: NegativeSources) -> None:
    """Say which models were trained on another split of these people: they may know those evaluated."""
    if not (folder / MANIFEST).is_file():
        return
    prepared = Prepared.load(folder)
    for source in (one for several in sources.values() for one in several):
        trained_on = source.trained_on
        if trained_on is None or trained_on["origin"] != prepared.manifest["origin"]:
            continue
        if trained_on["sha256"] != prepared.sha256:
            print(
                f"note: {source.variant} was trained on another preparation of {trained_on['origin']}: "
                "it may know the people evaluated on",
                file=sys.stderr,
            )


@dataclass(frozen=True)
class _Stage:
    """Things to make, each once; a job has all that its thing needs, so that any machine can make it.

    Args:
        things: All of them.
        is_made: Whether one is there.
        job: What is sent to a worker, to make one.
        make: Makes one of a job; a function of this module, without files.
        keep: Writes what was made of a job.
    """

    things: Sequence[Any]
    is_made: Callable[[Any], bool]
    job: Callable[[Any], Any]
    make: Callable[[Benchmark, Any], Any]
    keep: Callable[[Any, Any], None]


def _material(benchmark: Benchmark) -> _Stage:
    """Return the movements to evaluate on."""
    data = benchmark.data
    return _Stage(data.parts, data.is_made, lambda part: part, _make_part, data.keep)


def _make_part(benchmark: Benchmark, part: Part) -> list[Delivered]:
    return benchmark.data.make(part)


def _fits(benchmark: Benchmark) -> _Stage:
    """Return the fits and their scores."""

    def with_seen(fold: Fold) -> _FitJob:
        return fold, seen_by(fold, benchmark.data)

    def keep(job: _FitJob, scores: FoldScores) -> None:
        keep_scores(job[0], scores, benchmark.scores, [one.name for one in benchmark.fitting.specs])

    return _Stage(benchmark.folds, benchmark.is_done, with_seen, _fit, keep)


def _fit(benchmark: Benchmark, job: _FitJob) -> FoldScores:
    fold, seen = job
    return fit_and_score(fold, seen, benchmark.data, benchmark.fitting)


def _make_missing(
    what: str, stage: _Stage, benchmark: Benchmark, cluster: Cluster | None, workers: int | None
) -> None:
    """Make what is not there yet, and show progress."""
    left = [thing for thing in stage.things if not stage.is_made(thing)]
    if not left:
        return
    processes = min(workers or cpu_count(), len(left))
    prepare = by_value(benchmark, alone=cluster is None and processes == 1)
    jobs = map(stage.job, left)
    results = engine(cluster, workers=processes)(stage.make, jobs, prepare, ordered=False)
    bar = progress_bar(what, len(stage.things), done=len(stage.things) - len(left))
    with bar as advance, closing(results):
        try:
            for job, made in results:
                stage.keep(job, made)
                advance()
        except InputError as error:
            raise InputError(f"{error}; resume=true goes on where this stopped") from error


def _show(result: BenchmarkResult, settings: BenchmarkSettings) -> None:
    for sentence in result.findings:
        print(f"- {sentence}")
    for name, figure in detection_figures(result).items():
        save_figure(figure, result.folder / f"{name}.png")
    if settings.report:
        print(f"page: {write_detection_page(result, result.folder / _PAGE)}")
    print(f"numbers: {result.folder / RESULT}; pictures: {result.folder}/*.png")


def _plan(settings: BenchmarkSettings) -> dict[str, Any]:
    """Return what a run is made of: the settings, and hashes of every file that it reads."""
    s = settings
    folders = (s.dir, *s.more_dirs)
    splits = [Path(folder) / split for folder in folders for split in ("train", s.split)]
    files = [*s.gan_ckpt, *s.diffusion_ckpt, *(s.files or {}).values()]
    return {
        "settings": asdict(s),
        "people": [origin_of(path) for path in splits],
        "files": {str(path): sha256(path) for path in files},
        "versions": versions(),
    }


def _check_same(before: Mapping[str, Any], now: Mapping[str, Any], folder: Path) -> None:
    """Raise InputError if what a folder holds was made otherwise."""
    settings = before.get("settings", {})
    changed = [
        f"{key}: {settings.get(key)} → {value}"
        for key, value in now["settings"].items()
        if key not in _FREE_TO_CHANGE and settings.get(key) != value
    ]
    parts = [part for part in ("people", "files", "versions") if before.get(part) != now[part]]
    if parts and not changed:
        changed.append(f"the {' and '.join(parts)} have changed")
    if changed:
        raise InputError(
            f"{folder}: holds a benchmark made in another way, so it cannot be resumed: "
            f"{'; '.join(changed)}; give the same settings, or another out_dir"
        )
