"""Names that detection's files and tables share."""

MEAN = "mean"
"""The held-out "family" of a row that is the mean over those of scripted bots."""


BLEND = "blend"
"""The detector that all others make up together."""


GENERATED = ("gan", "diffusion")
"""The families of trained models."""


MIXES = ("bots", "bots+gan", "bots+diffusion", "all")
"""What a detector is fitted on beside people, in the order of the tables."""


HUMAN = "human"
"""The family of people."""


VIEWS = ("features", "discriminator", "denoising")
"""The tables that detectors look at; those of the steps look at the movements themselves."""
