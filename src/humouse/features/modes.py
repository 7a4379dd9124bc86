"""Feature modes: the groups of features behind each name in the settings.

Computing features without the strokes (neuromotor) takes a thirtieth of the time.
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
