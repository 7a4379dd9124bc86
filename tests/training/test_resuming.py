"""What may change when a run goes on, and what may not."""

from dataclasses import asdict

from humouse.settings import TrainModelSettings
from humouse.settings.compose import settings_from
from humouse.training.resuming import differences


def made(*overrides: str) -> TrainModelSettings:
    return settings_from("diffusion/train", TrainModelSettings, ["experiment=train", *overrides])


def test_what_may_change_on_resuming():
    constant = "optim.lr_decay=constant"
    before = asdict(made(constant))
    free = ("resume=true", "device=cpu", "logging.dir=x", "optim.epochs=9", "data.dir=y")
    assert differences(before, asdict(made(constant, *free))) == []
    changed = asdict(made(constant, "seed=2", "data.augment.crop=1", "model.dropout=0.2"))
    assert differences(before, changed) == [
        "data.augment.crop: 0.0 → 1.0",
        "model.dropout: 0.0 → 0.2",
        "seed: 1337 → 2",
    ]


def test_settings_that_came_or_went_count_as_changed():
    assert differences({"seed": 1, "old": 2}, {"seed": 1, "new": 3}) == [
        "new: None → 3",
        "old: 2 → None",
    ]


def test_a_decaying_rate_ties_the_end_of_the_run():
    """With cosine decay the last step decides the rate of every step before it."""
    for decay, differing in (("cosine", ["optim.max_steps: 10 → 20"]), ("constant", [])):
        before, after = (
            asdict(made(f"optim.lr_decay={decay}", f"optim.max_steps={steps}"))
            for steps in (10, 20)
        )
        assert differences(before, after) == differing
