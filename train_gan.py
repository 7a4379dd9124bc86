"""`python train_gan.py` is `python -m humouse.gan.train`, under the specification's name."""

from humouse.gan.train import main

if __name__ == "__main__":
    main()
