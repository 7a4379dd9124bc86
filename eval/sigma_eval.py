"""`python -m eval.sigma_eval --use_diffusion_eval` is `humouse sigma_eval use_diffusion_eval=true`."""

from humouse.commands.sigma_eval import main

if __name__ == "__main__":
    main()
