"""A matplotlib figure as SVG that can stand in a page among others of its kind."""

import io
import re

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.figure import Figure

# What savefig would write about itself: a date, and addresses that a page must not name.
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_TAG = re.compile(r"<[^<>]*>")
_LONG_NUMBER = re.compile(r"\d+\.\d{3,}")
# The pictures use the page's font; matplotlib writes one of two forms.
_FONT = re.compile(r"font: (?:[^;\"]*? )?(\d[\d.]*px) [^;\"]+")
_FAMILY = re.compile(r"; font-family: [^;\"]+| transform=\"rotate\(-0 [^\"]*\"")
# Frames that are drawn in no colour.
_INVISIBLE = re.compile(r'<path d="[^"]*" style="fill: none"/>')
_GROUP = re.compile(r"<g>|<g [^<>]*>|</g>")
_DEFINED = re.compile(r' id="([^"]*)"')
_USED = re.compile(r'(?:url\(#|href="#)([^)"]*)')


def inline_svg(figure: Figure, *, key: str, title: str, description: str) -> Markup:
    """Return the figure as an <svg> element with words for those who do not see it.

    Its text stays text, in the page's font; ids are prefixed with `key`, so that pictures do not
    take each other's clips and markers; the same figure and key give the same characters.

    Args:
        figure: What to draw.
        key: Different for every picture of a page: letters, digits and hyphens.
        title: Its name.
        description: What it shows, in numbers.
    """
    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": key}):
        figure.savefig(buffer, format="svg", transparent=True, metadata=_NO_METADATA)
    svg = buffer.getvalue()
    width, height = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups()  # type: ignore[union-attr]
    body = svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]
    # Its style sheet would hold for the whole page; the page's own has that one rule.
    body = re.sub(r"<style.*?</style>|<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = _FONT.sub(r"font-size: \1", _FAMILY.sub("", body))
    # Only places are rounded: what stands between the tags is read.
    body = _TAG.sub(lambda tag: _LONG_NUMBER.sub(_rounded, tag[0]), body)
    body = _without_bare_groups(_prefixed(re.sub(r"\s*\n\s*", " ", body), key))
    words = f'<title id="{key}-t">{escape(title)}</title><desc id="{key}-d">{escape(description)}</desc>'
    return Markup(
        f'<svg class="plot" viewBox="0 0 {width} {height}" role="img" '
        f'aria-labelledby="{key}-t" aria-describedby="{key}-d">{words}{body}</svg>'
    )


def _without_bare_groups(body: str) -> str:
    """Return the SVG without what does nothing: groups that say nothing, and invisible frames."""
    said: list[bool] = []

    def kept(tag: re.Match[str]) -> str:
        if tag[0] == "</g>":
            return tag[0] if said.pop() else ""
        said.append(tag[0] != "<g>")
        return tag[0] if said[-1] else ""

    return re.sub(r"\s+(?=<)", "", _GROUP.sub(kept, _INVISIBLE.sub("", body)))


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _prefixed(body: str, key: str) -> str:
    """Return the SVG with `key` before every id that is used, and without the others."""
    used = set(_USED.findall(body))
    body = _DEFINED.sub(lambda found: f' id="{key}-{found[1]}"' if found[1] in used else "", body)
    return _USED.sub(lambda found: found[0][: -len(found[1])] + f"{key}-{found[1]}", body)
