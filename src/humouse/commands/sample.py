"""`humouse sample`: draw movements from a trained model of either kind, part by part."""

import shutil
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from joblib import cpu_count
from torch import Tensor

from humouse.addresses import output_folder
from humouse.cluster import RAY, Cluster
from humouse.codec import condition_vector
from humouse.commands.compared import in_codec_frame
from humouse.commands.kept_parts import KeptParts, kept_count
from humouse.data.movement_file import read_movements
from humouse.data.prepared import load_split
from humouse.detection.detector import Detector
from humouse.detection.names import HUMAN
from humouse.diffusion.sampling_rule import SamplingRule
from humouse.errors import InputError, OutOfRangeWarning
from humouse.extras import without
from humouse.files import move, set_aside_in, sha256, versions, write_json
from humouse.generator import load_generator
from humouse.movement_table import StoredMovements, write_tables
from humouse.processes import by_value, one_thread, stream_jobs
from humouse.progress import pace_bar
from humouse.settings import SampleSettings
from humouse.settings.checks import check_workers
from humouse.trained_model import Batch, Plan, SampleRequest, TrainedModel, announce
from humouse.training.checkpoint import save_tensors
from humouse.training.device import resolve_device
from humouse.trajectories import Trajectories

Part = dict[str, np.ndarray]

_SHARDS = "samples"
_FILES = (
    "samples.parquet",
    f"{_SHARDS}/[0-9]*.parquet",
    "samples.png",
    "deltas.pt",
    "manifest.json",
)
_JUDGED = 400
"""Movements of a style that the detector looks at."""
_PEOPLES_SHARE = 0.5
_PICTURED = 200
"""Movements, and people's gestures, that the picture chooses from."""
_FEWEST_EACH = 1000
"""Movements that a process makes in the time that it takes to start."""
_MOST_DELTAS = 500_000_000
"""Bytes of deltas that are written: they are held at once."""


def run(settings: SampleSettings) -> None:
    """Sample as the settings say and write Parquet, picture and manifest to `out_dir`.

    Raises:
        InputError: A setting or the checkpoint cannot be used, another run writes there, a process
            was killed, or the cluster is lost.
        KeyboardInterrupt: The run was interrupted; the parts made so far are kept.
    """
    with one_thread():  # whatever is computed here must not depend on how many there are
        _run(settings)


def _run(settings: SampleSettings) -> None:
    cluster = _cluster(settings)  # what is in its way is said before the model is loaded
    model = _of_setup(_model(settings), settings)
    request = SampleRequest(
        settings.n,
        seed=settings.seed,
        seq_len=settings.seq_len,
        cond=_conditions(settings.cond),
    )
    model.check(request)
    _check(settings, model)
    announce(model)
    checkpoint = sha256(model.path)
    with output_folder(settings.out_dir, _FILES) as out:
        kept = KeptParts(out.parts, _decides(settings, model, checkpoint))
        kept.sweep(_FILES)
        _make_parts(model, request, kept, settings, cluster)
        made_by = _manifest(settings, model, checkpoint)
        files = _write(kept, model.origin, settings)
        write_json(out.here / "manifest.json", {**made_by, "files": files})
        first = StoredMovements.joined(
            [*_between(kept, 0, min(settings.n, _PICTURED), model.origin)]
        )
        beside = None
        if not without("report", "no picture"):
            shown = Trajectories.from_steps(*first)
            beside = _draw(shown, model, out.here / "samples.png", recorded=settings.recorded)
        out.send()
        kept.remove()
        where = files[0]["file"] if settings.shard is None else f"{_SHARDS}, {len(files):,} files"
        print(f"{settings.n:,} movements: {out.named(where)}")
        print(f"what made them: {out.named('manifest.json')}")
        if beside is not None:
            print(f"picture: {out.named('samples.png')}{beside}")


def _cluster(settings: SampleSettings) -> Cluster | None:
    s = settings
    return Cluster.asked(s.engine, s.ray_address, s.workers, device=_kind(s))


def _kind(settings: SampleSettings) -> str:
    """Return what kind of device models run on, "cpu" or "cuda": a cluster's GPUs need not be here.

    Raises:
        InputError: There is no such device.
    """
    on_cluster = settings.engine == RAY and settings.device == "cuda"
    return "cuda" if on_cluster else resolve_device(settings.device).type


def _device(settings: SampleSettings) -> torch.device:
    """Return the device that models run on here: a cluster's workers have theirs."""
    return resolve_device("cpu" if settings.engine == RAY else settings.device)


def _model(settings: SampleSettings) -> TrainedModel:
    rule = SamplingRule(
        steps=settings.steps,
        sampler=settings.sampler,
        eta=settings.eta,
        guidance=settings.guidance,
        guidance_rescale=settings.guidance_rescale,
        goal_constraint=settings.goal_constraint,
        t_switch=settings.t_switch,
        batch_size=settings.batch_size,
    )
    return load_generator(settings.ckpt, _device(settings), rule=rule)


def _check(settings: SampleSettings, model: TrainedModel) -> None:
    """Raise InputError for settings of the run and its files that cannot be used."""
    if settings.recorded:
        model.codec.native.check_recorded()
    check_workers(settings.workers, str(_device(settings)))
    if settings.shard is not None and settings.shard < 1:
        raise InputError(f"shard={settings.shard}: must be at least 1 movement")
    native = model.codec.native
    steps = native.sequence_length if settings.seq_len is None else settings.seq_len
    most = _MOST_DELTAS // (steps * native.channels * 4)
    if settings.save_deltas and settings.n > most:
        raise InputError(
            f"save_deltas=true: the deltas of n={settings.n:,} movements would be held at once; sample at "
            f"most {most:,}, several times with other seeds, or leave it out"
        )


def _of_setup(model: TrainedModel, settings: SampleSettings) -> TrainedModel:
    """Return the model, sampling as the set-up that the settings ask for.

    Raises:
        InputError: There is no such set-up, or the file of `style_from` does not do.
    """
    if settings.setup is not None and settings.style_from is not None:
        raise InputError("setup and style_from: each names a set-up; give one of them")
    if settings.setup is not None:
        return model.in_setup(settings.setup)
    if settings.style_from is None:
        return model
    columns = vars(settings.columns)
    seen = read_movements(
        settings.style_from, **columns, time_unit=settings.time_unit, empty=True, rounded=False
    )
    styled = model.in_style_of(seen)
    _warn_of_bots(seen)
    screens = _screens(styled)
    if set(screens) != {"1"}:
        each = ", ".join(f"{ratio} ({share:.0%})" for ratio, share in screens.items())
        print(f"style_from: positions are whole on screens with a pixel ratio of {each}")
    return styled


def _screens(model: TrainedModel) -> dict[str, float]:
    """Return the pixel ratios of the screens that a model's movements are on, and the share of each."""
    prior = model.codec.prior
    return {} if prior is None else prior.screens


def _warn_of_bots(seen: Trajectories) -> None:
    """Warn if the packaged detector takes few of the movements for people's."""
    rows = torch.linspace(0, len(seen) - 1, min(len(seen), _JUDGED)).long()
    verdicts = Detector.load().score(seen[rows])["verdict"].to_list()
    share = verdicts.count(HUMAN) / len(verdicts)
    if share < _PEOPLES_SHARE:
        warnings.warn(
            f"style_from: the detector takes {share:.0%} of these movements for people's, where it takes "
            "four in five of people on any device it was tried on: they may be a bot's, or in another unit; "
            "the samples will be like them",
            OutOfRangeWarning,
            stacklevel=2,
        )


def _people_at_hand(model: TrainedModel, recorded: bool) -> Trajectories | None:
    """Return some validation people of the model's own data, or None.

    They are as recorded, or as the model's codec sees them.

    They are for a picture alone: a file that is gone, damaged or another's does not stop sampling.
    """
    try:
        people = load_split(Path(model.data["folder"]) / "val")[:_PICTURED]
    except InputError:
        return None
    fitting = people if recorded else in_codec_frame(people, model)
    return fitting if len(fitting) and people.origin == model.data["origin"] else None


def _draw(movements: Trajectories, model: TrainedModel, path: Path, *, recorded: bool) -> str:
    """Draw the picture; return what to say of what stands beside the movements."""
    from humouse.figures import gesture_gallery, samples, save_figure  # of an extra

    people = _people_at_hand(model, recorded)
    save_figure(samples(movements) if people is None else gesture_gallery(people, movements), path)
    return "" if people is None else ", beside gestures of people"


def _make_parts(
    model: TrainedModel,
    request: SampleRequest,
    kept: KeptParts,
    settings: SampleSettings,
    cluster: Cluster | None,
) -> None:
    """Make the parts that are not kept yet.

    Raises:
        KeyboardInterrupt: The run was interrupted; says how many movements are kept.
    """
    n, size = request.n, model.part_size
    parts = [replace(request, n=min(size, n - first), first=first) for first in range(0, n, size)]
    missing = {number: part for number, part in enumerate(parts) if kept.get(number) is None}
    left = sum(part.n for part in missing.values())
    with kept_count(n, n - left) as count, pace_bar("movements", n, done=n - left) as advance:
        if cluster is None:
            workers = _workers(settings, model, left)
            made = _in_processes(model, missing.values(), settings, workers, advance)
        else:
            made = _on_cluster(model, missing.values(), settings, cluster, advance)
        with closing(made):
            for (number, asked), part in zip(missing.items(), made, strict=True):
                kept.keep(number, part)
                count(asked.n)


def _in_processes(
    model: TrainedModel,
    asked: Iterable[SampleRequest],
    settings: SampleSettings,
    workers: int,
    advance: Callable[[int], None],
) -> Generator[Part, None, None]:
    """Yield the parts asked for, whose batches are the jobs: some thousand movements are shared out, too."""
    plans: deque[Plan] = deque()

    def batches() -> Iterator[Batch]:
        for request in asked:
            plan = model.plan(request)
            plans.append(plan)
            yield from plan.batches

    prepare = by_value(model, alone=workers == 1)
    made: list[Tensor] = []
    with closing(stream_jobs(TrainedModel.make, batches(), prepare, workers=workers)) as results:
        for batch, x0 in results:
            made.append(x0)
            if len(made) == len(plans[0].batches):
                yield _part(model, plans.popleft(), made, settings)
                made.clear()
            advance(len(batch.rows))


def _on_cluster(
    model: TrainedModel,
    asked: Iterable[SampleRequest],
    settings: SampleSettings,
    cluster: Cluster,
    advance: Callable[[int], None],
) -> Generator[Part, None, None]:
    """Yield the parts asked for, each a job: what is left for this process does not hold up hundreds."""
    prepare = partial(_moved, by_value(model), settings, _kind(settings))
    with closing(cluster.stream_jobs(_whole_part, asked, prepare)) as results:
        for request, part in results:
            yield part
            advance(request.n)


def _moved(
    model: Callable[[], TrainedModel], settings: SampleSettings, device: str
) -> tuple[TrainedModel, SampleSettings]:
    """Return in a worker what its jobs need, the model on the worker's device."""
    return model().to(resolve_device(device)), settings


def _whole_part(made_by: tuple[TrainedModel, SampleSettings], request: SampleRequest) -> Part:
    model, settings = made_by
    plan = model.plan(request)
    return _part(model, plan, [model.make(batch) for batch in plan.batches], settings)


def _workers(settings: SampleSettings, model: TrainedModel, left: int) -> int:
    """Return how many processes make the movements that are left: no more than have something to do."""
    if _device(settings).type != "cpu":
        return 1
    if settings.workers is None:
        return max(1, min(cpu_count(), left // _FEWEST_EACH))
    return max(1, min(settings.workers, -(-left // model.batch_size)))


def _part(
    model: TrainedModel, plan: Plan, made: Sequence[Tensor], settings: SampleSettings
) -> Part:
    """Return what is kept of a part: its movements, and its deltas if they are to be written."""
    codec, request = model.codec, plan.request
    x0, frame = model.assembled(plan, made)
    movements = codec.decode(x0, frame, origin=model.origin)
    if settings.recorded:
        movements = codec.native.recorded(movements, frame, seed=request.seed, first=request.first)
    stored = movements.as_steps().stored()
    part = {"steps": stored.steps, "lengths": stored.lengths, "start": stored.start}
    if settings.save_deltas:
        part["deltas"] = codec.expanded(x0, frame)[:, : settings.seq_len].numpy()
        part["deltas_lengths"] = frame.lengths.numpy()
    return part


def _between(kept: KeptParts, first: int, stop: int, origin: str) -> Iterator[StoredMovements]:
    """Yield the movements of these numbers, part by part."""
    size = TrainedModel.part_size
    for number in range(first // size, -(-stop // size)):
        part, before = kept[number], number * size
        whole = StoredMovements(part["steps"], part["lengths"], part["start"], None, origin)
        yield whole.rows(slice(max(0, first - before), stop - before))


def _write(kept: KeptParts, origin: str, settings: SampleSettings) -> list[dict[str, Any]]:
    """Write the result from its parts; return what the manifest says of the files of movements."""
    n, out_dir = settings.n, kept.out_dir
    names = {"samples.parquet": (0, n)}
    if settings.shard is not None:
        firsts = range(0, n, settings.shard)
        digits = max(5, len(str(len(firsts) - 1)))
        names = {
            f"{_SHARDS}/{place:0{digits}}.parquet": (first, min(n, first + settings.shard))
            for place, first in enumerate(firsts)
        }
    # Whole before anything is set aside: a full disk leaves an earlier result where it is.
    ready = kept.folder / "ready"
    shutil.rmtree(ready, ignore_errors=True)
    for name, (first, stop) in names.items():
        write_tables(ready / name, _between(kept, first, stop, origin))
    if settings.save_deltas:
        save_tensors(ready / "deltas.pt", _deltas(kept, n))
    set_aside_in(out_dir, _FILES)
    with suppress(OSError):  # others' files are in it, or there is none
        (out_dir / _SHARDS).rmdir()
    move({path: out_dir / path.relative_to(ready) for path in ready.rglob("*") if path.is_file()})
    return [
        {"file": name, "movements": stop - first, "sha256": sha256(out_dir / name)}
        for name, (first, stop) in names.items()
    ]


def _deltas(kept: KeptParts, n: int) -> dict[str, Tensor]:
    """Return the deltas [n, T, C] of all parts, and the lengths [n]."""
    some = kept[0]["deltas"]
    deltas, lengths = torch.zeros(n, *some.shape[1:]), torch.zeros(n, dtype=torch.long)
    size = TrainedModel.part_size
    for number, first in enumerate(range(0, n, size)):
        part, rows = kept[number], slice(first, first + size)
        deltas[rows] = torch.from_numpy(part["deltas"])
        lengths[rows] = torch.from_numpy(part["deltas_lengths"])
    return {"deltas": deltas, "lengths": lengths}


def _decides(settings: SampleSettings, model: TrainedModel, checkpoint: str) -> dict[str, Any]:
    """Return everything that decides the samples to the last bit."""
    elsewhere = {"ckpt", "device", "out_dir", "engine", "ray_address", "workers", "shard"}
    style = settings.style_from
    return {
        "settings": {key: value for key, value in asdict(settings).items() if key not in elsewhere},
        "style_sha256": None if style is None else sha256(Path(style)),
        "rule": model.rule_record,
        "checkpoint": checkpoint,
        "device": _kind(settings) if settings.engine == RAY else str(_device(settings)),
        "part_size": model.part_size,
        "versions": versions(),
    }


def _manifest(settings: SampleSettings, model: TrainedModel, checkpoint: str) -> dict[str, Any]:
    """Return what made the samples."""
    style = settings.style_from
    return {
        "settings": asdict(settings),
        "style_sha256": None if style is None else sha256(Path(style)),
        "pixel_ratios": _screens(model),
        "rule": model.rule_record,
        "checkpoint": {"path": str(model.path), "sha256": checkpoint},
        "experiment": model.settings.experiment_name,
        "trained_on": model.data,
        "units": {"dx_px": "px", "dy_px": "px", "dt_ms": "ms"},
        "versions": versions(),
    }


def _conditions(asked: object) -> Tensor | None:
    """Return the conditions that a list, or numbers by their names, ask for."""
    if asked is None:
        return None
    try:
        if isinstance(asked, Mapping):
            return condition_vector(**{str(name): float(value) for name, value in asked.items()})
        if isinstance(asked, Sequence) and not isinstance(asked, str):
            return torch.tensor([float(value) for value in asked])
    except (TypeError, ValueError):
        pass
    raise InputError(
        f"cond={asked}: give numbers by name, as in cond={{goal_dx_px:300,goal_dy_px:-40}}, or a list"
    )
