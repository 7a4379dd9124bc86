"""Scores of fresh samples against the validation split, and which round had the best."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from matplotlib.figure import Figure

from humouse.codec import Codec
from humouse.errors import InputError
from humouse.eval.evaluate import evaluate
from humouse.eval.plausibility import FEWEST
from humouse.eval.rule import EvaluationRule
from humouse.eval.statistics.score import MEASURES
from humouse.features import feature_table
from humouse.features.modes import FEATURE_MODES
from humouse.figures import gesture_gallery, kinematic_overlays, velocity_spectra
from humouse.ragged import Movements, Ragged
from humouse.randomness import generator
from humouse.trajectories import Trajectories

Check = TypeVar("Check", bound="SampleCheck")


@dataclass(frozen=True)
class SampleCheck:
    """A fixed set of validation gestures that samples are compared with.

    Args:
        people: Gestures of the validation split that fit the codec.
        codec: Fitted on the train split.
        seed: Of everything random in a round; the same in every round, so that rounds compare.
        cond_dim: How many conditions the model learns.
        feature_mode: Which features the scores use; one of `FEATURE_MODES`.
    """

    people: Trajectories
    codec: Codec
    seed: int
    cond_dim: int = 0
    feature_mode: str = "kinematic"

    @classmethod
    def choose(
        cls: type[Check],
        val: Movements,
        codec: Codec,
        n: int,
        *,
        seed: int,
        cond_dim: int = 0,
        feature_mode: str = "kinematic",
    ) -> Check:
        """Choose n gestures of the validation split, or all there are.

        Raises:
            InputError: Fewer fit the codec than a score needs.
        """
        val = Ragged.of(val)
        fitting = codec.fitting(val)
        if len(fitting) < FEWEST:
            raise InputError(
                f"{val.origin}: {len(fitting)} gestures of the validation split fit codec "
                f"'{codec.name}' with data.sequence_length={codec.sequence_length}, at least "
                f"{FEWEST} are needed; choose a greater one or prepare more people"
            )
        rows = torch.randperm(len(fitting), generator=generator(seed, "validation"))[:n]
        return cls(val[fitting[rows]], codec, seed, cond_dim, feature_mode)

    def score_samples(self, fake: Trajectories) -> tuple[dict[str, float], dict[str, Figure]]:
        """Return the scores of samples against people, with intervals, and pictures of both.

        Both are empty where too few samples fit the codec, as early in training.
        """
        real = self.codec.canonicalize(self.people)
        fake = self.codec.canonicalize(fake[self.codec.fits(fake)])
        if min(len(real), len(fake)) < FEWEST:
            return {}, {}
        groups = FEATURE_MODES[self.feature_mode]
        tables = feature_table(real, groups), feature_table(fake, groups)
        rule = EvaluationRule.quick(feature_mode=self.feature_mode, seed=self.seed)
        scores = evaluate(real, fake, rule=rule, tables=tables).scores
        pictures = {
            "samples": gesture_gallery(real, fake),
            "kinematics": kinematic_overlays(*tables),
            "spectra": velocity_spectra(real, fake),
        }
        numbers = {name: score.value for name, score in scores.items()}
        for name, score in scores.items():
            if score.low is not None and score.high is not None:
                numbers |= {f"{name}_low": score.low, f"{name}_high": score.high}
        return numbers, pictures


class BestScore:
    """Which validation round was the best so far, and whether it is time to stop.

    Args:
        score: Name of the score to follow: "val_loss" or one of `SAMPLE_SCORES`; "none" follows
            nothing.
        patience: Rounds without a better one before stopping; 0 for never.
        state: As `state()` returned it, to go on from.
    """

    def __init__(self, score: str, patience: int, state: Mapping[str, Any] | None = None) -> None:
        self.score = score
        self.patience = patience
        self.best: float | None = None
        self.rounds_since = 0
        # A run that follows another score than before has no best yet.
        if state and state.get("score", score) == score:
            self.best, self.rounds_since = state["best"], state["rounds_since"]

    def improves(self, scores: Mapping[str, float]) -> bool:
        """Record a round; return whether it is the best so far."""
        if self.score not in scores:
            return False
        value = scores[self.score]
        if not math.isfinite(value):  # no later value would ever be better than NaN
            self.rounds_since += 1
            return False
        lower_is_better = (
            self.score not in MEASURES or MEASURES[self.score].worse(1.0, than=0.0) > 0
        )
        if self.best is None or (value < self.best if lower_is_better else value > self.best):
            self.best, self.rounds_since = value, 0
            return True
        self.rounds_since += 1
        return False

    @property
    def exhausted(self) -> bool:
        """Whether patience has run out."""
        return bool(self.patience) and self.rounds_since >= self.patience

    def state(self) -> dict[str, Any]:
        """Return plain values for the checkpoint."""
        return {"score": self.score, "best": self.best, "rounds_since": self.rounds_since}
