"""Writes the command-line reference of the site from the table of verbs, whenever it is built."""

import html
from typing import Any

from humouse.commands.help import settings_of
from humouse.commands.verbs import VERBS, Verb
from humouse.settings.compose import config_groups

_PAGE, _PLACE = "reference/command-line.md", "<!-- verbs -->"


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put the verbs and their settings where the page of the command line asks for them."""
    if page.file.src_uri != _PAGE:
        return markdown
    assert _PLACE in markdown, f"docs/{_PAGE} has no line {_PLACE}"
    return markdown.replace(_PLACE, command_line())


def command_line() -> str:
    """Return every verb, under its heading, with its settings."""
    parts, heading = [], ""
    for name, verb in VERBS.items():
        if verb.group != heading:
            heading = verb.group
            parts.append(f"## {heading}")
        parts.append(_section(name, verb))
    return "\n\n".join(parts)


def _section(name: str, verb: Verb) -> str:
    lines = [
        f"### humouse {name}",
        "",
        f"{verb.meaning[0].upper()}{verb.meaning[1:]}{verb.note}.",
        "",
    ]
    for group, options in config_groups(verb.config).items():
        choices = ", ".join(f"`{group}={option}`" for option in options)
        lines += [f"Ready-made settings: {choices}.", ""]
    lines += ["| setting | value | meaning |", "|---|---|---|"]
    lines += [
        f"| {_code(key)} | {_code(value)} | {_text(meaning)} |"
        for key, value, meaning in settings_of(verb.config, verb.schema)
    ]
    return "\n".join(lines)


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>" if text else ""


def _text(text: str) -> str:
    """Return text that Markdown leaves as it is, within a cell."""
    escaped = html.escape(text, quote=False)
    for sign in "\\`*_[]|":
        escaped = escaped.replace(sign, f"&#{ord(sign)};")
    return escaped
