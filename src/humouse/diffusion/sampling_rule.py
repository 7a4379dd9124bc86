"""`SamplingRule`: how to sample, and whether a model supports it."""

import math
from dataclasses import dataclass

from humouse.errors import InputError
from humouse.settings import (
    DecodedSettings,
    DecoderRecord,
    Distillation,
    DistilledSettings,
    TrainSettings,
)

DEFAULT_STEPS = 20
"""Network calls per movement, where nothing else is said."""
DECODED_STEPS = 1
"""The same where a decoder takes over: more calls of DPM-Solver++ score no better (docs/experiments.md)."""
MOST_GUIDANCE = 3.0
"""Above, movements are warned of: at 2.5 their realism has suffered already (docs/experiments.md)."""
EARLIEST_T_SWITCH = 1e-3
"""The decoder takes over no later than here, whatever noise times it learned from."""


@dataclass(frozen=True)
class SamplingRule:
    """How to go from noise to samples.

    Args:
        steps: Network calls per movement (guidance makes each twice as long); None for those that
            the model was distilled to, else 2 of "dpm" or "sde" before a decoder, else 20.
        sampler: "ddim", "dpm" or "sde"; None for "ddim" where `eta` asks for its noise or the model was
            distilled for it, else "dpm".
        eta: Noise of DDIM.
        guidance: Scale of classifier-free guidance; 1 for none.
        guidance_rescale: How far to bring the spread back that guidance adds.
        goal_constraint: Move each answer of the network so that its steps add up to the goal asked
            for, where the codec can say that.
        batch_size: Movements at a time.
        t_switch: The noise time at which the model's decoder takes over; None for the model's own,
            0 for never, 1 for at once.
    """

    steps: int | None = None
    sampler: str | None = None
    eta: float = 0.0
    guidance: float = 1.0
    guidance_rescale: float = 0.0
    goal_constraint: bool = True
    batch_size: int = 256
    t_switch: float | None = None


@dataclass(frozen=True)
class ResolvedRule(SamplingRule):
    """A rule with all settings given: those left to the model are filled in."""

    steps: int = DEFAULT_STEPS
    sampler: str = "ddim"
    t_switch: float = 0.0


def decoder_of(settings: TrainSettings) -> DecoderRecord | None:
    """Return the settings of a model's decoder; None where it has none."""
    return settings.decoder if isinstance(settings, DecodedSettings) else None


def distillation_of(settings: TrainSettings) -> Distillation | None:
    """Return how a model was distilled; None where it was not."""
    return settings.distillation if isinstance(settings, DistilledSettings) else None


def resolved(rule: SamplingRule, settings: TrainSettings) -> ResolvedRule:
    """Return the rule with what the model decides filled in.

    Args:
        rule: The rule.
        settings: The model's configuration.
    """
    decoder, distillation = decoder_of(settings), distillation_of(settings)
    t_switch = rule.t_switch
    if t_switch is None:
        t_switch = 0.0 if decoder is None else decoder.t_switch
    # DDIM's noise, and steps that were distilled for DDIM, are asked of no other sampler.
    solver = distillation is None and rule.eta == 0
    sampler = rule.sampler or ("dpm" if solver else "ddim")
    steps = rule.steps
    if steps is None and distillation is not None:
        steps = distillation.steps
    elif steps is None:
        steps = DECODED_STEPS if t_switch > 0 and solver and sampler != "ddim" else DEFAULT_STEPS
    own = {"steps": steps, "sampler": sampler, "t_switch": t_switch}
    return ResolvedRule(**{**vars(rule), **own})


def check_rule(rule: ResolvedRule, settings: TrainSettings, title: str) -> None:
    """Raise InputError, naming the setting, for the first that a model cannot follow.

    Args:
        rule: The rule.
        settings: The model's configuration.
        title: What messages call the model.
    """
    _check_t_switch(rule, decoder_of(settings), title)
    _check_distilled(rule, distillation_of(settings), title)
    if rule.batch_size < 1:
        raise InputError(f"batch_size={rule.batch_size}: must be at least 1")
    if not 0 <= rule.guidance_rescale <= 1:
        raise InputError(f"guidance_rescale={rule.guidance_rescale}: must lie in 0…1")
    if not math.isfinite(rule.guidance):
        raise InputError(f"guidance={rule.guidance}: must be a number; 1 for none")
    if rule.guidance != 1 and not settings.model.cond_dim:
        raise InputError(
            f"guidance={rule.guidance}: {title} was trained without conditions; leave it at 1, "
            "or train with model.cond_dim=…"
        )


def _check_t_switch(rule: ResolvedRule, decoder: DecoderRecord | None, title: str) -> None:
    if not rule.t_switch:
        return
    if decoder is None:
        raise InputError(
            f"t_switch={rule.t_switch}: {title} has no decoder; leave it out, or train one with: "
            f"humouse train decoder ckpt={title}"
        )
    earliest = max(decoder.t_min, EARLIEST_T_SWITCH)
    if not earliest <= rule.t_switch <= 1:
        raise InputError(
            f"t_switch={rule.t_switch}: the decoder of {title} takes over from {earliest:g} to 1; "
            "0 leaves it out"
        )


def _check_distilled(rule: ResolvedRule, how: Distillation | None, title: str) -> None:
    if how is None:
        return
    if rule.steps != how.steps:
        raise InputError(
            f"steps={rule.steps}: {title} was distilled to {how.steps}; give steps={how.steps}, or "
            "leave it out"
        )
    if rule.sampler != "ddim" or rule.eta:
        raise InputError(
            f"sampler={rule.sampler}, eta={rule.eta}: {title} was distilled for sampler=ddim "
            "eta=0; give those"
        )
    if rule.guidance != 1:
        raise InputError(
            f"guidance={rule.guidance}: {title} was distilled without; leave it at 1, or use "
            f"{how.teacher}"
        )
