"""`python -m eval.sigma_eval --use_diffusion_eval` is `humouse sigma_eval use_diffusion_eval=true`."""

from humouse.commands.verbs import run_verb

if __name__ == "__main__":
    run_verb("sigma_eval")
