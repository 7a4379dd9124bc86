"""The detector on features: gradient-boosted trees."""

import numpy as np
from jaxtyping import Bool, Float
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from humouse.detection.estimators.tabular import Rows, TableDetector
from humouse.detection.forest import Forest
from humouse.detection.what_if import WhatIf


class BoostingDetector(TableDetector):
    """Gradient boosting (Friedman 2001, doi:10.1214/aos/1013203451) on features of movements on one clock.

    Args:
        trees: How many.
        leaves: Of each tree.
        learning_rate: Of the trees.
        features_per_split: Share of the features, drawn at random, that a split chooses from.
        seed: Of the features that splits choose from.
    """

    boosting_: HistGradientBoostingClassifier

    def __init__(
        self,
        *,
        trees: int = 300,
        leaves: int = 31,
        learning_rate: float = 0.08,
        features_per_split: float = 0.4,
        seed: int = 0,
    ) -> None:
        self.trees = trees
        self.leaves = leaves
        self.learning_rate = learning_rate
        self.features_per_split = features_per_split
        self.seed = seed

    @property
    def forest(self) -> Forest:
        """The fitted trees."""
        return Forest.of_boosting(self.boosting_)

    @property
    def what_if(self) -> WhatIf:
        """The fitted trees, with people's median as the other value of each feature."""
        return WhatIf.of(self.forest, self.human_quantiles_[1])

    def _fit(self, values: Rows, is_bot: Bool[np.ndarray, "n"]) -> None:
        self.boosting_ = HistGradientBoostingClassifier(
            max_iter=self.trees,
            max_leaf_nodes=self.leaves,
            learning_rate=self.learning_rate,
            max_features=self.features_per_split,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=self.seed,
        )
        with threadpool_limits(1):  # the trees are small: threads cost more than they gain
            self.boosting_.fit(values, is_bot)

    def _logit(self, values: Rows) -> Float[np.ndarray, "n"]:
        return np.asarray(self.boosting_.decision_function(values))
