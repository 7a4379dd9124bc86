"""`humouse VERB key=value …`: each verb is the entry point of one module."""

import importlib
import sys

from humouse import __version__
from humouse.launch import nearest, print_page

_HELP = ("--help", "-h", "help")
_VERBS = {
    "data prepare": ("humouse.data.command", "raw recordings → gestures, split by people"),
    "train": ("humouse.diffusion.train", "train a diffusion model"),
    "sample": ("humouse.diffusion.sample", "draw movements from a trained model"),
    "eval": ("humouse.eval.diffusion_eval", "score samples against people"),
}


def main() -> None:
    """Run the verb that the command line names."""
    words = sys.argv[1:]
    # `humouse data` names a group of verbs: the verb is the word after it.
    verb_words = words[1:] if words[:1] == ["data"] else words
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
            importlib.import_module(_VERBS[verb][0]).main()
            return
    given = " ".join(words[:2]) if words[0] == "data" else words[0]
    print(f"humouse: {given}: no such verb; {nearest(given, list(_VERBS))}", file=sys.stderr)
    raise SystemExit(2)


def _help() -> str:
    lines = ["humouse learns how people move a mouse and makes movements like theirs.", ""]
    lines += [f"  humouse {verb:<14}{meaning}" for verb, (_, meaning) in _VERBS.items()]
    lines += ["", "humouse VERB --help lists a verb's settings; give them as key=value."]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
