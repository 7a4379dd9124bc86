"""Movements as detectors are shown them in training: as recorded, and through random devices."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from humouse.data.devices import DeviceRules, through_devices
from humouse.detection.samples.labelled import LabelledMovements
from humouse.detection.samples.one_clock import OneClock
from humouse.detection.samples.views import look
from humouse.randomness import derive_seed
from humouse.trajectories import Trajectories

_MOST_LOOKS = 20


@dataclass(frozen=True)
class Showing:
    """How movements are shown.

    Args:
        clock: The one that they are laid on, with a random phase.
        devices: How random devices differ.
        looks: How often each movement is shown: once as recorded, then through random devices.
    """

    clock: OneClock
    devices: DeviceRules
    looks: int

    def looks_at(self, count: int, wanted: int) -> int:
        """Return the looks at each of `count` movements where `wanted` would be enough: more where few."""
        return min(max(self.looks, round(self.looks * wanted / max(count, 1))), _MOST_LOOKS)

    def every_look(
        self, labelled: LabelledMovements, looks: int, seed: int
    ) -> Iterator[LabelledMovements]:
        """Yield each look at movements, with views; in place of the movements, those on the clock."""
        for number in range(looks):
            key = derive_seed(seed, "look", number)
            yield self.one_look(labelled, key, device=number > 0)

    def each_once(self, labelled: LabelledMovements, seed: int) -> Iterator[LabelledMovements]:
        """Yield one look at each movement: one in `looks` as recorded, the others through devices."""
        number = np.arange(len(labelled)) % self.looks
        for device in (False, True):
            rows = np.flatnonzero((number > 0) == device)
            if len(rows):
                yield self.one_look(labelled.rows(rows), seed, device=device)

    def one_look(
        self,
        labelled: LabelledMovements,
        seed: int,
        *,
        device: bool,
        number: np.ndarray | None = None,
    ) -> LabelledMovements:
        """Return movements seen once, those that still move.

        Args:
            labelled: B movements.
            seed: Of devices and phases.
            device: Whether they are seen through random devices.
            number: [B] of the device that each is seen through; None for one each.
        """
        steps = labelled.movements.as_steps()
        if device:
            steps = through_devices(steps, self.devices, seed, number)
        views, rows = look(steps, self.clock, seed)
        on_clock = Trajectories.from_padded(views.steps, labelled.movements.origin)
        return replace(labelled.rows(rows), movements=on_clock, views=views)
