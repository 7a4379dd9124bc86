"""The decoder's network: reads a noisy movement both ways, then writes its events one by one."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from humouse.codec import CONDITIONS
from humouse.codec.clock import LONGEST_MS
from humouse.diffusion.decoder.bins import Bins
from humouse.diffusion.decoder.mixture import MoveHead, MoveMixture, companded
from humouse.randomness import draw_categorical

CLOCK_BINS = Bins(exact=64, growth=1.06, most=LONGEST_MS)
MOVE_BINS = Bins(exact=48, growth=1.06, most=4000)
DRAWS_PER_EVENT = 6
"""Uniform numbers that one event takes."""

_EMBEDDING = 24
_HIDDEN = 128
_STATE_FEATURES = 11
_GUESSES = 6
_NEVER = -1e9


@dataclass(frozen=True)
class Conditioning:
    """What the decoder is told of B movements.

    Args:
        x_t: [B, T, C] the noisy movements, zero at padding.
        level: [B, 2] how noisy, (α_t, σ_t).
        cond: [B, K] all conditions on the network's scale.
        ends: [B, 4] where each movement shall end from its start, when, and after what way (px, px,
            ms, px), whole.
        mask: [B, T] True where valid; each row's valid steps come first.
    """

    x_t: Float[Tensor, "B T C"]
    level: Float[Tensor, "B 2"]
    cond: Float[Tensor, "B K"]
    ends: Float[Tensor, "B 4"]
    mask: Bool[Tensor, "B T"]


@dataclass(frozen=True)
class StepState:
    """Where N steps of a movement stand before they are made.

    Args:
        before: [N, 3] the event before (px, px, ms); zeros at the start.
        earlier: [N, 3] the one before that.
        remaining: [N, 4] what is left to the end (px, px, ms, px of way).
        left: [N] how many steps are left, this one included.
        x_t: [N, C] the noisy step.
    """

    before: Float[Tensor, "N 3"]
    earlier: Float[Tensor, "N 3"]
    remaining: Float[Tensor, "N 4"]
    left: Float[Tensor, "N"]
    x_t: Float[Tensor, "N C"]

    def state_features(self) -> Float[Tensor, "N R"]:
        """[N, 11] what is left, in all and per step, on scales of about one."""
        per_step = self.remaining / self.left[:, None]
        goal = [0.3 * torch.asinh(part[:, :2]) for part in (self.remaining, per_step)]
        rest = [0.3 * part[:, 2:].clamp(min=0).log1p() for part in (self.remaining, per_step)]
        # How much of a detour is left: nothing, where the way is as long as the distance.
        distance_px = self.remaining[:, :2].norm(dim=1, keepdim=True)
        detour = self.remaining[:, 3:].clamp(min=0).log1p() - distance_px.log1p()
        steps = torch.stack([0.5 * self.left.log(), self.left.reciprocal()], 1)
        return torch.cat([*goal, *rest, 0.5 * detour, steps], 1)

    def guesses_px(self, dt_ms: Float[Tensor, "N"], axis: int) -> Float[Tensor, "N G"]:
        """[N, 6] guesses at a step's move along an axis (px)."""
        last, remaining = self.before[:, axis], self.remaining[:, axis]
        pace = (dt_ms / self.before[:, 2].clamp(min=1)).clamp(0.1, 10)
        denoised = torch.sinh((2 * self.x_t[:, axis]).clamp(-10, 10)) / 2
        guesses = [
            last,
            2 * last - self.earlier[:, axis],  # as fast, and as much faster, as before
            denoised,
            remaining / self.left,
            remaining,
            last * pace,
        ]
        return torch.stack(guesses, 1)

    def straight_on_px(self, dx_px: Float[Tensor, "N"]) -> Float[Tensor, "N 1"]:
        """[N, 1] the dy that keeps the direction of the step before (px)."""
        last_x, last_y = self.before[:, 0], self.before[:, 1]
        moved = last_x != 0
        slope = last_y / torch.where(moved, last_x, torch.ones_like(last_x))
        return torch.where(moved, (dx_px * slope).clamp(-3000, 3000), 0)[:, None]


def progress(events: Float[Tensor, "*S 3"]) -> Float[Tensor, "*S 4"]:
    """Return what events do of what `Conditioning.ends` asks: their moves, their time, their way."""
    return torch.cat([events, events[..., :2].norm(dim=-1, keepdim=True)], -1)


class EventDecoder(nn.Module):
    """p(events | x_t, conditions) as a product over events, each given those before it.

    An LSTM reads x_t in each direction; another goes along the events and knows, at each, what was
    done before and what remains to the goal, of the time, of the way and of the steps. It draws dt,
    then dx, then dy, each given the ones before.

    Args:
        channels: C of x_t.
        hidden: Width of the LSTM along the events.
        dropout: Dropout on its input and output.
        draw_scale: What the scales of the normals are multiplied by when drawing.
        draw_least: Parts of a mixture less likely than this share of the likeliest are not drawn
            from.
    """

    longest_px: Tensor

    def __init__(
        self,
        channels: int,
        *,
        hidden: int = 256,
        dropout: float = 0.1,
        draw_scale: float = 1.0,
        draw_least: float = 0.0,
    ) -> None:
        super().__init__()
        self.draw_scale, self.draw_least = draw_scale, draw_least
        # Of one event, along each axis: no draw is longer. Training takes it from people.
        self.register_buffer("longest_px", torch.full((2,), float(MOVE_BINS.most)))
        conditions = len(CONDITIONS)
        self.move_embedding = nn.Embedding(2 * len(MOVE_BINS) - 1, _EMBEDDING)
        self.clock_embedding = nn.Embedding(len(CLOCK_BINS), _EMBEDDING)
        self.read = nn.Linear(channels + 2 + conditions, _HIDDEN)
        self.forwards = nn.LSTM(_HIDDEN, _HIDDEN, batch_first=True)
        self.backwards = nn.LSTM(_HIDDEN, _HIDDEN, batch_first=True)
        known = 2 * _HIDDEN + 6 * _EMBEDDING + 6 + channels + _STATE_FEATURES + conditions
        self.enter = nn.Linear(known, hidden)
        self.along = nn.LSTM(hidden, hidden, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.clock = nn.Sequential(
            nn.Linear(hidden, _HIDDEN), nn.SiLU(), nn.Linear(_HIDDEN, len(CLOCK_BINS))
        )
        self.move_x = MoveHead(hidden + _EMBEDDING, _GUESSES)
        self.move_y = MoveHead(hidden + 2 * _EMBEDDING + _GUESSES, _GUESSES + 1)

    def forward(self, events: Float[Tensor, "B T 3"], told: Conditioning) -> Float[Tensor, "V 3"]:
        """Return the log-likelihood of each of the V valid events: of its dx, dy and dt (nats).

        A dt in a group of levels has the group's likelihood.

        Args:
            events: [B, T, 3] whole px and ms, zero at padding.
            told: What the decoder is told.
        """
        before = nn.functional.pad(events, (0, 0, 1, 0))[:, :-1]
        earlier = nn.functional.pad(events, (0, 0, 2, 0))[:, :-2]
        remaining = told.ends[:, None] - progress(before).cumsum(1)
        left = told.mask.flip(1).cumsum(1).flip(1).clamp(min=1).to(events)
        every = StepState(
            *(part.flatten(0, 1) for part in (before, earlier, remaining, left, told.x_t))
        )
        B, T = told.mask.shape
        entered = self._entered(every, self._context(told).flatten(0, 1), told.cond, T)
        hidden, _ = self.along(self.dropout(entered.unflatten(0, (B, T))))
        place = StepState(
            *(part[told.mask] for part in (before, earlier, remaining, left, told.x_t))
        )
        hidden, events = self.dropout(hidden[told.mask]), events[told.mask]
        dx_px, dy_px, dt_ms = events.unbind(1)
        level = CLOCK_BINS.of(dt_ms)
        of_dt = self._clock(hidden).gather(1, level[:, None])[:, 0]
        x, y = self._moves(hidden, place, level, dt_ms)
        return torch.stack([x.log_prob(dx_px), y(dx_px).log_prob(dy_px), of_dt], 1)

    @torch.no_grad()
    def draw(self, told: Conditioning, share: Float[Tensor, "B T 6"]) -> Float[Tensor, "B T 3"]:
        """Return events [B, T, 3] in whole px and ms, zero at padding.

        Args:
            told: What the decoder is told.
            share: Numbers in [0, 1): the whole chance of each event.
        """
        context = self._context(told)
        left = told.mask.flip(1).cumsum(1).flip(1).clamp(min=1).to(told.x_t)
        before = earlier = torch.zeros_like(told.ends[:, :3])
        remaining, state, events = told.ends, None, []
        for i in range(told.mask.shape[1]):
            place = StepState(before, earlier, remaining, left[:, i], told.x_t[:, i])
            entered = self._entered(place, context[:, i], told.cond, 1)
            hidden, state = self.along(entered[:, None], state)
            event = self._drawn(hidden[:, 0], place, share[:, i])
            events.append(event)
            before, earlier, remaining = event, before, remaining - progress(event)
        return torch.stack(events, 1) * told.mask[..., None]

    def _drawn(
        self, hidden: Float[Tensor, "B H"], place: StepState, share: Float[Tensor, "B 6"]
    ) -> Float[Tensor, "B 3"]:
        level = draw_categorical(self._clock(hidden), share[:, 0])
        dt_ms = CLOCK_BINS.draw(level, share[:, 1])
        x, y = self._moves(hidden, place, level, dt_ms)
        dx_px = self._step(x, share[:, 2:4], 0)
        return torch.stack([dx_px, self._step(y(dx_px), share[:, 4:6], 1), dt_ms], 1)

    def _step(
        self, move: MoveMixture, share: Float[Tensor, "B 2"], axis: int
    ) -> Float[Tensor, "B"]:
        # What is learned is a little wider than what people do, and one odd step begets others.
        px = move.narrowed(self.draw_scale).draw(share, self.draw_least)
        longest_px = self.longest_px[axis]
        return px.clamp(-longest_px, longest_px)

    def _clock(self, hidden: Float[Tensor, "N H"]) -> Float[Tensor, "N L"]:
        """Return the log-likelihood of each level of dt; that of 0 ms is none."""
        out = self.clock(hidden).float()
        never = torch.arange(out.shape[1], device=out.device) == 0
        return out.masked_fill(never, _NEVER).log_softmax(1)

    def _context(self, told: Conditioning) -> Float[Tensor, "B T H"]:
        """Return what each step of x_t says in the light of those before and after it."""
        B, T, _ = told.x_t.shape
        same = torch.cat([told.level, told.cond], 1)[:, None].expand(B, T, -1)
        read = nn.functional.silu(self.read(torch.cat([told.x_t, same], 2)))
        place = torch.arange(T, device=read.device)[None]
        lengths = told.mask.sum(1, keepdim=True)
        # Turned within each row's own length, so that padding never comes first.
        turned = torch.where(place < lengths, lengths - 1 - place, place)[..., None]
        forwards, _ = self.forwards(read)
        backwards, _ = self.backwards(read.gather(1, turned.expand_as(read)))
        return torch.cat([forwards, backwards.gather(1, turned.expand_as(backwards))], 2)

    def _entered(
        self,
        place: StepState,
        context: Float[Tensor, "N H"],
        cond: Float[Tensor, "B K"],
        T: int,
    ) -> Float[Tensor, "N D"]:
        known = [
            context,
            0.3 * companded(place.before[:, :2]),
            0.5 * place.before[:, 2:].log1p(),
            self.move_embedding(MOVE_BINS.of_signed(place.before[:, 0])),
            self.move_embedding(MOVE_BINS.of_signed(place.before[:, 1])),
            self.clock_embedding(CLOCK_BINS.of(place.before[:, 2])),
            self.move_embedding(MOVE_BINS.of_signed(place.remaining[:, 0])),
            self.move_embedding(MOVE_BINS.of_signed(place.remaining[:, 1])),
            self.clock_embedding(CLOCK_BINS.of(place.remaining[:, 2])),
            0.3 * companded(place.earlier[:, :2]),
            0.5 * place.earlier[:, 2:].log1p(),
            place.x_t,
            place.state_features(),
            cond.repeat_interleave(T, 0),
        ]
        return nn.functional.silu(self.enter(torch.cat(known, 1)))

    def _moves(
        self,
        hidden: Float[Tensor, "N H"],
        place: StepState,
        level: Int[Tensor, "N"],
        dt_ms: Float[Tensor, "N"],
    ) -> tuple[MoveMixture, Callable[[Tensor], MoveMixture]]:
        """Return the mixture of dx, and that of dy as a function of dx."""
        when = self.clock_embedding(level)
        guesses_x, guesses_y = (place.guesses_px(dt_ms, axis) for axis in (0, 1))
        anywhere = torch.zeros_like(level, dtype=torch.bool)
        x = self.move_x(torch.cat([hidden, when], 1), guesses_x, place.remaining[:, 0], anywhere)

        def y(dx_px: Tensor) -> MoveMixture:
            moved = self.move_embedding(MOVE_BINS.of_signed(dx_px))
            features = torch.cat([hidden, when, moved, 0.3 * companded(guesses_x)], 1)
            guesses = torch.cat([guesses_y, place.straight_on_px(dx_px)], 1)
            # A step that moves along neither axis is no event.
            return self.move_y(features, guesses, place.remaining[:, 1], dx_px == 0)

        return x, y
