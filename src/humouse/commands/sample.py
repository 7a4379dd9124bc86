"""`humouse sample`: draw movements from a trained model of either kind."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.codec import Frame, condition_vector
from humouse.commands.compared import in_codec_frame
from humouse.commands.kept_batches import KeptBatches
from humouse.data.movement_file import read_movements
from humouse.data.prepared import load_split
from humouse.detection.detector import Detector
from humouse.detection.names import HUMAN
from humouse.diffusion.sampling_rule import SamplingRule
from humouse.errors import InputError, OutOfRangeWarning
from humouse.extras import without
from humouse.files import set_aside_in, sha256, versions, write_json
from humouse.generator import load_generator
from humouse.progress import progress_bar
from humouse.settings import SampleSettings
from humouse.trained_model import SampleRequest, TrainedModel, announce
from humouse.training.checkpoint import save_tensors
from humouse.training.device import resolve_device
from humouse.trajectories import Trajectories

_FILES = ("samples.parquet", "samples.png", "deltas.pt", "manifest.json")
_JUDGED = 400
"""Movements of a style that the detector looks at."""
_PEOPLES_SHARE = 0.5
_PICTURED = 200
"""People's gestures that the picture chooses from."""


def run(settings: SampleSettings) -> None:
    """Sample as the settings say and write Parquet, picture and manifest to `out_dir`.

    Raises:
        InputError: A setting or the checkpoint cannot be used.
        KeyboardInterrupt: The run was interrupted; the batches drawn so far are kept.
    """
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
    model = load_generator(settings.ckpt, resolve_device(settings.device), rule=rule)
    model = _of_setup(model, settings)
    request = SampleRequest(
        settings.n,
        seed=settings.seed,
        seq_len=settings.seq_len,
        cond=_conditions(settings.cond),
    )
    model.check(request)
    if settings.recorded:
        model.codec.native.check_recorded()
    announce(model)
    out_dir, checkpoint = Path(settings.out_dir), sha256(model.path)
    kept = KeptBatches(out_dir, _decides(settings, model, checkpoint))
    x0, frame = _drawn(model, request, kept)
    movements = model.codec.decode(x0, frame, origin=model.origin)
    if settings.recorded:
        movements = model.codec.native.recorded(movements, frame, seed=settings.seed)
    set_aside_in(out_dir, _FILES)
    movements.save(out_dir / "samples.parquet")
    if settings.save_deltas:
        deltas = model.codec.expanded(x0, frame)[:, : settings.seq_len]
        save_tensors(out_dir / "deltas.pt", {"deltas": deltas, "lengths": frame.lengths})
    made_by = _manifest(settings, model, checkpoint, out_dir / "samples.parquet")
    write_json(out_dir / "manifest.json", made_by)
    kept.remove()
    print(f"{settings.n:,} movements: {out_dir / 'samples.parquet'}")
    print(f"what made them: {out_dir / 'manifest.json'}")
    if not without("report", "no picture"):
        _draw(movements, model, out_dir / "samples.png", recorded=settings.recorded)


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
    seen = read_movements(settings.style_from, **columns, time_unit=settings.time_unit, empty=True)
    styled = model.in_style_of(seen)
    _warn_of_bots(seen)
    return styled


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


def _draw(movements: Trajectories, model: TrainedModel, path: Path, *, recorded: bool) -> None:
    from humouse.figures import gesture_gallery, samples, save_figure  # of an extra

    people = _people_at_hand(model, recorded)
    save_figure(samples(movements) if people is None else gesture_gallery(people, movements), path)
    print(f"picture: {path}{'' if people is None else ', beside gestures of people'}")


def _drawn(
    model: TrainedModel, request: SampleRequest, kept: KeptBatches
) -> tuple[Float[Tensor, "n T C"], Frame]:
    """Return the samples as `sample_deltas` does; batches that an interrupted run kept are not drawn again.

    Raises:
        KeyboardInterrupt: The run was interrupted; says how many movements are kept.
    """
    n, batches = request.n, len(kept)
    if batches:
        print(f"going on after {min(batches * model.batch_size, n):,} of {n:,} movements")
    done = batches * model.calls_per_batch
    try:
        with progress_bar("sampling", model.calls(n), done=done) as advance:
            return model.sample_deltas(request, advance, kept)
    except KeyboardInterrupt:
        if not (batches := len(kept)):
            raise
        raise KeyboardInterrupt(
            f"({min(batches * model.batch_size, n):,} of {n:,} movements are kept; the same command "
            "goes on)"
        ) from None


def _decides(settings: SampleSettings, model: TrainedModel, checkpoint: str) -> dict[str, Any]:
    """Return everything that decides the samples to the last bit."""
    elsewhere = {"ckpt", "device", "out_dir", "save_deltas", "recorded"}
    style = settings.style_from
    return {
        "settings": {key: value for key, value in asdict(settings).items() if key not in elsewhere},
        "style_sha256": None if style is None else sha256(Path(style)),
        "rule": model.rule_record,
        "checkpoint": checkpoint,
        "device": str(resolve_device(settings.device)),
        "threads": torch.get_num_threads(),
        "versions": versions(),
    }


def _manifest(
    settings: SampleSettings, model: TrainedModel, checkpoint: str, file: Path
) -> dict[str, Any]:
    """Return what made the samples in a file."""
    style = settings.style_from
    return {
        "settings": asdict(settings),
        "style_sha256": None if style is None else sha256(Path(style)),
        "rule": model.rule_record,
        "checkpoint": {"path": str(model.path), "sha256": checkpoint},
        "experiment": model.settings.experiment_name,
        "trained_on": model.data,
        "samples_sha256": sha256(file),
        "units": {"dx_px": "px", "dy_px": "px", "dt_ms": "ms"},
        "versions": versions(),
    }


def _conditions(asked: object) -> torch.Tensor | None:
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
