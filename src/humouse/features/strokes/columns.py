"""Features of the lognormal strokes of a movement, as in BeCAPTCHA-Mouse.

Each movement is decomposed into lognormal strokes (`fit`). The features are the maximum, minimum and
mean of each of their six parameters over the strokes of the first and of the second half, their number
(the 37 of Acien et al. 2022), and how well they fit the movement.

A stroke belongs to the half in which its speed peaks, at t0 + e^(µ−σ²), and to the first if it peaks
exactly in the middle. Angles are relative to the direction of the net displacement, within ±π, so that
they are invariant to rotation; for a movement that ends where it began they are relative to +x. All
features of a half without strokes are 0, and so are all features of a movement without motion.
"""

from humouse.features.table import Feature

_ACIEN = "Acien et al. 2022, arXiv:2005.00890"
_PLAMONDON = "O'Reilly & Plamondon 2009, doi:10.1016/j.patcog.2008.10.017"
MOST_SNR_DB = 100.0
SNR = "stroke_snr_db"
"""The column of how well the strokes fit the movement; not one of the 37."""

PARAMETERS = (
    ("amplitude", "px", "length of the stroke (D)"),
    ("onset", "s", "time of the stroke's command since the start (t0)"),
    ("log_delay", "1", "ln of the median seconds from command to motion (µ)"),
    ("log_response", "1", "spread of the logarithm of that time (σ)"),
    ("angle_start", "rad", "direction at the stroke's start, from the net displacement's (θs)"),
    ("angle_end", "rad", "direction at the stroke's end, from the net displacement's (θe)"),
)
HALVES = ("first", "second")
_STATISTICS = (("max", "largest"), ("min", "smallest"), ("mean", "mean"))


def column_name(parameter: str, unit: str, half: str, statistic: str) -> str:
    """Return the name of the column of one parameter's statistic over the strokes of one half."""
    name = f"stroke_{parameter}_{half}_half_{statistic}"
    return name if unit == "1" else f"{name}_{unit}"


NEUROMOTOR = (
    *(
        Feature(
            column_name(parameter, unit, half, statistic),
            unit,
            f"{words} over the strokes fastest in the {half} half: {what}",
            _ACIEN,
        )
        for parameter, unit, what in PARAMETERS
        for half in HALVES
        for statistic, words in _STATISTICS
    ),
    Feature("strokes", "count", "number of lognormal strokes", _ACIEN),
    Feature(
        SNR,
        "dB",
        f"10 log10(Σ |v|² Δt / Σ |v − v̂|² Δt), v̂ what the strokes make; at most {MOST_SNR_DB:.0f}",
        _PLAMONDON,
    ),
)
