"""`humouse VERB key=value …`."""

import sys

from humouse import __version__
from humouse.interrupt import STATUS, leave_at_once

_HELP = ("--help", "-h", "help")


def main() -> None:
    """Run the verb that the command line names."""
    try:
        _run(sys.argv[1:])
    except KeyboardInterrupt:  # while what the verb needs is still loading
        print("humouse: interrupted", file=sys.stderr)
        raise SystemExit(STATUS) from None
    except ModuleNotFoundError as error:
        from humouse.extras import (
            CORE_REMEDY,
            missing_core,
        )  # here: nothing else at the start needs it

        if not (absent := missing_core()):
            raise
        print(
            f"humouse: not installed: {', '.join(absent)} ({error}); {CORE_REMEDY}", file=sys.stderr
        )
        raise SystemExit(2) from None


def _run(words: list[str]) -> None:
    with leave_at_once():
        from humouse.commands.completion import candidates, script
        from humouse.commands.help import print_page
        from humouse.commands.verbs import VERBS, overview, run_verb, verb_in
        from humouse.errors import nearest
        from humouse.settings.compose import SEE_HELP

    if words[:1] == ["--complete"]:
        print(*candidates(" ".join(words[1:])), sep="\n")
        return
    if words[:1] == ["completion"]:
        print_page(script(words[1:]))
        return
    if "--version" in words:
        print(f"humouse {__version__}")
        return
    if words[:1] == ["help"]:  # humouse help VERB is humouse VERB --help
        words = [*words[1:], "--help"]
    groups = {verb.split()[0] for verb in VERBS if " " in verb} - set(VERBS)
    # `humouse data` names a group of verbs: the verb is the word after it.
    in_group = words[0] if words and words[0] in groups else None
    rest = words[1:] if in_group else words
    if not rest or rest[0] in _HELP:
        print_page(overview(in_group))
        return
    if verb := verb_in(words):
        sys.argv = [f"humouse {verb}", *words[len(verb.split()) :]]
        run_verb(verb)
        return
    given = " ".join(words[:2]) if in_group else words[0]
    hint = nearest(given, list(VERBS), SEE_HELP)
    print(f"humouse: {given}: no such verb; {hint}", file=sys.stderr)
    raise SystemExit(2)


if __name__ == "__main__":
    main()
