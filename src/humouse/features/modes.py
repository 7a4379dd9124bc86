"""Groups of features by the name that settings give them."""

FEATURE_MODES = {
    "kinematic": ("kinematics", "timing", "spectra", "coupling"),
    "neuromotor": ("kinematics", "timing", "spectra", "coupling", "neuromotor"),
    "sigma_lognormal": ("neuromotor",),
}
"""Groups of features by the name that settings give them."""
