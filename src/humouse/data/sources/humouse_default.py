"""The embedded dataset: a synthetic population, so that every step runs without a download."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from humouse.data.events.event import EVENT_SCHEMA, Events
from humouse.data.sources.source import Source, SourceFile
from humouse.data.sources.synthetic import Motion, Person, draw_person, move
from humouse.errors import InputError

# Part of the settings: data prepared by another version of the generator is not reused.
_GENERATION = 1


@dataclass(frozen=True)
class HumouseDefault(Source):
    """Synthetic people who point and click: no recording of anybody (see `synthetic`).

    Args:
        users: Number of people.
        gestures_per_user: Movements that each makes; the gesture rules drop some.
        seed: Seed of everything drawn, 0 ≤ seed < 2³²; a person is the same whatever the number of
            people.

    Raises:
        InputError: A number is out of its range.
    """

    users: int = 40
    gestures_per_user: int = 150
    seed: int = 0
    name = "humouse_default"
    synthetic = True

    def __post_init__(self) -> None:
        for setting in ("users", "gestures_per_user"):
            value = getattr(self, setting)
            if value < 1:
                raise InputError(f"source.{setting}={value}: must be at least 1")
        if not 0 <= self.seed < 2**32:
            raise InputError(f"source.seed={self.seed}: must be at least 0 and below 2³²")

    def settings(self) -> dict[str, Any]:
        """Return the size and the seed of the population."""
        return {
            "users": self.users,
            "gestures_per_user": self.gestures_per_user,
            "seed": self.seed,
            "generation": _GENERATION,
        }

    def files(self) -> list[SourceFile]:
        """Return one virtual session a person."""
        names = [f"synthetic{index}" for index in range(self.users)]
        return [SourceFile(name, None, name, "session") for name in names]

    def parts(self, file: SourceFile) -> Iterator[Events]:
        """Yield one person's session: moves, with clicks and drags at the targets."""
        index = int(file.name.removeprefix("synthetic"))
        rng = np.random.default_rng([self.seed, index])
        person = draw_person(rng)
        waypoints_px = _waypoints(person, self.gestures_per_user, rng)
        table = _stream(person, move(person, waypoints_px, rng), waypoints_px, rng)
        table = table.with_columns(user=pl.lit(file.user), run=pl.lit(0, pl.UInt32))
        yield Events(table.select(pl.col(name).cast(t) for name, t in EVENT_SCHEMA.items()), {})


def _waypoints(person: Person, gestures: int, rng: np.random.Generator) -> np.ndarray:
    """Return [gestures + 1] targets (x + iy, px): near the last one, or anywhere on the page."""
    width_px, height_px = person.screen_px
    page = rng.uniform(
        (0.05 * width_px, 0.1 * height_px), (0.95 * width_px, 0.9 * height_px), (gestures + 1, 2)
    )
    near = rng.random(gestures + 1) < 0.4
    hop_px = rng.lognormal(np.log(180), 0.7, gestures + 1)
    angle = rng.uniform(0, 2 * np.pi, gestures + 1)
    hops = np.column_stack([hop_px * np.cos(angle), hop_px * np.sin(angle)])
    for i in range(1, gestures + 1):
        if near[i]:
            page[i] = np.clip(page[i - 1] + hops[i], (8, 8), (width_px - 8, height_px - 8))
    return page @ np.array([1, 1j])


def _stream(
    person: Person, motion: Motion, waypoints_px: np.ndarray, rng: np.random.Generator
) -> pl.DataFrame:
    """Return the movements and the clicks between them as a device would report them."""
    n = len(motion.end_ms)
    press_ms = motion.end_ms + rng.gamma(4, 40, n)
    hold_ms = rng.gamma(9, 10, n)
    pause_ms = rng.gamma(2, person.pause_ms / 2, n)
    begin_ms = np.r_[0, (press_ms + hold_ms + pause_ms).cumsum()[:-1]] + 1000
    # The button stays down over a drag, and nobody drags twice in a row.
    drag = rng.random(n) < 0.12
    drag[0] = False
    drag[1:] &= ~drag[:-1]
    released = ~np.r_[drag[1:], False]

    limit_px = np.array(person.screen_px) - 1
    pixels = np.stack([motion.position_px.real, motion.position_px.imag], -1).round()
    pixels = np.clip(pixels, 0, limit_px)
    stays = np.zeros(motion.moving.shape, bool)
    stays[:, 1:] = (pixels[:, 1:] == pixels[:, :-1]).all(-1)
    reported = motion.moving & (person.reports_zero_moves | ~stays)
    clock_ms = motion.tick_ms + rng.normal(0, person.clock_jitter_ms, motion.tick_ms.shape)

    row = np.broadcast_to(np.arange(n)[:, None], reported.shape)[reported]
    button_px = np.column_stack([waypoints_px[1:].real, waypoints_px[1:].imag])
    button_px = np.clip(button_px.round(), 0, limit_px)
    parts = [
        (begin_ms[row] + clock_ms[reported], pixels[reported], np.where(drag[row], "drag", "move")),
        ((begin_ms + press_ms)[~drag], button_px[~drag], "press"),
        ((begin_ms + press_ms + hold_ms)[released], button_px[released], "release"),
    ]
    table = pl.concat(
        pl.DataFrame({"t_ms": t_ms.round(), "x_px": xy[:, 0], "y_px": xy[:, 1]}).with_columns(
            state=pl.lit(state) if isinstance(state, str) else pl.Series(state)
        )
        for t_ms, xy, state in parts
    )
    return table.sort("t_ms", maintain_order=True)
