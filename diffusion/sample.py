"""`python -m diffusion.sample` is `humouse sample`."""

from humouse.sampling import main

if __name__ == "__main__":
    main()
