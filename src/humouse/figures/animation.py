"""Movements that move: an animated SVG, in which each cursor goes at its true speed."""

from collections.abc import Mapping
from html import escape
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor

from humouse.trajectories import Trajectories

_PANEL_PX = 230
_MARGIN_PX = 16
_TITLE_PX = 30
_REST_MS = 1500
_COLOURS = ("#0072B2", "#D55E00")

_STYLE = """
text { font: 600 15px system-ui, sans-serif; fill: #222; }
.path { fill: none; stroke: var(--own); stroke-width: 1.6; stroke-linecap: round; }
.cursor { fill: var(--own); }
.goal { fill: none; stroke: #999; }
@media (prefers-color-scheme: dark) { text { fill: #eee; } .goal { stroke: #777; } }
@media (prefers-reduced-motion: reduce) { .cursor { display: none; } }
"""


def animated_svg(panels: Mapping[str, Trajectories]) -> str:
    """Return an SVG with a panel for each set of movements; it repeats for ever.

    All begin at once, and what is drawn at any moment is where the cursor has been by then. The first
    panel has a colour of its own.

    Args:
        panels: Title → the movements drawn under it.
    """
    sets = list(panels.values())
    reach_px = max(float(_from_start(one).abs().max()) for one in sets)
    scale = (_PANEL_PX / 2 - _MARGIN_PX) / max(reach_px, 1)
    whole_ms = max(float(one.duration_ms.max()) for one in sets) + _REST_MS
    width = _PANEL_PX * len(panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_PANEL_PX + _TITLE_PX}" '
        f'width="{width}" height="{_PANEL_PX + _TITLE_PX}" role="img" '
        f'aria-label="{escape("Moving cursors: " + ", ".join(panels))}">',
        f"<style>{_STYLE}</style>",
    ]
    for place, (title, movements) in enumerate(panels.items()):
        x, y = _PANEL_PX * (place + 0.5), _TITLE_PX + _PANEL_PX / 2
        colour = _COLOURS[min(place, 1)]
        parts.append(f'<g transform="translate({x:g} {y:g})" style="--own:{colour}">')
        parts.append(
            f'<text y="{-_PANEL_PX / 2 - 8:g}" text-anchor="middle">{escape(title)}</text>'
        )
        parts += [_animated(movements[row], scale, whole_ms) for row in range(len(movements))]
        parts.append("</g>")
    return "\n".join([*parts, "</svg>\n"])


def _from_start(movements: Trajectories) -> Float[Tensor, "B points 2"]:
    return movements.positions_px() - movements.start[:, None]


def _animated(movement: Trajectories, scale: float, whole_ms: float) -> str:
    """Return one movement: its goal, its path that grows, and its cursor."""
    points = int(movement.lengths[0]) + 1
    path = (_from_start(movement)[0, :points] * scale).tolist()
    shares = (movement.times_ms()[0, :points] / whole_ms).tolist()
    travelled = [0.0]
    for (x0, y0), (x1, y1) in pairwise(path):
        travelled.append(travelled[-1] + ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5)
    whole = max(travelled[-1], 1e-6)
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in path)
    # A dash as long as the path, pulled out from behind its beginning as far as the cursor has come.
    hidden = [f"{whole - way:.1f}" for way in travelled]
    goal_x, goal_y = path[-1]
    steps = {
        "stroke-dashoffset": hidden,
        "cx": [f"{x:.1f}" for x, _ in path],
        "cy": [f"{y:.1f}" for _, y in path],
    }
    animate = {
        name: f'<animate attributeName="{name}" dur="{whole_ms / 1000:g}s" repeatCount="indefinite" '
        f'keyTimes="{_joined([*(f"{share:.4f}" for share in shares), "1"])}" '
        f'values="{_joined([*values, values[-1]])}"/>'
        for name, values in steps.items()
    }
    return (
        f'<circle class="goal" cx="{goal_x:.1f}" cy="{goal_y:.1f}" r="5"/>'
        f'<polyline class="path" points="{line}" stroke-dasharray="{whole:.1f} {whole:.1f}">'
        f"{animate['stroke-dashoffset']}</polyline>"
        f'<circle class="cursor" r="3">{animate["cx"]}{animate["cy"]}</circle>'
    )


def _joined(values: list[str]) -> str:
    return ";".join(values)
