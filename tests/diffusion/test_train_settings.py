"""Which settings make sense, which may change on resuming, and the learning rate's course."""

from dataclasses import asdict, replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.diffusion.train_settings import check_settings, differences, learning_rate
from humouse.errors import InputError
from humouse.launch import settings_from
from humouse.settings import TrainSettings


def made(*overrides: str) -> TrainSettings:
    return settings_from("diffusion/train", TrainSettings, list(overrides))


def test_the_defaults_make_sense():
    check_settings(made())


@pytest.mark.parametrize(
    "override",
    [
        "data.batch_size=0",
        "data.num_workers=-1",
        "model.base_channels=0",
        "model.cond_dim=-1",
        "model.cond_dim=5",
        "model.dropout=1",
        "model.dropout=-0.1",
        "model.cond_dropout=1.5",
        "diffusion.self_condition_prob=-1",
        "diffusion.min_snr_gamma=0",
        "optim.lr=0",
        "optim.lr=-1",
        "optim.lr=.nan",
        "optim.lr_decay=linear",
        "optim.lr_warmup_steps=-1",
        "optim.betas=[0.9]",
        "optim.betas=[0.9,1.0]",
        "optim.weight_decay=-1",
        "optim.grad_clip=-1",
        "optim.grad_accum=0",
        "optim.ema_decay=1.1",
        "optim.epochs=0",
        "optim.max_steps=0",
        "logging.log_interval=0",
        "logging.eval_interval=-1",
        "logging.sample_interval=-1",
        "logging.num_eval_samples=19",
        "logging.checkpoint_interval=-1",
        "early_stopping.score=fid",
        "early_stopping.patience=-1",
        "data.feature_mode=other",
        "experiment_name=''",
        "experiment_name=a/b",
    ],
)
def test_settings_that_make_no_sense(override: str):
    with pytest.raises(InputError) as caught:
        check_settings(made(override))
    assert override.split("=")[0] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_learning_rates_course():
    optim = replace(made().optim, lr=1.0, lr_warmup_steps=4, lr_decay="cosine")
    course = [learning_rate(optim, step, 24) for step in range(24)]
    assert course[:4] == [0.25, 0.5, 0.75, 1.0]
    assert course[4] == 1.0
    assert course[14] == pytest.approx(0.5)
    assert 0 < course[23] < 0.01
    assert all(a >= b for a, b in pairwise(course[4:]))
    constant = replace(optim, lr_decay="constant", lr_warmup_steps=0)
    assert [learning_rate(constant, step, 24) for step in (0, 23)] == [1.0, 1.0]


_OPTIM = made().optim


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 50), st.integers(1, 50))
def test_a_rate_is_never_above_its_peak(warm: int, steps: int):
    optim = replace(_OPTIM, lr=1.0, lr_warmup_steps=warm, lr_decay="cosine")
    assert all(0 < learning_rate(optim, step, steps) <= 1 for step in range(steps))


def test_what_may_change_on_resuming():
    before = asdict(made())
    free = ("resume=true", "device=cpu", "logging.dir=x", "optim.epochs=9", "data.dir=y")
    assert differences(before, asdict(made(*free))) == []
    changed = asdict(made("seed=2", "data.augment.crop=1", "model.dropout=0"))
    assert differences(before, changed) == [
        "data.augment.crop: 0.0 → 1.0",
        "model.dropout: 0.1 → 0.0",
        "seed: 1337 → 2",
    ]


def test_settings_that_came_or_went_count_as_changed():
    assert differences({"seed": 1, "old": 2}, {"seed": 1, "new": 3}) == [
        "new: None → 3",
        "old: 2 → None",
    ]


def test_a_decaying_rate_ties_the_end_of_the_run():
    """With cosine decay the last step decides the rate of every step before it."""
    decay = "optim.lr_decay=cosine"
    before = asdict(made(decay, "optim.max_steps=10"))
    assert differences(before, asdict(made(decay, "optim.max_steps=20"))) == [
        "optim.max_steps: 10 → 20"
    ]
    constant = asdict(made("optim.max_steps=10"))
    assert differences(constant, asdict(made("optim.max_steps=20"))) == []
