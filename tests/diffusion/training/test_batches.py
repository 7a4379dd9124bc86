"""Training batches: pure functions of the step, each epoch whole, cut evenly among processes."""

from collections import Counter
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.codec import CanonicalCodec, Codec, EventCodec
from humouse.data.augment import AugmentRules
from humouse.diffusion.noise.schedule import make_schedule
from humouse.diffusion.training.batches import NoisyBatches, NoisyPlan, NoisyShard
from humouse.training import batches as batches_module
from humouse.trajectories import Trajectories

_FEW = settings(max_examples=15, deadline=None)
_PARTS = ("x0", "mask", "t", "eps", "self_condition")


def movements(n: int, longest: int = 20) -> Trajectories:
    g = torch.Generator().manual_seed(n)
    deltas = torch.cat(
        [torch.randint(1, 9, (n, longest, 2), generator=g), torch.full((n, longest, 1), 8)], 2
    )
    lengths = torch.randint(5, longest + 1, (n,), generator=g)
    return Trajectories(deltas.float(), lengths, torch.zeros(n, 2), None, "test")


def make(
    n: int,
    plan: NoisyPlan,
    codec: Codec | None = None,
    rules: AugmentRules | None = None,
    **part: int,
) -> NoisyBatches:
    train = movements(n)
    codec = (codec or EventCodec(sequence_length=20)).fit(train)
    rules = rules or AugmentRules(crop=0.5)
    return NoisyBatches(train, codec, make_schedule("cosine", 1000), rules, plan, **part)


def same(a: NoisyShard, b: NoisyShard) -> bool:
    return all(torch.equal(getattr(a.batch, name), getattr(b.batch, name)) for name in _PARTS)


def test_a_step_is_a_function_of_its_number():
    plan = NoisyPlan(batch_size=8, seed=3, cond_dim=2)
    first, again = make(20, plan), make(20, plan)
    expected = {step: first[step] for step in range(6)}
    for step in (5, 0, 3, 3):  # in any order, from another object
        torch.manual_seed(step)
        assert same(again[step], expected[step])
        assert torch.equal(again[step].gestures, expected[step].gestures)
    assert not same(expected[0], expected[1])
    assert not same(make(20, replace(plan, seed=4))[0], expected[0])


def test_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    make(20, NoisyPlan(batch_size=8, seed=3, cond_dim=2))[0]
    assert torch.equal(torch.get_rng_state(), before)


@_FEW
@given(st.integers(1, 40), st.integers(1, 50), st.integers(0, 1000))
def test_each_epoch_sees_each_gesture_once(n: int, batch_size: int, seed: int):
    batches = make(n, NoisyPlan(batch_size, seed))
    assert (batches.steps_per_epoch - 1) * batch_size < n <= batches.steps_per_epoch * batch_size
    steps = 2 * batches.steps_per_epoch + 1
    seen = torch.cat([batches.gestures(step) for step in range(steps)])
    assert len(seen) == steps * batch_size
    for epoch in range(len(seen) // n):
        assert sorted(seen[epoch * n : (epoch + 1) * n].tolist()) == list(range(n))
    if n > 8:
        assert seen[:n].tolist() != seen[n : 2 * n].tolist()


@pytest.mark.slow
@_FEW
@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 5), st.sampled_from([0, 3]))
def test_processes_cut_one_batch_among_them(processes: int, each: int, step: int, cond_dim: int):
    plan = NoisyPlan(processes * each, seed=1, cond_dim=cond_dim)
    whole = make(17, plan)[step]
    shards = [make(17, plan, rank=rank, processes=processes)[step] for rank in range(processes)]
    assert {shard.total_values for shard in shards} == {whole.total_values}
    assert {len(shard.batch) for shard in shards} == {each}
    assert whole.total_values == int(whole.batch.mask.sum()) * whole.batch.x0.shape[2]
    names = (*_PARTS, "cond") if cond_dim else _PARTS

    def rows(shard: NoisyShard) -> Counter[str]:
        parts = [getattr(shard.batch, name) for name in names]
        return Counter(str([part[i].tolist() for part in parts]) for i in range(len(shard.batch)))

    assert sum((rows(shard) for shard in shards), Counter()) == rows(whole)
    lengths = whole.batch.mask.sum(1)
    assert torch.equal(lengths, lengths.sort().values)


def test_noise_times_are_spread_evenly():
    shard = make(20, NoisyPlan(batch_size=16, seed=0))[0]
    t = shard.batch.t.sort().values
    assert bool((t > 0).all())
    # One in each sixteenth, up to the place where the shift wraps round and to the grid's 1/1000.
    assert float(t.diff().sub(1 / 16).abs().max()) < 2.1e-3


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_conditions_are_forgotten_in_their_share(share: float):
    batches = make(50, NoisyPlan(batch_size=50, seed=0, cond_dim=4, cond_dropout=share))
    forgotten = torch.cat([batches[step].batch.cond.isnan() for step in range(20)])
    assert torch.equal(forgotten[:, 0], forgotten[:, 1])  # half a goal says nothing
    # 4 σ at n = 1,000: none of a gesture's three, or each by itself.
    alone = share + (1 - share) * share
    for place in (0, 2, 3):
        assert abs(float(forgotten[:, place].float().mean()) - alone) < 0.064
    every = share + (1 - share) * share**3
    assert abs(float(forgotten.all(1).float().mean()) - every) < 0.064


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_previous_answers_are_given_in_their_share(share: float):
    batches = make(50, NoisyPlan(batch_size=50, seed=0, self_condition=share))
    given_one = torch.cat([batches[step].batch.self_condition for step in range(20)])
    assert abs(float(given_one.float().mean()) - share) < 0.065


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("timesteps", [pytest.param(0, marks=pytest.mark.slow), 1000])
def test_times_of_low_noise_are_drawn_in_their_share(timesteps: int, share: float):
    batches = make(50, NoisyPlan(batch_size=50, seed=0, low_noise=share))
    batches.schedule = make_schedule("cosine", timesteps)
    t = torch.cat([batches[step].batch.t for step in range(40)])
    assert bool(((t > 0) & (t <= 1)).all())
    # The lowest quarter has its own quarter of the others, too.
    expected = share + (1 - share) / 4
    assert abs(float((t <= 0.25).float().mean()) - expected) < 0.04


def test_an_augmentation_that_the_codec_refuses_is_undone(monkeypatch: pytest.MonkeyPatch):
    """Movements that the codec refuses after augmentation come as they were."""
    batches = make(10, NoisyPlan(batch_size=10, seed=0), EventCodec(sequence_length=20))
    plain = batches.train[batches.gestures(0)]
    refused = torch.arange(10) % 2 == 0

    def still(part: Trajectories, rules: AugmentRules, g: torch.Generator) -> Trajectories:
        deltas = part.deltas * 2
        deltas[refused, :, :2] = 0  # nothing moves: no step is left once zero moves are merged
        return replace(part, deltas=deltas)

    monkeypatch.setattr(batches_module, "augment", still)
    got = batches._augmented(plain, torch.Generator())
    assert torch.equal(got.deltas[refused], plain.deltas[refused])
    assert torch.equal(got.deltas[~refused], plain.deltas[~refused] * 2)
    assert torch.equal(got.lengths, plain.lengths)
    assert batches[0].batch.x0.isfinite().all()


@pytest.mark.slow
@_FEW
@given(st.integers(0, 10**6))
def test_strong_augmentations_never_stop_a_batch(seed: int):
    rules = AugmentRules(0.9, 0.9, 1.0, 1.0, 1.0, 0.0, 1.0)
    for codec in (EventCodec(sequence_length=20), CanonicalCodec(sequence_length=16)):
        shard = make(12, NoisyPlan(batch_size=12, seed=seed), codec, rules)[seed]
        assert bool(shard.batch.x0.isfinite().all())
        assert bool((shard.batch.mask.sum(1) > 0).all())
        assert bool((shard.batch.x0[~shard.batch.mask] == 0).all())
