"""From raw recordings to the tables of realism: data, diffusion, decoder, scores, the bars.

    python benchmarks/realism.py --source sapimouse --root ../shared/data/sapimouse --people test

Training goes on where it was interrupted, and what was measured on these very checkpoints is not measured
again. Validation people are the default: test people are for the last run. `--tuning-steps 450` tunes the
model against a critic too, and adds its AUCs. Look at `realism_PEOPLE.md` and `scores/*/report.html`.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import samplers
from conditions import obedience

from humouse.codec import CanonicalCodec
from humouse.commands.compared import People
from humouse.commands.launch import user_errors
from humouse.data.prepared import load_split
from humouse.diffusion.model import load_model
from humouse.diffusion.sampling_rule import DECODED_STEPS, SamplingRule
from humouse.eval.evaluate import evaluate
from humouse.eval.references import reference
from humouse.eval.result import Evaluation
from humouse.eval.rule import EvaluationRule
from humouse.eval.run import SCORES, EvaluationRun
from humouse.eval.statistics.score import MEASURES, POINT_BANDS, Score, band_score
from humouse.files import atomic_write, read_json, sha256, write_json
from humouse.generator import load_generator
from humouse.training.checkpoint import Checkpoint

CALLS = DECODED_STEPS
"""Network calls of the model that is judged, down to where its decoder takes over."""
OVERLAYS = (
    "jerk_mean_px_s3",
    "path_efficiency",
    "heading_change_mean_rad",
    "lateral_rms_px",
)
SOURCES = ("sapimouse", "balabit", "humouse_default")
JUDGED = "decoded"
PROBES = ("logistic", "mlp", "forest", "forest18", "boosting", "sequence")
REFERENCES = ("other_people", "same_people", "replay")
FEW = (("dpm", 20), ("dpm", 10), ("dpm", 4), ("dpm", 2), ("dpm", 1), ("ddim", 4), ("sde", 4))
EXCESS_BARS = {"boosting": 0.03, "sequence": 0.05, "forest18": 0.02}
OWN_PEOPLE_BAR = 0.55
BAND_BAR = 0.56
GESTURES = ("every", "default")
CANONICAL_BAR = 0.60


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
        # What tuning against a critic does is reported apart.
        self.models = (JUDGED, "tuned") if settings.tuning_steps else (JUDGED,)

    def checkpoint(self, name: str) -> Path:
        """Return where a model lies: "events", "decoded" or "tuned"."""
        return self.out / "checkpoints" / f"{name}.pt"

    def run(self) -> None:
        """Do what is not done yet, then write the tables."""
        self._prepare()
        self._train()
        for model in self.models:
            self._score(model)
        parts = {
            name: self._kept(name, measure)
            for name, measure in (
                ("canonical", self._canonical),
                ("conditions", self._conditions),
                ("few_steps", self._few_steps),
            )
        }
        path = self.out / f"realism_{self.s.people}.md"
        with atomic_write(path) as temporary:
            temporary.write_text("\n".join(self._page(parts)) + "\n", encoding="utf-8")
        print(f"tables: {path}")

    def _humouse(self, *words: str, **settings: Any) -> None:
        given = [f"{name.replace('__', '.')}={value}" for name, value in settings.items()]
        print("$ humouse", *words, *given, flush=True)
        started = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-m", "humouse.cli", *words, *given])
        try:
            code = process.wait()
        except KeyboardInterrupt as error:
            process.wait()  # it writes its checkpoint
            raise KeyboardInterrupt("(the same command goes on)") from error
        finally:
            times = self._times()
            what = f"{' '.join(words)} {settings.get('experiment_name', settings.get('out_dir'))}"
            times[what] = times.get(what, 0) + time.perf_counter() - started
            write_json(self.out / "times.json", times)
        if code:
            sys.exit(code)

    def _times(self) -> dict[str, float]:
        path = self.out / "times.json"
        return read_json(path) if path.is_file() else {}

    def _kept(self, name: str, measure: Callable[[], Any]) -> Any:
        """Return what was measured on this checkpoint, these people and as many; else measure it."""
        path = self.out / f"{name}_{self.s.people}.json"
        of = {"checkpoint": sha256(self.checkpoint(JUDGED)), "n": self.s.n}
        content = read_json(path) if path.is_file() else {}
        if content.get("of") != of:
            print(f"measuring: {name}", flush=True)
            content = {"of": of, "result": measure()}
            write_json(path, content)
        return content["result"]

    def _prepare(self) -> None:
        if (self.data / "manifest.json").is_file():
            return
        s = self.s
        root = {} if s.root is None else {"root": s.root}
        self._humouse(
            "data", "prepare", source=s.source, gestures=s.gestures, **root, out_dir=self.data
        )

    def _train(self) -> None:
        s = self.s
        events = {
            "experiment": "events",
            "data": s.source,
            "data__dir": self.data,
            "data__held_out_share": 0.15,
        }
        self._trained(["train"], "events", s.diffusion_steps, **events)
        self._trained(
            ["train", "decoder"], "decoded", s.decoder_steps, ckpt=self.checkpoint("events")
        )
        if s.tuning_steps:
            self._trained(["tune"], "tuned", s.tuning_steps, ckpt=self.checkpoint(JUDGED))

    def _trained(self, words: list[str], name: str, steps: int, **settings: Any) -> None:
        path = self.checkpoint(name)
        if path.is_file() and Checkpoint.load(path).step >= steps:
            return
        self._humouse(
            *words,
            **settings,
            experiment_name=name,
            optim__max_steps=steps,
            seed=self.s.seed,
            checkpoint_dir=path.parent,
            logging__dir=self.out / "runs",
            resume="true",
        )

    def _score(self, model: str) -> None:
        for unseen in ("people", "gestures"):
            folder = self._scores(model, unseen)
            if self._is_scored(folder, model):
                continue
            people = unseen == "people"
            references = REFERENCES if people else REFERENCES[:1]
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
                references=f"[{','.join(references)}]",
                feature_mode="neuromotor" if people else "kinematic",
                out_dir=folder,
            )

    def _scores(self, model: str, unseen: str) -> Path:
        return self.out / "scores" / f"{model}_{self.s.people if unseen == 'people' else unseen}"

    def _is_scored(self, folder: Path, model: str) -> bool:
        # The page is written last.
        if not all((folder / name).is_file() for name in (SCORES, "report.html")):
            return False
        of = EvaluationRun.load(folder).provenance
        same = of["checkpoint"]["sha256"] == sha256(self.checkpoint(model))
        return same and of["settings"]["n"] == self.s.n

    def _canonical(self) -> dict[str, Any]:
        """Return the scores of the judged movements in the specification's frame, and the baseline."""
        run = EvaluationRun.load(self._scores(JUDGED, "people"))
        people, made = run.movements("people"), run.movements("generated")
        model = load_generator(self.checkpoint(JUDGED))
        train = People.load(str(self.people), None, model).in_codec_frame(model).train
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
        model = load_model(self.checkpoint(JUDGED))
        people = samplers.seen(load_split(self.people), model.codec, min(self.s.n, 1000))
        rule = SamplingRule(steps=CALLS, sampler="dpm", batch_size=200)
        return [asdict(row) for row in obedience(model, people, rule)]

    def _few_steps(self) -> list[list[Any]]:
        plain = load_model(self.checkpoint(JUDGED))
        people = samplers.seen(load_split(self.people), plain.codec, self.s.n)
        judge = samplers.Judge(people, ["boosting", "logistic", "sequence"], "kinematic")
        rows = []
        for name, calls in FEW:
            rule = SamplingRule(steps=calls, sampler=name, batch_size=200)
            aucs, speed = samplers.measured(plain.with_rule(rule), judge, 1)
            rows.append([name, calls, *aucs.tolist(), speed])
        return rows

    def _page(self, parts: dict[str, Any]) -> Iterable[str]:
        runs = {
            (model, unseen): EvaluationRun.load(self._scores(model, unseen))
            for model in self.models
            for unseen in ("people", "gestures")
        }
        judged, own = runs[JUDGED, "people"], runs[JUDGED, "gestures"]
        yield (
            f"{self.s.source}: {judged.generated.gestures:,} gestures per set, {judged.generated.users} "
            f"{self.s.people} people; samples on lengths and conditions drawn from the train split."
        )
        yield f"\n{judged.headline}"
        yield from bars_table(judged, own, parts)
        yield from scores_table(judged, own)
        if len(self.models) > 1:
            yield from tuned_table(self.models, runs)
        yield from overlay_table(judged)
        yield from canonical_table(parts["canonical"])
        yield from conditions_table(parts["conditions"])
        yield from few_steps_table(parts["few_steps"])
        yield "\n| part | minutes |\n|---|---:|"
        for what, seconds in self._times().items():
            yield f"| {what} | {seconds / 60:.1f} |"


class Bar(NamedTuple):
    """One goal: what was asked, what was reached, and whether that meets it."""

    what: str
    asked: str
    reached: str
    met: bool


def bars_table(judged: EvaluationRun, own: EvaluationRun, parts: dict[str, Any]) -> Iterable[str]:
    """Return what was asked and what was reached, line by line."""
    yield "\n| bar | asked | reached | |\n|---|---:|---:|---|"
    for bar in (
        *separation_bars(judged, own, parts["canonical"]),
        *share_bars(judged),
        *spectrum_bars(own),
        *overlay_bars(judged),
        *copying_bars(judged, own),
        *condition_bars(parts["conditions"]),
        *solver_bars(parts["few_steps"]),
    ):
        met = "met" if bar.met else "**missed**"
        yield f"| {bar.what} | {bar.asked} | {bar.reached} | {met} |"


def separation_bars(
    judged: EvaluationRun, own: EvaluationRun, canonical: dict[str, Any]
) -> Iterable[Bar]:
    """Return how well classifiers separate the samples from people."""
    for probe, most in EXCESS_BARS.items():
        excess = judged.excess[f"c2st_{probe}_auc"]
        yield Bar(f"{probe}, excess AUC", f"≤ {most}", text(excess), excess.value <= most)
    boosting = own.generated.scores["c2st_boosting_auc"]
    met = boosting.value <= OWN_PEOPLE_BAR
    what = "boosting, held-out gestures of train people"
    yield Bar(what, f"≤ {OWN_PEOPLE_BAR}", text(boosting), met)
    for band in POINT_BANDS:
        if (score := own.generated.scores.get(band_score(*band))) is not None:
            what = "boosting, held-out gestures, {} to {} points".format(*band)
            yield Bar(what, f"≤ {BAND_BAR}", text(score), score.value <= BAND_BAR)
    for probe in ("logistic", "mlp"):
        accuracy = Score(*canonical["generated"][f"c2st_{probe}_acc"])
        met = accuracy.value <= CANONICAL_BAR
        what = f"canonical frame, accuracy, {probe}"
        yield Bar(what, f"≤ {CANONICAL_BAR}", text(accuracy), met)


def share_bars(judged: EvaluationRun) -> Iterable[Bar]:
    """Return how realistic and how varied the samples are."""
    made, baseline = judged.generated.scores, judged.evaluations["other_people"].scores
    for name in ("prd_precision", "prd_recall", "density", "coverage"):
        share = made[name].value / baseline[name].value
        yield Bar(f"{name} ÷ the baseline's", "≥ 0.95", f"{share:.3f}", share >= 0.95)
    lag = made["prd_recall"].value - made["prd_precision"].value
    yield Bar("PRD recall − precision", "≥ −0.02", f"{lag:+.3f}", lag >= -0.02)


def spectrum_bars(own: EvaluationRun) -> Iterable[Bar]:
    """Return the power of the velocity in each band."""
    for band, power in own.generated.spectra.items():
        ratio = power.ratio.value if power.ratio else float("nan")
        met = abs(ratio - 1) <= 0.05
        yield Bar(f"power {band}, own people", "0.95 … 1.05", text(power.ratio), met)


def overlay_bars(judged: EvaluationRun) -> Iterable[Bar]:
    """Return the distances of the specification's overlays."""
    for name, one, other in overlays(judged):
        ratio = one / other
        yield Bar(f"Wasserstein of {name} ÷ the baseline's", "≤ 1.5", f"{ratio:.2f}", ratio <= 1.5)


def copying_bars(judged: EvaluationRun, own: EvaluationRun) -> Iterable[Bar]:
    """Return whether the samples copy the train set."""
    for who, run in (("these people", judged), ("own people", own)):
        copying = run.generated.scores["copying"]
        met = copying.p_value is not None and copying.p_value > 0.05
        yield Bar(
            f"nearer to train than held-out gestures of {who}, p", "> 0.05", text(copying), met
        )


def condition_bars(conditions: list[dict[str, Any]]) -> Iterable[Bar]:
    """Return how well the samples meet the conditions that are asked of them."""
    by_name = {row["asked"]: row for row in conditions}
    goal = by_name["goal, constrained in sampling"]
    missed = f"{goal['median']:.1f}"
    yield Bar("goal missed before correction, median", "≤ 1 px", missed, goal["median"] <= 1)
    after = f"{goal['after']:.0f}"
    yield Bar("goal missed after correction, most", "0 px", after, goal["after"] == 0)
    rise = goal["auc"] - by_name["nothing"]["auc"]
    yield Bar("rise in AUC with a goal", "none", f"{rise:+.3f}", rise <= 0.01)
    off = by_name["duration"]["median"]
    yield Bar("duration off, median", "≤ 5%", f"{off:.1%}", off <= 0.05)


def solver_bars(few_steps: list[list[Any]]) -> Iterable[Bar]:
    """Return what fewer network calls cost."""
    aucs = {(name, calls): auc for name, calls, auc, *_ in few_steps}
    for calls, most in ((10, 0.02), (4, 0.05)):
        more = aucs["dpm", calls] - aucs["dpm", 20]
        yield Bar(f"boosting, {calls} calls against 20", f"≤ +{most}", f"{more:+.3f}", more <= most)


def scores_table(run: EvaluationRun, own: EvaluationRun) -> Iterable[str]:
    """Return every score and its references, line by line."""
    yield (
        "\n| score | generated | human–human baseline | excess | halves | replay | held-out gestures, "
        "without strokes | other gestures of the same people |"
    )
    yield "|---|" + "---:|" * 7

    def cells(of: Callable[[Evaluation], Score | None], excess: Score | None) -> str:
        others = [_of(run, key, of) for key in REFERENCES]
        same = [_of(own, key, of) for key in ("generated", REFERENCES[0])]
        return " | ".join(map(text, [of(run.generated), others[0], excess, *others[1:], *same]))

    def score(name: str) -> Callable[[Evaluation], Score | None]:
        return lambda one: one.scores.get(name)

    def power(band: str) -> Callable[[Evaluation], Score | None]:
        return lambda one: one.spectra[band].ratio

    for name in run.generated.scores:
        row = cells(score(name), run.excess.get(name))
        yield f"| {MEASURES[name].label} | {row} |"
    for band in run.generated.spectra:
        row = cells(power(band), None)
        yield f"| power {band} ÷ people's | {row} |"


def _of(run: EvaluationRun, key: str, of: Callable[[Evaluation], Score | None]) -> Score | None:
    return of(run.evaluations[key]) if key in run.evaluations else None


def tuned_table(models: Iterable[str], runs: dict[tuple[str, str], EvaluationRun]) -> Iterable[str]:
    """Return each probe's AUC before and after tuning."""
    kinds = ("excess over the baseline", "held-out gestures")
    columns = [f"{model}, {what}" for model in models for what in kinds]
    yield f"\n| AUC | {' | '.join(columns)} |"
    yield "|---|" + "---:|" * len(columns)
    for probe in PROBES:
        name = f"c2st_{probe}_auc"
        cells = []
        for model in models:
            cells.append(text(runs[model, "people"].excess.get(name)))
            cells.append(text(runs[model, "gestures"].generated.scores[name]))
        yield f"| {probe} | {' | '.join(cells)} |"


def overlays(run: EvaluationRun) -> Iterable[tuple[str, float, float]]:
    """Return the specification's overlays: name, Wasserstein distance, the baseline's distance."""
    made, baseline = run.generated.features, run.evaluations["other_people"].features
    for name in OVERLAYS:
        yield name, made[name].wasserstein.value, baseline[name].wasserstein.value


def overlay_table(run: EvaluationRun) -> Iterable[str]:
    """Return the distances of the specification's overlays, and the baseline's."""
    yield "\n| Wasserstein distance | generated | baseline | ratio |\n|---|---:|---:|---:|"
    for name, one, other in overlays(run):
        yield f"| {name} | {one:.3f} | {other:.3f} | {one / other:.2f} |"


def canonical_table(result: dict[str, Any]) -> Iterable[str]:
    """Return the scores in the specification's frame."""
    yield "\n| canonical frame, T = 200 | generated | baseline |\n|---|---:|---:|"
    for name, one in result["generated"].items():
        other = Score(*result["other people"][name])
        yield f"| {MEASURES[name].label} | {text(Score(*one))} | {text(other)} |"


def conditions_table(result: list[dict[str, Any]]) -> Iterable[str]:
    """Return how well each kind of condition is met."""
    yield "\n| asked | off in the median | at 90% | after correction | AUC, boosting |"
    yield "|---|---:|---:|---:|---:|"
    for row in result:
        cells = ["–", "–", "–"]
        if row["asked"] == "duration":
            cells = [f"{row['median']:.1%}", f"{row['most']:.1%}", "–"]
        elif row["asked"] != "nothing":
            cells = [f"{row[name]:.0f} px" for name in ("median", "most", "after")]
        yield f"| {row['asked']} | {' | '.join(cells)} | {row['auc']:.3f} |"


def few_steps_table(result: list[list[Any]]) -> Iterable[str]:
    """Return the AUCs and the speed of each solver and number of calls."""
    yield "\n| solver | calls | boosting | logistic | sequence | movements/s |"
    yield "|---|---:|---:|---:|---:|---:|"
    for name, calls, *aucs, speed in result:
        cells = " | ".join(f"{auc:.3f}" for auc in aucs)
        yield f"| {name} | {calls} | {cells} | {speed:,.0f} |"


def text(score: Score | None) -> str:
    """Return a score with its interval and p-value, or nothing."""
    return "" if score is None else str(score)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--source", default="sapimouse", choices=SOURCES)
    parser.add_argument("--root", type=Path, help="the raw recordings")
    parser.add_argument("--out", type=Path, help="folder for everything; runs/realism/SOURCE")
    parser.add_argument("--gestures", default="every", choices=GESTURES, help="the rules")
    parser.add_argument("--people", default="val", choices=("val", "test"))
    parser.add_argument("--n", type=int, default=2000, help="gestures per set")
    parser.add_argument("--seed", type=int, default=1337)
    parser.add_argument("--diffusion-steps", type=int, default=3500)
    parser.add_argument("--decoder-steps", type=int, default=3500)
    parser.add_argument("--tuning-steps", type=int, default=0)
    with user_errors():
        Realism(parser.parse_args()).run()


if __name__ == "__main__":
    main()
