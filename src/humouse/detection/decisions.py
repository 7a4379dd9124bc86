"""Verdicts: from a detector's scores and its set-ups to what is said of each movement and each session."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from humouse.detection.calibration.score_cdf import logits, p_value_at
from humouse.detection.names import BOT, HUMAN, UNFAMILIAR
from humouse.detection.setups.session import normal_scores, shared
from humouse.detection.setups.setup import LESS_LIKELY, SetUp, can_be_of, clock_log_likelihood

UNFAMILIAR_RATE = 0.05
"""What the rate is multiplied by where no set-up explains a movement: only what nobody does is a bot's."""

_MOVEMENTS_AT_A_TIME = 2**16


@dataclass(frozen=True, eq=False)
class Decisions:
    """What is said of B movements.

    Args:
        verdict: [B] `HUMAN`, `BOT` or `UNFAMILIAR`.
        p_value: [B] share of people's movements with higher scores: the highest of all set-ups that
            explain a movement.
        log_odds: [B] of a bot, if bots are as frequent as people, in the likeliest of these.
        session_verdict: [B] the verdict on the source after each movement; one of these, or undecided.
        session_score: [B] deviations of the source's mean normal score from people's.
    """

    verdict: np.ndarray
    p_value: Float[np.ndarray, "B"]
    log_odds: Float[np.ndarray, "B"]
    session_verdict: np.ndarray
    session_score: Float[np.ndarray, "B"]


def decide(
    setups: Sequence[SetUp],
    score: Float[np.ndarray, "B"],
    traits: Float[np.ndarray, "B F"],
    sources: Sequence[np.ndarray],
    rate: float,
) -> Decisions:
    """Return the verdicts on B movements.

    A set-up explains a movement that is near it and whose source has a clock about as likely there as
    in any other. A movement is a bot's if it would be one in every set-up that explains it. Where none
    does, all count, at a twentieth of the rate; if it is no bot then, it is unfamiliar.

    Args:
        setups: Those that the detector knows.
        score: [B] the blend's.
        traits: [B, F] traits of the set-up.
        sources: Rows of each source, in the order of time.
        rate: Share of people's movements that may be called bots.
    """
    explains = can_be_of(setups, traits, sources)
    familiar = np.asarray(explains.any(0))
    likely = clock_log_likelihood(setups, traits, sources)
    explains &= likely >= np.where(explains, likely, -np.inf).max(0) - LESS_LIKELY
    counts = explains | ~familiar
    cdfs = [one.calibration.human_cdf for one in setups]
    human = logits(cdfs, np.broadcast_to(score, (len(cdfs), len(score))))
    plain = p_value_at(human)
    p_values = np.array([one.with_margin(own) for one, own in zip(setups, plain, strict=True)])
    p_value = np.where(counts, p_values, -np.inf).max(0)
    allowed = rate * np.where(familiar, 1.0, UNFAMILIAR_RATE)
    is_bot = p_value <= allowed
    no_bot = np.where(familiar, shared(HUMAN), shared(UNFAMILIAR))
    verdict = np.where(is_bot, shared(BOT), no_bot)
    odds = np.array(
        [one.calibration.log_odds_at(own) for one, own in zip(setups, human, strict=True)]
    )
    likeliest = np.where(counts, likely, -np.inf).argmax(0)
    log_odds = odds[likeliest, np.arange(len(score))]
    session_verdict, session_score = verdict.copy(), np.zeros(len(score))
    for rows in _of_one_length(sources):
        session_verdict[rows], session_score[rows] = _sessions(
            setups, plain[:, rows], counts[:, rows], familiar[rows], is_bot[rows], rate
        )
    return Decisions(verdict, p_value, log_odds, session_verdict, session_score)


def _of_one_length(sources: Sequence[np.ndarray]) -> Iterator[Int[np.ndarray, "k n"]]:
    """Yield the rows of sources of n movements, a source each, some at a time, for every n that there is."""
    by_length: dict[int, list[np.ndarray]] = {}
    for rows in sources:
        by_length.setdefault(len(rows), []).append(rows)
    for n, same in by_length.items():
        k = max(_MOVEMENTS_AT_A_TIME // max(n, 1), 1)
        for first in range(0, len(same), k):
            yield np.stack(same[first : first + k])


def _sessions(
    setups: Sequence[SetUp],
    p_values: Float[np.ndarray, "S k n"],
    counts: Bool[np.ndarray, "S k n"],
    familiar: Bool[np.ndarray, "k n"],
    is_bot: Bool[np.ndarray, "k n"],
    rate: float,
) -> tuple[np.ndarray, Float[np.ndarray, "k n"]]:
    """Return the verdict on each of k sources and its score, after each of its n movements."""
    normal = normal_scores(p_values)
    scores = np.array([one.session.score(own) for one, own in zip(setups, normal, strict=True)])
    # A set-up counts while it explains at least half of what the source has done.
    number = np.arange(1, counts.shape[-1] + 1)
    explains = counts.cumsum(-1) * 2 >= number
    explains |= ~explains.any(0, keepdims=True)
    lowest = np.where(explains, scores, np.inf).argmin(0)
    score = np.take_along_axis(scores, lowest[None], 0)[0]
    verdict = np.full(score.shape, UNFAMILIAR, object)
    for place, (setup, own) in enumerate(zip(setups, normal, strict=True)):
        here = lowest == place
        if here.any():
            verdict[here] = setup.session.verdicts(own, rate)[here]
    # What a source is like that no set-up explains is not known: only movements that are bots' count.
    mostly_strange = np.cumsum(~familiar, -1) * 2 > number
    mostly_bots = np.cumsum(is_bot, -1) * 2 > number
    strange = np.where(mostly_bots, shared(BOT), shared(UNFAMILIAR))
    return np.where(mostly_strange, strange, verdict), score
