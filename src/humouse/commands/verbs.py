"""The verbs of `humouse`: the meaning, the settings and the module of each."""

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from humouse import settings
from humouse.commands.launch import launch, user_errors
from humouse.commands.short_forms import folders_as, long_flags, option_of, prepared_data
from humouse.extras import require
from humouse.interrupt import leave_at_once


@dataclass(frozen=True)
class Verb:
    """A verb of the command line.

    Args:
        meaning: What it does, in a line.
        config: Its primary configuration under `humouse/configs`.
        schema: Its settings.
        module: The module of `humouse.commands` with its `run(settings)`. It is imported after the
            settings are composed, so that help needs no torch.
        group: Under which heading of `humouse --help` it stands.
        expand: Turns short forms among the arguments into settings.
        note: What the first line of its help says of those.
        needs: The extras without which it does not begin.
        named: The group of configurations whose options may stand as a bare word.
    """

    meaning: str
    config: str
    schema: type
    module: str
    group: str
    expand: Callable[[list[str]], list[str]] | None = None
    note: str = ""
    needs: tuple[str, ...] = ()
    named: str = ""


_SIGMA = "--use_diffusion_eval"
_TRAIN_NOTE = """

First the diffusion model is trained, then its decoder, whose settings begin with decoder. (as in
decoder.optim.max_steps); all others are the diffusion model's. data=NAME is one of those below, or the
folder data/NAME that humouse data prepare wrote. decoder=none leaves the decoder out; experiment=train
is the specification's run. An interrupted run goes on with resume=true."""
_SIGMA_NOTE = f" ({_SIGMA} is short for use_diffusion_eval=true)"

FIRST, TRAIN, LOOK, RESEARCH = "Start here", "Train your own", "Look at results", "For research"

VERBS = {
    "demo": Verb(
        "everything once on synthetic people, in minutes: fine-tune, sample, score, detect",
        "demo",
        settings.DemoSettings,
        "demo",
        FIRST,
        needs=("onnx", "report", "train"),
    ),
    "sample": Verb(
        "make movements with a trained model; one comes with humouse",
        "diffusion/sample",
        settings.SampleSettings,
        "sample",
        FIRST,
    ),
    "eval": Verb(
        "measure how near movements come to people's, beside how near other people come",
        "diffusion/eval",
        settings.EvalSettings,
        "evaluate",
        FIRST,
    ),
    "detect score": Verb(
        "say of each movement how likely a bot made it, and why",
        "detect/score",
        settings.DetectScoreSettings,
        "detect_score",
        FIRST,
    ),
    "doctor": Verb(
        "say what is installed, what it can use here, and what is in the way",
        "doctor",
        settings.DoctorSettings,
        "doctor",
        FIRST,
    ),
    "serve": Verb(
        "answer over HTTP: verdicts on movements and on visitors' sessions",
        "serve",
        settings.ServeSettings,
        "serve",
        FIRST,
        needs=("serve",),
    ),
    "data download": Verb(
        "fetch a public dataset of people's recordings",
        "download",
        settings.DownloadSettings,
        "download",
        TRAIN,
        option_of("archive"),
        "; humouse data download NAME is short for archive=NAME",
        named="archive",
    ),
    "data inspect": Verb(
        "say what recordings hold, and what would become of them",
        "inspect",
        settings.InspectSettings,
        "inspect",
        TRAIN,
        folders_as("root"),
        "; humouse data inspect PLACE is short for root=PLACE",
    ),
    "data prepare": Verb(
        "cut raw recordings into gestures, split by people",
        "prepare",
        settings.PrepareSettings,
        "prepare",
        TRAIN,
    ),
    "data combine": Verb(
        "make one dataset of several prepared ones, a set-up each",
        "combine",
        settings.CombineSettings,
        "combine",
        TRAIN,
        folders_as("dirs"),
        "; humouse data combine FOLDER FOLDER … is short for dirs=[FOLDER,FOLDER,…]",
    ),
    "record": Verb(
        "record how you move, in a page on this machine",
        "record",
        settings.RecordSettings,
        "record",
        TRAIN,
        needs=("serve",),
    ),
    "train": Verb(
        "train a model of mouse movements: the diffusion, then its decoder",
        "diffusion/train",
        settings.TrainModelSettings,
        "train",
        TRAIN,
        prepared_data,
        _TRAIN_NOTE,
        needs=("train",),
    ),
    "train decoder": Verb(
        "train another decoder for a diffusion model",
        "diffusion/decoder",
        settings.TrainDecoderSettings,
        "train_decoder",
        TRAIN,
        needs=("train",),
    ),
    "detect train": Verb(
        "fit, calibrate and save a detector",
        "detect/train",
        settings.DetectTrainSettings,
        "detect_train",
        TRAIN,
        needs=("onnx",),
    ),
    "detect calibrate": Verb(
        "make a detector for your own site, from your own people and no bots",
        "detect/calibrate",
        settings.DetectCalibrateSettings,
        "detect_calibrate",
        TRAIN,
    ),
    "report": Verb(
        "make a page about one evaluation",
        "report",
        settings.ReportSettings,
        "report",
        LOOK,
        folders_as("run"),
        "; humouse report FOLDER is short for run=FOLDER",
        needs=("report",),
    ),
    "compare": Verb(
        "compare several evaluations in one table and page",
        "compare",
        settings.CompareSettings,
        "compare",
        LOOK,
        folders_as("runs"),
        "; humouse compare FOLDER FOLDER … is short for runs=[FOLDER,FOLDER,…]",
        needs=("report",),
    ),
    "features": Verb(
        "write the numbers that describe each movement of a file as a table",
        "features",
        settings.FeaturesSettings,
        "features",
        LOOK,
    ),
    "tune": Verb(
        "fine-tune a decoder against a classifier",
        "diffusion/tune",
        settings.TuneSettings,
        "tune",
        RESEARCH,
        needs=("train",),
    ),
    "distill": Verb(
        "teach a copy of a diffusion model to sample in a few steps",
        "diffusion/distill",
        settings.DistillSettings,
        "distill",
        RESEARCH,
        needs=("train",),
    ),
    "publish": Verb(
        "write a trained model as two small files without any person's numbers",
        "diffusion/publish",
        settings.PublishSettings,
        "publish",
        RESEARCH,
    ),
    "train gan": Verb(
        "train a GAN of mouse movements",
        "gan/train",
        settings.GanTrainSettings,
        "train_gan",
        RESEARCH,
        lambda words: prepared_data(long_flags(_SIGMA)(words)),
        _SIGMA_NOTE,
        needs=("train",),
    ),
    "train autoencoder": Verb(
        "train the autoencoder of latent diffusion",
        "diffusion/autoencoder",
        settings.AutoencoderSettings,
        "train_autoencoder",
        RESEARCH,
        prepared_data,
        needs=("train",),
    ),
    "sigma_eval": Verb(
        "compare people and generators by sigma-lognormal strokes",
        "diffusion/sigma_eval",
        settings.SigmaEvalSettings,
        "sigma_eval",
        RESEARCH,
        long_flags(_SIGMA),
        _SIGMA_NOTE,
        needs=("report",),
    ),
    "detect negatives": Verb(
        "make movements of bots and models, mixed by weights",
        "detect/negatives",
        settings.NegativesSettings,
        "detect_negatives",
        RESEARCH,
    ),
    "detect benchmark": Verb(
        "evaluate detectors on held-out families of bots",
        "detect/benchmark",
        settings.BenchmarkSettings,
        "detect_benchmark",
        RESEARCH,
        needs=("report",),
    ),
}


def verb_in(words: Sequence[str]) -> str | None:
    """Return the verb that a command line begins with, the longest there is; None for none."""
    names = (" ".join(words[:length]) for length in (2, 1))
    return next((name for name in names if name in VERBS), None)


def overview(first_word: str | None = None) -> str:
    """Return the page that lists the verbs under their headings.

    Args:
        first_word: Only those that begin with this word; None for all.
    """
    lines = [
        "humouse makes mouse movements like people's, measures how near movements come to people's,",
        "and detects bots.",
    ]
    heading = ""
    for name, verb in VERBS.items():
        if first_word is not None and name.split()[0] != first_word:
            continue
        if verb.group != heading:
            heading = verb.group
            lines += ["", heading]
        lines.append(f"  humouse {name:<18}{verb.meaning}")
    lines += [
        "",
        "humouse help VERB lists a verb's settings; give them as key=value, for example n=10.",
        "What an earlier run wrote is never lost: a new run sets it aside as NAME.previous-1, or in the",
        "folder previous-1, and says so. A resumed run continues in place, and a page drawn again from",
        "the same result replaces the old one.",
        "humouse completion SHELL prints tab completion for bash, zsh or fish.",
    ]
    return "\n".join(lines)


def run_verb(name: str) -> None:
    """Run a verb with the arguments in `sys.argv`, then exit."""
    verb = VERBS[name]
    if verb.expand is not None:
        with user_errors():
            sys.argv[1:] = verb.expand(sys.argv[1:])

    def task(given: object) -> None:
        require(f"humouse {name}", *verb.needs)
        with leave_at_once():
            module = importlib.import_module(f"humouse.commands.{verb.module}")
        module.run(given)

    launch(verb.config, verb.schema, task, f"humouse {name} — {verb.meaning}{verb.note}")
