"""What all pictures share: colours that colour-blind people can distinguish, canvas, saving."""

from pathlib import Path
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from humouse.files import atomic_write

# Okabe & Ito 2008, "Color Universal Design": blue and vermilion.
REAL_COLOUR = "#0072B2"
FAKE_COLOUR = "#D55E00"
SPEED_MAP = "viridis"


def new_figure(width_in: float, height_in: float, *, arranged: bool = True) -> Figure:
    """Return an empty figure on its own canvas; nothing of pyplot's global state is touched.

    Args:
        width_in: Width (in).
        height_in: Height (in).
        arranged: Whether the axes make room for their words by themselves, at a third of the time
            of drawing.
    """
    layout: Literal["constrained"] | None = "constrained" if arranged else None
    figure = Figure(figsize=(width_in, height_in), dpi=110, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def plain(axes: Axes) -> None:
    """Take away the frame's upper and right side, and draw a faint grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)


def verbatim(text: str) -> str:
    """Return a text that matplotlib draws as it stands, dollars included."""
    return text.replace("$", r"\$")


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write the figure, whole or not at all, in the format of the path's ending (.png, .svg, .pdf).

    Raises:
        InputError: The file cannot be written.
        ValueError: No picture format has that ending.
    """
    ending = Path(path).suffix.lstrip(".").lower() or "png"
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format=ending)
