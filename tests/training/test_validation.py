"""Which validation round was the best, and when to stop."""

import pytest

from humouse.settings.choices import SAMPLE_SCORES
from humouse.training.validation import BestScore


@pytest.mark.parametrize("score", ["val_loss", *SAMPLE_SCORES])
def test_the_best_round_by_each_score(score: str):
    """Of shares more is better, of everything else less."""
    best = BestScore(score, patience=2)
    assert not best.improves({"another": 0.0})
    shares = score.startswith("prd_")
    rounds = [0.5, 0.6, 0.4, 0.45]
    expected = [True, True, False, False] if shares else [True, False, True, False]
    assert [best.improves({score: value, "another": 0.0}) for value in rounds] == expected
    assert best.best == (0.6 if shares else 0.4)
    assert best.exhausted is shares
    again = BestScore(score, 2, best.state())
    assert not again.improves({score: 0.45})
    assert again.exhausted


def test_nothing_is_followed():
    best = BestScore("none", patience=1)
    assert not any(best.improves(dict.fromkeys(SAMPLE_SCORES, value)) for value in (3.0, 2.0, 1.0))
    assert not best.exhausted


def test_a_run_that_follows_another_score_has_no_best_yet():
    best = BestScore("mmd", 0)
    assert best.improves({"mmd": 0.01})
    state = best.state()
    assert not BestScore("mmd", 0, state).improves({"mmd": 0.02})
    assert BestScore("c2st_logistic_auc", 0, state).improves({"c2st_logistic_auc": 0.55})
