"""`python -m eval.diffusion_eval` is `humouse eval`."""

from humouse.commands.verbs import run_verb

if __name__ == "__main__":
    run_verb("eval")
