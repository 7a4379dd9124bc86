"""The detector on all features: boosted trees plus a regularised regression."""

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import logit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from humouse.detection.estimators.normal_scores import NormalScores
from humouse.detection.estimators.tabular import Rows, TableDetector

HINGE = 1.0
"""Deviations from people's median beyond which the regression has another slope."""

# Scale of the hinge columns: their squared weights are penalised ten times as much as the others'.
_HINGE_SCALE = 10**-0.5
# Share of its features that a mixed row takes from the bot.
_BOT_SHARE = (0.4, 0.9)


class BoostingDetector(TableDetector):
    """The sum of the logits of gradient boosting and of a logistic regression.

    Trees (Friedman 2001, doi:10.1214/aos/1013203451) separate known bots by the few features that do
    it best, and are constant beyond them. The regression weighs every feature, as people's normal
    scores with a hinge at `HINGE` on either side, and extrapolates. Both are kept simple: a perfect
    separation of known bots need not generalise to others.

    The trees are also fitted on mixed rows labelled as bots, with some features of a bot and the rest
    of a person: an unknown bot shares some features with known ones and others with people.

    Args:
        trees: How many.
        leaves: Of each tree.
        learning_rate: Of the trees.
        features_per_split: Share of the features, drawn at random, that a split chooses from.
        penalty_inverse: C of the regression, the inverse strength of its squared penalty.
        seed: Of the mixed rows, and of the features that splits choose from.
    """

    normal_scores_: NormalScores
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
        self.normal_scores_ = NormalScores.fit(values[~is_bot])
        regression = LogisticRegression(C=self.penalty_inverse, max_iter=1000)
        scale = np.repeat([1.0, _HINGE_SCALE, _HINGE_SCALE], values.shape[1])
        regression.fit(self._basis(values) * scale, is_bot)
        self.boosting_ = HistGradientBoostingClassifier(
            max_iter=self.trees,
            max_leaf_nodes=self.leaves,
            learning_rate=self.learning_rate,
            max_features=self.features_per_split,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=self.seed,
        )
        rows, labels = _with_mixed_rows(values, is_bot, np.random.default_rng(self.seed))
        with threadpool_limits(1):  # the trees are small: threads cost more than they gain
            self.boosting_.fit(rows, labels)
        self.weights_ = regression.coef_[0] * scale
        # The intercept balances the classes: row weights make the trees' binning take minutes.
        prior = float(logit(is_bot.mean()) + logit(labels.mean()))
        self.intercept_ = float(regression.intercept_[0]) - prior

    def _logit(self, values: Rows) -> Float[np.ndarray, "n"]:
        linear = self._basis(values) @ self.weights_ + self.intercept_
        return linear + self.boosting_.decision_function(values)

    def _basis(self, values: Rows) -> Float[np.ndarray, "n B"]:
        """Return [n, 3 F] columns of the regression: normal scores, and their excess over the hinges."""
        scores = self.normal_scores_(values)
        excess = [np.maximum(side - HINGE, 0) for side in (scores, -scores)]
        return np.concatenate([scores, *excess], axis=1)


def _with_mixed_rows(
    values: Rows, is_bot: Bool[np.ndarray, "n"], rng: np.random.Generator
) -> tuple[Float[np.ndarray, "m F"], Bool[np.ndarray, "m"]]:
    """Return the rows with as many mixed ones as there are bots, and which rows are not people's."""
    bots, people = values[is_bot], values[~is_bot]
    from_bot = rng.random(bots.shape) < rng.uniform(*_BOT_SHARE, (len(bots), 1))
    mixed = np.where(from_bot, bots, people[rng.integers(len(people), size=len(bots))])
    return np.concatenate([values, mixed]), np.append(is_bot, np.ones(len(bots), dtype=bool))
