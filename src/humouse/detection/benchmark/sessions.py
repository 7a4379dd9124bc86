"""How a detector does over sessions: several movements of one person, or of one bot, judged together.

Sessions are consecutive movements of one source and do not overlap. The session rule scores each
(`detection.setups.session`). Bots' sessions are counted where 1% of people's sessions score as high, and
by the rule's own verdict, which may be read after each movement.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from humouse.detection.benchmark.metrics import scores_over_replicates, tpr_at_rates
from humouse.detection.benchmark.predictions import Prediction, rows_of
from humouse.detection.decisions import decide
from humouse.detection.names import BOT
from humouse.eval.statistics.roc import Roc
from humouse.eval.statistics.score import Score
from humouse.eval.statistics.weights import BootstrapWeights

GESTURES = (1, 3, 5, 10)
"""How many movements a session has, in the order of tables."""

_RATE = 0.01


@dataclass(frozen=True, eq=False)
class Sessions:
    """S sessions of one length.

    Args:
        score: [S] the session rule's, after the last movement.
        called: [S] whether the rule called it a bot's after any movement.
        source: [S] whose it is.
    """

    score: Float[np.ndarray, "S"]
    called: Bool[np.ndarray, "S"]
    source: np.ndarray

    def __len__(self) -> int:
        return len(self.score)

    @classmethod
    def of(cls, predicted: Prediction, gestures: int) -> "Sessions":
        """Return the sessions of so many movements; what is left over makes none."""
        rows = windows(predicted.source, gestures)
        S = len(rows)
        if not S:
            return cls(np.empty(0), np.empty(0, bool), np.empty(0, str))
        flat = rows.ravel()
        made = decide(
            predicted.setups,
            predicted.blended.score[flat],
            predicted.traits[flat],
            list(np.arange(S * gestures).reshape(S, gestures)),
            _RATE,
        )
        called = (made.session_verdict == BOT).reshape(S, gestures).any(1)
        score = made.session_score.reshape(S, gestures)[:, -1]
        return cls(score, called, predicted.source[rows[:, 0]])


def session_scores(
    human: Sessions, bot: Sessions, *, replicates: int, seed: int
) -> Mapping[str, Score]:
    """Return "roc_auc", "tpr_at_1" and "called_at_1" over sessions.

    People are resampled with all their sessions. A bot's session follows recordings of several people, so
    it is resampled by itself. "tpr_at_1" is left out with fewer than 100 sessions of people, and everything
    where people or bots have no session of that length.

    Args:
        human: People's sessions.
        bot: Bots' sessions of the same length.
        replicates: Bootstrap replicates behind each interval; 0 for none.
        seed: Of the replicates.
    """
    if not len(human) or not len(bot):
        return {}
    weights = BootstrapWeights.over_people(
        human.source, len(human), None, len(bot), replicates=replicates, seed=seed
    )
    on_bot = weights.fake.numpy()
    roc = Roc.of(human.score, bot.score, weights.real.numpy(), on_bot)
    tpr = tpr_at_rates(roc, len(human))
    return scores_over_replicates(
        weights,
        {
            "roc_auc": roc.area(),
            **({"tpr_at_1": tpr["tpr_at_1"]} if "tpr_at_1" in tpr else {}),
            "called_at_1": (on_bot @ bot.called) / on_bot.sum(1),
        },
    )


def windows(names: np.ndarray, gestures: int) -> Int[np.ndarray, "S gestures"]:
    """Return [S, gestures] the rows of each session: consecutive rows of one name, each row once.

    Args:
        names: [n] of whose session a row can be part.
        gestures: Rows a session.
    """
    if gestures < 1:
        raise ValueError(f"a session has at least 1 gesture, not {gestures}")
    return np.concatenate(
        [rows[: len(rows) // gestures * gestures].reshape(-1, gestures) for rows in rows_of(names)]
    )
