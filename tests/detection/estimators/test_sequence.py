"""The sequence detector on movements whose answer is known."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score

from humouse.detection.estimators.sequence import SequenceDetector
from humouse.errors import InputError
from humouse.trajectories import Trajectories, concatenate


def walk(n, seed, smooth=True, steps=(12, 32), tick_ms=8.0):
    """Movements of whole px whose steps follow one another (AR(1)), or stand in a random order."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(steps[0], steps[1] + 1, n)
    noise = rng.normal(0, 6, (n, steps[1], 2))
    deltas = np.full((n, steps[1], 3), tick_ms, np.float32)
    deltas[:, 0, :2] = noise[:, 0]
    for j in range(1, steps[1]):
        deltas[:, j, :2] = 0.8 * deltas[:, j - 1, :2] + 0.6 * noise[:, j]
    if not smooth:
        for row, length in enumerate(lengths):
            deltas[row, :length] = deltas[row, rng.permutation(length)]
    deltas[..., :2] = deltas[..., :2].round()
    return Trajectories(
        torch.from_numpy(deltas), torch.from_numpy(lengths), torch.zeros(n, 2), None, "walk"
    )


def labelled(n, seed, **bot):
    return concatenate([walk(n, seed), walk(n, seed + 1, **bot)]), np.repeat([0, 1], n)


@pytest.fixture(scope="module")
def fitted():
    return SequenceDetector(epochs=2, batch_size=32).fit(*labelled(150, 1, smooth=False))


def test_it_uses_the_order_of_steps_and_scores_bots_higher():
    """Equal marginals, smooth against white: only the order of steps differs."""
    detector = SequenceDetector(epochs=6, batch_size=32)
    detector.fit(*labelled(300, 1, smooth=False))
    X, y = labelled(150, 8, smooth=False)
    assert roc_auc_score(y, detector.decision_function(X)) >= 0.9
    assert (detector.predict(X) == y).mean() >= 0.75


def test_shuffled_labels_teach_nothing():
    X, y = labelled(300, 1, smooth=False)
    detector = SequenceDetector(epochs=2).fit(X, np.random.default_rng(0).permutation(y))
    X, y = labelled(300, 8, smooth=False)
    assert roc_auc_score(y, detector.decision_function(X)) == pytest.approx(0.5, abs=0.15)


def test_answers_agree_with_one_another(fitted):
    X, _ = labelled(40, 5, smooth=False)
    logit, probability = fitted.decision_function(X), fitted.predict_proba(X)
    np.testing.assert_allclose(probability.sum(1), 1)
    np.testing.assert_allclose(probability[:, 1], 1 / (1 + np.exp(-logit)), rtol=1e-9)
    np.testing.assert_array_equal(fitted.predict(X), fitted.classes_[probability.argmax(1)])
    assert fitted.score(X, fitted.predict(X)) == 1


def test_it_is_an_estimator(fitted):
    other = clone(fitted.set_params(width=32))
    assert other.get_params() == fitted.get_params()
    assert not hasattr(other, "net_")
    with pytest.raises(NotFittedError):
        other.decision_function(walk(2, 0))


def test_what_padding_holds_and_how_long_it_is_does_not_matter(fitted):
    one = walk(60, 5)
    padded = Trajectories(
        torch.nn.functional.pad(one.deltas, (0, 0, 0, 168), value=7.0),
        one.lengths,
        one.start,
        None,
        "padded",
    )
    np.testing.assert_array_equal(fitted.decision_function(one), fitted.decision_function(padded))
    labels = np.repeat([0, 1], 30)
    again = [
        SequenceDetector(epochs=1).fit(side, labels).decision_function(one)
        for side in (one, padded)
    ]
    np.testing.assert_array_equal(*again)


@pytest.mark.slow
@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**16))
def test_neighbours_in_a_batch_and_their_order_do_not_matter(fitted, seed):
    both = concatenate([walk(9, seed, steps=(1, 14)), walk(4, seed + 1, steps=(150, 200))])
    together = fitted.decision_function(both)
    alone = np.concatenate([fitted.decision_function(both[[k]]) for k in range(len(both))])
    np.testing.assert_allclose(together, alone, atol=1e-4)
    order = np.random.default_rng(seed).permutation(len(both))
    np.testing.assert_allclose(fitted.decision_function(both[order]), together[order], atol=1e-4)


def test_place_and_name_do_not_matter(fitted):
    one = walk(20, 5)
    moved = Trajectories(one.deltas, one.lengths, one.start + 300, np.full(20, "a"), "b")
    np.testing.assert_array_equal(fitted.decision_function(one), fitted.decision_function(moved))


def test_a_seed_decides_everything_and_the_global_generators_nothing():
    X, y = labelled(60, 0, smooth=False)

    def answers(seed):
        return SequenceDetector(epochs=1, seed=seed).fit(X, y).decision_function(X)

    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1]  # noqa: NPY002
    first = answers(3)
    assert torch.equal(torch_state, torch.get_rng_state())
    assert (numpy_state == np.random.get_state()[1]).all()  # noqa: NPY002
    torch.manual_seed(1)
    np.testing.assert_array_equal(first, answers(3))
    assert not np.array_equal(first, answers(4))


@pytest.mark.slow
def test_weights_count():
    """Rows of no weight could as well be mislabelled."""
    X, y = labelled(300, 1, smooth=False)
    wrong = np.r_[y, 1 - y]
    weight = np.repeat([1.0, 0.0], len(y))
    detector = SequenceDetector(epochs=6, batch_size=32).fit(concatenate([X, X]), wrong, weight)
    X, y = labelled(100, 8, smooth=False)
    assert roc_auc_score(y, detector.decision_function(X)) >= 0.85


def test_the_clock_and_the_direction_are_no_evidence(fitted):
    """It does not look at dt; mirrored movements and exchanged axes answer nearly alike once fitted."""
    one = walk(60, 5)
    deltas = one.deltas.clone()
    deltas[..., 2] *= 3
    slower = Trajectories(deltas, one.lengths, one.start, None, "slower")
    np.testing.assert_array_equal(fitted.decision_function(one), fitted.decision_function(slower))


def test_extreme_movements_stay_finite(fitted):
    wild = walk(4, 0)
    deltas = wild.deltas.clone()
    deltas[0] = 1e30
    deltas[1, :, :2] = -1e6
    deltas[2] = 0.0
    wild = Trajectories(deltas, wild.lengths, wild.start, None, "wild")
    assert np.isfinite(fitted.decision_function(wild)).all()
    assert fitted.decision_function(wild[:0]).shape == (0,)


def test_it_is_small(fitted):
    assert sum(parameter.numel() for parameter in fitted.net_.parameters()) <= 200_000


def test_a_movement_of_one_point_is_named(fitted):
    some = walk(10, 0)
    lengths = some.lengths.clone()
    lengths[[3, 5]] = 0
    pointlike = Trajectories(some.deltas, lengths, some.start, None, "mine")
    for use in (
        fitted.decision_function,
        fitted.predict_proba,
        lambda X: SequenceDetector().fit(X, np.arange(10) % 2),
    ):
        with pytest.raises(
            InputError, match=r"mine.*row 3 has one point and no step, and .* 1 more"
        ):
            use(pointlike)


@pytest.mark.parametrize(
    ("y", "weight", "words"),
    [
        (np.ones(10), None, "one class only"),
        (np.arange(9) % 2, None, "10 movements need as many labels"),
        (np.arange(10), None, "0 for a person or 1 for a bot"),
        (np.arange(10) % 2, np.ones(9), "as many weights"),
        (np.arange(10) % 2, -np.ones(10), "weights must be finite"),
        (np.arange(10) % 2, np.full(10, np.nan), "weights must be finite"),
        (np.arange(10) % 2, np.zeros(10), "not all 0"),
    ],
)
def test_bad_use_is_named(y, weight, words):
    with pytest.raises(ValueError, match=words):
        SequenceDetector().fit(walk(10, 0), y, weight)


def test_a_bad_setting_is_named():
    with pytest.raises(ValueError, match="epochs"):
        SequenceDetector(epochs=0).fit(*labelled(5, 0))
