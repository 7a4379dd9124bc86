"""Names that detection's files and tables share."""

HUMAN = "human"
"""The family of people."""

SCRIPTED = "bots"
"""In a mixture: every scripted family, in equal parts."""

GENERATED = ("gan", "diffusion")
"""The families of trained models."""

MEAN = "mean"
"""The held-out "family" of a row that is the mean over those of scripted bots."""

BLEND = "blend"
"""The detector that all others make up together."""

STEPS = "steps"
"""The view of detectors that look at the movements themselves."""

VIEWS = ("features", "discriminator", "denoising")
"""The views that are tables of features."""
