"""`humouse VERB key=value …`: each verb is the entry point of one module."""

import importlib
import sys

from humouse import __version__
from humouse.commands.help import print_page
from humouse.errors import nearest
from humouse.settings.compose import SEE_HELP

_HELP = ("--help", "-h", "help")
_VERBS = {
    "data prepare": ("humouse.commands.prepare:main", "raw recordings → gestures, split by people"),
    "train": ("humouse.commands.train:main", "train a diffusion model"),
    "train autoencoder": (
        "humouse.commands.train_autoencoder:main",
        "train what latent diffusion works on",
    ),
    "train decoder": (
        "humouse.commands.train_decoder:main",
        "teach a diffusion model to write whole events",
    ),
    "train gan": ("humouse.commands.train_gan:main", "train a GAN"),
    "tune": (
        "humouse.commands.tune:main",
        "hold a decoder's own movements against people's",
    ),
    "distill": ("humouse.commands.distill:main", "a diffusion model → one of a few steps"),
    "publish": ("humouse.commands.publish:main", "a trained model → a small file to hand on"),
    "sample": ("humouse.commands.sample:main", "draw movements from a trained model"),
    "eval": ("humouse.commands.evaluate:main", "score samples against people"),
    "sigma_eval": (
        "humouse.commands.sigma_eval:main",
        "people against generators, by their strokes",
    ),
    "detect negatives": (
        "humouse.commands.detect_negatives:main",
        "bots' and models' movements, mixed by weights",
    ),
    "detect train": ("humouse.commands.detect_train:main", "fit, calibrate and save a detector"),
    "detect score": (
        "humouse.commands.detect_score:main",
        "what a detector says about movements, and why",
    ),
    "detect benchmark": (
        "humouse.commands.detect_benchmark:main",
        "detectors on families of bots held out whole",
    ),
    "report": ("humouse.commands.report:main_report", "a page about one evaluation"),
    "compare": ("humouse.commands.report:main_compare", "several evaluations in one page"),
}

_GROUPS = {verb.split()[0] for verb in _VERBS if " " in verb} - set(_VERBS)


def main() -> None:
    """Run the verb that the command line names."""
    words = sys.argv[1:]
    # `humouse data` names a group of verbs: the verb is the word after it.
    in_group = words[:1] and words[0] in _GROUPS
    verb_words = words[1:] if in_group else words
    if not verb_words or verb_words[0] in _HELP:
        print_page(_help())
        return
    if words[0] == "--version":
        print(f"humouse {__version__}")
        return
    for length in (2, 1):
        verb = " ".join(words[:length])
        if verb in _VERBS:
            sys.argv = [f"humouse {verb}", *words[length:]]
            module, name = _VERBS[verb][0].split(":")
            getattr(importlib.import_module(module), name)()
            return
    given = " ".join(words[:2]) if in_group else words[0]
    print(
        f"humouse: {given}: no such verb; {nearest(given, list(_VERBS), SEE_HELP)}", file=sys.stderr
    )
    raise SystemExit(2)


def _help() -> str:
    lines = ["humouse learns how people move a mouse and makes movements like theirs.", ""]
    lines += [f"  humouse {verb:<18}{meaning}" for verb, (_, meaning) in _VERBS.items()]
    lines += ["", "humouse VERB --help lists a verb's settings; give them as key=value."]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
