"""Sessions: each movement counts once; shares caught where 1% of people's sessions are flagged."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from humouse.detection.benchmark.sessions import Sessions, session_scores, windows


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=60), st.integers(1, 12))
@settings(deadline=None, max_examples=50)
def test_a_session_is_of_one_source_in_order(names, gestures):
    names = np.array(names)
    rows = windows(names, gestures)
    assert len(set(rows.ravel().tolist())) == rows.size
    for one in rows:
        assert len(set(names[one])) == 1
        own = np.flatnonzero(names == names[one[0]])
        start = own.tolist().index(one[0])
        assert start % gestures == 0
        assert one.tolist() == own[start : start + gestures].tolist()
    assert len(rows) == sum((names == name).sum() // gestures for name in np.unique(names))


def test_scores_are_those_of_their_order_and_of_the_rule():
    rng = np.random.default_rng(0)
    sides = [
        Sessions(rng.normal(mean, 1, n), rng.random(n) < called, np.arange(n).astype(str))
        for mean, n, called in ((0, 400, 0.01), (2, 250, 0.9))
    ]
    found = session_scores(*sides, replicates=0, seed=0)
    label = np.repeat([0, 1], [400, 250])
    both = np.concatenate([side.score for side in sides])
    assert found["roc_auc"].value == pytest.approx(roc_auc_score(label, both))
    assert found["called_at_1"].value == pytest.approx(sides[1].called.mean())
    limit = np.sort(sides[0].score)[-5]
    assert found["tpr_at_1"].value == pytest.approx((sides[1].score > limit).mean(), abs=0.02)


def test_too_few_movements_make_no_session():
    none = Sessions(np.empty(0), np.empty(0, bool), np.empty(0, str))
    some = Sessions(np.ones(3), np.ones(3, bool), np.array(["a", "b", "c"]))
    assert session_scores(none, some, replicates=0, seed=0) == {}
    with pytest.raises(ValueError, match="at least 1"):
        windows(np.array(["a"]), 0)
