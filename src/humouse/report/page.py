"""Pages: one HTML file each, with its styles, scripts and pictures inside."""

import functools
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from humouse.eval.statistics.resampling import AUC_COVERAGE
from humouse.figures.style import FAKE_COLOUR, REAL_COLOUR
from humouse.files import atomic_write
from humouse.report.dots import WIDTH
from humouse.report.wording import (
    breakable,
    breakable_plain,
    brief,
    interval,
    kind_of_finding,
    number,
)


@functools.cache
def environment() -> Environment:
    """Return what renders the templates of every page: their folder, filters and colours."""
    made = Environment(
        loader=PackageLoader("humouse.report", "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "number": number,
        "brief": brief,
        "interval": interval,
        "kind_of_finding": kind_of_finding,
        "pretty": pretty,
        "breakable": breakable,
        "breakable_plain": breakable_plain,
    }
    made.globals |= {
        "auc_coverage": AUC_COVERAGE,
        "dots_width": WIDTH,
        "real_colour": REAL_COLOUR,
        "fake_colour": FAKE_COLOUR,
    }
    # Without blanks: the numbers of the replay are most of the page's text.
    made.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "sort_keys": True}
    return made


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
    html = environment().get_template(template).render(context)
    with atomic_write(path) as temporary:
        temporary.write_text(html, encoding="utf-8")
    return path
