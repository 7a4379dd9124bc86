import numpy as np
import pytest
import torch

from humouse.codec import EventCodec
from humouse.codec.style import EXACT_MS, StylePool
from humouse.data.augment import AugmentRules
from humouse.data.prepared import load_split
from humouse.diffusion.noise.schedule import make_schedule
from humouse.diffusion.training.batches import NoisyBatches, NoisyPlan
from humouse.diffusion.training.virtual import virtual_people


@pytest.fixture(scope="module")
def train(many_gestures):
    return load_split(many_gestures / "train")


@pytest.fixture(scope="module")
def codec(train):
    return EventCodec(sequence_length=400).fit(train)


def test_each_person_is_there_on_three_devices(train, codec):
    virtual, source = virtual_people(train, codec, seed=0)
    assert len(codec.fitting(virtual)) == len(virtual)
    assert torch.equal(virtual.steps, virtual.steps.round())
    made = set(virtual.user)
    assert len(made) == 3 * len(set(train.user))
    for person in set(train.user):
        assert sum(name.startswith(f"{person} on device") for name in made) == 3
    assert [name.split(" on ")[0] for name in virtual.user] == train.user[source.numpy()].tolist()
    # Each is a set-up of its own.
    assert len(set(virtual.setup)) == len(made)


def test_the_devices_are_others_and_each_has_one_clock(train, codec):
    virtual, _ = virtual_people(train, codec, seed=0)
    ticks = []
    for name in np.unique(virtual.user):
        mine = virtual[torch.from_numpy(np.flatnonzero(virtual.user == name))]
        gesture_ticks = [
            float(one.deltas[0, : int(one.lengths[0]), 2].median()) for one in mine[:20]
        ]
        # Half of the gestures lie within 2 ms of each other: they share a device.
        low, high = np.quantile(gesture_ticks, [0.25, 0.75])
        assert high - low <= 0.15 * high + 2
        ticks.append(np.median(gesture_ticks))
    assert len(set(np.round(ticks))) >= 6


def test_the_same_seed_gives_the_same_people(train, codec):
    first, again = (virtual_people(train, codec, seed=1)[0] for _ in range(2))
    assert torch.equal(first.steps, again.steps)
    assert not torch.equal(first.lengths, virtual_people(train, codec, seed=2)[0].lengths)


def test_they_do_not_depend_on_how_many_are_made_at_a_time(train, codec, monkeypatch):
    together, source = virtual_people(train, codec, seed=0)
    monkeypatch.setattr("humouse.diffusion.training.virtual._AT_A_TIME", 50)
    apart, same = virtual_people(train, codec, seed=0)
    assert len(source) > 200
    assert torch.equal(source, same)
    assert torch.equal(together.steps, apart.steps)
    assert (together.width, together.user.tolist()) == (apart.width, apart.user.tolist())


def test_a_share_of_each_batch_is_of_virtual_people(train, codec):
    plan = NoisyPlan(64, 0, 9, 0.0, self_condition=0.0, styles=True, virtual=0.4)
    batches = NoisyBatches(train, codec, make_schedule("cosine", 0), AugmentRules(), plan)
    virtual = [
        int((batches._some_virtual(batches.gestures(step), g) >= len(train)).sum())
        for step, g in ((s, torch.Generator().manual_seed(s)) for s in range(30))
    ]
    assert np.mean(virtual) / 64 == pytest.approx(0.4, abs=0.04)
    shard = batches[0]
    # Messages name rows of the split.
    assert int(shard.gestures.max()) < len(train)
    assert shard.batch.style is not None
    assert len(shard.batch.style) == 64


def test_a_virtual_person_has_no_kin(train, codec):
    virtual, _ = virtual_people(train, codec, seed=0)
    pool = StylePool.of(virtual)
    assert (pool.kin == torch.arange(len(pool.kin))[:, None]).all()
    style = pool.draw(torch.arange(len(pool.kin)), torch.Generator().manual_seed(0))
    assert torch.isfinite(style[:, -EXACT_MS:]).all()
