"""Sampling: a trained model → movements, each the same whatever stands beside it in the batch."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.codec import CONDITIONS, EventCodec, Frame, valid_steps
from humouse.diffusion.decoder.network import DRAWS_PER_EVENT, Conditioning
from humouse.diffusion.denoiser import Denoise
from humouse.diffusion.guidance import Guided, ToGoal
from humouse.diffusion.model import Model
from humouse.diffusion.samplers import draw, make_sampler
from humouse.errors import InputError
from humouse.randomness import generator
from humouse.trained_model import asked, check_request
from humouse.trajectories import Trajectories

DEFAULT_STEPS = 20
"""Network calls per movement, where nothing else is said."""


@dataclass(frozen=True)
class SamplingRule:
    """How to go from noise to samples.

    Args:
        steps: Network calls per movement (guidance makes each twice as long); None for those that
            the model was distilled to, else 20.
        sampler: "ddim", "dpm" or "sde".
        eta: Noise of DDIM.
        guidance: Scale of classifier-free guidance; 1 for none.
        guidance_rescale: How far to bring back the spread that guidance adds.
        goal_constraint: Move each answer of the network so that its steps add up to the goal asked
            for, where the codec can say that.
        batch_size: Movements at a time.
        t_switch: The noise time at which the model's decoder takes over; None for the model's own,
            0 for never, 1 for at once.
    """

    steps: int | None = None
    sampler: str = "ddim"
    eta: float = 0.0
    guidance: float = 1.0
    guidance_rescale: float = 0.0
    goal_constraint: bool = True
    batch_size: int = 64
    t_switch: float | None = None


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
        progress: Called after each network call, and after the decoder's work.

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
    goal_px = _goals(n, given)
    longest = torch.tensor(codec.sequence_length if seq_len is None else seq_len)
    x0 = torch.zeros(n, int(codec.steps(longest)), codec.channels)
    # Alike lengths run together, so that little work goes into padding; the order of the samples
    # does not matter to any of them.
    for rows in frame.lengths.argsort(stable=True).split(rule.batch_size):
        part = _sample_batch(model, rows, frame[rows], goal_px[rows], seed, rule, progress)
        x0[rows, : part.shape[1]] = part.cpu()
    return x0, frame if given is None else codec.frame_given(frame, given, x0)


def _goals(n: int, given: Tensor | None) -> Tensor:
    """Return [n, 2] the goals asked for, NaN where there are none."""
    if given is None or given.shape[1] < 2:
        return torch.full((n, 2), torch.nan)
    return given[:, :2]


def _sample_batch(
    model: Model,
    rows: Tensor,
    frame: Frame,
    goal_px: Tensor,
    seed: int,
    rule: SamplingRule,
    progress: Callable[[], None] | None,
) -> Tensor:
    codec = model.codec
    device = next(model.denoiser.parameters()).device
    streams = [generator(seed, "sample", row) for row in rows.tolist()]
    steps = codec.steps(frame.lengths)
    T, longest = int(steps.max()), int(codec.steps(torch.tensor(codec.sequence_length)))

    def noise() -> Tensor:
        # Drawn at full length and cut: a movement's noise must not depend on its neighbours'.
        shape = (longest, codec.channels)
        full = torch.stack([torch.randn(shape, generator=stream) for stream in streams])
        return full[:, :T].contiguous().to(device)

    mask = valid_steps(steps.to(device), T)
    sampler = make_sampler(rule.sampler, model.denoiser.schedule, eta=rule.eta)
    told = codec.conditions_for(frame, model.cond_dim)
    denoise: Denoise = Guided(model.denoiser, scale=rule.guidance, rescale=rule.guidance_rescale)
    if rule.goal_constraint and not bool(goal_px.isnan().all()):
        denoise = ToGoal(denoise, codec, goal_px.to(device))
    until = t_switch_of(model, rule)
    all_noise = _nothing_to_denoise(model, rule)
    x = (
        noise() * mask[..., None]
        if all_noise
        else draw(
            denoise,
            sampler,
            steps=steps_of(model, rule),
            noise=noise,
            mask=mask,
            cond=None if told is None else told.to(device),
            self_condition=model.config["model"]["self_condition"],
            until=until,
            progress=progress,
        )
    )
    if not until:
        return x
    shape = (longest, DRAWS_PER_EVENT)
    share = torch.stack([torch.rand(shape, generator=stream) for stream in streams])
    x0 = _written(model, x, until, frame, share[:, :T].to(device))
    if progress is not None:
        progress()
    return x0


def _written(
    model: Model, x_t: Tensor, t: float, frame: Frame, share: Float[Tensor, "B T D"]
) -> Tensor:
    """Return x0 of the events that the model's decoder makes of noisy movements."""
    codec, decoder = model.codec, model.decoder
    if decoder is None or not isinstance(codec, EventCodec):
        raise ValueError("only a model of events has a decoder")
    level = torch.stack(model.denoiser.schedule(torch.tensor(t, dtype=torch.float64)))
    all_conditions = codec.conditions_for(frame, len(CONDITIONS))
    if all_conditions is None:
        raise ValueError("there are no conditions")
    told = Conditioning(
        x_t=x_t,
        level=level.to(x_t).expand(len(x_t), 2),
        cond=all_conditions.to(x_t),
        ends=frame.conditions[:, :4].round().to(x_t),
        mask=valid_steps(frame.lengths, x_t.shape[1]).to(x_t.device),
    )
    return codec.x0_of(decoder.draw(told, share)) * told.mask[..., None]


def t_switch_of(model: Model, rule: SamplingRule) -> float:
    """Return the noise time at which this model's decoder takes over under this rule; 0 for never."""
    return model.t_switch if rule.t_switch is None else rule.t_switch


def _nothing_to_denoise(model: Model, rule: SamplingRule) -> bool:
    """Return whether the decoder takes over where the sampler would begin."""
    sampler = make_sampler(rule.sampler, model.denoiser.schedule, eta=rule.eta)
    return t_switch_of(model, rule) >= float(sampler.times(1)[0])


def calls_of(model: Model, rule: SamplingRule) -> int:
    """Return how often a batch of samples reports progress: each network call, and the decoder."""
    network = 0 if _nothing_to_denoise(model, rule) else steps_of(model, rule)
    return network + (t_switch_of(model, rule) > 0)


def steps_of(model: Model, rule: SamplingRule) -> int:
    """Return the network calls per movement of this model under this rule."""
    if rule.steps is not None:
        return rule.steps
    return model.distilled_steps or DEFAULT_STEPS


def _check_distilled(model: Model, rule: SamplingRule) -> None:
    own = model.distilled_steps
    if own is None:
        return
    if steps_of(model, rule) != own:
        raise InputError(
            f"steps={rule.steps}: {model.path} was distilled to {own}; give steps={own}, or leave it out"
        )
    if rule.sampler != "ddim" or rule.eta:
        raise InputError(
            f"sampler={rule.sampler}, eta={rule.eta}: {model.path} was distilled for sampler=ddim "
            "eta=0; give those"
        )
    if rule.guidance != 1:
        raise InputError(
            f"guidance={rule.guidance}: {model.path} was distilled without; leave it at 1, or use "
            f"{model.config['distillation']['teacher']}"
        )


def check_sampling(
    model: Model, n: int, seq_len: int | None, cond: Tensor | None, seed: int, rule: SamplingRule
) -> None:
    """Raise InputError, naming the argument, for the first that this model cannot serve."""
    check_request(model, n, seq_len, cond, seed)
    sampler = make_sampler(rule.sampler, model.denoiser.schedule, eta=rule.eta)
    _check_t_switch(model, rule)
    if not _nothing_to_denoise(model, rule):
        sampler.times(steps_of(model, rule), until=t_switch_of(model, rule))
    _check_distilled(model, rule)
    if rule.batch_size < 1:
        raise InputError(f"batch_size={rule.batch_size}: must be at least 1")
    _check_guidance(model, rule)


def _check_t_switch(model: Model, rule: SamplingRule) -> None:
    if not rule.t_switch:
        return
    if model.decoder is None:
        raise InputError(
            f"t_switch={rule.t_switch}: {model.path} has no decoder; leave it out, or train one with: "
            f"humouse train decoder ckpt={model.path}"
        )
    least = max(model.config["decoder"]["t_min"], 1e-3)
    if not least <= rule.t_switch <= 1:
        raise InputError(
            f"t_switch={rule.t_switch}: the decoder of {model.path} takes over from {least:g} to 1; "
            "0 leaves it out"
        )


def _check_guidance(model: Model, rule: SamplingRule) -> None:
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
