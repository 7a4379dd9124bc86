"""`python -m diffusion.train` is `humouse train`."""

from humouse.commands.train import main

if __name__ == "__main__":
    main()
