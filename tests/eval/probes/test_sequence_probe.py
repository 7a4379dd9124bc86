"""The sequence probe on movements whose answer is known."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from humouse.eval.probes.sequence_probe import SequenceProbe
from humouse.trajectories import Trajectories, concatenate


def winding(n, seed, tick_ms=8.0, smooth=True, steps=(12, 32)):
    """Movements of AR(1) steps, or of the same steps in a random order."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(steps[0], steps[1] + 1, n)
    T = steps[1]
    deltas = np.zeros((n, T, 3), np.float32)
    noise = rng.normal(0, 6, (n, T, 2))
    deltas[:, 0, :2] = noise[:, 0]
    for j in range(1, T):
        deltas[:, j, :2] = 0.8 * deltas[:, j - 1, :2] + 0.6 * noise[:, j]
    if not smooth:
        for row, length in enumerate(lengths):
            deltas[row, :length] = deltas[row, rng.permutation(length)]
    deltas[..., :2] = deltas[..., :2].round()
    deltas[..., 2] = tick_ms
    return Trajectories(
        torch.from_numpy(deltas), torch.from_numpy(lengths), torch.zeros(n, 2), None, "winding"
    )


def held_out_auc(real, fake, **settings):
    n = len(real) // 4 * 3
    probe = SequenceProbe(**settings)
    probe.fit(concatenate([real[:n], fake[:n]]), np.repeat([True, False], n))
    rest = [probe.predict_proba(side[n:]) for side in (real, fake)]
    return roc_auc_score(np.repeat([1, 0], [len(side) for side in rest]), np.concatenate(rest))


def test_equal_distributions_give_an_auc_of_one_half():
    auc = held_out_auc(winding(600, 0), winding(600, 9), epochs=3)
    assert auc == pytest.approx(0.5, abs=0.1)


def test_a_clock_is_seen():
    assert held_out_auc(winding(100, 1), winding(100, 2, tick_ms=16.0)) >= 0.99


def test_the_order_of_steps_is_seen():
    """Equal marginals, smooth against white: only the order of steps differs."""
    assert held_out_auc(winding(400, 1), winding(400, 2, smooth=False)) >= 0.9


@pytest.mark.slow
def test_one_millisecond_is_seen():
    late = winding(400, 2)
    deltas = late.deltas.clone()
    deltas[..., 2] += torch.rand(deltas.shape[:2], generator=torch.Generator().manual_seed(0)) < 0.3
    assert (
        held_out_auc(winding(400, 1), Trajectories(deltas, late.lengths, late.start, None, ""))
        > 0.9
    )


@pytest.fixture(scope="module")
def fitted():
    both = concatenate([winding(100, 1), winding(100, 2, smooth=False, tick_ms=9.0)])
    return SequenceProbe(epochs=2).fit(both, np.arange(200) < 100)


def test_the_padded_length_does_not_matter(fitted):
    one = winding(60, 5)
    padded = Trajectories(
        torch.nn.functional.pad(one.deltas, (0, 0, 0, 168)), one.lengths, one.start, None, "padded"
    )
    np.testing.assert_array_equal(fitted.predict_proba(one), fitted.predict_proba(padded))
    labels = np.arange(60) < 30
    again = [SequenceProbe(epochs=1).fit(side, labels).predict_proba(one) for side in (one, padded)]
    np.testing.assert_array_equal(*again)


def test_neighbours_in_a_batch_do_not_matter(fitted):
    short, long = winding(9, 5, steps=(3, 14)), winding(9, 6, steps=(150, 200))
    together = fitted.predict_proba(concatenate([short, long]))
    apart = np.concatenate([fitted.predict_proba(side) for side in (short, long)])
    alone = np.concatenate([fitted.predict_proba(short[[k]]) for k in range(9)])
    np.testing.assert_allclose(together, apart, rtol=1e-4)
    np.testing.assert_allclose(together[:9], alone, rtol=1e-4)


def test_the_last_step_counts(fitted):
    """A mask one step too short would not see it, at any of the strides."""
    for length in (12, 13, 14, 15):
        one = winding(1, 3, steps=(length, length))
        deltas = one.deltas.clone()
        deltas[:, -1] = torch.tensor([400.0, 400.0, 90.0])
        other = Trajectories(deltas, one.lengths, one.start, None, "other")
        assert abs(fitted.predict_proba(one) - fitted.predict_proba(other)).max() > 1e-3


def test_a_seed_decides_everything_and_the_global_generators_nothing():
    both, labels = winding(80, 0), np.arange(80) < 40

    def answers(seed):
        return SequenceProbe(epochs=1, seed=seed).fit(both, labels).predict_proba(both)

    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1]  # noqa: NPY002
    first = answers(3)
    assert torch.equal(torch_state, torch.get_rng_state())
    assert (numpy_state == np.random.get_state()[1]).all()  # noqa: NPY002
    torch.manual_seed(1)
    np.testing.assert_array_equal(first, answers(3))
    assert not np.array_equal(first, answers(4))


def test_answers_are_probabilities_in_the_order_asked(fitted):
    some = winding(300, 7)  # more than a batch
    answers = fitted.predict_proba(some)
    assert ((answers >= 0) & (answers <= 1)).all()
    order = np.random.default_rng(0).permutation(300)
    np.testing.assert_allclose(fitted.predict_proba(some[order]), answers[order], rtol=1e-4)
    assert fitted.predict_proba(some[:0]).shape == (0,)


def test_movements_without_steps_are_no_problem():
    empty = Trajectories(
        torch.zeros(40, 0, 3), torch.zeros(40, dtype=torch.long), torch.zeros(40, 2), None, "empty"
    )
    labels = np.arange(40) < 20
    alike = SequenceProbe(epochs=1).fit(empty, labels).predict_proba(empty)
    assert np.isfinite(alike).all()
    assert np.ptp(alike) == 0
    mixed = concatenate([empty[:20], winding(20, 0)])
    assert np.isfinite(SequenceProbe(epochs=1).fit(mixed, labels).predict_proba(mixed)).all()


def test_extreme_movements_stay_finite(fitted):
    wild = winding(3, 0)
    deltas = wild.deltas.clone()
    deltas[0] = 1e30
    deltas[1, :, :2] = -1e6
    answers = fitted.predict_proba(Trajectories(deltas, wild.lengths, wild.start, None, "wild"))
    assert np.isfinite(answers).all()


def test_it_is_small(fitted):
    assert sum(parameter.numel() for parameter in fitted._net.parameters()) <= 60_000


def test_bad_use_is_named():
    some = winding(10, 0)
    with pytest.raises(ValueError, match="fit first"):
        SequenceProbe().predict_proba(some)
    with pytest.raises(ValueError, match="both kinds"):
        SequenceProbe().fit(some, np.ones(10, bool))
    with pytest.raises(ValueError, match="10 movements"):
        SequenceProbe().fit(some, np.arange(9) < 4)
    with pytest.raises(ValueError, match="at least 1"):
        SequenceProbe(epochs=0)
