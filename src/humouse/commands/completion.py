"""Completion in shells: scripts for them, and the words that can stand at the cursor."""

from collections.abc import Sequence

from humouse.commands.verbs import VERBS, verb_in
from humouse.errors import InputError
from humouse.settings.compose import compose, config_groups, flat

_BASH = r"""_humouse() {
  local IFS=$'\n'
  COMPREPLY=($(humouse --complete "${COMP_LINE:0:COMP_POINT}" 2>/dev/null))
  [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -o default -F _humouse humouse"""

SCRIPTS = {
    "bash": _BASH,
    "zsh": f"autoload -U +X bashcompinit && bashcompinit\n{_BASH}",
    "fish": "complete -c humouse -f -a '(humouse --complete (commandline -cp))'",
}

_USAGE = """humouse completion SHELL prints a shell's tab completion of verbs and settings.

  bash   eval "$(humouse completion bash)"    in ~/.bashrc
  zsh    eval "$(humouse completion zsh)"     in ~/.zshrc
  fish   humouse completion fish | source     in ~/.config/fish/config.fish"""


def script(words: Sequence[str]) -> str:
    """Return the script of the shell that is named, or how to name one."""
    return SCRIPTS[words[0]] if len(words) == 1 and words[0] in SCRIPTS else _USAGE


def candidates(line: str) -> list[str]:
    """Return what can stand at the end of a command line, in the order of help.

    Args:
        line: The line up to the cursor, `humouse` included. After `key=` values alone are returned:
            shells break words there.
    """
    *words, current = [*line.split(), ""] if line.endswith(" ") else line.split()
    words = words[1:]
    verb = verb_in(words)
    if verb is None:
        return _verbs_after(words, current)
    given = words[len(verb.split()) :]
    # `humouse train` is a verb, and the beginning of others.
    more = [] if given else _verbs_after(words, current)
    config = VERBS[verb].config
    if not any("=" not in word for word in given):
        options = config_groups(config).get(VERBS[verb].named, [])
        more += [option for option in options if option.startswith(current)]
    return more + _settings(config, given, current)


def _verbs_after(words: Sequence[str], current: str) -> list[str]:
    """Return the next word of each verb that begins so."""
    found = dict.fromkeys(
        verb.split()[len(words)]
        for verb in VERBS
        if verb.split()[: len(words)] == list(words) and len(verb.split()) > len(words)
    )
    return [word for word in found if word.startswith(current)]


def _settings(config: str, given: Sequence[str], current: str) -> list[str]:
    groups = config_groups(config)
    key, equals, value = current.partition("=")
    if equals:
        return [option for option in groups.get(key, []) if option.startswith(value)]
    try:
        composed = compose(config, [word for word in given if "=" in word])
    except InputError:
        composed = compose(config, [])
    keys = [*groups, *(name for name, _ in flat(composed)), "--help"]
    return [name if name == "--help" else f"{name}=" for name in keys if name.startswith(current)]
