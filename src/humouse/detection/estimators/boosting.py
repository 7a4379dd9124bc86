"""The detector on all features at once: boosted trees beside a straight line."""

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import logit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from humouse.detection.estimators.normal_scores import NormalScores
from humouse.detection.estimators.tabular import Rows, TableDetector

HINGE = 1.0
"""Deviations from people's median beyond which the regression has a slope of its own."""


# A bend is penalised as if it were ten times as steep: a straight line unless the rows insist.
_BENDS = 10**-0.5
# Share of its features that a chimera has from the bot.
_KEPT = (0.4, 0.9)


class BoostingDetector(TableDetector):
    """Gradient boosting (Friedman 2001, doi:10.1214/aos/1013203451) and logistic regression, added up.

    Trees cut known bots off from people by the few features that do it best, and say nothing further
    out; the regression weighs every feature, as people's normal scores with a bend at `HINGE` on
    either side, and goes on beyond the bots it knows. Both are kept simple: what tells known bots
    perfectly need not tell others.

    The trees also see chimeras as bots: bots with part of their features from a person. A bot not
    seen yet will share some traits with known ones and others with people.

    Args:
        trees: How many.
        leaves: Of each tree.
        learning_rate: Of the trees.
        features_per_split: Share of the features, drawn at random, that a split chooses from.
        penalty_inverse: C of the regression, the inverse strength of its squared penalty.
        seed: Of the chimeras, and of the features that splits choose from.
    """

    normal_: NormalScores
    weights_: Float[np.ndarray, "B"]
    intercept_: float
    boosting_: HistGradientBoostingClassifier

    def __init__(
        self,
        *,
        trees: int = 100,
        leaves: int = 15,
        learning_rate: float = 0.1,
        features_per_split: float = 0.3,
        penalty_inverse: float = 0.01,
        seed: int = 0,
    ) -> None:
        self.trees = trees
        self.leaves = leaves
        self.learning_rate = learning_rate
        self.features_per_split = features_per_split
        self.penalty_inverse = penalty_inverse
        self.seed = seed

    def _fit(self, values: Rows, is_bot: Bool[np.ndarray, "n"]) -> None:
        self.normal_ = NormalScores.of(values[~is_bot])
        line = LogisticRegression(C=self.penalty_inverse, max_iter=1000)
        shrunk = np.repeat([1.0, _BENDS, _BENDS], values.shape[1])
        line.fit(self._basis(values) * shrunk, is_bot)
        self.boosting_ = HistGradientBoostingClassifier(
            max_iter=self.trees,
            max_leaf_nodes=self.leaves,
            learning_rate=self.learning_rate,
            max_features=self.features_per_split,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=self.seed,
        )
        more, more_bots = _with_chimeras(values, is_bot, np.random.default_rng(self.seed))
        with threadpool_limits(1):  # small trees: threads cost more than they bring
            self.boosting_.fit(more, more_bots)
        self.weights_ = line.coef_[0] * shrunk
        # Both classes weigh the same; weights would take the trees' binning minutes.
        prior = float(logit(is_bot.mean()) + logit(more_bots.mean()))
        self.intercept_ = float(line.intercept_[0]) - prior

    def _logit(self, values: Rows) -> Float[np.ndarray, "n"]:
        line = self._basis(values) @ self.weights_ + self.intercept_
        return line + self.boosting_.decision_function(values)

    def _basis(self, values: Rows) -> Float[np.ndarray, "n B"]:
        """Return [n, 3 F] what the regression weighs: normal scores, and what goes past the hinges."""
        scores = self.normal_(values)
        beyond = [np.maximum(side - HINGE, 0) for side in (scores, -scores)]
        return np.concatenate([scores, *beyond], axis=1)


def _with_chimeras(
    values: Rows, is_bot: Bool[np.ndarray, "n"], rng: np.random.Generator
) -> tuple[Float[np.ndarray, "m F"], Bool[np.ndarray, "m"]]:
    """Return the rows and as many chimeras as there are bots, and which are not people's."""
    bots, people = values[is_bot], values[~is_bot]
    kept = rng.random(bots.shape) < rng.uniform(*_KEPT, (len(bots), 1))
    chimeras = np.where(kept, bots, people[rng.integers(len(people), size=len(bots))])
    return np.concatenate([values, chimeras]), np.append(is_bot, np.ones(len(bots), dtype=bool))
