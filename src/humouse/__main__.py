"""`python -m humouse` is `humouse`."""

from humouse.cli import main

if __name__ == "__main__":
    main()
