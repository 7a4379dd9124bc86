"""Fits a `SetUp` on people that no detector was fitted on."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from humouse.detection.names import HUMAN
from humouse.detection.samples.labelled import LabelledMovements, label_movements
from humouse.detection.samples.shown import Showing
from humouse.detection.samples.views import Views
from humouse.detection.setups.setup import Calibrating, SetUp
from humouse.errors import InputError
from humouse.randomness import derive_seed
from humouse.trajectories import Trajectories

Scorer = Callable[[Views], Float[np.ndarray, "B"]]
"""From views to the blend's scores."""

FEWEST_GESTURES = 100
"""Gestures of people that a set-up takes, for a rate of 1% to mean anything."""


def fit_setup(
    name: str,
    people: Trajectories,
    bots: LabelledMovements,
    scorer: Scorer,
    showing: Showing,
    seed: int,
) -> SetUp:
    """Return the set-up of people that the detector was not fitted on.

    Each person is seen as recorded, and once more through a random device, the same for all movements of
    theirs, as a stranger would be. A device counts as a source of its own.

    Args:
        name: What to call it.
        people: Their movements, with users.
        bots: Movements of bots, as recorded.
        scorer: From views to the blend's scores.
        showing: How movements are shown.
        seed: Of everything random.

    Raises:
        InputError: There are too few gestures.
    """
    persons, person = np.unique(people.person, return_inverse=True)
    human = label_movements(people, HUMAN, HUMAN)
    recorded = showing.one_look(human, derive_seed(seed, "recorded"), device=False)
    if len(recorded) < FEWEST_GESTURES:
        raise InputError(
            f"{people.origin}: {len(recorded):,} gestures of people to calibrate on; at least "
            f"{FEWEST_GESTURES} are needed: record more, or loosen the gesture rules"
        )
    through = showing.one_look(human, derive_seed(seed, "device"), device=True, number=person)
    seen = [recorded, through, *showing.each_once(bots, derive_seed(seed, "bots"))]
    traits = [part.looked_at.setup for part in (recorded, through)]
    sources = [_source(part, number) for number, part in enumerate(seen)]
    known = Calibrating(
        np.concatenate([scorer(part.looked_at) for part in seen]),
        np.concatenate([part.is_bot for part in seen]),
        np.concatenate(sources),
        np.concatenate([table.values.astype(np.float64) for table in traits]),
        traits[0].names,
    )
    return SetUp.fit(name, known, len(persons), len(recorded), seed)


def _source(seen: LabelledMovements, look: int) -> np.ndarray:
    """Return whose movement each is: a person's on one device, or a bot's variant."""
    own = seen.movements.person.astype(object) + f" look {look}"
    return np.where(seen.is_bot, seen.variant.astype(object), own)
