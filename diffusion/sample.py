"""`python -m diffusion.sample` is `humouse sample`."""

from humouse.diffusion.sample import main

if __name__ == "__main__":
    main()
