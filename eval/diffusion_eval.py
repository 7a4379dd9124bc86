"""`python -m eval.diffusion_eval` is `humouse eval`."""

from humouse.eval.diffusion_eval import main

if __name__ == "__main__":
    main()
