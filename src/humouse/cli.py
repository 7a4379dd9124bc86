"""`humouse VERB key=value …`."""

import sys

from humouse import __version__
from humouse.commands.help import print_page
from humouse.commands.verbs import VERBS, run_verb
from humouse.errors import nearest
from humouse.settings.compose import SEE_HELP

_HELP = ("--help", "-h", "help")
_GROUPS = {verb.split()[0] for verb in VERBS if " " in verb} - set(VERBS)


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
        if verb in VERBS:
            sys.argv = [f"humouse {verb}", *words[length:]]
            run_verb(verb)
            return
    given = " ".join(words[:2]) if in_group else words[0]
    print(
        f"humouse: {given}: no such verb; {nearest(given, list(VERBS), SEE_HELP)}", file=sys.stderr
    )
    raise SystemExit(2)


def _help() -> str:
    lines = ["humouse learns how people move a mouse and makes movements like theirs.", ""]
    lines += [f"  humouse {name:<18}{verb.meaning}" for name, verb in VERBS.items()]
    lines += ["", "humouse VERB --help lists a verb's settings; give them as key=value."]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
