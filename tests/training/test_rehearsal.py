"""Rehearsals: how many validation rounds a run has."""

from dataclasses import replace

import pytest

from humouse.settings import TrainModelSettings
from humouse.settings.compose import settings_from
from humouse.training.rehearsal import _rounds


@pytest.fixture(scope="module")
def made() -> TrainModelSettings:
    return settings_from("diffusion/train", TrainModelSettings, [])


@pytest.mark.parametrize("eval_interval", [0, 1, 3])
@pytest.mark.parametrize("sample_interval", [0, 1, 2, 6])
@pytest.mark.parametrize("steps", [1, 6, 12, 17])
def test_rounds_are_counted_as_the_trainer_has_them(
    made: TrainModelSettings, eval_interval: int, sample_interval: int, steps: int
):
    per_epoch = 2
    intervals = {"eval_interval": eval_interval, "sample_interval": sample_interval}
    settings = replace(made, logging=replace(made.logging, **intervals))

    def due(interval: int, step: int) -> bool:
        return interval > 0 and step % (interval * per_epoch) == 0

    held = {True: 0, False: 0}
    for step in range(1, steps + 1):
        last = step == steps
        scored = due(sample_interval, step) or (last and sample_interval > 0)
        if scored or last or due(eval_interval, step):
            held[scored] += 1
    assert _rounds(settings, steps, per_epoch) == held
