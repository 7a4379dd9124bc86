"""Each metric as a function of two sets of movements that returns its part of an evaluation."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property, partial

import numpy as np
from jaxtyping import Float
from torch import Tensor

from humouse.eval.metrics.copying import Neighbour, copying
from humouse.eval.metrics.distance import wasserstein_scores
from humouse.eval.metrics.kernel import mmd_score
from humouse.eval.metrics.matrix import common_scale
from humouse.eval.metrics.neighbours import neighbour_scores
from humouse.eval.metrics.precision_recall import prd_score
from humouse.eval.metrics.spectral import BandPower, band_powers
from humouse.eval.pair import Pair
from humouse.eval.probes.classifier import C2ST, c2st_scores, c2st_sequences
from humouse.eval.probes.folds import folds_for
from humouse.eval.probes.two_sample import Groups
from humouse.eval.result import FeatureComparison
from humouse.eval.rule import EvaluationRule
from humouse.eval.statistics.resampling import Resampling
from humouse.eval.statistics.score import POINT_BANDS, Score, band_score
from humouse.features import BASIC, GROUPS, FeatureTable, feature_table
from humouse.features.modes import FEATURE_MODES
from humouse.trajectories import Trajectories

_Rows = slice | np.ndarray
_FEWEST_IN_BAND = 50
"""Movements of each side that a probe of one band of lengths needs to say anything."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """What every metric is taken on.

    Args:
        pair: Both sets.
        known: The features of what the judged may have copied, or None.
        rule: What to measure.
    """

    pair: Pair
    known: FeatureTable | None
    rule: EvaluationRule

    @cached_property
    def scaled(self) -> tuple[Float[Tensor, "N F"], Float[Tensor, "N F"]]:
        """The features of both on the scale of the real ones."""
        return common_scale(self.pair.real_features.values, self.pair.fake_features.values)

    @cached_property
    def resampling(self) -> Resampling | None:
        """The bootstrap replicates that every metric shares, or None."""
        if not self.rule.replicates:
            return None
        return Resampling.over_people(
            self.pair.real.user,
            len(self.pair),
            self.pair.fake.user,
            len(self.pair),
            replicates=self.rule.replicates,
            seed=self.rule.seed,
        )

    def __getstate__(self) -> dict[str, object]:
        """Return what another process makes the same of: without what is derived, and slow to send."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


def known_features(train: Trajectories | None, rule: EvaluationRule) -> FeatureTable | None:
    """Return the features of what the judged may have copied; None where there is nothing to look for.

    Not the strokes: fitting those of a whole train set takes minutes.

    Args:
        train: The movements, or None.
        rule: What is measured.
    """
    if train is None or not len(train) or "copying" not in rule.metrics:
        return None
    return feature_table(train, FEATURE_MODES["kinematic"])


@dataclass(frozen=True, eq=False)
class Part:
    """What one metric, or one probe, adds to an `Evaluation`; its fields are named as there.

    Args:
        scores: By name.
        curves: By name.
        features: By name of the feature.
        spectra: By band.
        neighbours: The judged movements nearest to the train set.
        exact_copies: How many judged movements equal a train movement.
        importance: AUC that the boosting probe loses for each feature, or None.
    """

    scores: Mapping[str, Score]
    curves: Mapping[str, list[tuple[float, float]]] = field(default_factory=dict)
    features: Mapping[str, FeatureComparison] = field(default_factory=dict)
    spectra: Mapping[str, BandPower] = field(default_factory=dict)
    neighbours: tuple[Neighbour, ...] = ()
    exact_copies: int = 0
    importance: Float[np.ndarray, "F"] | None = None


def measures(rule: EvaluationRule) -> Iterator[Callable[[Inputs], Part]]:
    """Yield a function for each metric that the rule names, and for each of its probes, in order."""
    for metric in rule.metrics:
        if metric == "c2st":
            yield from (partial(_probe, name=name) for name in rule.probes)
        else:
            yield _METRICS[metric]


def _probe(inputs: Inputs, *, name: str) -> Part:
    result = _sequence_probe(inputs) if name == "sequence" else _feature_probe(inputs, name)
    return Part(
        scores={f"c2st_{name}_auc": result.auc, f"c2st_{name}_acc": result.accuracy},
        curves={f"roc_{name}": result.held_out.roc()},
        importance=result.importance,
    )


def _feature_probe(inputs: Inputs, name: str) -> C2ST:
    pair, rule = inputs.pair, inputs.rule
    real, fake = pair.real_features, pair.fake_features
    kind = name
    if name == "forest18":
        kind, real, fake = "forest", real.select(BASIC), fake.select(BASIC)
    return _separated(
        inputs,
        real,
        fake,
        probe=kind,
        permutations=rule.permutations if name == "logistic" else 0,
        importance=rule.importance and name == "boosting",
    )


def _separated(
    inputs: Inputs,
    real: FeatureTable,
    fake: FeatureTable,
    *,
    probe: str,
    rows: tuple[_Rows, _Rows] = (slice(None), slice(None)),
    permutations: int = 0,
    importance: bool = False,
) -> C2ST:
    """Return how well a probe separates the features of these rows, by the evaluation's rule."""
    users = [
        None if side.user is None else side.user[own]
        for side, own in zip((inputs.pair.real, inputs.pair.fake), rows, strict=True)
    ]
    first, second = real.values[rows[0]], fake.values[rows[1]]
    return c2st_scores(
        first,
        second,
        probe=probe,
        groups=Groups(users[0], users[1], hold_out_fake=_share_people(inputs.pair)),
        folds=folds_for(2 * min(len(first), len(second))),
        replicates=inputs.rule.replicates,
        permutations=permutations,
        importance=importance,
        seed=inputs.rule.seed,
    )


def _sequence_probe(inputs: Inputs) -> C2ST:
    pair, rule = inputs.pair, inputs.rule
    return c2st_sequences(
        pair.real,
        pair.fake,
        hold_out_fake_users=_share_people(pair),
        folds=folds_for(2 * len(pair)),
        replicates=rule.replicates,
        seed=rule.seed,
    )


def _share_people(pair: Pair) -> bool:
    """Return whether any person is in both sets."""
    real, fake = pair.real.user, pair.fake.user
    return real is not None and fake is not None and bool(np.intersect1d(real, fake).size)


def _lengths(inputs: Inputs) -> Part:
    """Return the boosting probe's AUC on each band of lengths that holds enough of both sides."""
    pair = inputs.pair
    points = [(side.lengths + 1).cpu().numpy() for side in (pair.real, pair.fake)]
    scores = {}
    for fewest, most in POINT_BANDS:
        rows = [np.flatnonzero((fewest <= own) & (own <= most)) for own in points]
        if min(map(len, rows)) < _FEWEST_IN_BAND:
            continue
        result = _separated(
            inputs,
            pair.real_features,
            pair.fake_features,
            probe="boosting",
            rows=(rows[0], rows[1]),
        )
        scores[band_score(fewest, most)] = result.auc
    return Part(scores)


def _mmd(inputs: Inputs) -> Part:
    score = mmd_score(
        *inputs.scaled,
        resampling=inputs.resampling,
        permutations=inputs.rule.permutations,
        seed=inputs.rule.seed,
        real_users=inputs.pair.real.user,
        fake_users=inputs.pair.fake.user,
    )
    return Part({"mmd": score})


def _prd(inputs: Inputs) -> Part:
    rule = inputs.rule
    result = prd_score(
        *inputs.scaled, runs=rule.prd_runs, seed=rule.seed, resampling=inputs.resampling
    )
    scores = {"prd_precision": result.precision, "prd_recall": result.recall}
    return Part(scores, curves={"prd": result.curve})


def _neighbours(inputs: Inputs) -> Part:
    return Part(neighbour_scores(*inputs.scaled, resampling=inputs.resampling))


def _kinematics(inputs: Inputs) -> Part:
    real, fake = inputs.pair.real_features, inputs.pair.fake_features
    distances, mean = wasserstein_scores(real.values, fake.values, resampling=inputs.resampling)
    moments = [
        (side.values.mean(0, np.float64).tolist(), side.values.std(0, np.float64).tolist())
        for side in (real, fake)
    ]
    definitions = {one.name: one.definition for group in GROUPS.values() for one in group}
    features = {
        name: FeatureComparison(
            unit=unit,
            definition=definitions.get(name, ""),
            real_mean=moments[0][0][k],
            real_std=moments[0][1][k],
            fake_mean=moments[1][0][k],
            fake_std=moments[1][1][k],
            wasserstein=distances[k],
        )
        for k, (name, unit) in enumerate(zip(real.names, real.units, strict=True))
    }
    return Part({"wasserstein": mean}, features=features)


def _spectra(inputs: Inputs) -> Part:
    pair = inputs.pair
    spectra, distance = band_powers(pair.real, pair.fake, resampling=inputs.resampling)
    return Part({"spectral_distance_db": distance}, spectra=spectra)


def _copying(inputs: Inputs) -> Part:
    if inputs.known is None:
        return Part({})
    names = inputs.known.names
    pair = inputs.pair
    tables = [pair.real_features, pair.fake_features]
    if not all(set(names) <= set(table.names) for table in tables):
        groups = FEATURE_MODES["kinematic"]
        tables = [feature_table(side, groups) for side in (pair.real, pair.fake)]
    real, fake = (table.select(names).values for table in tables)
    sides = (common_scale(real, side)[1] for side in (fake, real, inputs.known.values))
    result = copying(*sides, resampling=inputs.resampling)
    return Part(
        {"copying": result.score},
        neighbours=tuple(result.neighbours),
        exact_copies=result.duplicates,
    )


_METRICS: dict[str, Callable[[Inputs], Part]] = {
    "lengths": _lengths,
    "mmd": _mmd,
    "prd": _prd,
    "neighbours": _neighbours,
    "kinematics": _kinematics,
    "spectra": _spectra,
    "copying": _copying,
}
