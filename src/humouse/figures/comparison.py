"""Real and generated movements laid over each other: features and spectra."""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from humouse.eval.metrics import wasserstein_per_feature
from humouse.features import FeatureTable, velocity_spectrum
from humouse.features.spectra import decibel
from humouse.figures.style import FAKE_COLOUR, REAL_COLOUR, new_figure, plain
from humouse.trajectories import Trajectories

_BINS = 40


def kinematic_overlays(
    real: FeatureTable,
    fake: FeatureTable,
    *,
    names: Sequence[str] | None = None,
    most: int = 12,
    labels: tuple[str, str] = ("real", "generated"),
) -> Figure:
    """Return a histogram of each feature, real over generated, the worst first.

    The worst is the one with the largest 1-Wasserstein distance over the real standard deviation,
    W, which each panel states. The outermost bins also count what lies beyond them: at most 0.5% at
    each end of the real ones, and generated ones more than the real range away.

    Args:
        real: Features of people's movements.
        fake: The same features of generated ones.
        names: Which features; by default all.
        most: At most so many panels.
        labels: What to call the two.

    Raises:
        KeyError: A name is in neither table.
    """
    names = list(real.names if names is None else names)
    a, b = real.select(names), fake.select(names)
    spread = a.values.double().std(0, correction=0).cpu()
    distance = wasserstein_per_feature(a.values, b.values) / torch.where(spread > 0, spread, 1.0)
    worst = distance.argsort(descending=True)[:most].tolist()
    columns = min(4, max(1, len(worst)))
    rows = max(1, -(-len(worst) // columns))
    figure = new_figure(3.2 * columns, 2.3 * rows + 0.7)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[len(worst) :]:
        axes.set_axis_off()
    for axes, k in zip(grid.flat, worst, strict=False):
        pair = [side.values[:, k].double().cpu().numpy() for side in (a, b)]
        _overlay(axes, pair[0], pair[1], labels)
        axes.set_title(f"{names[k]}   W = {distance[k]:.2g} σ", fontsize=9)
        axes.set_xlabel(a.units[k] if a.units[k] != "1" else "", fontsize=8)
    figure.supylabel("share of gestures", fontsize=9)
    figure.suptitle(f"{len(real)} {labels[0]} and {len(fake)} {labels[1]} gestures, worst first")
    handles, words = grid.flat[0].get_legend_handles_labels()
    figure.legend(handles, words, loc="outside lower center", ncols=2, frameon=False)
    return figure


def _overlay(axes: Axes, real: np.ndarray, fake: np.ndarray, labels: tuple[str, str]) -> None:
    low, high = _range(real, fake)
    edges = np.linspace(low, high, _BINS + 1)
    for values, colour, label in ((real, REAL_COLOUR, labels[0]), (fake, FAKE_COLOUR, labels[1])):
        counts = np.histogram(values.clip(low, high), edges)[0] / len(values)
        axes.stairs(counts, edges, fill=True, color=colour, alpha=0.25)
        axes.stairs(counts, edges, color=colour, linewidth=1.4, label=label)
    plain(axes)
    axes.tick_params(labelsize=7)
    axes.ticklabel_format(axis="x", style="sci", scilimits=(-2, 4))
    axes.xaxis.get_offset_text().set_fontsize(7)


def _range(real: np.ndarray, fake: np.ndarray) -> tuple[float, float]:
    """Return where the histogram begins and ends: nearly all of both, but the real one in view."""
    (low, high), (fake_low, fake_high) = (np.quantile(x, [0.005, 0.995]) for x in (real, fake))
    room = high - low if high > low else np.inf
    low, high = max(min(low, fake_low), low - room), min(max(high, fake_high), high + room)
    return (float(low), float(high)) if high > low else (float(low) - 0.5, float(low) + 0.5)


def velocity_spectra(real: Trajectories, fake: Trajectories) -> Figure:
    """Return the power of the velocity by frequency: medians, middle halves, their difference."""
    figure = new_figure(7.5, 5.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    medians = []
    for side, colour, word in ((real, REAL_COLOUR, "real"), (fake, FAKE_COLOUR, "generated")):
        frequency, power = (part.cpu() for part in velocity_spectrum(side))
        power_db = decibel(power.double()).numpy()
        low, middle, high = np.quantile(power_db, [0.25, 0.5, 0.75], axis=0)
        above.fill_between(frequency, low, high, color=colour, alpha=0.2, linewidth=0)
        above.plot(frequency, middle, color=colour, label=f"{word}: {side.origin} ({len(side)})")
        medians.append(middle)
    above.set_ylabel("power (dB re 1 px²/s)")
    above.set_title("Spectrum of the velocity: median and middle half of the gestures")
    above.legend(frameon=False)
    below.axhline(0, color="black", linewidth=0.8)
    below.plot(frequency, medians[1] - medians[0], color=FAKE_COLOUR)
    below.set_ylabel("generated\nless real (dB)")
    below.set_xlabel("frequency (Hz)")
    below.set_xscale("log")
    ticks = [1, 2, 4, 8, 16, 32, 64]
    below.set_xticks(ticks, [str(tick) for tick in ticks])
    below.minorticks_off()
    for axes in (above, below):
        plain(axes)
    return figure
