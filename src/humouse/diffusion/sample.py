"""Sampling: a trained model → movements, each the same whatever stands beside it in the batch."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.data.codec import Frame, valid_steps
from humouse.diffusion.checkpoint import Model
from humouse.diffusion.guidance import Guided
from humouse.diffusion.samplers import draw, make_sampler
from humouse.errors import InputError
from humouse.randomness import generator
from humouse.training.model import asked, check_request, encoded_conditions
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
    check_sampling(model, n, seq_len, cond, seed, rule)
    codec = model.codec
    frame, given = asked(model, n, seq_len, cond, like, seed)
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
    encoded = encoded_conditions(model, rows, cond)
    return draw(
        Guided(model.denoiser, scale=rule.guidance, rescale=rule.guidance_rescale),
        sampler,
        steps=rule.steps,
        noise=noise,
        mask=mask,
        cond=None if encoded is None else encoded.to(device),
        self_condition=model.config["model"]["self_condition"],
        progress=progress,
    )


def check_sampling(
    model: Model, n: int, seq_len: int | None, cond: Tensor | None, seed: int, rule: SamplingRule
) -> None:
    """Raise InputError, naming the argument, for the first that this model cannot serve."""
    check_request(model, n, seq_len, cond, seed)
    make_sampler(rule.sampler, model.denoiser.schedule, eta=rule.eta).times(rule.steps)
    if rule.batch_size < 1:
        raise InputError(f"batch_size={rule.batch_size}: must be at least 1")
    _check_guidance(model, cond, rule)


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
