"""`python -m eval.diffusion_eval` is `humouse eval`."""

from humouse.commands.evaluate import main

if __name__ == "__main__":
    main()
