"""`CalibratedDetector`: a detector and its calibration, fitted on different people."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted

from humouse.detection.calibration.calibration import Calibration
from humouse.errors import InputError
from humouse.features import FeatureTable
from humouse.trajectories import Trajectories


class CalibratedDetector(ClassifierMixin, BaseEstimator):
    """Fits a detector on some of the people and calibrates it on the others.

    A bot's row goes with the person whose recording it followed. After `fit`: `estimator_`,
    `calibration_`, `fit_users_`, `calibration_users_`, and `thresholds_`, from false positive rate to score.

    Args:
        estimator: The detector; a copy of it is fitted.
        calibration_share: Share of the people to calibrate on.
        seed: Of the choice of these people.
    """

    estimator_: Any
    calibration_: Calibration
    classes_: np.ndarray
    fit_users_: np.ndarray
    calibration_users_: np.ndarray
    thresholds_: dict[float, float]

    def __init__(self, estimator: Any, *, calibration_share: float = 0.25, seed: int = 0) -> None:
        self.estimator = estimator
        self.calibration_share = calibration_share
        self.seed = seed

    def fit(self, X: Any, y: Any, *, user: Any = None) -> "CalibratedDetector":
        """Fit and calibrate.

        Args:
            X: [n, F] array, `FeatureTable` or `Trajectories`, as the detector takes them.
            y: [n] 0 for a person's, 1 for a bot's.
            user: [n] whose gesture each row is, or whose recording the bot followed; by default X's own.

        Raises:
            InputError: Rows lack their users, there are fewer than two people, or fitting or
                calibrating would see one class only.
            ValueError: y or `user` is of another length, or a setting is out of range.
        """
        if not 0 < self.calibration_share < 1:
            raise ValueError("calibration_share must lie between 0 and 1")
        user = getattr(X, "user", None) if user is None else np.asarray(user)
        if user is None:
            raise InputError("users: calibrating takes the name of each row's person; give user=…")
        is_bot = np.asarray(y).astype(bool)
        if len(X) != len(is_bot) or user.shape != is_bot.shape:
            raise ValueError(f"{len(X)} rows need as many labels and users")
        held_out = self._held_out(user)
        for name, rows in (("fit", ~held_out), ("calibrate", held_out)):
            _check_classes(is_bot[rows], name)
        self.fit_users_, self.calibration_users_ = (
            np.unique(user[~held_out]),
            np.unique(user[held_out]),
        )
        fitted = np.flatnonzero(~held_out)
        self.estimator_ = clone(self.estimator).fit(_rows(X, fitted), is_bot[fitted].astype(int))
        calibrated = np.flatnonzero(held_out)
        self._calibrate(_rows(X, calibrated), is_bot[calibrated])
        return self

    @classmethod
    def prefit(cls, estimator: Any, X: Any, is_bot: Bool[np.ndarray, "n"]) -> "CalibratedDetector":
        """Return a fitted detector, not a copy of it, calibrated on rows of other people.

        `fit_users_` and `calibration_users_` are not set.

        Args:
            estimator: The fitted detector.
            X: Rows of people that it was not fitted on, and of bots.
            is_bot: [n] which rows are bots'.

        Raises:
            InputError: There are no people's rows, or no bots'.
        """
        detector = cls(estimator)
        detector.estimator_ = estimator
        detector._calibrate(X, is_bot)
        return detector

    def decision_function(self, X: Any) -> Float[np.ndarray, "n"]:
        """Return [n] the detector's raw scores, higher for what looks more like a bot."""
        check_is_fitted(self)
        return self.estimator_.decision_function(X)

    def predict_proba(self, X: Any) -> Float[np.ndarray, "n 2"]:
        """Return [n, 2] the calibrated probability of a person and of a bot."""
        bot = self.calibration_.probability(self.decision_function(X))
        return np.stack([1 - bot, bot], 1)

    def predict(self, X: Any, false_positive_rate: float = 0.01) -> Int[np.ndarray, "n"]:
        """Return [n] 1 for what is flagged at that false positive rate.

        Raises:
            InputError: There were too few people's gestures to calibrate on for that rate.
        """
        scores = self.decision_function(X)
        return (scores >= self.calibration_.threshold(false_positive_rate)).astype(np.int64)

    def _calibrate(self, X: Any, is_bot: Bool[np.ndarray, "n"]) -> None:
        self.calibration_ = Calibration.fit(self.estimator_.decision_function(X), is_bot)
        self.classes_ = np.array([0, 1])
        self.thresholds_ = self.calibration_.thresholds()

    def _held_out(self, user: np.ndarray) -> Bool[np.ndarray, "n"]:
        """Return [n] which rows belong to the people to calibrate on."""
        people = np.unique(user)
        if len(people) < 2:
            raise InputError(
                f"users: {len(people)} person; calibrating takes others than those fitted on, so give "
                "at least 2"
            )
        count = min(max(1, round(self.calibration_share * len(people))), len(people) - 1)
        chosen = np.random.default_rng(self.seed).permutation(people)[:count]
        return np.isin(user, chosen)


def _check_classes(is_bot: np.ndarray, what: str) -> None:
    if is_bot.all() or not is_bot.any():
        missing = "people" if is_bot.all() else "bots"
        raise InputError(
            f"labels: only one class to {what} on: no rows of {missing}; give rows of both, of more "
            "users"
        )


def _rows(X: Any, index: Int[np.ndarray, "k"]) -> Any:
    if isinstance(X, FeatureTable):
        return X.rows(index)
    return X[index] if isinstance(X, Trajectories) else np.asarray(X)[index]
