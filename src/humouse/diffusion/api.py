"""The public functions: samples of a trained model, and their conversion to px and ms."""

import secrets
from functools import lru_cache
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.diffusion.model import DIFFUSION, DiffusionModel, load_model
from humouse.diffusion.sampling_rule import SamplingRule
from humouse.errors import InputError
from humouse.trained_model import SampleRequest, check_condition
from humouse.training.checkpoint import find_checkpoint
from humouse.training.device import resolve_device
from humouse.trajectories import Trajectories


def generate_diffusion_samples(
    n: int,
    seq_len: int,
    cond: torch.Tensor | None = None,
    device: torch.device | str = torch.device("cuda"),  # noqa: B008 — the specification's signature
    steps: int = 20,
    seed: int | None = None,
    *,
    ckpt: str | Path | None = None,
) -> torch.Tensor:
    """Return [n, seq_len, C] normalized deltas (float32).

    Args:
        n: How many movements.
        seq_len: Steps of each, as the model was trained.
        cond: [K] or [n, K], the first K of `codec.CONDITIONS`, NaN where not given; None for none.
        device: Where the network runs, and where the result lies; the CPU where there is no CUDA.
        steps: Network calls per movement.
        seed: Movement i depends on the seed and i alone; 0 or more, None draws one.
        ckpt: The checkpoint; None for the environment variable HUMOUSE_CKPT, else the newest under
            `checkpoints/`, else the model that comes with humouse.

    Raises:
        InputError: There is no checkpoint (the message says how to train one), or an argument is
            out of the model's range.
    """
    device = _device(device)
    model = _model(ckpt, device)
    seed = secrets.randbits(48) if seed is None else seed
    given = None if cond is None else cond.cpu()
    request = SampleRequest(n, seed=seed, seq_len=seq_len, cond=given)
    x0, frame = model.with_rule(SamplingRule(steps=steps)).sample_deltas(request)
    return model.codec.expanded(x0, frame)[:, :seq_len].to(device)


def denormalize(
    samples: Float[Tensor, "n T C"],
    *,
    cond: Float[Tensor, "*n K"] | None = None,
    seed: int = 0,
    ckpt: str | Path | None = None,
) -> Trajectories:
    """Return the movements that normalized deltas stand for, in px and ms.

    What the deltas leave open (where a movement starts and, in the canonical frame, its direction,
    size and duration) is drawn from the train split's joint distribution, or follows `cond`.

    Args:
        samples: [n, T, C] from `generate_diffusion_samples`.
        cond: The conditions that they were made with.
        seed: Seed of what is left open.
        ckpt: The checkpoint that made them; the same default.

    Raises:
        InputError: The samples or conditions are not this model's, or there is no checkpoint.
    """
    model = _model(ckpt, torch.device("cpu"))
    codec, (n, T, C) = model.codec.native, samples.shape
    if codec.channels != C:
        raise InputError(
            f"samples: {C} channels, but {model.path} makes {codec.channels}; give the "
            "checkpoint that made them"
        )
    samples = samples.detach().cpu().float()
    frame = codec.draw_frames(n, seed=seed, seq_len=T)
    if cond is not None:
        check_condition(model, n, cond)
        given = cond.float().cpu().expand(n, cond.shape[-1])
        frame = codec.frame_given(frame, given, samples)
    return codec.decode(samples, frame, origin=model.origin)


def canonicalize(movements: Trajectories, *, ckpt: str | Path | None = None) -> Trajectories:
    """Return the movements as a model's codec sees them, for comparing people with samples.

    Put both sides of a comparison through it. The canonical codec resamples to a fixed clock and
    takes out place, direction, size and duration: native recordings beside its samples would be
    separable from them by the clock alone.

    Args:
        movements: People's or generated ones; those that do not fit the codec are dropped.
        ckpt: The checkpoint of the model; the same default.

    Raises:
        InputError: There is no checkpoint.
    """
    codec = _model(ckpt, torch.device("cpu")).codec
    return codec.canonicalize(movements[codec.fits(movements)])


def _device(device: torch.device | str) -> torch.device:
    name = str(device)
    if name.startswith("cuda") and not torch.cuda.is_available():
        name = "cpu"
    return resolve_device(name)


def _model(ckpt: str | Path | None, device: torch.device) -> DiffusionModel:
    path = find_checkpoint(ckpt, DIFFUSION)
    changed_ns = path.stat().st_mtime_ns if path.exists() else 0
    return _loaded(path, changed_ns, str(device))


@lru_cache(maxsize=2)
def _loaded(path: Path, changed_ns: int, device: str) -> DiffusionModel:
    return load_model(path, device)
