"""Pages: one HTML file each, with its styles, scripts and pictures inside."""

import functools
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from humouse.eval.statistics.resampling import AUC_COVERAGE
from humouse.figures.style import FAKE_COLOUR, REAL_COLOUR
from humouse.files import atomic_write, set_aside
from humouse.report.dots import WIDTH
from humouse.report.glossary import glossary
from humouse.report.wording import (
    breakable,
    breakable_plain,
    brief,
    feature,
    features_named,
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
        "feature": feature,
        "features_named": features_named,
        "interval": interval,
        "kind_of_finding": kind_of_finding,
        "pretty": pretty,
        "breakable": breakable,
        "breakable_plain": breakable_plain,
    }
    made.globals |= {
        "auc_coverage": AUC_COVERAGE,
        "dots_width": WIDTH,
        "glossary": glossary,
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


def render(template: str, digest: str, context: dict[str, Any]) -> str:
    """Return a template's page; every text is escaped, whatever it holds.

    Args:
        template: Its file.
        digest: What tells the result that it shows from any other.
        context: What the template needs.
    """
    return environment().get_template(template).render({**context, "digest": digest})


def write_page(path: Path, html: str, digest: str) -> Path:
    """Write a page, whole or not at all; return where.

    A page of the same result is replaced, anything else that lies there is set aside.

    Raises:
        InputError: The file cannot be written.
    """
    if not (path.is_file() and digest.encode() in path.read_bytes()):
        set_aside(path)
    with atomic_write(path) as temporary:
        temporary.write_text(html, encoding="utf-8")
    return path
