"""`humouse demo`: everything once, on synthetic people: train, sample, look, score, detect."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from humouse.commands import (
    detect_negatives,
    detect_score,
    detect_train,
    evaluate,
    sample,
    train,
)
from humouse.commands.dataset import prepare_dataset
from humouse.detection.names import BOT
from humouse.errors import InputError
from humouse.eval.plausibility import FEWEST
from humouse.eval.run import EvaluationRun
from humouse.report.browser import show
from humouse.settings import (
    DemoSettings,
    DetectScoreSettings,
    DetectTrainSettings,
    EvalSettings,
    NegativesSettings,
    PrepareSettings,
    SampleSettings,
    TrainModelSettings,
)
from humouse.settings.compose import quoted, settings_from

_DETECTOR_GESTURES = 400


def run(settings: DemoSettings) -> None:
    """Do everything once, each step as its own verb does it, and say where to look."""
    if settings.steps < 1:
        raise InputError(f"steps={settings.steps}: must be at least 1")
    if settings.n < FEWEST:
        raise InputError(f"n={settings.n}: must be at least {FEWEST}")
    demo = _Demo(Path(settings.out_dir), settings.n, settings.steps)
    print("1 of 4: fine-tune the packaged model, diffusion and decoder, on synthetic people")
    model = demo.train()
    print("\n2 of 4: make movements")
    demo.sample(model)
    print("\n3 of 4: measure how near they come")
    demo.evaluate(model)
    print("\n4 of 4: detect scripted bots among people whom the detector never saw")
    demo.detect()
    page = demo.conclude()
    if settings.open:
        show(page)


@dataclass(frozen=True)
class _Demo:
    """The steps, in one folder.

    Args:
        folder: Where everything lies.
        n: Movements to sample and to score.
        steps: Training steps of the diffusion model; its decoder takes 2.5 times as many.
    """

    folder: Path
    n: int
    steps: int

    def _at(self, setting: str, *names: str) -> str:
        return f"{setting}={quoted(str(self.folder.joinpath(*names)))}"

    def train(self) -> Path:
        """Prepare the synthetic people and train on them; return the checkpoint."""
        prepare_dataset(settings_from("prepare", PrepareSettings, [self._at("out_dir", "data")]))
        overrides = [
            "experiment=fine_tune",
            "experiment_name=model",
            self._at("data.dir", "data"),
            self._at("checkpoint_dir", "checkpoints"),
            self._at("logging.dir", "runs"),
            f"optim.max_steps={self.steps}",
            f"decoder.optim.max_steps={5 * self.steps // 2}",
            "decoder.logging.log_interval=1",  # however few the steps, there is a curve to look at
        ]
        return train.run(settings_from("diffusion/train", TrainModelSettings, overrides))

    def sample(self, model: Path) -> None:
        """Draw movements and their picture."""
        overrides = [f"ckpt={quoted(str(model))}", f"n={self.n}", self._at("out_dir", "gen")]
        sample.run(settings_from("diffusion/sample", SampleSettings, overrides))

    def evaluate(self, model: Path) -> None:
        """Score the model: the quick metrics, beside other people."""
        overrides = [
            f"ckpt={quoted(str(model))}",
            f"n={self.n}",
            "feature_mode=kinematic",
            "probes=[logistic,boosting,forest]",
            "references=[other_people,line]",
            "permutations=0",
            self._at("out_dir", "scores"),
        ]
        evaluate.run(settings_from("diffusion/eval", EvalSettings, overrides))

    def detect(self) -> None:
        """Train a detector on composed bots, and score scripted bots and people with it."""
        overrides = [
            self._at("dir", "data"),
            f"n={_DETECTOR_GESTURES}",
            "detectors=[boosting]",
            "mixture={composed:3,bots:1}",
            self._at("out_dir", "detector"),
        ]
        detect_train.run(settings_from("detect/train", DetectTrainSettings, overrides))
        overrides = [
            self._at("people", "data", "test"),
            f"n={_DETECTOR_GESTURES}",
            "seed=1",
            self._at("out_dir", "bots"),
        ]
        detect_negatives.run(settings_from("detect/negatives", NegativesSettings, overrides))
        for who, file in (("people", ("data", "test")), ("bots", ("bots", "function"))):
            movements = self.folder.joinpath(*file).with_suffix(".parquet")
            overrides = [
                self._at("detector", "detector"),
                f"movements={quoted(str(movements))}",
                self._at("out", f"{who}.csv"),
                "reasons=3",
            ]
            detect_score.run(settings_from("detect/score", DetectScoreSettings, overrides))

    def conclude(self) -> Path:
        """Say what came out and where to look; return the page."""
        run = EvaluationRun.load(self.folder / "scores")
        flagged = {}
        for who in ("bots", "people"):
            is_bot = pl.read_csv(self.folder / f"{who}.csv")["verdict"] == BOT
            flagged[who] = is_bot.sum() / len(is_bot)
        page = self.folder / "scores" / "report.html"
        print(f"\nThe packaged model, fine-tuned for minutes on other people: {run.headline}")
        print(
            f"The detector calls {flagged['bots']:.0%} of straight and curved lines bots', and "
            f"{flagged['people']:.1%} of those of synthetic people that it never saw."
        )
        print("\nLook at:")
        for path, meaning in (
            (page, "people and samples side by side, replayed, then every score"),
            (self.folder / "gen" / "samples.png", "movements that the model made"),
            (self.folder / "bots.csv", "what the detector says of each bot's movement, and why"),
            (self.folder / "runs" / "model" / "loss.png", "the training"),
        ):
            print(f"  {path!s:<32} {meaning}")
        return page
