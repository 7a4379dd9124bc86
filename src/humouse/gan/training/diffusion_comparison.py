"""D-Eval in training (§8): a diffusion model's samples beside the GAN's own, and how D scores both."""

from collections.abc import Callable

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from humouse.bots import BOTS
from humouse.gan.discriminator_features import discriminator_scores, discriminator_table
from humouse.gan.model import GanModel
from humouse.ragged import Movements, Ragged
from humouse.randomness import generator
from humouse.training.validation import SampleCheck
from humouse.trajectories import Trajectories, concatenate

DrawLike = Callable[[Trajectories, str], Trajectories]
"""Given people, as many samples of another generator on their lengths and conditions."""

_REPORTED = {
    "c2st_acc_val": "c2st_logistic_acc",
    "mmd_val": "mmd",
    "prd_precision_val": "prd_precision",
    "prd_recall_val": "prd_recall",
}
"""Score by the name that the harness gives it."""


class GeneratorComparison:
    """Samples of a diffusion model, drawn once, and the comparison at each round.

    Args:
        draw_like: Draws samples of the diffusion model.
        check: The validation people, and the scores against them.
        train: The train split.
        n: How many train people the head is fitted on.
    """

    def __init__(self, draw_like: DrawLike, check: SampleCheck, train: Movements, n: int) -> None:
        rows = torch.randperm(len(train), generator=generator(check.seed, "rivalry"))[:n]
        self.check = check
        self.train = Ragged.of(train)[rows]
        self.unseen = draw_like(check.people, "judged")
        self.mixture = concatenate([draw_like(self.train, "fitted on"), self._bots()], "mixture")
        self.scores = _named("diffusion", check.score_samples(self.unseen)[0])

    def _bots(self) -> Trajectories:
        bot = BOTS["bezier"](self.train)
        return bot.sample(len(self.train), seed=self.check.seed)

    def measure(
        self, model: GanModel, made: Trajectories, scores: dict[str, float]
    ) -> dict[str, float]:
        """Return both generators' scores, and how well the discriminator separates each from people.

        Args:
            model: The GAN.
            made: Its samples.
            scores: Their scores against people.
        """
        people = discriminator_scores(model, self.check.people)
        return {
            **_named("gan", scores),
            **self.scores,
            "discriminator_auc_gan": _area(people, discriminator_scores(model, made)),
            "discriminator_auc_diffusion": _area(people, discriminator_scores(model, self.unseen)),
            "head_auc_diffusion": self._head(model),
        }

    def _head(self, model: GanModel) -> float:
        """Return the ROC-AUC of a logistic head on penultimate features, on unseen people and samples.

        Fitted on train people against the mixture: diffusion samples on train people's conditions,
        the GAN's own, and Bézier curves.
        """
        own = model.sample(len(self.train), seed=self.check.seed + 1)
        fitted_on = [self.train, self.mixture, own]
        X = np.concatenate([discriminator_table(model, part).values for part in fitted_on])
        is_person = np.arange(len(X)) < len(self.train)
        head = make_pipeline(
            StandardScaler(), LogisticRegression(max_iter=1000, class_weight="balanced")
        )
        head.fit(X, is_person)
        sides = (self.check.people, self.unseen)
        seen = [discriminator_table(model, side).values for side in sides]
        people, others = (torch.from_numpy(head.decision_function(side)) for side in seen)
        return _area(people, others)


def _named(who: str, scores: dict[str, float]) -> dict[str, float]:
    return {f"{who}_{name}": scores[key] for name, key in _REPORTED.items() if key in scores}


def _area(people: Tensor, others: Tensor) -> float:
    """Return the probability that a person's score is above another's (ROC-AUC)."""
    is_person = np.arange(len(people) + len(others)) < len(people)
    return float(roc_auc_score(is_person, torch.cat([people, others]).numpy()))
