"""Sampling: a trained model → movements, each the same whatever stands beside it in the batch."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.artefact import sha256, versions, write_json
from humouse.data.codec import CONDITIONS, Frame, check_condition_values, valid_steps
from humouse.diffusion.checkpoint import Model, load_model, save_tensors
from humouse.diffusion.guidance import Guided
from humouse.diffusion.samplers import draw, make_sampler
from humouse.errors import InputError
from humouse.figures import samples, save_figure
from humouse.launch import launch
from humouse.progress import progress_bar
from humouse.randomness import generator
from humouse.settings import SampleSettings
from humouse.trajectories import Trajectories


@dataclass(frozen=True)
class SamplingRule:
    """How to go from noise to samples.

    Args:
        steps: Network calls per movement (twice that with guidance).
        sampler: "ddim" or "dpm".
        eta: Noise of DDIM.
        guidance: Scale of classifier-free guidance; 1 for none.
        guidance_rescale: How far to bring back the spread that guidance adds.
        batch_size: Movements at a time.
    """

    steps: int = 20
    sampler: str = "ddim"
    eta: float = 0.0
    guidance: float = 1.0
    guidance_rescale: float = 0.0
    batch_size: int = 64


def sample(
    model: Model,
    n: int,
    *,
    seq_len: int | None = None,
    cond: Float[Tensor, "*n K"] | None = None,
    like: Trajectories | None = None,
    seed: int,
    rule: SamplingRule | None = None,
    progress: Callable[[], None] | None = None,
) -> Trajectories:
    """Return n movements from the model, in px and ms.

    Args:
        model: The trained model.
        n: How many.
        seq_len: Steps of each; None draws lengths as the train split has them.
        cond: [K] or [n, K], the first K of goal_dx_px, goal_dy_px, duration_ms, path_px; NaN where
            not given.
        like: n movements that fit the codec: sample i takes the place of the i-th, with its number
            of steps, what else the codec keeps beside the steps, and the conditions that the model
            knows. Instead of seq_len and cond.
        seed: Movement i depends on the model, the rule, the seed and i alone; 0 or more.
        rule: Steps, sampler, guidance.
        progress: Called after each network call.

    Raises:
        InputError: A number is out of range, or the model knows fewer conditions.
    """
    x0, frame = sample_deltas(
        model,
        n,
        seq_len=seq_len,
        cond=cond,
        like=like,
        seed=seed,
        rule=rule,
        progress=progress,
    )
    return model.codec.decode(x0, frame, origin=model.origin)


def sample_deltas(
    model: Model,
    n: int,
    *,
    seq_len: int | None = None,
    cond: Float[Tensor, "*n K"] | None = None,
    like: Trajectories | None = None,
    seed: int,
    rule: SamplingRule | None = None,
    progress: Callable[[], None] | None = None,
) -> tuple[Float[Tensor, "n T C"], Frame]:
    """Return what `sample` decodes: normalised deltas [n, T, C] on the CPU, and their frames."""
    rule = rule or SamplingRule()
    check_request(model, n, seq_len, cond, seed, rule)
    codec = model.codec
    if like is None:
        frame = codec.draw_frames(n, seed=seed, seq_len=seq_len)
    else:
        if len(like) != n or seq_len is not None or cond is not None:
            raise ValueError("like stands for n movements, and takes the place of seq_len and cond")
        frame, cond = codec.encode(like)[1], codec.condition(like, model.cond_dim)
    given = None if cond is None else cond.float().cpu().expand(n, cond.shape[-1])
    x0 = torch.zeros(n, codec.sequence_length if seq_len is None else seq_len, codec.channels)
    # Alike lengths run together, so that little work goes into padding; the order of the samples
    # does not matter to any of them.
    for rows in frame.lengths.argsort(stable=True).split(rule.batch_size):
        part = _sample_batch(model, rows, frame[rows], given, seed, rule, progress)
        x0[rows, : part.shape[1]] = part.cpu()
    return x0, frame if given is None else codec.frame_given(frame, given, x0)


def _sample_batch(
    model: Model,
    rows: Tensor,
    frame: Frame,
    cond: Tensor | None,
    seed: int,
    rule: SamplingRule,
    progress: Callable[[], None] | None,
) -> Tensor:
    codec = model.codec
    device = next(model.denoiser.parameters()).device
    streams = [generator(seed, "sample", row) for row in rows.tolist()]
    T, shape = int(frame.lengths.max()), (codec.sequence_length, codec.channels)

    def noise() -> Tensor:
        # Drawn at full length and cut: a movement's noise must not depend on its neighbours'.
        full = torch.stack([torch.randn(shape, generator=stream) for stream in streams])
        return full[:, :T].contiguous().to(device)

    mask = valid_steps(frame.lengths.to(device), T)
    sampler = make_sampler(rule.sampler, model.denoiser.schedule, eta=rule.eta)
    encoded = None
    if model.cond_dim:
        known = torch.full((len(rows), model.cond_dim), torch.nan)
        if cond is not None:
            known[:, : cond.shape[1]] = cond[rows]
        encoded = codec.encode_condition(known).to(device)
    return draw(
        Guided(model.denoiser, scale=rule.guidance, rescale=rule.guidance_rescale),
        sampler,
        steps=rule.steps,
        noise=noise,
        mask=mask,
        cond=encoded,
        self_condition=model.config["model"]["self_condition"],
        progress=progress,
    )


def check_request(
    model: Model, n: int, seq_len: int | None, cond: Tensor | None, seed: int, rule: SamplingRule
) -> None:
    """Raise InputError, naming the argument, for the first that this model cannot serve."""
    if n < 1:
        raise InputError(f"n={n}: ask for at least 1 movement")
    if seed < 0:
        raise InputError(f"seed={seed}: must be at least 0")
    make_sampler(rule.sampler, model.denoiser.schedule, eta=rule.eta).times(rule.steps)
    if rule.batch_size < 1:
        raise InputError(f"batch_size={rule.batch_size}: must be at least 1")
    shortest, longest = model.codec.length_range()
    if seq_len is not None and not shortest <= seq_len <= longest:
        seen = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
        raise InputError(
            f"seq_len={seq_len}: {model.path} was trained on {seen} steps; ask for that, or train "
            "with another data.sequence_length"
        )
    if cond is not None:
        check_condition(model, n, cond)
    _check_guidance(model, cond, rule)


def check_condition(model: Model, n: int, cond: Tensor) -> None:
    """Raise InputError if the conditions are not what this model knows, or not possible."""
    known, cond = ", ".join(CONDITIONS[: model.cond_dim]) or "none", cond.float()
    if cond.ndim not in (1, 2):
        raise InputError(f"cond: {cond.ndim} dimensions; give [K], or [n, K]")
    if not 1 <= cond.shape[-1] <= model.cond_dim:
        raise InputError(
            f"cond: {cond.shape[-1]} conditions given, {model.path} knows: {known}; train with "
            "model.cond_dim=… for more"
        )
    if model.cond_dim > 1:  # a model of the first condition alone knows no dy
        missing = len(CONDITIONS) - cond.shape[-1]
        cond = torch.nn.functional.pad(cond, (0, missing), value=torch.nan)
    check_condition_values(cond, n)


def _check_guidance(model: Model, cond: Tensor | None, rule: SamplingRule) -> None:
    if not 0 <= rule.guidance_rescale <= 1:
        raise InputError(f"guidance_rescale={rule.guidance_rescale}: must lie in 0…1")
    if not math.isfinite(rule.guidance):
        raise InputError(f"guidance={rule.guidance}: must be a number; 1 for none")
    if rule.guidance == 1:
        return
    if not model.cond_dim:
        raise InputError(
            f"guidance={rule.guidance}: {model.path} knows no conditions to guide by; leave it at 1, "
            "or train with model.cond_dim=…"
        )
    if cond is None or bool(cond.isnan().all()):
        raise InputError(
            f"guidance={rule.guidance}: there is no condition to guide by; give cond=…, or leave it "
            "at 1"
        )


def resolve_device(name: str) -> torch.device:
    """Return the device called "auto" (CUDA if there is one), "cpu", "cuda" or "cuda:N".

    Raises:
        InputError: There is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"device={name}: no such device; choose auto, cpu or cuda") from error
    if device.type not in ("cpu", "cuda"):
        raise InputError(f"device={name}: humouse runs on auto, cpu or cuda")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise InputError(f"device={name}: this machine has no CUDA device; use device=cpu")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        last = torch.cuda.device_count() - 1
        raise InputError(f"device={name}: there is none; the last CUDA device here is cuda:{last}")
    return device


def announce(model: Model) -> None:
    """Print which checkpoint is used: by default it is the newest."""
    print(f"checkpoint: {model.path} ({model.config['experiment_name']}, step {model.step:,})")


def run(settings: SampleSettings) -> None:
    """Sample as the settings say and write Parquet, picture and manifest to `out_dir`."""
    model = load_model(settings.ckpt, resolve_device(settings.device))
    rule = SamplingRule(
        settings.steps,
        settings.sampler,
        settings.eta,
        settings.guidance,
        settings.guidance_rescale,
        settings.batch_size,
    )
    cond = None if settings.cond is None else torch.tensor(settings.cond)
    check_request(model, settings.n, settings.seq_len, cond, settings.seed, rule)
    announce(model)
    calls = -(-settings.n // settings.batch_size) * settings.steps
    with progress_bar("sampling", calls) as advance:
        x0, frame = sample_deltas(
            model,
            settings.n,
            seq_len=settings.seq_len,
            cond=cond,
            seed=settings.seed,
            rule=rule,
            progress=advance,
        )
    movements = model.codec.decode(x0, frame, origin=model.origin)
    out_dir = Path(settings.out_dir)
    movements.save(out_dir / "samples.parquet")
    if settings.save_deltas:
        save_tensors(out_dir / "deltas.pt", {"deltas": x0, "lengths": frame.lengths})
    save_figure(samples(movements), out_dir / "samples.png")
    write_json(
        out_dir / "manifest.json",
        {
            "settings": vars(settings),
            "checkpoint": {"path": str(model.path), "sha256": sha256(model.path)},
            "experiment": model.config["experiment_name"],
            "trained_on": model.data,
            "samples_sha256": sha256(out_dir / "samples.parquet"),
            "units": {"dx_px": "px", "dy_px": "px", "dt_ms": "ms"},
            "versions": versions(),
        },
    )
    print(f"{settings.n:,} movements: {out_dir / 'samples.parquet'}")
    print(f"picture: {out_dir / 'samples.png'}; what made them: {out_dir / 'manifest.json'}")


def main() -> None:
    """Run `humouse sample`."""
    launch(
        "diffusion/sample",
        SampleSettings,
        run,
        "humouse sample — draw movements from a trained model",
    )


if __name__ == "__main__":
    main()
