"""A one-class detector: how soon random cuts isolate a movement from people's."""

import numpy as np
from jaxtyping import Bool, Float
from sklearn.ensemble import IsolationForest

from humouse.detection.estimators.score_cdf import ScoreCDF
from humouse.detection.estimators.tabular import Rows, TableDetector
from humouse.detection.estimators.whitening import Whitening


class IsolationDetector(TableDetector):
    """Isolation forest (Liu, Ting & Zhou 2008, doi:10.1109/ICDM.2008.17) on people's whitened features.

    Features become people's normal scores, whitened. Bots differ from people more in the
    correlations of features than in single features, and cuts along single features miss
    correlations.

    Args:
        trees: How many.
        rows_per_tree: People's movements that each is grown on, at most.
        seed: Of the cuts.
    """

    one_class = True

    whitening_: Whitening
    forest_: IsolationForest
    cdf_: ScoreCDF

    def __init__(self, *, trees: int = 200, rows_per_tree: int = 256, seed: int = 0) -> None:
        self.trees = trees
        self.rows_per_tree = rows_per_tree
        self.seed = seed

    def _fit(self, values: Rows, is_bot: Bool[np.ndarray, "n"]) -> None:
        self.whitening_ = Whitening.fit(values, "quantiles")
        whitened = self.whitening_(values)
        self.forest_ = IsolationForest(
            n_estimators=self.trees,
            max_samples=min(self.rows_per_tree, len(whitened)),
            random_state=self.seed,
        ).fit(whitened)
        self.cdf_ = ScoreCDF.fit(self._anomaly_score(values))

    def _anomaly_score(self, values: Rows) -> Float[np.ndarray, "n"]:
        """Return [n] minus the mean depth at which a row is isolated, over people's expected depth."""
        return np.log2(-self.forest_.score_samples(self.whitening_(values)))

    def _logit(self, values: Rows) -> Float[np.ndarray, "n"]:
        return self.cdf_.outlier_logit(self._anomaly_score(values))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # it never learns what the other class is like
        return tags
