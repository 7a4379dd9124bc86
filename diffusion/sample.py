"""`python -m diffusion.sample` is `humouse sample`."""

from humouse.commands.verbs import run_verb

if __name__ == "__main__":
    run_verb("sample")
