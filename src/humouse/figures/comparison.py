"""Real and generated movements laid over each other: features and spectra."""

import math
from collections.abc import Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, MaxNLocator

from humouse.eval.api import wasserstein_per_feature
from humouse.features import FeatureTable, velocity_spectrum
from humouse.features.names import readable
from humouse.features.spectra import decibel
from humouse.figures.style import FAKE_COLOUR, REAL_COLOUR, new_figure, plain, verbatim
from humouse.trajectories import Trajectories

_BINS = 40
_MOST_BINS = 120
_ROOM = 20
_TAIL = 0.005
_TITLE_LETTERS = 36


def kinematic_overlays(
    real: FeatureTable,
    fake: FeatureTable,
    *,
    names: Sequence[str] | None = None,
    most: int = 12,
    labels: tuple[str, str] = ("people", "generated"),
) -> Figure:
    """Return a histogram of each feature, real over generated, the worst first.

    The worst is the one with the largest 1-Wasserstein distance over the real standard deviation,
    W, which each panel states. The axis holds all but 0.5% at each end of both sides. Only where
    generated ones lie more than 20 real ranges away does it end before them: then the outermost bin
    counts them too, and the panel says which share lies beyond.

    Args:
        real: Features of people's movements.
        fake: The same features of generated ones.
        names: Which features; by default all.
        most: Largest number of panels.
        labels: What to call the two.

    Raises:
        KeyError: A name is in neither table.
    """
    names = list(real.names if names is None else names)
    a, b = real.select(names), fake.select(names)
    spread = a.values.std(0, np.float64)
    distance = wasserstein_per_feature(a.values, b.values).numpy()
    distance /= np.where(spread > 0, spread, 1.0)
    worst = np.argsort(-distance, kind="stable")[:most].tolist()
    columns = min(4, max(1, len(worst)))
    rows = max(1, -(-len(worst) // columns))
    figure = new_figure(3.2 * columns, 2.3 * rows + 0.7)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[len(worst) :]:
        axes.set_axis_off()
    for axes, k in zip(grid.flat, worst, strict=False):
        pair = [side.values[:, k].astype(np.float64) for side in (a, b)]
        _overlay(axes, pair[0], pair[1], labels)
        words = fill(readable(names[k]), _TITLE_LETTERS)
        axes.set_title(f"{words}\nW = {distance[k]:.2g} σ", fontsize=9)
        axes.set_xlabel(a.units[k] if a.units[k] != "1" else "", fontsize=8)
    figure.supylabel("share of gestures", fontsize=9)
    figure.suptitle(
        f"Features, the worst first: {len(real):,} gestures of {labels[0]}, {len(fake):,} {labels[1]}"
    )
    handles, words = grid.flat[0].get_legend_handles_labels()
    figure.legend(handles, words, loc="outside lower center", ncols=2, frameon=False)
    return figure


def feature_overlay(
    real: np.ndarray,
    fake: np.ndarray,
    *,
    unit: str = "",
    labels: tuple[str, str] = ("real", "generated"),
    onto: Figure | None = None,
) -> Figure:
    """Return one feature's histogram as a small picture of its own; see `kinematic_overlays`.

    Args:
        real: [N] the feature of people's movements.
        fake: [M] the same of generated ones.
        unit: Below the axis; empty where the feature has none.
        labels: What to call the two.
        onto: A picture made by this function that is no longer needed: it is drawn over and
            returned, in half the time that a new one takes.
    """
    figure = onto or _small_figure()
    (axes,) = figure.axes
    for part in [*axes.patches, *axes.texts]:
        part.remove()
    edges = _histograms(axes, real, fake, labels)
    axes.relim()
    axes.autoscale_view()
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=float(edges[1] - edges[0]).is_integer()))
    axes.set_xlabel(verbatim(unit))
    return figure


def _small_figure() -> Figure:
    figure = new_figure(3.0, 1.5, arranged=False)
    figure.subplots_adjust(left=0.13, right=0.97, bottom=0.29, top=0.95)
    axes = figure.subplots()
    plain(axes)
    axes.set_xlabel("", fontsize=8, labelpad=2)
    axes.xaxis.set_major_formatter(FuncFormatter(_short))
    axes.yaxis.set_major_locator(MaxNLocator(2, prune="lower"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g}%"))
    axes.tick_params(labelsize=7.5, length=2)
    return figure


def _short(value: float, _: int | None = None) -> str:
    """Return a tick's number: 250k in place of a factor that stands apart."""
    text = EngFormatter(sep="")(value) if abs(value) >= 1000 else f"{value:g}"
    return text.replace("-", "−")


def _histograms(
    axes: Axes, real: np.ndarray, fake: np.ndarray, labels: tuple[str, str]
) -> np.ndarray:
    """Draw both sides' histograms and return the edges of their bins."""
    edges = _edges(real, fake)
    low, high = edges[0], edges[-1]
    shares = [np.histogram(side.clip(low, high), edges)[0] / len(side) for side in (real, fake)]
    # An area and a line: distinct without their colours.
    axes.stairs(shares[0], edges, fill=True, color=REAL_COLOUR, alpha=0.35, label=labels[0])
    axes.stairs(shares[1], edges, color=FAKE_COLOUR, linewidth=1.6, label=labels[1])
    _mark_beyond(axes, fake, edges)
    return edges


def _mark_beyond(axes: Axes, fake: np.ndarray, edges: np.ndarray) -> None:
    """Say which share of the generated ones lies off the axis, at the end where it was put."""
    for end, beyond in ((0, fake < edges[0]), (1, fake > edges[-1])):
        share = float(beyond.mean())
        if share <= _TAIL:
            continue
        limit = _short(float(f"{edges[-end]:.3g}"))
        words = f"{share:.0%} above {limit} ▸" if end else f"◂ {share:.0%} below {limit}"
        side = "right" if end else "left"
        axes.text(end, 1.0, words, transform=axes.transAxes, ha=side, va="top", fontsize=7.5)


def _overlay(axes: Axes, real: np.ndarray, fake: np.ndarray, labels: tuple[str, str]) -> None:
    _histograms(axes, real, fake, labels)
    plain(axes)
    axes.tick_params(labelsize=7)
    axes.ticklabel_format(axis="x", style="sci", scilimits=(-2, 4))
    axes.xaxis.get_offset_text().set_fontsize(7)


def _edges(real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """Return where the bins begin and end; whole numbers stand in the middle of theirs."""
    low, high = _range(real, fake)
    # The more room the generated ones take, the finer the bins, so that people's histogram keeps a shape.
    own_low, own_high = _most(real)
    taken = (high - low) / (own_high - own_low) if own_high > own_low else 1.0
    bins = min(_MOST_BINS, math.ceil(_BINS * max(1.0, taken)))
    if not all(np.array_equal(side, np.round(side)) for side in (real, fake)):
        return np.linspace(low, high, bins + 1)
    width = max(1, math.ceil((high - low) / bins))
    return np.arange(math.floor(low) - 0.5, math.ceil(high) + width, width)


def _range(real: np.ndarray, fake: np.ndarray) -> tuple[float, float]:
    """Return where the histogram begins and ends: nearly all of both, but the real one in view."""
    (low, high), (fake_low, fake_high) = _most(real), _most(fake)
    room = _ROOM * (high - low) if high > low else np.inf
    low, high = max(min(low, fake_low), low - room), min(max(high, fake_high), high + room)
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _most(side: np.ndarray) -> tuple[float, float]:
    """Return between which of its values all but 0.5% at each end lie."""
    low = np.quantile(side, _TAIL, method="lower")
    return float(low), float(np.quantile(side, 1 - _TAIL, method="higher"))


def velocity_spectra(
    real: Trajectories,
    fake: Trajectories,
    *,
    bands_hz: Sequence[tuple[int, int]] = (),
    size_in: tuple[float, float] = (7.5, 5.6),
    titled: bool = True,
) -> Figure:
    """Return the power of the velocity by frequency: medians, middle halves, their difference.

    Args:
        real: Movements of people.
        fake: Generated movements.
        bands_hz: Bands to shade, every other one.
        size_in: Width and height of the picture.
        titled: Whether to say above it what it shows.
    """
    figure = new_figure(*size_in)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    medians = []
    for side, colour, word, dash in (
        (real, REAL_COLOUR, "people", "-"),
        (fake, FAKE_COLOUR, "generated", "--"),
    ):
        frequency, power = velocity_spectrum(side)
        power_db = decibel(power.astype(np.float64))
        low, middle, high = np.quantile(power_db, [0.25, 0.5, 0.75], axis=0)
        above.fill_between(frequency, low, high, color=colour, alpha=0.2, linewidth=0)
        label = f"{word}: {verbatim(side.origin)} ({len(side)})"
        above.plot(frequency, middle, dash, color=colour, label=label)
        medians.append(middle)
    above.set_ylabel("power (dB re 1 px²/s)")
    if titled:
        above.set_title("Spectrum of the velocity: median and middle half of the gestures")
    above.legend(frameon=False)
    below.axhline(0, color="black", linewidth=0.8)
    below.plot(frequency, medians[1] - medians[0], color=FAKE_COLOUR)
    below.set_ylabel("generated\nless people (dB)")
    below.set_xlabel("frequency (Hz)")
    below.set_xscale("log")
    ticks = [1, 2, 4, 8, 16, 32, 64]
    below.set_xticks(ticks, [str(tick) for tick in ticks])
    below.minorticks_off()
    for axes in (above, below):
        plain(axes)
        for low_hz, high_hz in bands_hz[::2]:
            axes.axvspan(max(low_hz, 1), high_hz, color="black", alpha=0.05, linewidth=0)
    return figure
