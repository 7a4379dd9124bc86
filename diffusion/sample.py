"""`python -m diffusion.sample` is `humouse sample`."""

from humouse.commands.sample import main

if __name__ == "__main__":
    main()
