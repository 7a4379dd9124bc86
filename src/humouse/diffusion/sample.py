"""Sampling: noise → x0; a movement does not depend on the others in its batch."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from humouse.codec import CONDITIONS, Codec, EventCodec, Frame, valid_steps
from humouse.diffusion.decoder.network import DRAWS_PER_EVENT, Conditioning, EventDecoder
from humouse.diffusion.denoiser import Denoise, Denoiser
from humouse.diffusion.guidance import Guided, ToGoal
from humouse.diffusion.samplers import Sampler
from humouse.diffusion.sampling_rule import ResolvedRule
from humouse.randomness import generator


@dataclass(frozen=True)
class Sampling:
    """From noise to x0 under one rule: made once for a model, and called for each batch.

    Args:
        codec: The model's.
        denoiser: The model's.
        decoder: The model's; None where it takes no part.
        rule: Steps, sampler, guidance and the rest.
        sampler: Goes from noise to the rule's `t_switch`; it has no steps where `t_switch` is its
            first time.
        cond_dim: Number of conditions that the denoiser takes.
        self_condition: Whether the denoiser gets its previous answer.
    """

    codec: Codec
    denoiser: Denoiser
    decoder: EventDecoder | None
    rule: ResolvedRule
    sampler: Sampler
    cond_dim: int
    self_condition: bool

    @property
    def calls(self) -> int:
        """How often a batch reports progress: each network call, and the decoder."""
        return self.sampler.calls + (self.rule.t_switch > 0)

    def __call__(
        self,
        rows: Int[Tensor, "B"],
        frame: Frame,
        given: Float[Tensor, "B K"] | None,
        seed: int,
        progress: Callable[[], None],
    ) -> Float[Tensor, "B T C"]:
        """Return x0 of some movements.

        Args:
            rows: Their numbers, which seed their noise.
            frame: Their frames.
            given: The conditions asked of them; None for none.
            seed: Of the whole request.
            progress: Called `calls` times.
        """
        codec, device = self.codec, next(self.denoiser.parameters()).device
        steps = codec.steps(frame.lengths)
        T, longest = int(steps.max()), int(codec.steps(torch.tensor(codec.sequence_length)))
        streams = RowStreams(rows, seed, longest, T, device)
        mask = valid_steps(steps.to(device), T)
        cond = codec.conditions_for(frame, self.cond_dim)
        x = streams.normal(codec.channels) * mask[..., None]
        path = self.sampler.path(
            self._steered(given),
            x,
            mask,
            cond=None if cond is None else cond.to(device),
            self_condition=self.self_condition,
            noise=lambda: streams.normal(codec.channels),
        )
        for x_s in path:
            x = x_s
            progress()
        if not self.rule.t_switch:
            return x
        x0 = self._decoded(x, frame, streams.uniform(DRAWS_PER_EVENT))
        progress()
        return x0

    def _steered(self, given: Float[Tensor, "B K"] | None) -> Denoise:
        """Return the denoiser, guided, whose answers end at the goals asked for."""
        rule = self.rule
        guided = Guided(self.denoiser, scale=rule.guidance, rescale=rule.guidance_rescale)
        goal_px = None if given is None or given.shape[1] < 2 else given[:, :2]
        if not rule.goal_constraint or goal_px is None or bool(goal_px.isnan().all()):
            return guided
        device = next(self.denoiser.parameters()).device
        return ToGoal(guided, self.codec, goal_px.to(device))

    def _decoded(
        self, x_t: Float[Tensor, "B T C"], frame: Frame, uniform: Float[Tensor, "B T D"]
    ) -> Float[Tensor, "B T C"]:
        """Return x0 of the events that the decoder makes of movements at the time `t_switch`.

        Args:
            x_t: The noisy movements.
            frame: Their frames; the decoder is given all conditions.
            uniform: [B, T, 6] numbers in [0, 1) that decide each event.
        """
        codec = self.codec
        if self.decoder is None or not isinstance(codec, EventCodec):
            raise ValueError("only a model of events has a decoder")
        t = torch.tensor(self.rule.t_switch, dtype=torch.float64)
        level = torch.stack(self.denoiser.schedule(t))
        conditions = codec.conditions_for(frame, len(CONDITIONS))
        if conditions is None:
            raise ValueError("there are no conditions")
        conditioning = Conditioning(
            x_t=x_t,
            level=level.to(x_t).expand(len(x_t), 2),
            cond=conditions.to(x_t),
            ends=frame.conditions[:, :4].round().to(x_t),
            mask=valid_steps(frame.lengths, x_t.shape[1]).to(x_t.device),
            style=None if frame.style is None else frame.style.to(x_t),
        )
        return codec.x0_of(self.decoder.draw(conditioning, uniform)) * conditioning.mask[..., None]


class RowStreams:
    """Random numbers for the movements of a batch, one stream per movement.

    They are drawn for the longest possible movement and cut to the batch's length, so that a
    movement's numbers do not depend on its neighbours.

    Args:
        rows: [B] numbers of the movements.
        seed: Of the whole request.
        longest: The length that is drawn.
        T: The length that is kept.
        device: Where the numbers go.
    """

    def __init__(
        self, rows: Int[Tensor, "B"], seed: int, longest: int, T: int, device: torch.device
    ) -> None:
        self.streams = [generator(seed, "sample", row) for row in rows.tolist()]
        self.longest, self.T, self.device = longest, T, device

    def normal(self, channels: int) -> Float[Tensor, "B T C"]:
        """Return the next standard normal numbers [B, T, C]."""
        return self._cut([torch.randn(self.longest, channels, generator=g) for g in self.streams])

    def uniform(self, channels: int) -> Float[Tensor, "B T C"]:
        """Return the next numbers in [0, 1) [B, T, C]."""
        return self._cut([torch.rand(self.longest, channels, generator=g) for g in self.streams])

    def _cut(self, drawn: list[Tensor]) -> Float[Tensor, "B T C"]:
        return torch.stack(drawn)[:, : self.T].contiguous().to(self.device)
