"""How long a run will take, measured on a few steps that are thrown away."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import perf_counter
from typing import Any

from humouse.codec import Codec
from humouse.progress import Stage
from humouse.training.context import TrainingContext, training_context
from humouse.training.data import TrainingData
from humouse.training.learner import Learner
from humouse.training.optimisation import BadLossError
from humouse.training.run_settings import RunSettings, planned_steps

_STEPS = 6


def rehearse(
    name: str,
    settings: RunSettings,
    data: TrainingData,
    codec: Codec,
    make: Callable[[TrainingContext], Learner[Any]],
    *,
    done: int = 0,
    amp: bool = False,
    accumulate: int = 1,
) -> Stage:
    """Return a run as a stage of a job: its steps, and how long one takes.

    A step's time includes its share of the validation rounds.

    Args:
        name: What the run makes.
        settings: The whole configuration, checked.
        data: The splits that it names.
        codec: Fitted on the train split.
        make: Makes the learner, which is thrown away.
        done: Steps that an earlier run did.
        amp: Whether to use half precision where the device is fast at it.
        accumulate: Batches summed into one step.

    Raises:
        InputError: The run could not start.
    """
    with training_context(settings, data, codec, amp=amp, accumulate=accumulate) as context:
        learner = make(context)
        steps_per_epoch = learner.batches.steps_per_epoch
        steps = planned_steps(settings, steps_per_epoch)
        if done >= steps:
            return Stage(name, steps, 0.0, done)
        step_s = _step_s(learner, steps)
        rounds_s = 0.0
        for scored, count in _rounds(settings, steps, steps_per_epoch).items():
            if count:
                rounds_s += count * _seconds(partial(learner.measure, scored=scored))
    return Stage(name, steps, step_s + rounds_s / steps, done)


def _step_s(learner: Learner[Any], steps: int) -> float:
    """Return the mean time of a few steps; the first, which also prepares things, is left out."""
    taken_s = []
    with suppress(BadLossError):  # the run itself says what is wrong
        for step in range(_STEPS):
            taken_s.append(_seconds(partial(_one_step, learner, step, steps)))
    timed_s = taken_s[1:] or taken_s
    return sum(timed_s) / max(1, len(timed_s))


def _one_step(learner: Learner[Any], step: int, steps: int) -> None:
    learner.step(learner.batches[step], step, steps)


def _rounds(settings: RunSettings, steps: int, steps_per_epoch: int) -> dict[bool, int]:
    """Return how many validation rounds a run has, with samples that are scored and without."""

    def due(interval: int) -> set[int]:
        """The last step, and each that ends so many epochs."""
        every = interval * steps_per_epoch
        return {*range(every, steps + 1, every), steps} if interval else set()

    scored = due(settings.logging.sample_interval)
    return {True: len(scored), False: len((due(settings.logging.eval_interval) | {steps}) - scored)}


def _seconds(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began
