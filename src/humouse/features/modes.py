"""Groups of features by the name that settings give them.

Without the strokes (neuromotor) they take a thirtieth of the time.
"""

FEATURE_MODES = {
    "kinematic": ("kinematics", "timing", "spectra", "coupling"),
    "neuromotor": ("kinematics", "timing", "spectra", "coupling", "neuromotor"),
    "sigma_lognormal": ("neuromotor",),
}
"""What an evaluation's metrics are taken on."""

DETECTOR_MODES = {
    "neuromotor": ("kinematics", "timing", "spectra", "neuromotor", "coupling"),
    "kinematic": FEATURE_MODES["kinematic"],
}
"""What detectors read: the same groups in the order of columns that they are fitted and saved with."""
