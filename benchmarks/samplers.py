"""AUC against the number of network calls and the speed, for each sampler and for distilled models.

Run: `python benchmarks/samplers.py CKPT SPLIT`, where SPLIT is a split of people that played no
part in the training (`data/sapimouse/val`); `--distilled CKPT` adds a distilled model's row,
`--floor SPLIT` the human–human baseline. AUCs are means over `--seeds` draws of `--n` gestures per
set; 0.5 is best.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from humouse.codec import Codec
from humouse.data.prepared import load_split
from humouse.diffusion.model import load_model
from humouse.diffusion.samplers import SAMPLERS
from humouse.diffusion.sampling_rule import SamplingRule
from humouse.eval.evaluate import evaluate
from humouse.eval.pair import chosen_rows
from humouse.eval.rule import EvaluationRule
from humouse.features import feature_table
from humouse.features.modes import FEATURE_MODES
from humouse.generator import load_generator
from humouse.trained_model import TrainedModel
from humouse.training.device import resolve_device
from humouse.trajectories import Trajectories

PROBES = ("boosting", "logistic", "sequence")
CALLS = (50, 20, 10, 6, 4)


class Judge:
    """People, and how well probes separate other movements from theirs.

    Args:
        people: Gestures to compare with, as a codec sees them.
        probes: Which probes.
        feature_mode: Which features; one of `FEATURE_MODES`.
    """

    def __init__(self, people: Trajectories, probes: list[str], feature_mode: str) -> None:
        self.people = people
        self.rule = EvaluationRule(
            metrics=("c2st",),
            probes=tuple(probes),
            feature_mode=feature_mode,
            replicates=0,
            permutations=0,
            importance=False,
        )
        self.groups = FEATURE_MODES[feature_mode]
        self.table = feature_table(people, self.groups)

    def aucs(self, made: Trajectories) -> list[float]:
        """Return the AUC of each probe."""
        tables = self.table, feature_table(made, self.groups)
        scores = evaluate(self.people, made, rule=self.rule, tables=tables).scores
        return [scores[f"c2st_{probe}_auc"].value for probe in self.rule.probes]


def seen(people: Trajectories, codec: Codec, n: int) -> Trajectories:
    """Return n gestures as the codec sees them."""
    people = people[codec.fits(people)]
    return codec.canonicalize(people[chosen_rows(len(people), min(n, len(people)), 0)])


def generators(settings: argparse.Namespace) -> Iterator[tuple[str, int, TrainedModel]]:
    """Yield a name, the network calls and the generator of each row."""
    device = resolve_device(settings.device)
    plain = load_model(settings.ckpt, device)
    for name in settings.samplers:
        for calls in settings.calls:
            rule = SamplingRule(steps=calls, sampler=name, batch_size=settings.batch_size)
            yield name, calls, plain.with_rule(rule)
    for path in settings.distilled:
        rule = SamplingRule(batch_size=settings.batch_size)
        student = load_generator(path, device, rule=rule)
        yield student.settings.experiment_name, student.calls(1), student


def measured(one: TrainedModel, judge: Judge, seeds: int) -> tuple[np.ndarray, float]:
    """Return [probes] the mean AUCs over the seeds, and the best speed in movements/s."""
    aucs, speeds = [], []
    for seed in range(seeds):
        started = time.perf_counter()
        made = one.sample(len(judge.people), seed=seed)
        speeds.append(len(made) / (time.perf_counter() - started))
        aucs.append(judge.aucs(one.codec.canonicalize(made[one.codec.fits(made)])))
    return np.mean(aucs, 0), max(speeds)


def row(name: str, calls: str, aucs: np.ndarray | list[float], speed: str) -> str:
    cells = [f"{name:16}", f"{calls:>5}", *(f"{auc:9.3f}" for auc in aucs), f"{speed:>10}"]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ckpt", type=Path, help="checkpoint of a diffusion model")
    parser.add_argument("split", type=Path, help="people to compare with")
    parser.add_argument("--distilled", type=Path, nargs="*", default=[], help="its students")
    parser.add_argument("--floor", type=Path, help="other people, for the first row")
    parser.add_argument("--n", type=int, default=2000, help="gestures per set")
    parser.add_argument("--seeds", type=int, default=1, help="draws of each")
    parser.add_argument("--samplers", nargs="*", choices=SAMPLERS, default=list(SAMPLERS))
    parser.add_argument("--calls", type=int, nargs="+", default=list(CALLS))
    parser.add_argument("--probes", nargs="+", choices=PROBES, default=list(PROBES))
    parser.add_argument("--features", choices=tuple(FEATURE_MODES), default="neuromotor")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--device", default="auto")
    settings = parser.parse_args()
    codec = load_generator(settings.ckpt).codec
    judge = Judge(
        seen(load_split(settings.split), codec, settings.n), settings.probes, settings.features
    )
    print(f"{len(judge.people):,} gestures per set, {settings.seeds} seed(s), {settings.features}")
    probes = [f"{probe:>9}" for probe in judge.rule.probes]
    print(f"| {'sampler':16} | calls | {' | '.join(probes)} | {'per s':>10} |")
    print(f"|---|---:|{'---:|' * len(probes)}---:|")
    if settings.floor:
        others = seen(load_split(settings.floor), codec, len(judge.people))
        print(row("other people", "–", judge.aucs(others), "–"))
    for name, calls, one in generators(settings):
        aucs, speed = measured(one, judge, settings.seeds)
        print(row(name, str(calls), aucs, f"{speed:,.0f}"), flush=True)


if __name__ == "__main__":
    main()
