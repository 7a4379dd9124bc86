"""What movements are asked to be: the joint distribution of lengths, starts and conditions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from humouse.codec.frame import CONDITIONS
from humouse.codec.priors.copula import Copula, chosen
from humouse.codec.priors.polling import Polling
from humouse.randomness import derive_seed, generator

_COMPONENTS = 64
_ITERATIONS = 60
_LEAST_ROWS = 16
_CANDIDATES = 32
_KERNEL = 0.1  # how near to the logarithm of an asked path or duration a candidate shall be
_OUTSIDE = -1e3
_GOAL_SCALE_PX = 10.0
_LEAST_EXCESS = 1e-4
_EDGE_SHARE = 0.001
_END = ("end_x_px", "end_y_px")
_BLOCK_ROWS = 512
# Columns of a movement's numbers: length, start, CONDITIONS.
_L, _START, _GOAL = 0, slice(1, 3), slice(3, 5)
_DURATION, _PATH, _COMPLEXITY, _TICK, _SHARES = 5, 6, 7, 8, slice(9, 12)
_NUMBERS = 3 + len(CONDITIONS)

Numbers = Float[np.ndarray, "... 12"]


class MixturePrior:
    """The joint distribution of what movements are, from which the unasked is drawn given the asked.

    A Gaussian-mixture copula on columns chosen so that what must hold holds by construction: log
    length; start; goal (asinh); log(complexity − 1), so that no path is shorter than its chord; the
    time beyond length · period, and the remainder of the duration on its clock; the clock's place
    among those seen; and shares as counts of steps. Whole numbers are dequantised with seeded noise
    and rounded on drawing.

    An asked path or duration is not a column but follows from some. Of a row's candidates, drawn
    given its columns, one is chosen by its nearness to the asked (importance resampling) and scaled
    to it: the goal to the path, the number of steps to the duration. The same choice prefers
    candidates within the ranges seen, the end of the movement included.

    Args:
        copula: Of the columns.
        polling: The clocks seen.
        ranges: Lowest and highest of "length", each condition, and the end's x and y (px).
        typical_length: Of how many steps asked shares are taken to be while no length is asked.
        least_step_ms: A drawn duration is at least this times the length.
    """

    def __init__(
        self,
        copula: Copula,
        polling: Polling,
        ranges: Mapping[str, tuple[float, float]],
        typical_length: float,
        least_step_ms: float,
    ) -> None:
        self.copula, self.polling, self.ranges = copula, polling, dict(ranges)
        self.typical_length, self.least_step_ms = typical_length, least_step_ms

    @classmethod
    def fit(
        cls,
        lengths: Int[Tensor, "B"],
        start: Float[Tensor, "B 2"],
        conditions: Float[Tensor, "B 9"],
        *,
        seed: int = 0,
    ) -> "MixturePrior":
        """Learn the joint distribution of the train split's movements.

        Nothing in the result is one movement's number: quantiles and ranges are means over
        crowds, where the split holds one.

        Args:
            lengths: [B] numbers of steps, at least 1.
            start: [B, 2] first positions (px).
            conditions: [B, 9] all of CONDITIONS.
            seed: Of the dequantising noise and the mixture's start.

        Raises:
            ValueError: There is no movement, or a number is not finite.
        """
        parts = [lengths[:, None].double(), start.double(), conditions.double()]
        numbers = torch.cat(parts, 1).cpu().numpy()
        if not len(numbers) or not np.isfinite(numbers).all():
            raise ValueError("a prior needs movements, and finite numbers of each")
        numbers = np.resize(numbers, (max(_LEAST_ROWS, len(numbers)), _NUMBERS))
        steps, ends = numbers[:, _L], numbers[:, _START] + numbers[:, _GOAL]
        polling = Polling.fit(steps, *(numbers[:, i] for i in (_DURATION, _TICK, 9)))
        bounded = np.concatenate([numbers[:, :1], numbers[:, 3:], ends], 1)
        ranges = dict(zip(("length", *CONDITIONS, *_END), map(_range, bounded.T), strict=True))
        least_step_ms = min(1.0, _range(numbers[:, _DURATION] / steps)[0])
        noise = np.random.default_rng(derive_seed(seed, "prior"))
        prior = cls.__new__(cls)
        prior.polling, prior.ranges = polling, ranges
        prior.typical_length, prior.least_step_ms = float(np.median(steps)), least_step_ms
        columns = prior._columns(numbers, noise.random((len(numbers), _NUMBERS)) - 0.5)
        prior.copula = Copula.fit(
            columns, components=_COMPONENTS, iterations=_ITERATIONS, seed=seed
        )
        return prior

    def range_of(self, name: str) -> tuple[float, float]:
        """Return the lowest and the highest seen of "length" or one of CONDITIONS.

        They are the 0.1% and 99.9% quantiles, rounded outward to two digits.
        """
        return self.ranges[name]

    def draw(
        self,
        n: int,
        *,
        seed: int,
        seq_len: int | None = None,
        given: Float[Tensor, "n K"] | None = None,
    ) -> tuple[Int[Tensor, "n"], Float[Tensor, "n 2"], Float[Tensor, "n 9"]]:
        """Draw the lengths, the starts (px) and the conditions of n movements.

        Args:
            n: How many.
            seed: Row i depends on the seed, i, `seq_len` and what is given of row i alone.
            seq_len: How many steps all of them shall have.
            given: [n, K] the first K of CONDITIONS, NaN where not asked. It comes back as it is;
                for drawing the rest it is taken to lie in the range seen.
        """
        asked = np.full((n, _NUMBERS), np.nan)
        if seq_len is not None:
            asked[:, _L] = seq_len
        if given is not None:
            asked[:, 3 : 3 + given.shape[1]] = given.double().cpu().numpy()
        blocks = [
            self._draw(asked[at : at + _BLOCK_ROWS], seed, at) for at in range(0, n, _BLOCK_ROWS)
        ]
        numbers = torch.from_numpy(np.concatenate([np.empty((0, _NUMBERS)), *blocks]))
        return numbers[:, _L].long(), numbers[:, _START].float(), numbers[:, 3:].float()

    def _draw(self, asked: Numbers, seed: int, first: int) -> Numbers:
        noise = [_noise(seed, first + i, self.copula.means.shape[1]) for i in range(len(asked))]
        uniform, normal = (np.stack(parts) for parts in zip(*noise, strict=True))
        jitter, pick = uniform[:, :_NUMBERS] - 0.5, uniform[:, _NUMBERS]
        columns = self.copula.draw(self._columns(asked, jitter), uniform[:, _NUMBERS + 1 :], normal)
        candidates = self._numbers(columns, asked[:, None])
        best = chosen(self._nearness(candidates, asked[:, None]), pick)
        row = np.arange(len(asked))
        drawn = candidates[row, best]
        return self._settled(drawn, columns[row, best], asked)

    def _columns(self, numbers: Numbers, jitter: Numbers) -> Float[np.ndarray, "n d"]:
        """Return the copula's columns of movements, NaN where a number they need is."""
        steps = numbers[:, _L]
        level = self.polling.level(numbers[:, _TICK])
        _, period, quantum = self.polling.of_level(level)
        goal, duration = numbers[:, _GOAL], numbers[:, _DURATION]
        complexity = numbers[:, _COMPLEXITY]
        told = numbers[:, _PATH] / np.hypot(*goal.T).clip(1)
        complexity = np.where(np.isnan(complexity), told, complexity)
        units = (duration / quantum).round()
        counted = np.where(np.isnan(steps), self.typical_length, steps)[:, None]
        shares = (numbers[:, _SHARES] * counted + 0.5 + jitter[:, _SHARES]) / (counted + 1)
        rest = [
            np.log((complexity - 1).clip(_LEAST_EXCESS)),
            (units + jitter[:, _DURATION]) * quantum - steps * period,
            duration / quantum - units,
            level + jitter[:, _TICK],
        ]
        return np.concatenate(
            [
                np.log(steps + jitter[:, _L])[:, None],
                numbers[:, _START] + jitter[:, _START],
                np.arcsinh((goal + jitter[:, _GOAL]) / _GOAL_SCALE_PX),
                np.stack(rest, 1),
                shares,
            ],
            1,
        )

    def _numbers(self, columns: Float[np.ndarray, "n M d"], asked: Numbers) -> Numbers:
        """Return the movements' numbers that drawn columns stand for, under the asked goals."""
        numbers = np.empty((*columns.shape[:2], _NUMBERS))
        steps = _or(asked[..., _L], np.exp(columns[..., 0]).round().clip(1))
        tick, period, quantum = self.polling.of_level(columns[..., 8])
        units = ((columns[..., 6] + steps * period) / quantum).round()
        duration = ((units + columns[..., 7]) * quantum).round()
        numbers[..., _L] = steps
        numbers[..., _START] = columns[..., 1:3].round()
        numbers[..., _GOAL] = _or(
            asked[..., _GOAL], (np.sinh(columns[..., 3:5]) * _GOAL_SCALE_PX).round()
        )
        numbers[..., _DURATION] = np.maximum(duration, np.ceil(steps * self.least_step_ms))
        numbers[..., _TICK] = tick
        numbers[..., _COMPLEXITY] = _or(asked[..., _COMPLEXITY], 1 + np.exp(columns[..., 5]))
        numbers[..., _PATH] = numbers[..., _COMPLEXITY] * _chord_px(numbers)
        numbers[..., _SHARES] = _shares(columns, steps)
        return numbers

    def _nearness(self, drawn: Numbers, asked: Numbers) -> Float[np.ndarray, "n M"]:
        """Return log-weights of candidates: near to what is asked, and inside what was seen."""
        off = np.log(drawn[..., [_DURATION, _PATH]] / asked[..., [_DURATION, _PATH]]) / _KERNEL
        ends = drawn[..., _START] + drawn[..., _GOAL]
        seen = np.concatenate([drawn[..., [_L, _DURATION, _PATH]], ends], -1)
        names = ("length", "duration_ms", "path_px", *_END)
        low, high = np.array([self.ranges[name] for name in names]).T
        outside = ((seen < low) | (seen > high)).sum(-1)
        return -(np.nan_to_num(off) ** 2).sum(-1) / 2 + outside * _OUTSIDE

    def _settled(
        self, drawn: Numbers, columns: Float[np.ndarray, "n d"], asked: Numbers
    ) -> Numbers:
        """Return the chosen candidates scaled to what is asked of them, and the asked itself."""
        steps = drawn[:, _L]
        stretch = _or(asked[:, _DURATION] / drawn[:, _DURATION], 1.0)
        shortest, longest = self.ranges["length"]
        scaled = (steps * stretch).round().clip(shortest, longest)
        drawn[:, _L] = np.where(stretch == 1, steps, _or(asked[:, _L], scaled))
        drawn[:, _SHARES] = _shares(columns, drawn[:, _L])
        reach = _or(asked[:, _PATH] / drawn[:, _PATH], 1.0)[:, None]
        drawn[:, _GOAL] = np.where(reach == 1, drawn[:, _GOAL], np.trunc(drawn[:, _GOAL] * reach))
        settled = _or(asked, drawn)
        chord_px = _chord_px(settled)
        settled[:, _PATH] = _or(asked[:, _PATH], settled[:, _COMPLEXITY] * chord_px)
        told = (settled[:, _PATH] / chord_px).clip(1)
        settled[:, _COMPLEXITY] = _or(asked[:, _COMPLEXITY], told)
        return settled

    def state(self) -> dict[str, Any]:
        """Return everything needed to make this prior again: plain values and tensors."""
        return {
            "copula": self.copula.state(),
            "polling": torch.from_numpy(self.polling.table),
            "ranges": {name: list(pair) for name, pair in self.ranges.items()},
            "typical_length": self.typical_length,
            "least_step_ms": self.least_step_ms,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "MixturePrior":
        """Return the prior that `state` described."""
        return cls(
            Copula.from_state(state["copula"]),
            Polling(state["polling"].numpy()),
            {name: (low, high) for name, (low, high) in state["ranges"].items()},
            state["typical_length"],
            state["least_step_ms"],
        )


def _noise(seed: int, index: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    source = generator(seed, "frame", index)
    uniform = torch.rand(_NUMBERS + 1 + _CANDIDATES, generator=source, dtype=torch.float64)
    normal = torch.randn(_CANDIDATES, d, generator=source, dtype=torch.float64)
    return uniform.numpy(), normal.numpy()


def _or(asked: np.ndarray, otherwise: np.ndarray | float) -> np.ndarray:
    return np.where(np.isnan(asked), otherwise, asked)


def _chord_px(numbers: Numbers) -> np.ndarray:
    # A movement that returns to its start counts as 1 px long, as in the conditions.
    return np.hypot(numbers[..., 3], numbers[..., 4]).clip(1)


def _shares(columns: np.ndarray, steps: np.ndarray) -> np.ndarray:
    counts = np.floor(columns[..., 9:12] * (steps + 1)[..., None]).clip(0, steps[..., None])
    return counts / steps[..., None]


def _range(column: Float[np.ndarray, "n"]) -> tuple[float, float]:
    low, high = np.quantile(column, [_EDGE_SHARE, 1 - _EDGE_SHARE])
    return _rounded(float(low), np.floor), _rounded(float(high), np.ceil)


def _rounded(number: float, towards: np.ufunc) -> float:
    if not number:
        return 0.0
    digit = 10.0 ** (np.floor(np.log10(abs(number))) - 1)
    return float(towards(round(number / digit, 6)) * digit)
