"""`humouse.diffusion.noise.schedule` under the specification's name."""

from humouse.diffusion.noise.schedule import (
    CosineSchedule,
    DiscreteSchedule,
    LogSNRSchedule,
    Schedule,
    make_schedule,
)

__all__ = ["CosineSchedule", "DiscreteSchedule", "LogSNRSchedule", "Schedule", "make_schedule"]
