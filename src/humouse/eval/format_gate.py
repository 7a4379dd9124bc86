"""The format gate: people's gestures after encode → decode must not be separable from the originals.

A probe finds any trace that a codec leaves in a movement, and the score would attribute it to the
model. Both forms of a gesture are in the same fold, so that only the codec differs between the
sets.
"""

import math

import numpy as np

from humouse.codec import Codec
from humouse.errors import InputError
from humouse.eval.metrics.distance import wasserstein_scores
from humouse.eval.plausibility import FEWEST
from humouse.eval.probes.classifier import c2st_scores
from humouse.eval.probes.two_sample import Groups
from humouse.features import feature_table
from humouse.trajectories import Trajectories

HIGHEST_AUC = 0.52
_GESTURES = 1000
_PROBES = ("logistic", "boosting")


def format_gate(
    people: Trajectories, codec: Codec, *, groups: tuple[str, ...], seed: int = 0
) -> dict[str, float]:
    """Return the AUC of each probe between people's gestures and the same ones decoded.

    Args:
        people: Gestures of people; those that do not fit the codec are left out.
        codec: Fitted.
        groups: Groups of features to look at.
        seed: Chooses up to 1,000 gestures, and the folds.

    Raises:
        InputError: Fewer than 20 gestures fit; or a probe reads more than 0.52, or than chance explains
            where gestures are few, and the features that moved most are named.
    """
    areas, moved = round_trip_areas(people, codec, groups=groups, seed=seed)
    highest = highest_area(min(int(codec.fits(people).sum()), _GESTURES))
    if max(areas.values()) <= highest:
        return areas
    raise InputError(
        f"round-trip check: a classifier separates {people.origin} from the same gestures after codec "
        f"'{codec.name}' and back (AUC {max(areas.values()):.3f}, at most {highest:.3g}), so no score would "
        f"mean anything. Changed most: {moved}"
    )


def highest_area(gestures: int) -> float:
    """Return the highest AUC that passes: 0.52, or two deviations of chance where that is more.

    A probe that guesses reads 0.5 ± √(1/12n) on n gestures and their decoded forms, which are alike in all
    but the codec.
    """
    return max(HIGHEST_AUC, 0.5 + 2 / math.sqrt(12 * gestures))


def round_trip_areas(
    people: Trajectories, codec: Codec, *, groups: tuple[str, ...], seed: int = 0
) -> tuple[dict[str, float], str]:
    """Return the AUC of each probe, as `format_gate` does, and what moved most, however high it is.

    Raises:
        InputError: Fewer than 20 gestures fit.
    """
    people = people[codec.fits(people)]
    if len(people) < FEWEST:
        raise InputError(
            f"{people.origin}: {len(people)} gestures fit codec '{codec.name}' with "
            f"data.sequence_length={codec.sequence_length}; at least {FEWEST} are needed"
        )
    rows = np.random.default_rng(seed).permutation(len(people))[:_GESTURES]
    people = people[rows]
    decoded = codec.decode(*codec.encode(people))
    before, after = (feature_table(codec.canonicalize(side), groups) for side in (people, decoded))
    gesture = np.arange(len(people)).astype(str)
    areas = {
        probe: c2st_scores(
            before.values,
            after.values,
            probe=probe,
            groups=Groups(gesture, gesture),
            seed=seed,
        ).auc.value
        for probe in _PROBES
    }
    distances, _ = wasserstein_scores(before.values, after.values)
    order = np.argsort([-distance.value for distance in distances])[:3]
    moved = ", ".join(f"{before.names[k]} (by {distances[k].value:.2g} σ)" for k in order)
    return areas, moved
