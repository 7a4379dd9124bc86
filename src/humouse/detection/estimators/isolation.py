"""A detector that knows people alone: how soon random cuts set a movement apart from theirs."""

import numpy as np
from jaxtyping import Bool, Float
from sklearn.ensemble import IsolationForest

from humouse.detection.estimators.human_tail import HumanTail
from humouse.detection.estimators.tabular import Rows, TableDetector
from humouse.detection.estimators.typicality import atypical
from humouse.detection.estimators.whitening import PeopleScale


class IsolationDetector(TableDetector):
    """Isolation forest (Liu, Ting & Zhou 2008, doi:10.1109/ICDM.2008.17) on people's principal axes.

    Features are first brought to people's normal scores and turned to uncorrelated axes of unit
    variance: a bot differs from people less in any one feature than in how features go together,
    which cuts along single features do not see.

    Args:
        trees: How many.
        rows_per_tree: People's movements that each is grown on, at most.
        seed: Of the cuts.
    """

    one_class = True

    scale_: PeopleScale
    forest_: IsolationForest
    tail_: HumanTail

    def __init__(self, *, trees: int = 200, rows_per_tree: int = 256, seed: int = 0) -> None:
        self.trees = trees
        self.rows_per_tree = rows_per_tree
        self.seed = seed

    def _fit(self, values: Rows, is_bot: Bool[np.ndarray, "n"]) -> None:
        self.scale_ = PeopleScale.of(values, "quantiles")
        axes = self.scale_(values)
        self.forest_ = IsolationForest(
            n_estimators=self.trees,
            max_samples=min(self.rows_per_tree, len(axes)),
            random_state=self.seed,
        ).fit(axes)
        self.tail_ = HumanTail.of(self._haste(values))

    def _haste(self, values: Rows) -> Float[np.ndarray, "n"]:
        """Return [n] minus the mean depth at which a row stands alone, over people's expected one."""
        return np.log2(-self.forest_.score_samples(self.scale_(values)))

    def _logit(self, values: Rows) -> Float[np.ndarray, "n"]:
        return atypical(self.tail_, self._haste(values))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # it never learns what the other class is like
        return tags
