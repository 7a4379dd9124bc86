"""Pictures of movements and of how they compare, as matplotlib figures for files and boards."""

from humouse.figures.comparison import kinematic_overlays, velocity_spectra
from humouse.figures.curves import loss_curve
from humouse.figures.gestures import gesture_gallery, samples
from humouse.figures.style import save_figure

__all__ = [
    "gesture_gallery",
    "kinematic_overlays",
    "loss_curve",
    "samples",
    "save_figure",
    "velocity_spectra",
]
