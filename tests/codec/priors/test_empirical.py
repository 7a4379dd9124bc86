import pytest
import torch

from humouse.codec import CONDITIONS, EmpiricalPrior, condition_vector

N = 3000


@pytest.fixture(scope="module")
def seen():
    g = torch.Generator().manual_seed(0)
    lengths = torch.randint(10, 60, (N,), generator=g)
    goal = 200 * torch.randn(N, 2, generator=g)
    complexity = 1 + torch.rand(N, generator=g)
    duration = 17.0 * lengths
    path = complexity * goal.norm(dim=1).clamp(min=1)
    shares = torch.rand(N, 3, generator=g)
    tick = torch.full((N,), 17.0)
    columns = [goal, torch.stack([duration, path, complexity, tick], 1), shares]
    return lengths, torch.zeros(N, 2), torch.cat(columns, 1)


@pytest.fixture(scope="module")
def prior(seen):
    return EmpiricalPrior.fit(*seen)


def asked(n, **values):
    row = torch.full((len(CONDITIONS),), torch.nan)
    vector = condition_vector(**values)
    row[: len(vector)] = vector
    return row.expand(n, -1)


def test_rows_are_the_train_splits_own_with_their_ties(prior, seen):
    lengths, _, conditions = prior.draw(500, seed=1)
    known = {(int(n), float(c[0])) for n, c in zip(seen[0], seen[2], strict=True)}
    drawn = {(int(n), float(c[0])) for n, c in zip(lengths, conditions, strict=True)}
    assert drawn <= known
    assert len(drawn) > 400
    path_again = conditions[:, 4] * conditions[:, :2].norm(dim=1).clamp(min=1)
    torch.testing.assert_close(conditions[:, 3], path_again, rtol=1e-4, atol=1e-3)


def test_a_row_depends_only_on_its_index(prior):
    few, many = prior.draw(5, seed=3), prior.draw(40, seed=3)
    for one, other in zip(few, many, strict=True):
        assert torch.equal(one, other[:5])
    assert not torch.equal(prior.draw(5, seed=4)[2], few[2])


def test_the_rest_is_conditional_on_what_is_given(prior):
    lengths, _, conditions = prior.draw(300, seed=0, given=asked(300, duration_ms=400.0))
    assert (conditions[:, 2] == 400).all()
    # 17 ms a step.
    assert abs(float(lengths.float().mean()) - 400 / 17) < 1.5
    assert len(conditions[:, 0].unique()) > 10


def test_a_goal_brings_its_path_along(prior):
    given = asked(50, goal_dx_px=300.0, goal_dy_px=-400.0)
    _, _, conditions = prior.draw(50, seed=0, given=given)
    assert torch.equal(conditions[:, :2], given[:, :2])
    assert (conditions[:, 3] >= 500 - 1e-2).all()
    torch.testing.assert_close(conditions[:, 3], conditions[:, 4] * 500, rtol=1e-4, atol=1e-2)
    _, _, bent = prior.draw(
        50, seed=0, given=asked(50, goal_dx_px=300.0, goal_dy_px=-400.0, complexity=1.5)
    )
    torch.testing.assert_close(bent[:, 3], torch.full((50,), 750.0))


def test_any_given_values_yield_finite_draws(prior):
    given = asked(4, goal_dx_px=10_000.0, goal_dy_px=0.0, duration_ms=1.0)
    lengths, start, conditions = prior.draw(4, seed=0, seq_len=500, given=given)
    assert (lengths == 500).all()
    assert start.isfinite().all()
    assert conditions.isfinite().all()


def test_its_state_makes_it_again(prior):
    again = EmpiricalPrior.from_state(prior.state())
    for one, other in zip(prior.draw(20, seed=0), again.draw(20, seed=0), strict=True):
        assert torch.equal(one, other)
