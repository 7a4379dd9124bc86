"""The critic: the log-odds that a movement is a person's and not the decoder's, event by event."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from humouse.codec import CONDITIONS
from humouse.diffusion.decoder.mixture import companded
from humouse.diffusion.decoder.network import CLOCK_BINS, MOVE_BINS

_EMBEDDING = 16
_CONDITIONS = 64
_NUMBERS = 15


class Critic(nn.Module):
    """log p(people | the first i events) − log p(decoder | the same), for every i.

    Causal, so that its answer for a prefix is a baseline for its answer for the whole.

    Args:
        hidden: Width of the LSTM.
        dropout: Dropout on its input and output.
    """

    def __init__(self, *, hidden: int = 128, dropout: float = 0.1) -> None:
        super().__init__()
        self.move_embedding = nn.Embedding(2 * len(MOVE_BINS) - 1, _EMBEDDING)
        self.clock_embedding = nn.Embedding(len(CLOCK_BINS), _EMBEDDING)
        self.told = nn.Linear(len(CONDITIONS) + 1, _CONDITIONS)
        self.enter = nn.Linear(5 * _EMBEDDING + _NUMBERS + _CONDITIONS, hidden)
        self.along = nn.LSTM(hidden, hidden, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.before = nn.Linear(_CONDITIONS, 1)
        self.after = nn.Sequential(nn.Linear(2 * hidden, 64), nn.SiLU(), nn.Linear(64, 1))

    def forward(
        self,
        events: Float[Tensor, "B T 3"],
        cond: Float[Tensor, "B K"],
        ends: Float[Tensor, "B 3"],
        mask: Bool[Tensor, "B T"],
    ) -> Float[Tensor, "B T+1"]:
        """Return the log-odds before the first event and after each.

        Args:
            events: [B, T, 3] whole px and ms, zero at padding.
            cond: [B, K] all conditions on the network's scale.
            ends: [B, 3] goal and duration (px, px, ms).
            mask: [B, T] True where valid; each row's valid steps come first.
        """
        B, T, _ = events.shape
        size = mask.sum(1, keepdim=True).log()
        told = nn.functional.silu(self.told(torch.cat([cond, size], 1)))
        last = nn.functional.pad(events, (0, 0, 1, 0))[:, :-1]
        embedded = [
            self.move_embedding(MOVE_BINS.of_signed(step[..., axis]))
            for step in (events, last)
            for axis in (0, 1)
        ]
        known = [
            *embedded,
            self.clock_embedding(CLOCK_BINS.of(events[..., 2])),
            _numbers(events, last, ends, mask),
            told[:, None].expand(B, T, -1),
        ]
        entered = nn.functional.silu(self.enter(torch.cat(known, 2)))
        hidden, _ = self.along(self.dropout(entered))
        mean = hidden.cumsum(1) / torch.arange(1, T + 1, device=hidden.device)[:, None]
        after = self.after(self.dropout(torch.cat([hidden, mean], 2)))[..., 0]
        return torch.cat([self.before(told), after], 1)


def _numbers(
    events: Float[Tensor, "B T 3"],
    last: Float[Tensor, "B T 3"],
    ends: Float[Tensor, "B 3"],
    mask: Bool[Tensor, "B T"],
) -> Float[Tensor, "B T 15"]:
    """Return moves, turns, speeds, and what remains, on scales of about one."""
    moves, before = events[..., :2], last[..., :2]
    remaining = ends[:, None] - events.cumsum(1)
    left = (mask.flip(1).cumsum(1).flip(1) - 1).clamp(min=0).to(events)
    cross = moves[..., 0] * before[..., 1] - moves[..., 1] * before[..., 0]
    turn = torch.atan2(cross, (moves * before).sum(2) + 1e-6)
    log_speed, log_speed_before = (
        (step[..., :2].norm(dim=2) / step[..., 2].clamp(min=1) + 0.01).log()
        for step in (events, last)
    )
    apart = [
        events[..., 2].log1p() * 0.5,
        turn,
        turn.sin(),
        turn.cos(),
        log_speed,
        log_speed - log_speed_before,
        0.3 * remaining[..., 2].asinh(),
        0.3 * (remaining[..., 2] / left.clamp(min=1)).asinh(),
        left.log1p(),
    ]
    pairs = [0.3 * companded(each) for each in (moves, moves - before, remaining[..., :2])]
    return torch.cat([torch.stack(apart, 2), *pairs], 2)
