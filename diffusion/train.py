"""`python -m diffusion.train` is `humouse train`."""

from humouse.commands.verbs import run_verb

if __name__ == "__main__":
    run_verb("train")
