"""The decoder's network: reads a noisy movement in both directions, then makes its events one by one."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from humouse.codec import CONDITIONS
from humouse.codec.clock import LONGEST_MS
from humouse.codec.style import EXACT_MS, STYLE_SHARES
from humouse.diffusion.decoder.bins import Bins
from humouse.diffusion.decoder.cell import LSTMStep
from humouse.diffusion.decoder.mixture import MoveHead, MoveMixture, companded
from humouse.randomness import draw_categorical

CLOCK_BINS = Bins(exact=64, growth=1.06, most=LONGEST_MS)
MOVE_BINS = Bins(exact=48, growth=1.06, most=4000)
DRAWS_PER_EVENT = 6
"""Uniform numbers that each event uses."""

_EMBEDDING = 24
_HIDDEN = 128
_STYLE_HIDDEN = 64
_STYLE_WITHHELD = 0.1
_LEAST_CLOCK_SHARE = 1e-3
_STATE_FEATURES = 11
_GUESSES = 6
_NEVER = -1e9


@dataclass(frozen=True)
class Conditioning:
    """What the decoder is conditioned on, for B movements.

    Args:
        x_t: [B, T, C] the noisy movements, zero at padding.
        level: [B, 2] noise level, (α_t, σ_t).
        cond: [B, K] all conditions on the network's scale.
        ends: [B, 4] each movement's displacement, duration and path length (px, px, ms, px), whole.
        mask: [B, T] True where valid; each row's valid steps come first.
        style: [B, S] the set-ups' styles, zeros where there is none; None for none at all.
    """

    x_t: Float[Tensor, "B T C"]
    level: Float[Tensor, "B 2"]
    cond: Float[Tensor, "B K"]
    ends: Float[Tensor, "B 4"]
    mask: Bool[Tensor, "B T"]
    style: Float[Tensor, "B S"] | None = None


@dataclass(frozen=True)
class StepState:
    """The state before each of N events is made.

    Args:
        before: [N, 3] the previous event (px, px, ms); zeros at the start.
        earlier: [N, 3] the event before that.
        remaining: [N, 4] displacement, time and path that remain (px, px, ms, px).
        left: [N] number of steps that remain, this one included.
        x_t: [N, C] the noisy step.
    """

    before: Float[Tensor, "N 3"]
    earlier: Float[Tensor, "N 3"]
    remaining: Float[Tensor, "N 4"]
    left: Float[Tensor, "N"]
    x_t: Float[Tensor, "N C"]

    def state_features(self) -> Float[Tensor, "N R"]:
        """[N, 11] what remains, in total and per step, on scales of about one."""
        per_step = self.remaining / self.left[:, None]
        goal = [0.3 * torch.asinh(part[:, :2]) for part in (self.remaining, per_step)]
        rest = [0.3 * part[:, 2:].clamp(min=0).log1p() for part in (self.remaining, per_step)]
        # How much of a detour remains: 0 where the path is as long as the distance.
        distance_px = self.remaining[:, :2].norm(dim=1, keepdim=True)
        detour = self.remaining[:, 3:].clamp(min=0).log1p() - distance_px.log1p()
        steps = torch.stack([0.5 * self.left.log(), self.left.reciprocal()], 1)
        return torch.cat([*goal, *rest, 0.5 * detour, steps], 1)

    def guesses_px(self, dt_ms: Float[Tensor, "N"], axis: int) -> Float[Tensor, "N G"]:
        """[N, 6] guesses at a step's move along an axis (px); the last move first."""
        last, remaining = self.before[:, axis], self.remaining[:, axis]
        pace = (dt_ms / self.before[:, 2].clamp(min=1)).clamp(0.1, 10)
        denoised = torch.sinh((2 * self.x_t[:, axis]).clamp(-10, 10)) / 2
        guesses = [
            last,
            2 * last - self.earlier[:, axis],  # constant acceleration
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
    """Return what events contribute to `Conditioning.ends`: displacement, time and path length."""
    return torch.cat([events, events[..., :2].norm(dim=-1, keepdim=True)], -1)


class StyleEncoder(nn.Module):
    """Turns the shares that describe a set-up's style into a few numbers.

    Args:
        width: How many numbers.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(STYLE_SHARES - EXACT_MS, _STYLE_HIDDEN)
        self.out = nn.Linear(_STYLE_HIDDEN, width)

    def forward(self, shares: Float[Tensor, "B S"]) -> Float[Tensor, "B W"]:
        """Return the numbers of each style, zero where its shares are zeros.

        Args:
            shares: See `humouse.codec.style.style_of`; those of single time steps are not used.
        """
        broad = shares[:, :-EXACT_MS]
        numbers = self.out(nn.functional.silu(self.hidden(broad))).tanh()
        return numbers * broad.any(1, keepdim=True)


class EventDecoder(nn.Module):
    """p(events | x_t, conditions) as a product over events, each given those before it.

    An LSTM reads x_t in each direction. Another runs along the events; at each it is given the
    previous events and what remains of the displacement, the time, the path and the steps. dt is
    predicted first, then dx given dt, then dy given both.

    Args:
        channels: C of x_t.
        hidden: Width of the LSTM along the events.
        style: Numbers that a set-up's style is turned into; 0 for a decoder that knows of none.
        exact_ms: Time steps up to this have a probability each; longer ones share it in groups.
        dropout: Dropout on its input and output.
        draw_scale: Factor of the normals' scales when drawing.
        draw_least: Mixture components less likely than this share of the likeliest are not drawn
            from.
    """

    longest_px: Tensor

    def __init__(
        self,
        channels: int,
        *,
        hidden: int = 256,
        style: int = 0,
        exact_ms: int = 64,
        dropout: float = 0.1,
        draw_scale: float = 1.0,
        draw_least: float = 0.0,
    ) -> None:
        super().__init__()
        self.draw_scale, self.draw_least = draw_scale, draw_least
        self.clock_bins = Bins(exact=exact_ms, growth=1.06, most=LONGEST_MS)
        # Longest move of one event along each axis; training sets it from the train split.
        self.register_buffer("longest_px", torch.full((2,), float(MOVE_BINS.most)))
        conditions = len(CONDITIONS) + style
        self.style = StyleEncoder(style) if style else None
        self.move_embedding = nn.Embedding(2 * len(MOVE_BINS) - 1, _EMBEDDING)
        self.clock_embedding = nn.Embedding(len(self.clock_bins), _EMBEDDING)
        self.read = nn.Linear(channels + 2 + conditions, _HIDDEN)
        self.forwards = nn.LSTM(_HIDDEN, _HIDDEN, batch_first=True)
        self.backwards = nn.LSTM(_HIDDEN, _HIDDEN, batch_first=True)
        inputs = 2 * _HIDDEN + 6 * _EMBEDDING + 6 + channels + _STATE_FEATURES + conditions
        self.enter = nn.Linear(inputs, hidden)
        self.along = nn.LSTM(hidden, hidden, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.clock = nn.Sequential(
            nn.Linear(hidden, _HIDDEN), nn.SiLU(), nn.Linear(_HIDDEN, len(self.clock_bins))
        )
        self.clock_gain = nn.Linear(hidden, 1) if style else None
        self.move_x = MoveHead(hidden + _EMBEDDING, _GUESSES)
        self.move_y = MoveHead(hidden + 2 * _EMBEDDING + _GUESSES, _GUESSES + 1)

    def forward(self, events: Float[Tensor, "B T 3"], given: Conditioning) -> Float[Tensor, "V 3"]:
        """Return the log-likelihood of each of the V valid events: of its dx, dy and dt (nats).

        A dt in a bin of several numbers has the bin's likelihood.

        Args:
            events: [B, T, 3] whole px and ms, zero at padding.
            given: What the events are conditioned on.
        """
        given = self._some_styles_withheld(given)
        B, T = given.mask.shape
        before = nn.functional.pad(events, (0, 0, 1, 0))[:, :-1]
        earlier = nn.functional.pad(events, (0, 0, 2, 0))[:, :-2]
        remaining = given.ends[:, None] - progress(before).cumsum(1)
        parts = (before, earlier, remaining, _steps_left(given.mask).to(events), given.x_t)
        everywhere = StepState(*(part.flatten(0, 1) for part in parts))
        inputs = self._inputs(everywhere, self._known(given).flatten(0, 1))
        hidden, _ = self.along(self.dropout(inputs.unflatten(0, (B, T))))
        state = StepState(*(part[given.mask] for part in parts))
        hidden, events = self.dropout(hidden[given.mask]), events[given.mask]
        dx_px, dy_px, dt_ms = events.unbind(1)
        dt_bin = self.clock_bins.of(dt_ms)
        seen = self._seen_clock(given)
        if seen is not None:
            seen = seen[:, None].expand(B, T, -1)[given.mask]
        of_dt = self._clock(hidden, seen).gather(1, dt_bin[:, None])[:, 0]
        x, y = self._moves(hidden, state, dt_bin, dt_ms)
        return torch.stack([x.log_prob(dx_px), y(dx_px).log_prob(dy_px), of_dt], 1)

    @torch.no_grad()
    def draw(self, given: Conditioning, uniform: Float[Tensor, "B T 6"]) -> Float[Tensor, "B T 3"]:
        """Return events [B, T, 3] in whole px and ms, zero at padding.

        Args:
            given: What the events are conditioned on.
            uniform: Numbers in [0, 1): all the randomness of each event.
        """
        order = given.mask.sum(1).argsort(descending=True, stable=True)
        seen, known = self._seen_clock(given), self._known(given)[order]
        seen = None if seen is None else seen[order]
        left = _steps_left(given.mask)[order].to(given.x_t)
        x_t, uniform, remaining = given.x_t[order], uniform[order], given.ends[order]
        before = earlier = torch.zeros_like(remaining[:, :3])
        step, nothing = LSTMStep(self.along), torch.zeros_like(known[:, 0])
        memory = nothing, nothing
        events = torch.zeros(*given.mask.shape, 3, device=x_t.device, dtype=remaining.dtype)
        # The longest movements come first: those that go on are always the first `n`.
        for i, n in enumerate(given.mask.sum(0).tolist()):
            if not n:
                break
            state = StepState(before[:n], earlier[:n], remaining[:n], left[:n, i], x_t[:n, i])
            inputs = self._inputs(state, known[:n, i])
            memory = step(inputs, (memory[0][:n], memory[1][:n]))
            some = None if seen is None else seen[:n]
            event = self._draw_event(memory[0], state, some, uniform[:n, i])
            events[order[:n], i] = event
            before, earlier, remaining = event, state.before, state.remaining - progress(event)
        return events

    def _draw_event(
        self,
        hidden: Float[Tensor, "B H"],
        state: StepState,
        seen: Float[Tensor, "B L"] | None,
        uniform: Float[Tensor, "B 6"],
    ) -> Float[Tensor, "B 3"]:
        dt_bin = draw_categorical(self._clock(hidden, seen), uniform[:, 0])
        dt_ms = self.clock_bins.draw(dt_bin, uniform[:, 1])
        x, y = self._moves(hidden, state, dt_bin, dt_ms)
        dx_px = self._draw_move(x, uniform[:, 2:4], 0)
        return torch.stack([dx_px, self._draw_move(y(dx_px), uniform[:, 4:6], 1), dt_ms], 1)

    def _draw_move(
        self, move: MoveMixture, uniform: Float[Tensor, "B 2"], axis: int
    ) -> Float[Tensor, "B"]:
        # The learned scales are a little too wide, and errors accumulate (exposure bias).
        px = move.narrowed(self.draw_scale).draw(uniform, self.draw_least)
        longest_px = self.longest_px[axis]
        return px.clamp(-longest_px, longest_px)

    def _clock(
        self, hidden: Float[Tensor, "N H"], seen: Float[Tensor, "N L"] | None
    ) -> Float[Tensor, "N L"]:
        """Return the log-likelihood of each bin of dt; 0 ms is impossible.

        Args:
            hidden: [N, H] features of each event.
            seen: [N, L] what `_seen_clock` returned for each event's movement.
        """
        out = self.clock(hidden).float()
        if seen is not None and self.clock_gain is not None:
            out = out + (1 + self.clock_gain(hidden).float()) * seen
        never = torch.arange(out.shape[1], device=out.device) == 0
        return out.masked_fill(never, _NEVER).log_softmax(1)

    def _seen_clock(self, given: Conditioning) -> Float[Tensor, "B L"] | None:
        """Return the log-share of each bin of dt in the style, with a floor; zeros where none is given.

        A clock that no training gesture had is copied from here.
        """
        if self.style is None or given.style is None:
            return None
        share = given.style[:, -EXACT_MS:].float().square()
        number = self.clock_bins.of(torch.arange(1, EXACT_MS + 1, device=share.device).float())
        of_bin = share.new_zeros(len(share), len(self.clock_bins))
        of_bin = of_bin.index_add_(1, number, share)
        return (of_bin + _LEAST_CLOCK_SHARE).log() - math.log(_LEAST_CLOCK_SHARE)

    def _some_styles_withheld(self, given: Conditioning) -> Conditioning:
        """Return the conditioning, in training without some styles: the decoder is to do without, too."""
        if given.style is None or not self.training:
            return given
        kept = torch.rand(len(given.style), 1, device=given.style.device) >= _STYLE_WITHHELD
        return replace(given, style=given.style * kept)

    def _told(self, given: Conditioning) -> Float[Tensor, "B K"]:
        """Return what is the same for all steps: the conditions and the style."""
        if self.style is None:
            return given.cond
        none = given.cond.new_zeros(len(given.cond), STYLE_SHARES)
        return torch.cat([given.cond, self.style(none if given.style is None else given.style)], 1)

    def _context(self, given: Conditioning, told: Float[Tensor, "B K"]) -> Float[Tensor, "B T H"]:
        """Return features of each step of x_t, given those before and after it."""
        B, T, _ = given.x_t.shape
        same = torch.cat([given.level, told], 1)[:, None].expand(B, T, -1)
        read = nn.functional.silu(self.read(torch.cat([given.x_t, same], 2)))
        step = torch.arange(T, device=read.device)[None]
        lengths = given.mask.sum(1, keepdim=True)
        # Reversed within each row's own length, so that padding never comes first.
        backwards_from = torch.where(step < lengths, lengths - 1 - step, step)[..., None]
        forwards, _ = self.forwards(read)
        backwards, _ = self.backwards(read.gather(1, backwards_from.expand_as(read)))
        return torch.cat([forwards, backwards.gather(1, backwards_from.expand_as(backwards))], 2)

    def _known(self, given: Conditioning) -> Float[Tensor, "B T H"]:
        """Return the part of each event's input that is known beforehand: context, and what is told."""
        told = self._told(given)
        context = self._context(given, told)
        weight, after = self.enter.weight, -told.shape[1]
        of_context = nn.functional.linear(context, weight[:, : context.shape[2]])
        return of_context + nn.functional.linear(told, weight[:, after:], self.enter.bias)[:, None]

    def _inputs(self, state: StepState, known: Float[Tensor, "N H"]) -> Float[Tensor, "N H"]:
        """Return the input of each event to the LSTM.

        Args:
            state: Before each event.
            known: [N, H] what `_known` returned for each.
        """
        features = [
            0.3 * companded(state.before[:, :2]),
            0.5 * state.before[:, 2:].log1p(),
            self.move_embedding(MOVE_BINS.of_signed(state.before[:, 0])),
            self.move_embedding(MOVE_BINS.of_signed(state.before[:, 1])),
            self.clock_embedding(self.clock_bins.of(state.before[:, 2])),
            self.move_embedding(MOVE_BINS.of_signed(state.remaining[:, 0])),
            self.move_embedding(MOVE_BINS.of_signed(state.remaining[:, 1])),
            self.clock_embedding(self.clock_bins.of(state.remaining[:, 2])),
            0.3 * companded(state.earlier[:, :2]),
            0.5 * state.earlier[:, 2:].log1p(),
            state.x_t,
            state.state_features(),
        ]
        first = 2 * _HIDDEN  # of the columns that belong to the context
        own = torch.cat(features, 1)
        weight = self.enter.weight[:, first : first + own.shape[1]]
        return nn.functional.silu(known + nn.functional.linear(own, weight))

    def _moves(
        self,
        hidden: Float[Tensor, "N H"],
        state: StepState,
        dt_bin: Int[Tensor, "N"],
        dt_ms: Float[Tensor, "N"],
    ) -> tuple[MoveMixture, Callable[[Tensor], MoveMixture]]:
        """Return the mixture of dx, and the mixture of dy as a function of dx."""
        when = self.clock_embedding(dt_bin)
        guesses_x, guesses_y = (state.guesses_px(dt_ms, axis) for axis in (0, 1))
        anywhere = torch.zeros_like(dt_bin, dtype=torch.bool)
        x = self.move_x(torch.cat([hidden, when], 1), guesses_x, state.remaining[:, 0], anywhere)

        def y(dx_px: Tensor) -> MoveMixture:
            moved = self.move_embedding(MOVE_BINS.of_signed(dx_px))
            features = torch.cat([hidden, when, moved, 0.3 * companded(guesses_x)], 1)
            guesses = torch.cat([guesses_y, state.straight_on_px(dx_px)], 1)
            # An event moves along at least one axis.
            return self.move_y(features, guesses, state.remaining[:, 1], dx_px == 0)

        return x, y


def _steps_left(mask: Bool[Tensor, "B T"]) -> Int[Tensor, "B T"]:
    """Return [B, T] how many steps remain, each one included; 1 at padding."""
    return mask.flip(1).cumsum(1).flip(1).clamp(min=1)
