"""From raw recordings to the tables of realism: data, diffusion, decoder, tuning, scores, the bars.

    python benchmarks/realism.py --source sapimouse --root ../shared/data/sapimouse

Every part is left out where its result lies in the folder already, and training goes on where it was
interrupted; `--people val` keeps the test people for later. Look at `realism.md`, `scores/*/report.html`.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import samplers
from conditions import obedience

from humouse.artefact import replacing, write_json
from humouse.data.codec import CanonicalCodec
from humouse.data.prepared import load_split
from humouse.diffusion.sample import SamplingRule
from humouse.eval.evaluation import Evaluation
from humouse.eval.evaluator import evaluate
from humouse.eval.references import reference
from humouse.eval.rule import EvaluationRule
from humouse.eval.run import SCORES, EvaluationRun
from humouse.eval.score import MEASURES, Score
from humouse.generator import load_generator

CALLS = 5
"""Network calls of the model that is judged, down to where its decoder takes over."""
OVERLAYS = (
    "jerk_mean_px_s3",
    "path_efficiency",
    "heading_change_mean_rad",
    "lateral_rms_px",
)
SOURCES = ("sapimouse", "balabit", "humouse_default")
MODELS = ("decoded", "tuned")
"""The model that is judged; and the same tuned against a critic, which is reported apart."""
PROBES = ("logistic", "mlp", "forest", "forest18", "boosting", "sequence")
FLOORS = ("other_people", "same_people", "replay")
FEW = (("dpm", 20), ("dpm", 10), ("dpm", 4), ("dpm", 2), ("dpm", 1), ("ddim", 4), ("sde", 4))


class Realism:
    """One run of all, in a folder.

    Args:
        settings: The command line.
    """

    def __init__(self, settings: argparse.Namespace) -> None:
        self.s = settings
        self.out: Path = settings.out or Path("runs/realism") / settings.source
        self.data = self.out / "data"
        self.people = self.data / settings.people

    def checkpoint(self, name: str) -> Path:
        """Return where a model lies: "events", "decoded" or "tuned"."""
        return self.out / "checkpoints" / f"{name}.pt"

    def run(self) -> None:
        """Do what is not done yet, then write the tables."""
        self._train()
        for model in MODELS:
            self._score(model)
        self._kept("canonical", self._canonical)
        self._kept("conditions", self._conditions)
        self._kept("few_steps", self._few_steps)
        with replacing(self.out / "realism.md") as aside:
            aside.write_text("\n".join(self._page()) + "\n")
        print(f"tables: {self.out / 'realism.md'}")

    def _humouse(self, *words: str, **settings: Any) -> None:
        given = [f"{name.replace('__', '.')}={value}" for name, value in settings.items()]
        print("$ humouse", *words, *given, flush=True)
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "humouse.cli", *words, *given], check=True)
        times = self._read("times")
        what = " ".join(words) + f" {settings.get('experiment_name', settings.get('out_dir', ''))}"
        times[what] = times.get(what, 0) + time.perf_counter() - started
        write_json(self.out / "times.json", times)

    def _read(self, name: str) -> dict[str, Any]:
        path = self.out / f"{name}.json"
        return json.loads(path.read_text()) if path.is_file() else {}

    def _kept(self, name: str, measure: Callable[[], Any]) -> None:
        if not (self.out / f"{name}.json").is_file():
            print(f"measuring: {name}", flush=True)
            write_json(self.out / f"{name}.json", measure())

    def _train(self) -> None:
        s, folder = self.s, {"checkpoint_dir": self.out / "checkpoints"}
        common = {**folder, "logging__dir": self.out / "runs", "seed": s.seed, "resume": "true"}
        if not (self.data / "manifest.json").is_file():
            root = {"root": s.root} if s.root else {}
            self._humouse("data", "prepare", source=s.source, **root, out_dir=self.data)
        self._humouse(
            "train",
            **common,
            experiment="events",
            data=s.source,
            data__dir=self.data,
            data__held_out_share=0.15,
            experiment_name="events",
            optim__max_steps=s.diffusion_steps,
        )
        self._humouse(
            "train",
            "decoder",
            **common,
            ckpt=self.checkpoint("events"),
            experiment_name="decoded",
            optim__max_steps=s.decoder_steps,
        )
        self._humouse(
            "tune",
            **common,
            ckpt=self.checkpoint("decoded"),
            experiment_name="tuned",
            optim__max_steps=s.tuning_steps,
        )

    def _score(self, model: str) -> None:
        for unseen in ("people", "gestures"):
            folder = self._scores(model, unseen)
            if (folder / SCORES).is_file():
                continue
            people = unseen == "people"
            references = "other_people,same_people,replay" if people else "other_people"
            split = {"val_split": self.people} if people else {}
            self._humouse(
                "eval",
                ckpt=self.checkpoint(model),
                unseen=unseen,
                **split,
                n=self.s.n,
                sampler="dpm",
                steps=CALLS,
                probes=f"[{','.join(PROBES)}]",
                references=f"[{references}]",
                feature_mode="neuromotor" if people else "kinematic",
                out_dir=folder,
            )

    def _scores(self, model: str, unseen: str) -> Path:
        return self.out / "scores" / f"{model}_{self.s.people if unseen == 'people' else unseen}"

    def _canonical(self) -> dict[str, Any]:
        """Return the scores of the judged movements in the specification's frame, and the floor."""
        run = EvaluationRun.load(self._scores(MODELS[0], "people"))
        people, made = run.movements("people"), run.movements("generated")
        events = load_generator(self.checkpoint(MODELS[0])).codec
        train = load_split(self.data / "train")
        train = events.canonicalize(train[events.fits(train)])
        others = reference("other_people", people, train, len(people), 0).judged
        frame = CanonicalCodec(sequence_length=200)
        rule = EvaluationRule(
            metrics=("c2st", "mmd", "prd"),
            probes=("logistic", "mlp", "boosting"),
            feature_mode="kinematic",
            permutations=0,
            importance=False,
        )
        standard = frame.canonicalize(people)
        result = {}
        for name, side in (("generated", made), ("other people", others)):
            scores = evaluate(standard, frame.canonicalize(side), rule=rule).scores
            result[name] = {key: [one.value, one.low, one.high] for key, one in scores.items()}
        return result

    def _conditions(self) -> list[dict[str, Any]]:
        model = load_generator(self.checkpoint(MODELS[0])).model
        people = samplers.seen(load_split(self.people), model.codec, min(self.s.n, 1000))
        rule = SamplingRule(steps=CALLS, sampler="dpm", batch_size=200)
        return [asdict(row) for row in obedience(model, people, rule)]

    def _few_steps(self) -> list[list[Any]]:
        model = load_generator(self.checkpoint(MODELS[0])).model
        people = samplers.seen(load_split(self.people), model.codec, self.s.n)
        judge = samplers.Judge(people, ["boosting", "logistic", "sequence"], "kinematic")
        rows = []
        for name, calls in FEW:
            rule = SamplingRule(steps=calls, sampler=name, batch_size=200)
            aucs, speed = samplers.measured(load_generator(model.path, rule=rule), judge, 1)
            rows.append([name, calls, *aucs.tolist(), speed])
        return rows

    def _page(self) -> Iterable[str]:
        runs = {
            (model, unseen): EvaluationRun.load(self._scores(model, unseen))
            for model in MODELS
            for unseen in ("people", "gestures")
        }
        judged = runs[MODELS[0], "people"]
        yield f"{judged.generated.gestures:,} gestures a side, {judged.generated.users} people."
        yield f"\n{judged.headline}\n"
        yield from scores_table(judged, runs[MODELS[0], "gestures"])
        columns = [
            f"{model}: {what}" for model in MODELS for what in ("excess", "held-out gestures")
        ]
        yield f"\n| AUC | {' | '.join(columns)} |"
        yield "|---|" + "---:|" * len(columns)
        for probe in PROBES:
            name = f"c2st_{probe}_auc"
            cells = []
            for model in MODELS:
                cells.append(text(runs[model, "people"].excess[name]))
                cells.append(text(runs[model, "gestures"].generated.scores[name]))
            yield f"| {probe} | {' | '.join(cells)} |"
        yield from overlay_table(*(runs[model, "people"] for model in MODELS))
        yield "\n| canonical frame, T = 200 | generated | other people |\n|---|---:|---:|"
        canonical = self._read("canonical")
        for name, one in canonical["generated"].items():
            other = Score(*canonical["other people"][name])
            yield f"| {MEASURES[name].label} | {text(Score(*one))} | {text(other)} |"
        yield "\n| asked | median | at 90% | after correction | AUC, boosting |\n|---|---:|---:|---:|---:|"
        for row in self._read("conditions"):
            yield f"| {row['asked']} | {row['median']:.3f} | {row['most']:.3f} | " + (
                f"{row['after']:.0f} | {row['auc']:.3f} |"
            )
        yield "\n| solver | calls | boosting | logistic | sequence | movements/s |"
        yield "|---|---:|---:|---:|---:|---:|"
        for name, calls, *aucs, speed in self._read("few_steps"):
            cells = " | ".join(f"{auc:.3f}" for auc in aucs)
            yield f"| {name} | {calls} | {cells} | {speed:,.0f} |"
        yield "\n| part | minutes |\n|---|---:|"
        for what, seconds in self._read("times").items():
            yield f"| {what} | {seconds / 60:.1f} |"


def scores_table(run: EvaluationRun, gestures: EvaluationRun) -> Iterable[str]:
    """Return every score beside its floors, line by line."""
    yield (
        "| score | generated | other people | excess | halves | replay | held-out gestures | "
        "other gestures of the same people |"
    )
    yield "|---|" + "---:|" * 7

    def cells(of: Callable[[Evaluation], Score | None], excess: Score | None) -> str:
        floors = [of(run.evaluations[key]) for key in FLOORS]
        same = [of(gestures.evaluations[key]) for key in ("generated", FLOORS[0])]
        each = [of(run.generated), floors[0], excess, *floors[1:], *same]
        return " | ".join(map(text, each))

    for name in run.generated.scores:
        row = cells(lambda one, name=name: one.scores.get(name), run.excess.get(name))
        yield f"| {MEASURES[name].label} | {row} |"
    for band in run.generated.spectra:
        row = cells(lambda one, band=band: one.spectra[band].ratio, None)
        yield f"| power {band} ÷ people's | {row} |"


def overlay_table(*runs: EvaluationRun) -> Iterable[str]:
    """Return the distances of the specification's overlays, over other people's."""
    yield f"\n| Wasserstein distance | other people | {' | '.join(MODELS)} |"
    yield "|---|" + "---:|" * (1 + len(runs))
    for name in OVERLAYS:
        other = runs[0].evaluations["other_people"].features[name].wasserstein.value
        each = [run.generated.features[name].wasserstein.value for run in runs]
        cells = " | ".join(f"{one:.3f} ({one / other:.2f} times)" for one in each)
        yield f"| {name} | {other:.3f} | {cells} |"


def text(score: Score | None) -> str:
    """Return a score with its interval and p-value."""
    if score is None:
        return ""
    ends = "" if score.low is None else f" [{score.low:.3f}, {score.high:.3f}]"
    return f"{score.value:.3f}{ends}" + (
        "" if score.p_value is None else f", p {score.p_value:.2g}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--source", default="sapimouse", choices=SOURCES)
    parser.add_argument("--root", type=Path, help="the raw recordings")
    parser.add_argument("--out", type=Path, help="folder for everything; runs/realism/SOURCE")
    parser.add_argument("--people", default="test", choices=("val", "test"))
    parser.add_argument("--n", type=int, default=2000, help="gestures a side")
    parser.add_argument("--seed", type=int, default=1337)
    parser.add_argument("--diffusion-steps", type=int, default=3500)
    parser.add_argument("--decoder-steps", type=int, default=3500)
    parser.add_argument("--tuning-steps", type=int, default=450)
    Realism(parser.parse_args()).run()


if __name__ == "__main__":
    main()
