"""Values have one home, YAML; where a Python user gets a default without it, it is the same value."""

import inspect
from collections.abc import Callable

import pytest
from omegaconf import OmegaConf

from humouse.codec import CanonicalCodec, EventCodec
from humouse.data.augment import AugmentRules
from humouse.data.prepare import prepare
from humouse.data.sources.humouse_default import HumouseDefault
from humouse.data.splits import split_users
from humouse.detection.samples.one_clock import OneClock
from humouse.diffusion.decoder.network import EventDecoder
from humouse.diffusion.denoiser import Denoiser
from humouse.diffusion.models.unet1d import UNet1D
from humouse.diffusion.noise.schedule import DiscreteSchedule
from humouse.diffusion.sampling_rule import SamplingRule
from humouse.eval.rule import EvaluationRule
from humouse.gan.models.conv import ConvDiscriminator, ConvGenerator
from humouse.gestures import GestureRules
from humouse.settings.compose import compose

# A model without conditions is one that was given none; a seed's default is 0, a run names its own.
_NOT_REPEATED = {"cond_dim", "seed"}


@pytest.mark.parametrize(
    ("made", "config", "section", "names"),
    [
        (GestureRules, "prepare", "gestures", "gap_ms min_events max_events min_distance_px "
         "cut_at_presses merge_equal_timestamps"),
        (prepare, "prepare", "split", "val_fraction test_fraction by"),
        (HumouseDefault, "prepare", "source", "users gestures_per_user"),
        (AugmentRules, "diffusion/train", "data.augment", "time_stretch time_warp jitter mirror "
         "mirror_x crop crop_min goal_jitter"),
        (CanonicalCodec, "diffusion/train", "data", "sequence_length canonicalize_path "
         "canonicalize_duration rotate_to_plus_x modes companding"),
        (EventCodec, "diffusion/train", "data", "sequence_length companding_px clock "
         "merge_zero_moves"),
        (UNet1D, "diffusion/train", "model", "base_channels channel_mults attn_bottleneck dropout "
         "self_condition"),
        (DiscreteSchedule, "diffusion/train", "diffusion", "timesteps"),
        (Denoiser, "diffusion/train", "diffusion", "objective"),
        (SamplingRule, "diffusion/sample", "", "steps sampler eta guidance guidance_rescale "
         "goal_constraint batch_size t_switch"),
        (EvaluationRule, "diffusion/eval", "", "metrics feature_mode probes replicates "
         "permutations"),
        (ConvGenerator, "gan/train", "model", "latent_dim step_noise"),
        (ConvDiscriminator, "gan/train", "model", "feature_dim"),
        (OneClock, "detect/train", "clock", "period_ms pause_ms whole_px"),
    ],
)  # fmt: skip
def test_a_default_of_the_library_is_the_value_in_yaml(
    made: Callable, config: str, section: str, names: str
):
    # The specification's values, not those of an experiment.
    values = compose(config, ["~experiment"] if config == "diffusion/train" else [])
    values = OmegaConf.to_container(OmegaConf.select(values, section) if section else values)
    defaults = {
        name: list(one.default) if isinstance(one.default, tuple) else one.default
        for name, one in inspect.signature(made).parameters.items()
        if one.default is not one.empty and name in values and name not in _NOT_REPEATED
    }
    assert set(defaults) == set(names.split())
    assert defaults == {name: values[name] for name in defaults}


def test_the_shares_of_the_splits():
    """Called val and test where people are split."""
    split = compose("prepare", []).split
    parameters = inspect.signature(split_users).parameters
    assert parameters["val"].default == split.val_fraction
    assert parameters["test"].default == split.test_fraction


def test_a_decoders_network_is_yamls_and_samples_the_whole_distribution_by_default():
    decoder = compose("diffusion/decoder", []).decoder
    parameters = inspect.signature(EventDecoder).parameters
    assert (parameters["hidden"].default, parameters["dropout"].default) == (
        decoder.hidden,
        decoder.dropout,
    )
    assert (parameters["draw_scale"].default, parameters["draw_least"].default) == (1.0, 0.0)
