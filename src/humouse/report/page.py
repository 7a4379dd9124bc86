"""Pages: one HTML file each, with its styles, scripts and pictures inside."""

import functools
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from humouse.figures.style import FAKE_COLOUR, REAL_COLOUR
from humouse.files import atomic_write
from humouse.report.dots import WIDTH
from humouse.report.wording import breakable, breakable_plain, brief, interval, number


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("humouse.report", "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number,
        "brief": brief,
        "interval": interval,
        "pretty": pretty,
        "breakable": breakable,
        "breakable_plain": breakable_plain,
    }
    environment.globals |= {
        "dots_width": WIDTH,
        "real_colour": REAL_COLOUR,
        "fake_colour": FAKE_COLOUR,
    }
    # Without blanks: the numbers of the replay are most of the page's text.
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "sort_keys": True}
    return environment


def pretty(content: Any) -> str:
    """Return plain content as people read it: a text as it stands, the rest as indented JSON."""
    if isinstance(content, str):
        return content
    return json.dumps(content, indent=2, ensure_ascii=False, default=str)


def write_page(path: Path, template: str, context: dict[str, Any]) -> Path:
    """Write a template's page, whole or not at all; return where.

    Every text is escaped, whatever it holds.

    Raises:
        InputError: The file cannot be written.
    """
    html = _environment().get_template(template).render(context)
    with atomic_write(path) as temporary:
        temporary.write_text(html, encoding="utf-8")
    return path
