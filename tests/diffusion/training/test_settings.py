"""Which settings make sense."""

from functools import cache

import pytest
from omegaconf import DictConfig, OmegaConf

from humouse.diffusion.training.settings import check_settings
from humouse.errors import InputError
from humouse.settings import TrainModelSettings
from humouse.settings.compose import compose
from humouse.settings.typed import typed


@cache
def defaults() -> DictConfig:
    return compose("diffusion/train", [])


def made(*changes: str) -> TrainModelSettings:
    values = OmegaConf.merge(defaults(), OmegaConf.from_dotlist(list(changes)))
    return typed(values, TrainModelSettings)


def test_the_defaults_make_sense():
    check_settings(made())


@pytest.mark.parametrize(
    "override",
    [
        "data.batch_size=0",
        "data.num_workers=-1",
        "model.base_channels=0",
        "model.cond_dim=-1",
        "model.cond_dim=10",
        "model.dropout=1",
        "model.dropout=-0.1",
        "model.cond_dropout=1.5",
        "diffusion.self_condition_prob=-1",
        "diffusion.min_snr_gamma=0",
        "optim.lr=0",
        "optim.lr=-1",
        "optim.lr=.nan",
        "optim.lr_decay=linear",
        "optim.lr_warmup_steps=-1",
        "optim.betas=[0.9]",
        "optim.betas=[0.9,1.0]",
        "optim.weight_decay=-1",
        "optim.grad_clip=-1",
        "optim.grad_accum=0",
        "optim.ema_decay=1.1",
        "optim.epochs=0",
        "optim.max_steps=0",
        "logging.log_interval=0",
        "logging.eval_interval=-1",
        "logging.sample_interval=-1",
        "logging.num_eval_samples=19",
        "logging.checkpoint_interval=-1",
        "early_stopping.score=fid",
        "early_stopping.patience=-1",
        "data.feature_mode=other",
        "experiment_name=''",
        "experiment_name=a/b",
    ],
)
def test_settings_that_make_no_sense(override: str):
    with pytest.raises(InputError) as caught:
        check_settings(made(override))
    assert override.split("=")[0] in str(caught.value)
    assert "\n" not in str(caught.value)
