"""Several set-ups in one model, and samples like a set-up that it never saw.

    python benchmarks/setups.py --root ../shared/data [--people test] [--unseen kh2017]

Prepares SapiMouse, Balabit and KH2017, trains one model on all of them, and scores its samples within each,
and in the style of 200 gestures of half of SapiMouse's validation or test people. With --unseen, a set-up is
left out of training, and the style is of 200 gestures of its train people. Samples in a style are scored
against further gestures of the same people and against others, and a verifier of each person says how often
it takes a sample for that person's. Training goes on where it was interrupted.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_curve

from humouse.commands.launch import user_errors
from humouse.data.prepared import load_split
from humouse.eval.run import EvaluationRun
from humouse.features import feature_table
from humouse.features.modes import FEATURE_MODES
from humouse.files import atomic_write
from humouse.training.checkpoint import Checkpoint
from humouse.trajectories import Trajectories

SETUPS = {"sapimouse": (), "balabit": ("gestures.gap_ms=500",), "kh2017": ()}
"""The set-ups, and what is special about their gestures."""
STYLE_GESTURES = 200
_AGAINST = {"rest": "further gestures of these people", "others": "other people"}
OWN_BAR, EXCESS_BAR, STYLE_BAR = 0.56, 0.04, 0.03


class Setups:
    """One run of all, in a folder.

    Args:
        settings: The command line.
    """

    def __init__(self, settings: argparse.Namespace) -> None:
        self.s = settings
        self.out: Path = settings.out or Path("runs/setups") / (settings.unseen or "all")
        self.checkpoint = self.out / "checkpoints" / "setups.pt"

    def run(self) -> None:
        """Do what is not done yet, then write the table."""
        for name, more in SETUPS.items():
            if not (self._folder(name) / "manifest.json").is_file():
                self._humouse(
                    *("data", "prepare", f"source={name}", f"root={self.s.root / name}"),
                    *("gestures=every", *more, f"out_dir={self._folder(name)}"),
                )
        known = [name for name in SETUPS if name != self.s.unseen]
        folders = [str(self._folder(name)) for name in known]
        self._humouse("data", "combine", *folders, f"out_dir={self.out / 'data' / 'all'}")
        self._train()
        page = list(self._stranger(self.s.unseen)) if self.s.unseen else list(self._known(known))
        path = self.out / f"setups_{self.s.people}.md"
        with atomic_write(path) as temporary:
            temporary.write_text("\n".join(page) + "\n", encoding="utf-8")
        print("\n".join(page))

    def _folder(self, name: str) -> Path:
        return self.out / "data" / name

    def _humouse(self, *words: str) -> None:
        print("$ humouse", *words, flush=True)
        if code := subprocess.call([sys.executable, "-m", "humouse", *words]):
            sys.exit(code)

    def _train(self) -> None:
        s = self.s
        if self.checkpoint.is_file() and Checkpoint.load(self.checkpoint).step >= s.decoder_steps:
            return
        self._humouse(
            *(
                "train",
                "experiment=setups",
                "data=combined",
                f"data.dir={self.out / 'data' / 'all'}",
            ),
            *("data.held_out_share=0.15", "experiment_name=setups", f"seed={s.seed}"),
            *(f"optim.max_steps={s.diffusion_steps}", f"decoder.optim.max_steps={s.decoder_steps}"),
            *(f"checkpoint_dir={self.checkpoint.parent}", f"logging.dir={self.out / 'runs'}"),
            "resume=true",
        )

    def _score(self, folder: str, *words: str) -> EvaluationRun:
        out = self.out / "scores" / folder
        self._humouse(
            *("eval", f"ckpt={self.checkpoint}", *words, f"n={self.s.n}", "permutations=0"),
            *("probes=[boosting,logistic,forest18]", "references=[other_people]"),
            *("metrics=[c2st,lengths,copying]", "feature_mode=kinematic", f"out_dir={out}"),
        )
        return EvaluationRun.load(out)

    def _known(self, names: list[str]) -> Iterable[str]:
        """Return the scores within each set-up that the model was trained on."""
        yield from header(f"boosting, held-out gestures (≤ {OWN_BAR})", self.s.people, EXCESS_BAR)
        split = self.out / "data" / "all" / self.s.people
        for name in names:
            own = self._score(f"{name}_gestures", f"setup={name}", "unseen=gestures")
            people = self._score(
                f"{name}_{self.s.people}", f"setup={name}", "unseen=people", f"val_split={split}"
            )
            yield row(name, own.generated.scores["c2st_boosting_auc"], people)
        yield ""
        yield from self._strangers(names[0])

    def _stranger(self, name: str) -> Iterable[str]:
        """Return the scores of samples in the style of a set-up that the model never saw."""
        style, rest = divided(load_split(self._folder(name) / "train"), self.s.seed)
        yield from self._in_style(name, style, rest, load_split(self._folder(name) / self.s.people))

    def _strangers(self, name: str) -> Iterable[str]:
        """Return the scores of samples in the style of people of a known set-up whom the model never saw."""
        people = load_split(self._folder(name) / self.s.people)
        assert people.user is not None
        names = np.random.default_rng(self.s.seed).permutation(sorted(set(people.user)))
        chosen = np.isin(people.user, names[: len(names) // 2])
        style, rest = divided(people[chosen], self.s.seed)
        yield from self._in_style(f"{name}, strangers", style, rest, people[~chosen])

    def _in_style(
        self, name: str, style: Trajectories, rest: Trajectories, others: Trajectories
    ) -> Iterable[str]:
        """Return the scores of samples in a style: against its own people, and against others of the set-up.

        Args:
            name: What the table calls it.
            style: The gestures that the style is of.
            rest: Further gestures of these people.
            others: Gestures of others.
        """
        folder = self.out / "data" / name.replace(", ", "_")
        parts = {"style": style, "rest": rest, "others": others}
        files = {part: folder / f"{part}.parquet" for part in parts}
        for part, movements in parts.items():
            movements.save(files[part])
        made = folder / "samples"
        self._humouse(
            *("sample", f"ckpt={self.checkpoint}", f"n={self.s.n}"),
            *(f"style_from={files['style']}", f"out_dir={made}"),
        )
        yield from header("people in the style", self.s.people, STYLE_BAR)
        assert style.user is not None
        for against, beside in (("rest", "others"), ("others", "rest")):
            run = self._score(
                f"{folder.name}_{against}",
                *(f"samples={made / 'samples.parquet'}", f"val_split={files[against]}"),
                f"train_split={files[beside]}",
            )
            yield row(f"{name}: {_AGAINST[against]}", len(set(style.user)), run)
        verifiers = Verifiers.fit(rest, self.s.seed)
        samples = Trajectories.load(made / "samples.parquet")
        rate = np.mean(verifiers.rates)
        strangers, taken = (verifiers.accepted(columns(each)) for each in (others, samples))
        yield ""
        yield (
            f"Verifiers of {len(verifiers.rates)} people (equal error rate {rate:.3f} in the mean) take "
            f"{strangers:.3f} of the gestures of others for their person's, {taken:.3f} of the samples, and "
            f"{verifiers.mixed:.3f} of these people's own gestures, whoever's: what a perfect mixture reads."
        )


def header(second: str, people: str, bar: float) -> Iterable[str]:
    """Return the head of a table."""
    columns = ["set-up", second, f"{people} people", "other people", f"excess (≤ {bar})"]
    yield f"| {' | '.join([*columns, 'forest18, excess', 'nearer to train'])} |"
    yield "|---|" + "---:|" * 6


def row(name: str, own: Any, run: EvaluationRun) -> str:
    """Return a line of the table."""
    made, baseline = run.generated.scores, run.evaluations["other_people"].scores
    cells = [own, made["c2st_boosting_auc"], baseline["c2st_boosting_auc"]]
    cells += [run.excess["c2st_boosting_auc"], run.excess["c2st_forest18_auc"], made["copying"]]
    return f"| {name} | {' | '.join(map(str, cells))} |"


def divided(people: Trajectories, seed: int) -> tuple[Trajectories, Trajectories]:
    """Return some gestures for the style, and the rest."""
    order = np.random.default_rng(seed).permutation(len(people))
    return people[np.sort(order[:STYLE_GESTURES])], people[np.sort(order[STYLE_GESTURES:])]


class Verifiers:
    """A forest for each person, which tells that person's gestures from the others'.

    Args:
        forests: One each.
        thresholds: Where as many of the person's gestures are refused as of the others' are accepted.
        rates: The equal error rates there.
        unseen: [n, F] features of all these people's gestures that no forest was fitted on.
    """

    def __init__(
        self,
        forests: list[RandomForestClassifier],
        thresholds: list[float],
        rates: list[float],
        unseen: Float[np.ndarray, "n F"],
    ) -> None:
        self.forests, self.thresholds, self.rates = forests, thresholds, rates
        self.mixed = self.accepted(unseen)
        """How often a forest accepts a gesture of any of these people, its own person's among them."""

    @classmethod
    def fit(cls, people: Trajectories, seed: int, *, fewest: int = 5) -> "Verifiers":
        """Fit the forests on half of each person's gestures, and find thresholds on the other half."""
        assert people.user is not None
        table, half = columns(people), np.random.default_rng(seed).random(len(people)) < 0.5
        forests, thresholds, rates = [], [], []
        for name in sorted(set(people.user)):
            mine = people.user == name
            if min((mine & half).sum(), (mine & ~half).sum()) < fewest:
                continue
            forest = RandomForestClassifier(
                300, class_weight="balanced", min_samples_leaf=2, random_state=seed
            )
            forest.fit(table[half], mine[half])
            score = forest.predict_proba(table[~half])[:, 1]
            wrong, right, threshold = roc_curve(mine[~half], score)
            place = np.abs(wrong - (1 - right)).argmin()
            forests.append(forest)
            thresholds.append(float(threshold[place]))
            rates.append(float(wrong[place] + 1 - right[place]) / 2)
        return cls(forests, thresholds, rates, table[~half])

    def accepted(self, table: Float[np.ndarray, "n F"]) -> float:
        """Return which share of rows is taken for a verifier's person's, in the mean over them."""
        shares = [
            (forest.predict_proba(table)[:, 1] >= threshold).mean()
            for forest, threshold in zip(self.forests, self.thresholds, strict=True)
        ]
        return float(np.mean(shares))


def columns(movements: Trajectories) -> Float[np.ndarray, "n F"]:
    """Return the kinematic features of movements."""
    return np.nan_to_num(feature_table(movements, FEATURE_MODES["kinematic"]).values)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True, help="folder of the raw recordings")
    parser.add_argument("--out", type=Path, help="folder for everything; runs/setups/NAME")
    parser.add_argument("--people", default="val", choices=("val", "test"))
    parser.add_argument("--unseen", choices=tuple(SETUPS), help="left out of training")
    parser.add_argument("--n", type=int, default=2000, help="gestures per set")
    parser.add_argument("--seed", type=int, default=1337)
    parser.add_argument("--diffusion-steps", type=int, default=2500)
    parser.add_argument("--decoder-steps", type=int, default=10000)
    with user_errors():
        Setups(parser.parse_args()).run()


if __name__ == "__main__":
    main()
