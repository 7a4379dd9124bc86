"""`python train_gan.py` is `humouse train gan`."""

from humouse.commands.verbs import run_verb

if __name__ == "__main__":
    run_verb("train gan")
