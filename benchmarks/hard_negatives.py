"""Whether negatives that are hard to tell should come more often: composed bots chosen by hardness.

    python benchmarks/hard_negatives.py --data data/sapimouse --libraries ../shared/data/bot_libraries

Of four bots for each movement of a person, two are kept. Trees fitted on half of the material say how
surely each bot of the other half is one, p; bots are drawn with a chance that goes with (1 − p)^power, so
that power 0 is the plain mixture. Boosted trees are then fitted on people and those kept. What is printed is
that of `composed_parts.py`.
"""

import argparse
from pathlib import Path

import numpy as np
from composed_parts import head, judged, row

from humouse.bots.composed import compose
from humouse.data.devices import DeviceRules
from humouse.data.prepared import load_split
from humouse.detection.estimators.boosting import BoostingDetector
from humouse.detection.names import COMPOSED, HUMAN
from humouse.detection.samples.labelled import concatenate_labelled, label_movements
from humouse.detection.samples.one_clock import OneClock
from humouse.detection.samples.people import split_by_user, subsample
from humouse.detection.samples.shown import Showing
from humouse.detection.samples.views import look
from humouse.features import FeatureTable

_POWERS = (0.0, 0.5, 1.0, 2.0)


def hardness(table: FeatureTable, is_bot: np.ndarray, seed: int) -> np.ndarray:
    """Return [n] 1 − p of each row, p of being a bot's by trees that have not seen it."""
    half = np.random.default_rng(seed).permutation(len(is_bot)) % 2
    hard = np.zeros(len(is_bot))
    for own in (0, 1):
        seen, asked = np.flatnonzero(half != own), np.flatnonzero(half == own)
        fitted = BoostingDetector(seed=seed).fit(table.rows(seen), is_bot[seen])
        hard[asked] = fitted.predict_proba(table.rows(asked))[:, 0]
    return hard


def chosen(hard: np.ndarray, is_bot: np.ndarray, power: float, seed: int) -> np.ndarray:
    """Return the rows of all people and of half of the bots, hard ones rather than others."""
    people, bots = np.flatnonzero(is_bot == 0), np.flatnonzero(is_bot == 1)
    weight = np.maximum(hard[bots], 1e-3) ** power
    rng = np.random.default_rng(seed)
    kept = rng.choice(bots, len(bots) // 2, replace=False, p=weight / weight.sum())
    return np.concatenate([people, kept])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the prepared dataset")
    parser.add_argument("--libraries", type=Path, help="folder of CSV files of libraries")
    parser.add_argument("--n", type=int, default=4000, help="movements of people to fit on")
    parser.add_argument("--seeds", type=int, default=2)
    given = parser.parse_args()
    fit_on = subsample(split_by_user(load_split(given.data / "train"), 0.25, 0)[0], given.n, 0)
    people = subsample(load_split(given.data / "val"), 4000, 0)
    showing = Showing(OneClock(), DeviceRules(), looks=2)
    bots, person = list(judged(people, given.libraries)), look(people.as_steps(), OneClock())[0]
    head(bots, "power")
    for seed in range(given.seeds):
        human = list(showing.every_look(label_movements(fit_on, HUMAN, HUMAN), 2, seed))
        made = compose(fit_on, 4 * given.n, seed=3 + seed)
        composed = list(showing.each_once(label_movements(made, COMPOSED, COMPOSED), 3 + seed))
        shown = concatenate_labelled([*human, *composed])
        table, is_bot = shown.looked_at.features, shown.is_bot.astype(int)
        hard = hardness(table, is_bot, seed)
        for power in _POWERS:
            kept = chosen(hard, is_bot, power, seed)
            detector = BoostingDetector(seed=seed).fit(table.rows(kept), is_bot[kept])
            row(f"{power:g} (seed {seed})", detector, person, bots)


if __name__ == "__main__":
    main()
