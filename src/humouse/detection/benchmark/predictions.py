"""From the scores of trials to what a detector said under each seed: blended, calibrated, judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float

from humouse.detection.benchmark.dataset import Material
from humouse.detection.benchmark.design import TrainingSet
from humouse.detection.benchmark.fold import Scores, Trial, plays, read_scores
from humouse.detection.benchmark.metrics import Judged
from humouse.detection.calibration.calibration import RATES, Calibration
from humouse.detection.estimators.blend import BlendDetector
from humouse.detection.names import BLEND, HUMAN
from humouse.detection.registry import MEMBERS, Member
from humouse.detection.samples.people import CALIBRATE, EVALUATE


@dataclass(frozen=True, eq=False)
class Said:
    """What one detector said under one seed.

    Args:
        human: People's gestures, judged.
        bots: By family, judged.
        calibration: From people whom nobody was fitted on.
    """

    human: Judged
    bots: Mapping[str, Judged]
    calibration: Calibration

    @property
    def threshold(self) -> float:
        """The score from which a gesture is flagged, fixed on other people for 1%."""
        return self.calibration.threshold(RATES[0])


class Tally:
    """What every detector said.

    Args:
        material: Whose people and bots were judged.
        members: The detectors.
        folder: Where the trials' scores lie.
    """

    def __init__(self, material: Material, members: Sequence[Member], folder: Path) -> None:
        self.material = material
        self.members = members
        self._read = lru_cache(maxsize=64)(lambda trial: read_scores(trial, folder))
        self._users = lru_cache(maxsize=None)(self._users_of)

    def said(
        self,
        training: TrainingSet,
        held_out: str | None,
        seed: int,
        families: Sequence[str],
        role: str = EVALUATE,
    ) -> dict[str, Said]:
        """Return what each detector that takes part, and their blend, said.

        Args:
            training: What they were fitted on.
            held_out: The family that none may have seen, or None.
            seed: Which repetition.
            families: Those judged besides people.
            role: Who was judged: `EVALUATE` or `ACROSS`.
        """
        playing = [one.name for one in self.members if plays(one, training, held_out)]
        if not playing:
            return {}
        sources = self._sources(training, seed)
        calibrating = self._calibrating(sources, playing, training, seed)
        is_bot = np.repeat([False, True], [len(part) for part in calibrating])
        scores = {kind: _columns(sources, playing, (role, kind)) for kind in (HUMAN, *families)}
        said = {
            name: self._one(
                np.concatenate([part[:, place] for part in calibrating]),
                is_bot,
                {kind: columns[:, place] for kind, columns in scores.items()},
                role,
            )
            for place, name in enumerate(playing)
        }
        if len(playing) > 1:
            known = np.concatenate(calibrating)
            weights = tuple(MEMBERS[name].weight for name in playing)
            blend = BlendDetector(weights=weights).fit(known, is_bot.astype(int))
            blended = {kind: blend.decision_function(part) for kind, part in scores.items()}
            said[BLEND] = self._one(blend.decision_function(known), is_bot, blended, role)
        return said

    def variants(self, role: str, family: str) -> np.ndarray:
        """Return what made each movement of a family judged."""
        return self.material.load(role, [family], None).variant

    def _one(
        self,
        known: Float[np.ndarray, "n"],
        is_bot: np.ndarray,
        scores: Mapping[str, np.ndarray],
        role: str,
    ) -> Said:
        calibration = Calibration.of(known, is_bot)

        def judged(kind: str) -> Judged:
            score = scores[kind]
            return Judged(score, calibration.probability(score), self._users(role, kind))

        bots = {kind: judged(kind) for kind in scores if kind != HUMAN}
        return Said(judged(HUMAN), bots, calibration)

    def _sources(self, training: TrainingSet, seed: int) -> list[Scores]:
        """Return the scores of the fit on this training set, and of those on people alone."""
        trials = [Trial(seed, training, ()), Trial(seed, None, ())]
        return [self._read(trial) for trial in trials]

    def _calibrating(
        self, sources: Sequence[Scores], playing: Sequence[str], training: TrainingSet, seed: int
    ) -> tuple[Float[np.ndarray, "n M"], Float[np.ndarray, "m M"]]:
        """Return the scores [n, M] of people, and [m, M] of as many negatives, to calibrate on."""
        human = _columns(sources, playing, (CALIBRATE, HUMAN))
        available = list(self.material.makers)
        counts = self.material.sizes.of(training, available, len(human))
        bots = [
            _columns(sources, playing, (CALIBRATE, family))[:count]
            for family, count in counts.items()
        ]
        return human, np.concatenate(bots)

    def _users_of(self, role: str, kind: str) -> np.ndarray:
        """Return whose gesture each row is, or whose errand the bot ran; "" where nobody knows."""
        movements = self.material.load(role, [kind], None).movements
        return np.full(len(movements), "") if movements.user is None else movements.user


def _columns(
    sources: Sequence[Scores], names: Sequence[str], key: tuple[str, str]
) -> Float[np.ndarray, "n M"]:
    """Return [n, M] the scores of each detector, wherever they stand."""
    found = {name: part for source in sources for name, part in source.get(key, {}).items()}
    return np.stack([found[name] for name in names], 1)
