"""Pictures of an evaluation: speed over time, PRD and ROC curves."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from humouse.figures.style import FAKE_COLOUR, REAL_COLOUR, new_figure, plain, verbatim
from humouse.trajectories import Trajectories

Curve = Sequence[tuple[float, float]]

_PHASES = 60
_SIZE_IN = (4.6, 3.3)
# Okabe & Ito 2008; each with a dash of its own, so that no reader needs the colour.
_STYLES: tuple[tuple[str, object], ...] = (
    (FAKE_COLOUR, "-"),
    (REAL_COLOUR, "--"),
    ("#444444", ":"),
    ("#117733", "-."),
    ("#8A4F7D", (0, (6, 1, 1, 1, 1, 1))),
    ("#7A6200", (0, (1, 1))),
)


def speed_quartiles(movements: Trajectories, phases: int = _PHASES) -> np.ndarray:
    """Return [3, phases] quartiles over the movements of the speed (px/s) at shares of their time.

    A step of 0 ms is taken to last 1 ms. Movements without time are left out; where that leaves
    none, the quartiles are 0.
    """
    movements = movements.to("cpu")
    movements = movements[(movements.duration_ms > 0).nonzero()[:, 0]].trimmed()
    if not len(movements):
        return np.zeros((3, phases))
    steps = movements.deltas.double().numpy()
    speed = np.hypot(steps[..., 0], steps[..., 1]) / np.maximum(steps[..., 2], 1) * 1000
    ends = steps[..., 2].cumsum(1)
    ends /= ends[:, -1:]
    at = (np.arange(phases) + 0.5) / phases
    # Rows one after the other on one line of time, so that a single search finds every step.
    row = 2.0 * np.arange(len(ends))[:, None]
    step = np.searchsorted((ends + row).ravel(), (at + row).ravel()).reshape(len(ends), phases)
    return np.quantile(speed.ravel()[step], [0.25, 0.5, 0.75], axis=0)


def velocity_profile(real: Trajectories, fake: Trajectories) -> Figure:
    """Return the speed over the share of a movement's time: median and middle half of both."""
    figure = new_figure(*_SIZE_IN)
    axes = figure.subplots()
    at = (np.arange(_PHASES) + 0.5) / _PHASES * 100
    for side, colour, dash, word in (
        (real, REAL_COLOUR, "-", "people"),
        (fake, FAKE_COLOUR, "--", "generated"),
    ):
        low, middle, high = speed_quartiles(side)
        axes.fill_between(at, low, high, color=colour, alpha=0.18, linewidth=0)
        axes.plot(at, middle, dash, color=colour, label=word, linewidth=1.8)
    axes.set_xlabel("share of the movement's time (%)")
    axes.set_ylabel("speed (px/s)")
    axes.set_ylim(bottom=0)
    _finish(axes)
    return figure


def prd_curves(curves: Mapping[str, Curve]) -> Figure:
    """Return curves of precision over recall, by what to call each; the first is the judged one."""
    axes = _square(curves, "recall: how much of people's variety is covered", "precision: realism")
    return axes.figure  # type: ignore[return-value]


def roc_curves(curves: Mapping[str, Curve]) -> Figure:
    """Return curves of true over false positive rate, by name, and the line of chance."""
    axes = _square(curves, "people taken for generated", "generated found out")
    axes.plot([0, 1], [0, 1], color="#767676", linewidth=0.8)
    axes.annotate("chance", (0.5, 0.47), color="#5a5a5a", fontsize=8, rotation=36)
    return axes.figure  # type: ignore[return-value]


def _square(curves: Mapping[str, Curve], across: str, up: str) -> Axes:
    figure = new_figure(*_SIZE_IN)
    axes = figure.subplots()
    for place, (name, points) in enumerate(curves.items()):
        colour, dash = _STYLES[place % len(_STYLES)]
        x, y = np.asarray(points, float).reshape(-1, 2).T
        axes.plot(x, y, color=colour, linestyle=dash, linewidth=1.6, label=verbatim(name))
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    _finish(axes)
    return axes


def _finish(axes: Axes) -> None:
    plain(axes)
    axes.tick_params(labelsize=8)
    axes.xaxis.label.set_fontsize(9)
    axes.yaxis.label.set_fontsize(9)
    axes.legend(frameon=False, fontsize=8.5, handlelength=2.8)
