"""Names that detection's files and tables share."""

HUMAN = "human"
"""The family of people, and the verdict on what passes for one."""

BOT, UNFAMILIAR, UNUSABLE, UNDECIDED = "bot", "unfamiliar", "unusable", "undecided"
"""Verdicts, beside `HUMAN`; the last one is a session's alone."""

SCRIPTED = "bots"
"""In a mixture: every scripted family, in equal parts."""

COMPOSED = "composed"
"""The family of bots composed at random, which detectors are trained on."""

GENERATED = ("gan", "diffusion")
"""The families of trained models."""

MEAN, FILES_MEAN = "mean", "files_mean"
"""The held-out "families" of rows that are means: over scripted bots, and over files of movements."""

OWN, BROWSER = "own", "60hz"
"""How movements are delivered: with their own timing, or one position a frame as a browser does."""

BLEND = "blend"
"""The detector that all others make up together."""

STEPS, FEATURES, SETUP = "steps", "features", "setup"
"""The views: movements on one clock, features of these, and traits of the set-up that recorded them."""

MOST_STEPS = 256
"""Steps of a movement on one clock that detectors look at: those at its start."""

VIEWS = (STEPS, FEATURES, SETUP)
