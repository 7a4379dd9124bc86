"""The configuration of the autoencoder and its schema say the same."""

import pytest
from omegaconf import OmegaConf

from humouse.commands.help import help_text
from humouse.settings import AutoencoderSettings, TrainModelSettings
from humouse.settings.compose import settings_from

_CONFIG = "diffusion/autoencoder"


@pytest.mark.parametrize("choice", [[], ["data=sapimouse"], ["data=balabit"]])
def test_every_setting_has_a_value_and_a_meaning(choice: list[str]):
    settings = settings_from(_CONFIG, AutoencoderSettings, choice)
    assert not OmegaConf.missing_keys(OmegaConf.structured(settings))
    lines = help_text(_CONFIG, AutoencoderSettings, "usage", choice).splitlines()
    for key in ("model.latent_noise", "data.codec", "optim.weight_decay"):
        (line,) = [line for line in lines if line.strip().startswith(f"{key}=")]
        assert len(line.split(maxsplit=1)[1]) > 10


@pytest.mark.parametrize("data", ["sapimouse", "humouse_default"])
def test_a_model_on_latents_has_the_autoencoders_codec_by_default(data: str):
    theirs = settings_from(_CONFIG, AutoencoderSettings, [f"data={data}"]).data
    ours = settings_from(
        "diffusion/train", TrainModelSettings, [f"data={data}", "experiment=latent"]
    ).data
    assert theirs.codec == ours.codec == "event"
    different = {name for name, value in vars(theirs).items() if value != getattr(ours, name)}
    assert different <= {"feature_mode"}
