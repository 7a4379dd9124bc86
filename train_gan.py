"""`python train_gan.py` is `python -m humouse.commands.train_gan`, under the specification's name."""

from humouse.commands.train_gan import main

if __name__ == "__main__":
    main()
