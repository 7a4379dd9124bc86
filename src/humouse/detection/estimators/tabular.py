"""`TableDetector`: the base of detectors on tables, with checked columns and a logit that decides."""

from abc import abstractmethod
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from humouse.errors import InputError
from humouse.features import FeatureTable

QUANTILES = (0.05, 0.5, 0.95)
"""Of people's features, for explanations to compare with: low, middle, high."""

Rows = Float[np.ndarray, "n F"]


class TableError(InputError, ValueError):
    """A table that a detector cannot use: an InputError to users, a ValueError to scikit-learn."""


class TableDetector(ClassifierMixin, BaseEstimator):
    """A detector of bots on a table: an array [n, F], or a `FeatureTable`.

    Values are taken as float32, as features are stored and served. After `fit`: `classes_`, the
    label of people first; `columns_` and `units_` of the table; `human_quantiles_` [3, F] at
    `QUANTILES`.
    """

    classes_: np.ndarray
    n_features_in_: int
    columns_: tuple[str, ...]
    units_: tuple[str, ...]
    human_quantiles_: Rows

    def fit(self, X: Any, y: Any) -> "TableDetector":
        """Fit the detector.

        Args:
            X: [n, F] array or `FeatureTable`.
            y: [n] labels; the lower is the people's (0), the higher the bots' (1).

        Raises:
            TableError: There is one class only, or a feature is NaN or infinite; the column is named.
            ValueError: The table is no table of numbers, or the labels are not of two classes.
        """
        values, is_bot = self._training(X, y)
        self._fit(values, is_bot)
        return self

    def decision_function(self, X: Any) -> Float[np.ndarray, "n"]:
        """Return [n] logits, higher for what looks more like a bot.

        Raises:
            TableError: The columns are not those of the fit, or a feature is NaN or infinite.
            NotFittedError: `fit` was not called.
        """
        return self._logit(self.rows(X))

    def rows(self, X: Any) -> Rows:
        """Return [n, F] the checked values of X, in the order of `columns_`.

        Raises:
            TableError: The columns are not those of the fit, or a feature is NaN or infinite.
            NotFittedError: `fit` was not called.
        """
        check_is_fitted(self)
        return self._values(X, fitting=False)

    def predict_proba(self, X: Any) -> Float[np.ndarray, "n 2"]:
        """Return [n, 2] the probability of a person and of a bot; raises as `decision_function`."""
        bot = expit(self.decision_function(X))
        return np.stack([1 - bot, bot], 1)

    def predict(self, X: Any) -> np.ndarray:
        """Return [n] labels, the bots' where the logit is above 0; raises as `decision_function`."""
        is_bot = self.decision_function(X) > 0
        return self.classes_[is_bot.astype(int)]

    @abstractmethod
    def _fit(self, values: Rows, is_bot: Bool[np.ndarray, "n"]) -> None:
        """Fit checked rows."""

    @abstractmethod
    def _logit(self, values: Rows) -> Float[np.ndarray, "n"]:
        """Return [n] logits of checked rows."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def _training(self, X: Any, y: Any) -> tuple[Rows, Bool[np.ndarray, "n"]]:
        if y is None:
            raise ValueError("this detector requires y to be passed, but the target y is None")
        values, y = self._values(X, y, fitting=True)
        check_classification_targets(y)
        labels = np.unique(y)
        if len(labels) > 2:
            raise ValueError(
                "Only binary classification is supported. The type of the target is multiclass."
            )
        if len(labels) < 2:
            raise TableError(
                f"labels: only one class, {labels[0]}; give rows of people (0) and of bots (1)"
            )
        self.classes_ = labels
        is_bot = y == labels[1]
        self.human_quantiles_ = np.quantile(values[~is_bot], QUANTILES, axis=0)
        return values, is_bot

    def _values(self, X: Any, y: Any = None, *, fitting: bool) -> Any:
        """Return [n, F] float32 of a table or an array, and the checked labels where fitting."""
        if isinstance(X, FeatureTable):
            X = self._of_table(X, fitting)
        elif fitting:
            self.__dict__.pop("columns_", None)
        given = {"y": y} if fitting else {}
        checked = validate_data(
            self, X, **given, reset=fitting, dtype=np.float64, ensure_all_finite=False
        )
        values = checked[0] if fitting else checked
        if fitting and not hasattr(self, "columns_"):
            self.columns_ = tuple(f"feature {place}" for place in range(values.shape[1]))
            self.units_ = ("",) * values.shape[1]
        self._check_finite(values)
        largest = np.finfo(np.float32).max
        values = np.clip(values, -largest, largest).astype(np.float32).astype(np.float64)
        return (values, checked[1]) if fitting else values

    def _of_table(self, table: FeatureTable, fitting: bool) -> np.ndarray:
        if fitting:
            self.columns_, self.units_ = table.names, table.units
        elif set(table.names) != set(self.columns_):
            absent = [name for name in self.columns_ if name not in table.names]
            besides = [name for name in table.names if name not in self.columns_]
            what = f"lacks {absent[0]}" if absent else f"has {besides[0]} besides"
            raise TableError(
                f"features: the table {what}; give the {len(self.columns_)} columns that the detector "
                "was fitted on"
            )
        return table.select(self.columns_).values.astype(np.float64)

    def _check_finite(self, values: np.ndarray) -> None:
        broken = ~np.isfinite(values).all(0)
        if broken.any():
            raise TableError(
                f"features: {self.columns_[int(broken.argmax())]} is NaN or infinite somewhere; "
                "repair or remove those rows"
            )
