"""Any joint distribution of continuous columns, one column after the other, each given those before it."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from humouse.quantiles import QuantileMap
from humouse.randomness import derive_seed

_BINS = 64
_EMBEDDING = 16
_HIDDEN = 128
_DROPOUT = 0.05
_BATCH = 512
_RATE = 2e-3
_WARM_UP = 50
_FEWEST_STEPS, _ROWS_A_STEP, _FEW_STEPS = 100, 5, 600
_FRESH_NOISE = 25
_AVERAGE = 0.99
_EDGE = 1e-4
_KNOTS = 257
_ROWS_A_KNOT = 8
_TAIL = 0.001


class Autoregression(nn.Module):
    """p(x) = Π p(x_k | x_1 … x_{k−1}), each a histogram over the quantiles of its column.

    A column's own quantile map makes its marginal flat on (0, 1), so that a histogram of equal bins
    resolves what lies between a column and those before it, sharp edges and gaps included, and nothing
    finer than a bin: within it, draws are uniform. (As Uria, Murray & Larochelle, "RNADE", NIPS 2013,
    with histograms in place of mixtures of normals.)

    Args:
        maps: The columns' values ⇄ shares.
        order: The columns in the order in which they are drawn.
    """

    def __init__(self, maps: Sequence[QuantileMap], order: Sequence[int]) -> None:
        super().__init__()
        self.maps, self.order = list(maps), list(order)
        wide = [place * (_EMBEDDING + 2) for place in range(len(order))]
        self.bins = nn.ModuleList(nn.Embedding(_BINS, _EMBEDDING) for _ in order)
        self.first = nn.Parameter(torch.zeros(_BINS))
        self.next = nn.ModuleList(
            nn.Sequential(
                nn.Linear(width, _HIDDEN),
                nn.SiLU(),
                nn.Dropout(_DROPOUT),
                nn.Linear(_HIDDEN, _HIDDEN),
                nn.SiLU(),
                nn.Dropout(_DROPOUT),
                nn.Linear(_HIDDEN, _BINS),
            )
            for width in wide[1:]
        )

    @classmethod
    def fit(
        cls,
        columns: Callable[[], Float[np.ndarray, "n d"]],
        *,
        order: Sequence[int],
        passes: float,
        seed: int,
    ) -> "Autoregression":
        """Return the distribution of columns, learned by maximum likelihood.

        Args:
            columns: Returns the rows, each time with new dequantising noise.
            order: The columns in the order in which they are drawn.
            passes: How often each row is seen, in steps of 512 rows; oftener where there are few rows, up to
                600 steps.
            seed: Of the weights, the batches and dropout.
        """
        maps = [
            QuantileMap.of_bands(one, knots=_KNOTS, least_rows=_ROWS_A_KNOT, tail_share=_TAIL)
            for one in columns().T
        ]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(seed, "autoregression"))
            net = cls(maps, order)
            net._learn(columns, passes)
        # As its state holds it.
        return net.half().double().eval().requires_grad_(False)

    def _learn(self, columns: Callable[[], Float[np.ndarray, "n d"]], passes: float) -> None:
        optimizer = torch.optim.AdamW(self.parameters(), lr=_RATE, weight_decay=0.01)
        average = {name: weight.clone() for name, weight in self.state_dict().items()}
        levels = self._levels(columns()).float()
        few = min(max(_FEWEST_STEPS, len(levels) // _ROWS_A_STEP), _FEW_STEPS)
        steps = max(few, round(passes * len(levels) / _BATCH))
        for step in range(steps):
            if step % _FRESH_NOISE == 0:
                levels = self._levels(columns()).float()
            rate = min(1, (step + 1) / _WARM_UP) * (1 + math.cos(math.pi * step / steps)) / 2
            optimizer.param_groups[0]["lr"] = _RATE * rate
            batch = levels[torch.randint(len(levels), (_BATCH,))]
            loss = -self._log_density(batch).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            keep = min(_AVERAGE, (1 + step) / (10 + step))
            for name, weight in self.state_dict().items():
                average[name].lerp_(weight, 1 - keep)
        self.load_state_dict(average)

    def draw(
        self, given: Float[np.ndarray, "n d"], uniform: Float[np.ndarray, "n M d"]
    ) -> tuple[Float[np.ndarray, "n M d"], Float[np.ndarray, "n M"]]:
        """Return M draws for each row, and how likely each makes what is given (log-weights).

        A column that is given is not drawn. Those drawn before it do not know it: each draw counts as
        much as the density of the given values given what it has drawn (importance sampling).

        Args:
            given: [n, d] the columns' values, NaN where they are to be drawn.
            uniform: [n, M, d] noise in [0, 1): all the randomness.
        """
        n, M, d = uniform.shape
        fixed = torch.from_numpy(np.repeat(given, M, 0))
        known = ~fixed.isnan()
        levels = torch.where(known, self._levels(fixed.nan_to_num(0.0).numpy()), torch.nan)
        noise = torch.from_numpy(uniform).reshape(n * M, d)
        log_weight = torch.zeros(n * M, dtype=torch.float64)
        before: list[Tensor] = []
        for place, column in enumerate(self.order):
            log_share = self._log_shares(place, before, n * M)
            own, asked = levels[:, column], known[:, column]
            drawn = _inverse(log_share.exp(), noise[:, column])
            own = torch.where(asked, own, drawn)
            density = log_share.gather(1, _bin_of(own)[:, None])[:, 0]
            log_weight += torch.where(asked, density, 0)
            levels[:, column] = own
            before.append(self._features(place, own))
        values = [one.value(level) for one, level in zip(self.maps, levels.numpy().T, strict=True)]
        rows = np.where(known, fixed, np.stack(values, 1))
        return rows.reshape(n, M, d), log_weight.reshape(n, M).numpy()

    def _levels(self, columns: Float[np.ndarray, "n d"]) -> Float[Tensor, "n d"]:
        shares = [one.level(column) for one, column in zip(self.maps, columns.T, strict=True)]
        return torch.from_numpy(np.stack(shares, 1)).clamp(_EDGE, 1 - _EDGE)

    def _log_density(self, levels: Float[Tensor, "n d"]) -> Float[Tensor, "n"]:
        """Return each row's log-density over the unit cube."""
        before: list[Tensor] = []
        total = levels.new_zeros(len(levels))
        for place, column in enumerate(self.order):
            own = levels[:, column]
            log_share = self._log_shares(place, before, len(levels))
            total = total + log_share.gather(1, _bin_of(own)[:, None])[:, 0] + math.log(_BINS)
            before.append(self._features(place, own))
        return total

    def _log_shares(
        self, place: int, before: Sequence[Float[Tensor, "n F"]], n: int
    ) -> Float[Tensor, "n bins"]:
        """Return the log-share of each bin of the column at that place of the order."""
        if not place:
            return self.first.log_softmax(0).expand(n, -1)
        logits: Tensor = self.next[place - 1](torch.cat(list(before), 1))
        return logits.log_softmax(1)

    def _features(self, place: int, level: Float[Tensor, "n"]) -> Float[Tensor, "n F"]:
        score = torch.special.ndtri(level)
        numbers = torch.stack([score, 2 * level - 1], 1)
        return torch.cat([self.bins[place](_bin_of(level)), numbers], 1)

    def state(self) -> dict[str, Any]:
        """Return everything needed to make it again: plain values and tensors."""
        maps = [
            {"levels": torch.from_numpy(one.levels), "values": torch.from_numpy(one.values)}
            for one in self.maps
        ]
        weights = {name: weight.half() for name, weight in self.state_dict().items()}
        return {"maps": maps, "order": self.order, "weights": weights}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Autoregression":
        """Return the distribution that `state` described."""
        maps = [
            QuantileMap(one["values"].numpy(), one["levels"].numpy(), break_ties=True)
            for one in state["maps"]
        ]
        net = cls(maps, state["order"])
        net.load_state_dict(state["weights"])
        # In double precision, a row does not depend on how many rows there are beside it.
        return net.double().eval().requires_grad_(False)


def _bin_of(level: Float[Tensor, "n"]) -> Int[Tensor, "n"]:
    return (level * _BINS).long().clamp(max=_BINS - 1)


def _inverse(shares: Float[Tensor, "n bins"], uniform: Float[Tensor, "n"]) -> Float[Tensor, "n"]:
    """Return where a histogram's distribution function reaches a number in [0, 1)."""
    upto = shares.cumsum(1)
    wanted = uniform * upto[:, -1]
    place = torch.searchsorted(upto, wanted[:, None], right=True)[:, 0].clamp(max=_BINS - 1)
    own = shares.gather(1, place[:, None])[:, 0]
    below = upto.gather(1, place[:, None])[:, 0] - own
    within = ((wanted - below) / own.clamp_min(1e-300)).clamp(0, 1)
    return ((place + within) / _BINS).clamp(_EDGE, 1 - _EDGE)
