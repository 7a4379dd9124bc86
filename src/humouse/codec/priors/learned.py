"""The joint distribution of lengths, starts and conditions, learned, without any person's numbers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from humouse.codec.priors.attributes import WIDTH, Attributes, known_or
from humouse.codec.priors.autoregression import Autoregression
from humouse.codec.priors.columns import Columns, ColumnTransform
from humouse.codec.priors.polling import PollingClocks
from humouse.randomness import derive_seed, draw_categorical, generator
from humouse.settings.choices import CONDITIONS

_PASSES = 40
_LEAST_ROWS = 16
# Who moves, the goal, then how long the movement is and takes, how it is made, and where it begins.
_ORDER = (12, 3, 4, 0, 8, 6, 7, 5, 9, 10, 11, 1, 2)
_CANDIDATES = 32
_FREE_CANDIDATES = 2  # where nothing is given, of which one at least lies within the ranges seen
_KERNEL = 0.1  # width, in the logarithm of a given path or duration, within which candidates lie
_OUTSIDE = -1e3
_EDGE_SHARE = 0.001
_END = ("end_x_px", "end_y_px")
_BLOCK_ROWS = 512


class LearnedPrior:
    """The joint distribution of movements' attributes, and of some of them given the others.

    An autoregression of `Columns`, any values of which describe a possible movement. Its first column
    says which people's habits and devices a movement has; it is drawn, and never returned.

    Path length and duration are not columns but functions of several. To condition on one, a row
    draws several candidates, chooses one by its distance to the given value and by how likely it makes
    the columns that are given (importance resampling) and scales it to that value: the goal to the path,
    the number of steps to the duration. The choice prefers candidates within the ranges of the train
    split, the end of the movement included.

    Args:
        joint: Of the columns.
        transform: Attributes ⇄ columns.
        ranges: Lowest and highest of "length", each condition, and the end's x and y (px).
    """

    def __init__(
        self,
        joint: Autoregression,
        transform: ColumnTransform,
        ranges: Mapping[str, tuple[float, float]],
    ) -> None:
        self.joint, self.transform, self.ranges = joint, transform, dict(ranges)

    @classmethod
    def fit(
        cls,
        lengths: Int[Tensor, "B"],
        start: Float[Tensor, "B 2"],
        conditions: Float[Tensor, "B 9"],
        *,
        person: Int[Tensor, "B"] | None = None,
        seed: int = 0,
    ) -> "LearnedPrior":
        """Learn the joint distribution of the train split's movements.

        Nothing in the result is a single movement's number: quantiles and ranges are means over many,
        where the split holds as many.

        Args:
            lengths: [B] numbers of steps, at least 1.
            start: [B, 2] first positions (px).
            conditions: [B, 9] all of CONDITIONS.
            person: [B] number of who made each; None if nobody knows.
            seed: Of the dequantising noise and of the training.

        Raises:
            ValueError: There is no movement, or a number is not finite.
        """
        numbers = Attributes.of_tensors(lengths, start, conditions).array()
        if not len(numbers) or not np.isfinite(numbers).all():
            raise ValueError("a prior needs movements, and finite numbers of each")
        who = np.zeros(len(numbers), int) if person is None else person.cpu().numpy()
        numbers = np.resize(numbers, (max(_LEAST_ROWS, len(numbers)), WIDTH))
        seen = Attributes.of_array(numbers)
        rank = _ranks(np.resize(who, len(numbers)), seen)
        clocks = PollingClocks.fit(
            seen.length, seen.duration_ms, seen.tick_ms, on_tick_share=seen.shares[:, 0]
        )
        least_step_ms = min(1.0, _range(seen.duration_ms / seen.length)[0])
        transform = ColumnTransform(clocks, float(np.median(seen.length)), least_step_ms)
        noise = np.random.default_rng(derive_seed(seed, "prior"))

        def columns() -> Float[np.ndarray, "B C"]:
            jitter = Attributes.of_array(noise.random(numbers.shape) - 0.5)
            spread = rank + noise.random(len(rank)) - 0.5
            return transform.columns(seen, jitter, spread).array()

        joint = Autoregression.fit(columns, order=_ORDER, passes=_PASSES, seed=seed)
        bounded = np.concatenate([seen.length[:, None], numbers[:, 3:], seen.end_px], 1)
        names = ("length", *CONDITIONS, *_END)
        return cls(joint, transform, dict(zip(names, map(_range, bounded.T), strict=True)))

    def draw(
        self,
        n: int,
        *,
        seed: int,
        seq_len: int | None = None,
        given: Float[Tensor, "n K"] | None = None,
        rows: Int[Tensor, "n"] | None = None,
    ) -> tuple[Int[Tensor, "n"], Float[Tensor, "n 2"], Float[Tensor, "n 9"]]:
        """Draw the lengths, the starts (px) and the conditions of n movements.

        Args:
            n: How many.
            seed: Row i depends only on the seed, i, `seq_len` and what is given of row i.
            seq_len: How many steps all of them have.
            given: [n, K] the first K of CONDITIONS, NaN where not given. They are returned as they
                are; the rest is drawn as if they lay in the ranges seen.
            rows: [n] the numbers i of the rows; 0 … n − 1 by default.
        """
        order = np.arange(n) if rows is None else rows.numpy()
        numbers = np.full((n, WIDTH), np.nan)
        if seq_len is not None:
            numbers[:, 0] = seq_len
        if given is not None:
            numbers[:, 3 : 3 + given.shape[1]] = given.double().cpu().numpy()
        drawn, free = np.empty((n, WIDTH)), np.isnan(numbers).all(1)
        for some, candidates in ((free, _FREE_CANDIDATES), (~free, _CANDIDATES)):
            alike = np.flatnonzero(some)
            for first in range(0, len(alike), _BLOCK_ROWS):
                block = alike[first : first + _BLOCK_ROWS]
                given_here = Attributes.of_array(numbers[block])
                drawn[block] = self._draw(given_here, seed, order[block], candidates).array()
        table = torch.from_numpy(drawn)
        return table[:, 0].long(), table[:, 1:3].float(), table[:, 3:].float()

    def _draw(
        self, given: Attributes, seed: int, rows: Int[np.ndarray, "n"], candidates: int
    ) -> Attributes:
        """Return the attributes of the rows of these numbers, each chosen among so many candidates."""
        n, d = len(rows), len(_ORDER)
        uniform = np.stack([_noise(seed, row, candidates) for row in rows.tolist()])
        jitter = Attributes.of_array(uniform[:, :WIDTH] - 0.5)
        known = self.transform.columns(given, jitter, np.full(n, np.nan)).array()
        noise = uniform[:, WIDTH + 1 :].reshape(n, candidates, d)
        values, log_weight = self.joint.draw(known, noise)
        columns = Columns.of_array(values)
        alike = given.map(lambda part: part[:, None])
        drawn = self.transform.attributes(columns, alike)
        log_weight += self._log_weight(drawn, alike)
        best = draw_categorical(*map(torch.from_numpy, (log_weight, uniform[:, WIDTH]))).numpy()
        chosen = np.arange(n), best
        return self._scaled(
            drawn.map(lambda part: part[chosen]), columns.map(lambda part: part[chosen]), given
        )

    def _log_weight(self, drawn: Attributes, given: Attributes) -> Float[np.ndarray, "n M"]:
        """Return log-weights of candidates: near to the given, and inside the ranges seen."""
        pairs = ((drawn.duration_ms, given.duration_ms), (drawn.path_px, given.path_px))
        off = np.stack([np.log(mine / wanted) / _KERNEL for mine, wanted in pairs], -1)
        named = {"length": drawn.length, "duration_ms": drawn.duration_ms, "path_px": drawn.path_px}
        named |= {name: drawn.end_px[..., axis] for axis, name in enumerate(_END)}
        outside = np.zeros(drawn.length.shape, dtype=int)
        for name, values in named.items():
            low, high = self.ranges[name]
            outside += (values < low) | (values > high)
        return -(np.nan_to_num(off) ** 2).sum(-1) / 2 + outside * _OUTSIDE

    def _scaled(self, drawn: Attributes, columns: Columns, given: Attributes) -> Attributes:
        """Return the chosen candidates scaled to the given duration and path, and the given itself."""
        stretch = known_or(given.duration_ms / drawn.duration_ms, 1.0)
        steps = (drawn.length * stretch).round().clip(*self.ranges["length"])
        length = np.where(stretch == 1, drawn.length, known_or(given.length, steps))
        reach = known_or(given.path_px / drawn.path_px, 1.0)[:, None]
        goal_px = np.where(reach == 1, drawn.goal_px, np.trunc(drawn.goal_px * reach))
        drawn = replace(drawn, length=length, shares=columns.shares_of(length), goal_px=goal_px)
        scaled = Attributes.of_array(known_or(given.array(), drawn.array()))
        distance_px = scaled.distance_px
        path_px = known_or(given.path_px, scaled.complexity * distance_px)
        complexity = known_or(given.complexity, (path_px / distance_px).clip(1))
        return replace(scaled, path_px=path_px, complexity=complexity)

    def state(self) -> dict[str, Any]:
        """Return everything needed to make this prior again: plain values and tensors."""
        return {
            "joint": self.joint.state(),
            "polling": torch.from_numpy(self.transform.clocks.table),
            "ranges": {name: list(pair) for name, pair in self.ranges.items()},
            "typical_length": self.transform.typical_length,
            "least_step_ms": self.transform.least_step_ms,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "LearnedPrior":
        """Return the prior that `state` described.

        Raises:
            ValueError: It is of a version that did not tell people apart.
        """
        if len(state["joint"]["order"]) != len(_ORDER):
            raise ValueError("its prior is of an earlier version; publish the model again")
        clocks = PollingClocks(state["polling"].numpy())
        return cls(
            Autoregression.from_state(state["joint"]),
            ColumnTransform(clocks, state["typical_length"], state["least_step_ms"]),
            {name: (low, high) for name, (low, high) in state["ranges"].items()},
        )


def _ranks(person: Int[np.ndarray, "B"], seen: Attributes) -> Int[np.ndarray, "B"]:
    """Return each row's rank of its person, by the clock: people whose devices are alike share a bin."""
    _, of_row = np.unique(person, return_inverse=True)
    rows = [of_row == one for one in range(of_row.max() + 1)]
    clocks = [(np.median(seen.tick_ms[mine]), seen.shares[mine, 0].mean()) for mine in rows]
    order = sorted(range(len(rows)), key=clocks.__getitem__)
    return np.argsort(order)[of_row]


def _noise(seed: int, index: int, candidates: int) -> Float[np.ndarray, "R"]:
    """Return the uniform numbers of a row: jitter, choice, candidates."""
    count = WIDTH + 1 + candidates * len(_ORDER)
    return torch.rand(count, generator=generator(seed, "frame", index), dtype=torch.float64).numpy()


def _range(column: Float[np.ndarray, "n"]) -> tuple[float, float]:
    low, high = np.quantile(column, [_EDGE_SHARE, 1 - _EDGE_SHARE])
    return _rounded(float(low), np.floor), _rounded(float(high), np.ceil)


def _rounded(number: float, towards: np.ufunc) -> float:
    """Return the number rounded to two digits by np.floor or np.ceil."""
    if not number:
        return 0.0
    digit = 10.0 ** (np.floor(np.log10(abs(number))) - 1)
    return float(towards(round(number / digit, 6)) * digit)
