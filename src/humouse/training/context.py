"""The context of a run: what a learner needs beside its settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from jaxtyping import Int
from torch import Tensor

from humouse.codec import Codec
from humouse.data.prepared import Prepared
from humouse.ragged import Ragged
from humouse.training.data import TrainingData
from humouse.training.device import mixed_precision, resolve_device
from humouse.training.run_settings import RunSettings, checkpoint_path


@dataclass(frozen=True, eq=False)
class TrainingContext:
    """Data, codec and device of one run.

    Args:
        accelerator: Knows the device, the precision and the other processes.
        codec: Fitted on the train split.
        prepared: The dataset that the splits belong to.
        train: The gestures of the train split that fit the codec.
        train_rows: [N] their rows in train.parquet.
        left_out: How many gestures do not fit it.
        val: The validation split.
        config: The whole configuration as plain dictionaries.
        path: Where the checkpoint goes.
        gestures_per_step: Over all processes.
    """

    accelerator: Accelerator
    codec: Codec
    prepared: Prepared
    train: Ragged
    train_rows: Int[Tensor, "N"]
    left_out: int
    val: Ragged
    config: dict[str, Any]
    path: Path
    gestures_per_step: int

    @classmethod
    def of(
        cls,
        settings: RunSettings,
        data: TrainingData,
        codec: Codec,
        accelerator: Accelerator,
        *,
        accumulate: int = 1,
    ) -> "TrainingContext":
        """Return the context of a run.

        Args:
            settings: The whole configuration, a dataclass.
            data: The splits that it names.
            codec: Fitted on the train split.
            accelerator: Knows the device, the precision and the other processes.
            accumulate: Batches summed into one step.
        """
        fitting = codec.fitting(data.train)
        return cls(
            accelerator=accelerator,
            codec=codec,
            prepared=data.prepared,
            train=data.train.only(fitting),
            train_rows=data.train_rows[fitting],
            left_out=len(data.train) - len(fitting),
            val=data.val,
            config=asdict(settings),  # type: ignore[call-overload]
            path=checkpoint_path(settings),
            gestures_per_step=settings.data.batch_size * accumulate * accelerator.num_processes,
        )


@contextmanager
def training_context(
    settings: RunSettings,
    data: TrainingData,
    codec: Codec,
    *,
    amp: bool = False,
    accumulate: int = 1,
) -> Iterator[TrainingContext]:
    """Set up a run's device, precision and processes, and leave none of it behind.

    Args:
        settings: The whole configuration, a dataclass.
        data: The splits that it names.
        codec: Fitted on the train split.
        amp: Whether to use half precision where the device is fast at it.
        accumulate: Batches summed into one step.
    """
    device = resolve_device(settings.device)
    precision = mixed_precision(device, amp)
    accelerator = Accelerator(cpu=device.type == "cpu", mixed_precision=precision)
    torch.backends.cudnn.benchmark = True
    try:
        yield TrainingContext.of(settings, data, codec, accelerator, accumulate=accumulate)
    finally:
        accelerator.free_memory()
        AcceleratorState._reset_state(reset_partial_state=not accelerator.use_distributed)
