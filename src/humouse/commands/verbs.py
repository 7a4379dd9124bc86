"""The verbs of `humouse`: the meaning, the settings and the module of each."""

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass

from humouse import settings
from humouse.commands.launch import launch
from humouse.commands.short_forms import folders_as, long_flags


@dataclass(frozen=True)
class Verb:
    """A verb of the command line.

    Args:
        meaning: What it does, in a line.
        config: Its primary configuration under `humouse/configs`.
        schema: Its settings.
        module: The module of `humouse.commands` with its `run(settings)`. It is imported after the
            settings are composed, so that help needs no torch.
        expand: Turns short forms among the arguments into settings.
        note: What the first line of its help says of those.
    """

    meaning: str
    config: str
    schema: type
    module: str
    expand: Callable[[list[str]], list[str]] | None = None
    note: str = ""


_SIGMA = "--use_diffusion_eval"
_SIGMA_NOTE = f" ({_SIGMA} is short for use_diffusion_eval=true)"

VERBS = {
    "data prepare": Verb(
        "raw recordings → gestures, split by people", "prepare", settings.PrepareSettings, "prepare"
    ),
    "train": Verb(
        "train a diffusion model of mouse movements",
        "diffusion/train",
        settings.TrainSettings,
        "train",
    ),
    "train autoencoder": Verb(
        "train the autoencoder of latent diffusion",
        "diffusion/autoencoder",
        settings.AutoencoderSettings,
        "train_autoencoder",
    ),
    "train decoder": Verb(
        "train a decoder that writes whole events for a diffusion model",
        "diffusion/decoder",
        settings.TrainDecoderSettings,
        "train_decoder",
    ),
    "train gan": Verb(
        "train a GAN of mouse movements",
        "gan/train",
        settings.GanTrainSettings,
        "train_gan",
        long_flags(_SIGMA),
        _SIGMA_NOTE,
    ),
    "tune": Verb(
        "tune a decoder against a critic of its own movements",
        "diffusion/tune",
        settings.TuneSettings,
        "tune",
    ),
    "distill": Verb(
        "teach a copy of a diffusion model to sample in a few steps",
        "diffusion/distill",
        settings.DistillSettings,
        "distill",
    ),
    "publish": Verb(
        "a trained model → a small file without any person's numbers",
        "diffusion/publish",
        settings.PublishSettings,
        "publish",
    ),
    "sample": Verb(
        "draw movements from a trained model", "diffusion/sample", settings.SampleSettings, "sample"
    ),
    "eval": Verb(
        "score samples against people, beside what other people score",
        "diffusion/eval",
        settings.EvalSettings,
        "evaluate",
    ),
    "sigma_eval": Verb(
        "people against generators, on sigma-lognormal strokes",
        "diffusion/sigma_eval",
        settings.SigmaEvalSettings,
        "sigma_eval",
        long_flags(_SIGMA),
        _SIGMA_NOTE,
    ),
    "detect negatives": Verb(
        "movements of bots and models, mixed by weights",
        "detect/negatives",
        settings.NegativesSettings,
        "detect_negatives",
    ),
    "detect train": Verb(
        "fit, calibrate and save a detector",
        "detect/train",
        settings.DetectTrainSettings,
        "detect_train",
    ),
    "detect score": Verb(
        "score movements with a saved detector, with reasons",
        "detect/score",
        settings.DetectScoreSettings,
        "detect_score",
    ),
    "detect benchmark": Verb(
        "evaluate detectors on held-out families of bots",
        "detect/benchmark",
        settings.BenchmarkSettings,
        "detect_benchmark",
    ),
    "report": Verb(
        "a page about one evaluation",
        "report",
        settings.ReportSettings,
        "report",
        folders_as("run"),
        "; humouse report FOLDER is short for run=FOLDER",
    ),
    "compare": Verb(
        "several evaluations in one table and page",
        "compare",
        settings.CompareSettings,
        "compare",
        folders_as("runs"),
        "; humouse compare FOLDER FOLDER … is short for runs=[FOLDER,FOLDER,…]",
    ),
}


def run_verb(name: str) -> None:
    """Run a verb with the arguments in `sys.argv`, then exit."""
    verb = VERBS[name]
    if verb.expand is not None:
        sys.argv[1:] = verb.expand(sys.argv[1:])

    def task(given: object) -> None:
        importlib.import_module(f"humouse.commands.{verb.module}").run(given)

    launch(verb.config, verb.schema, task, f"humouse {name} — {verb.meaning}{verb.note}")
