"""`Evaluation`: the result of comparing one set of movements with another, as plain numbers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from humouse.eval.metrics.copying import Neighbour
from humouse.eval.metrics.spectral import BandPower
from humouse.eval.statistics.score import Score, without_replicates

_ROUNDING = 1e-3
"""Share of a feature's mean up to which it does not count as varying."""
_TRIFLE = 0.0005
"""An importance below this is none: it is written as 0.000."""


@dataclass(frozen=True)
class FeatureComparison:
    """One feature on both sides.

    Args:
        unit: Its unit; "1" for a share or ratio.
        definition: One line that says how it is computed.
        real_mean: Mean over the real side, in its unit.
        real_std: Standard deviation there.
        fake_mean: Mean over the judged side.
        fake_std: Standard deviation there.
        wasserstein: 1-Wasserstein distance over the real standard deviation (over 1 where that
            is 0).
        importance: AUC that the boosting probe loses where this feature is shuffled, or None where
            it was not asked.
    """

    unit: str
    definition: str
    real_mean: float
    real_std: float
    fake_mean: float
    fake_std: float
    wasserstein: Score
    importance: float | None = None

    @property
    def constant(self) -> bool:
        """Whether it has one and the same value on both sides, but for rounding."""
        size = _ROUNDING * max(abs(self.real_mean), abs(self.fake_mean))
        return all(
            abs(one) <= size
            for one in (self.real_std, self.fake_std, self.real_mean - self.fake_mean)
        )


@dataclass(frozen=True)
class Evaluation:
    """The result of comparing `fake` with `real`.

    Args:
        real: Origin of the movements taken as the standard.
        fake: Origin of those that are judged.
        gestures: How many of each were compared.
        users: How many people are on the real side; 0 where they are not named.
        seed: What the choice of gestures, the folds and the probes came from.
        scores: By name, those of `score.MEASURES` that were asked for.
        features: By name of the feature.
        spectra: By band, "0-4 Hz" ….
        curves: By name, points (x, y): "prd" is (recall, precision); "roc_PROBE" is (false positive
            rate, true positive rate), with generated gestures as positives.
        neighbours: The judged movements nearest to the train set, the nearest first.
        exact_copies: How many judged movements equal a train movement in every feature.
        warnings: What a reader must know before believing the numbers, a line each.
    """

    real: str
    fake: str
    gestures: int
    users: int
    seed: int
    scores: dict[str, Score]
    features: dict[str, FeatureComparison] = field(default_factory=dict)
    spectra: dict[str, BandPower] = field(default_factory=dict)
    curves: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    neighbours: tuple[Neighbour, ...] = ()
    exact_copies: int = 0
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types; of the scores' replicates, their intervals."""
        return asdict(self, dict_factory=without_replicates)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Evaluation":
        """Return the evaluation that `as_dict` took apart, also after a way through JSON."""
        scores = {name: Score(**score) for name, score in content["scores"].items()}
        features = {
            name: FeatureComparison(**{**one, "wasserstein": Score(**one["wasserstein"])})
            for name, one in content["features"].items()
        }
        spectra = {
            band: BandPower(**{**one, "ratio": one["ratio"] and Score(**one["ratio"])})
            for band, one in content["spectra"].items()
        }
        curves = {name: [(x, y) for x, y in points] for name, points in content["curves"].items()}
        parts = {
            "scores": scores,
            "features": features,
            "spectra": spectra,
            "curves": curves,
            "neighbours": tuple(Neighbour(**one) for one in content["neighbours"]),
            "warnings": tuple(content["warnings"]),
        }
        return cls(**{**content, **parts})

    def ranked_features(self) -> list[str]:
        """Return the features in the order of how much they give it away, without constant ones.

        By what they add to the probe where that was measured, then by how far they lie apart.
        """

        def order(name: str) -> tuple[float, float]:
            feature = self.features[name]
            return -(feature.importance or 0.0), -feature.wasserstein.value

        varying = [name for name, feature in self.features.items() if not feature.constant]
        return sorted(varying, key=order)

    def worst_features(self, n: int = 10) -> list[str]:
        """Return up to n features that give it away most, the worst first.

        Where importance was measured, only those that have any; all where none has.
        """
        ranked = self.ranked_features()
        telling = [name for name in ranked if (self.features[name].importance or 0.0) >= _TRIFLE]
        return (telling or ranked)[:n]
