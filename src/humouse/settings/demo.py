"""Settings of the demonstration."""

from dataclasses import dataclass

from humouse.settings.fields import setting


@dataclass
class DemoSettings:
    """`humouse demo`: everything once, on synthetic people."""

    out_dir: str = setting("folder for data, models, pictures, scores and the detector")
    steps: int = setting(
        "training steps of the diffusion model; its decoder takes 2.5 times as many"
    )
    n: int = setting("movements to sample and to score")
    open: bool = setting("open the page of scores in the browser at the end")
