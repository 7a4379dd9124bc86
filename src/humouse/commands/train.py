"""`humouse train`: train a diffusion model."""

from humouse.commands.launch import launch
from humouse.diffusion.train import train
from humouse.settings import TrainSettings


def run(settings: TrainSettings) -> None:
    """Train as the settings say."""
    train(settings)


def main() -> None:
    """Run `humouse train`."""
    launch(
        "diffusion/train",
        TrainSettings,
        run,
        "humouse train — train a diffusion model of mouse movements",
    )


if __name__ == "__main__":
    main()
