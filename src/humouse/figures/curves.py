"""Curves of a training run."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from humouse.figures.style import FAKE_COLOUR, REAL_COLOUR, new_figure, plain


def loss_curve(
    steps: Sequence[int],
    losses: Sequence[float],
    *,
    validation_steps: Sequence[int] = (),
    validation_losses: Sequence[float] = (),
    smoothing: float = 0.95,
    title: str = "Training loss",
) -> Figure:
    """Return the loss over steps, with a smoothed line and the validation losses as points.

    Args:
        steps: Step of each training loss.
        losses: Training losses.
        validation_steps: Step of each validation loss.
        validation_losses: Validation losses.
        smoothing: Weight that the running mean gives to its past; started without bias.
        title: Above the picture.

    Raises:
        ValueError: Steps and losses differ in number, or smoothing is not in [0, 1).
    """
    if len(steps) != len(losses) or len(validation_steps) != len(validation_losses):
        raise ValueError("each loss needs its step")
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing must be in [0, 1), not {smoothing}")
    figure = new_figure(7.5, 4.2)
    axes = figure.subplots()
    axes.plot(steps, losses, color=REAL_COLOUR, alpha=0.3, linewidth=0.8, label="training")
    if len(losses) > 1:
        smooth = _running_mean(np.asarray(losses, float), smoothing)
        axes.plot(steps, smooth, color=REAL_COLOUR, linewidth=2, label="training, smoothed")
    if len(validation_steps):
        axes.plot(
            validation_steps,
            validation_losses,
            "o-",
            color=FAKE_COLOUR,
            linewidth=1,
            markersize=4,
            label="validation",
        )
    every = np.concatenate([np.asarray(losses, float), np.asarray(validation_losses, float)])
    if len(every) and (every > 0).all() and every.max() > 5 * every.min():
        axes.set_yscale("log")
    axes.set_xlabel("optimiser step")
    axes.set_ylabel("loss")
    axes.set_title(title)
    plain(axes)
    axes.legend(frameon=False)
    return figure


def _running_mean(values: np.ndarray, smoothing: float) -> np.ndarray:
    """Return the exponential running mean, over the weights given so far."""
    smooth = np.empty(len(values))
    total = weight = 0.0
    for k, value in enumerate(values):
        total = smoothing * total + value
        weight = smoothing * weight + 1
        smooth[k] = total / weight
    return smooth
