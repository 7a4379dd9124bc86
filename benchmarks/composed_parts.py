"""What each part of the composed bots is worth: detectors fitted without it.

    python benchmarks/composed_parts.py --data data/sapimouse --libraries ../shared/data/bot_libraries

Boosted trees alone, fitted on part of the train people and on composed bots that lack one part (in its
plainest form instead). ROC-AUC, and TPR where 1% of the validation people's movements are flagged: mean of
the files of real libraries, and of the scripted families, as recorded and as a browser delivers them.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from humouse.bots.composed import PARTS, compose
from humouse.bots.families import FAMILIES
from humouse.data.devices import DeviceRules
from humouse.data.movement_file import read_movements
from humouse.data.prepared import load_split
from humouse.data.preprocess import preprocess
from humouse.detection.benchmark.delivery import as_delivered
from humouse.detection.estimators.boosting import BoostingDetector
from humouse.detection.names import COMPOSED, HUMAN
from humouse.detection.samples.labelled import concatenate_labelled, label_movements
from humouse.detection.samples.negatives import make_family
from humouse.detection.samples.one_clock import OneClock
from humouse.detection.samples.people import split_by_user, subsample
from humouse.detection.samples.shown import Showing
from humouse.detection.samples.sources import negative_sources
from humouse.detection.samples.views import Views, look
from humouse.trajectories import Trajectories

_LIBRARIES, _OWN, _AT_60_HZ = "libraries", "families, own timing", "families, 60 Hz"
_RATE = 0.01


def judged(people: Trajectories, libraries: Path | None) -> Iterator[tuple[str, Views]]:
    """Yield the views of each kind of bot, with the group that it counts in."""
    for path in sorted(libraries.glob("*.csv")) if libraries else ():
        yield _LIBRARIES, look(read_movements(path).as_steps(), OneClock())[0]
    sources, donors = negative_sources(), preprocess(people)
    for family in FAMILIES:
        made = make_family(family, sources, donors, 400, seed=7).movements
        yield _OWN, look(made.as_steps(), OneClock())[0]
        yield _AT_60_HZ, look(as_delivered(made, 1).as_steps(), OneClock())[0]


def head(bots: Sequence[tuple[str, Views]], what: str) -> None:
    """Print the head of a table with a column for each group of bots."""
    groups = dict.fromkeys(group for group, _ in bots)
    print(f"| {what} | " + " | ".join(f"{group}: ROC-AUC, TPR" for group in groups) + " |")
    print("|---|" + "---:|" * len(groups))


def row(
    name: str, detector: BoostingDetector, person: Views, bots: Sequence[tuple[str, Views]]
) -> None:
    """Print how well a detector tells each group of bots from people: means over the kinds in it."""
    score = detector.decision_function(person.features)
    found: dict[str, list[tuple[float, float]]] = {group: [] for group, _ in bots}
    for group, views in bots:
        own = detector.decision_function(views.features)
        labels = np.r_[np.zeros(len(score)), np.ones(len(own))]
        caught = (own > np.quantile(score, 1 - _RATE)).mean()
        found[group].append((float(roc_auc_score(labels, np.r_[score, own])), float(caught)))
    means = (np.mean(each, 0) for each in found.values())
    cells = (f"{area:.3f}, {caught:.0%}" for area, caught in means)
    print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the prepared dataset")
    parser.add_argument("--libraries", type=Path, help="folder of CSV files of libraries")
    parser.add_argument("--n", type=int, default=5000, help="movements of people to fit on")
    given = parser.parse_args()
    fit_on = subsample(split_by_user(load_split(given.data / "train"), 0.25, 0)[0], given.n, 0)
    people = subsample(load_split(given.data / "val"), 4000, 0)
    showing = Showing(OneClock(), DeviceRules(), looks=2)
    human = list(showing.every_look(label_movements(fit_on, HUMAN, HUMAN), 2, 1))
    bots, person = list(judged(people, given.libraries)), look(people.as_steps(), OneClock())[0]
    head(bots, "without")
    for part in (None, *PARTS):
        made = compose(fit_on, 2 * given.n, seed=3, without=() if part is None else (part,))
        composed = list(showing.each_once(label_movements(made, COMPOSED, COMPOSED), 3))
        shown = concatenate_labelled([*human, *composed])
        detector = BoostingDetector(seed=0).fit(shown.looked_at.features, shown.is_bot.astype(int))
        row(part or "(nothing)", detector, person, bots)


if __name__ == "__main__":
    main()
