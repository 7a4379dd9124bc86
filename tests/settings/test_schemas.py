"""Schemas and YAML files hold the same settings: names and meanings here, values there."""

import dataclasses
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from omegaconf import DictConfig, OmegaConf

import humouse
from humouse.commands.help import help_text
from humouse.commands.verbs import VERBS
from humouse.diffusion.train_model import decoder_stage
from humouse.settings import (
    SOURCE_SETTINGS,
    SourceSettings,
    TrainDecoderSettings,
    TrainModelSettings,
)
from humouse.settings.compose import compose, config_groups, settings_from, shown
from humouse.settings.typed import typed

_CONFIGS = Path(humouse.__file__).parent / "configs"
_FILES = {str(path.relative_to(_CONFIGS).with_suffix("")) for path in _CONFIGS.rglob("*.yaml")}
# Parts of other files; data/base is one, too.
_SHARED = {"decoder/parts/network", "decoder/parts/training"}
_SCHEMAS = {verb.config: verb.schema for verb in VERBS.values()}
_CASES = [(config, "") for config in _SCHEMAS] + [
    (config, f"{group}={option}")
    for config in _SCHEMAS
    for group, options in config_groups(config).items()
    for option in options
]


def _quick_first(cases: list[tuple[str, str]]) -> Iterator[Any]:
    """Yield every case; an option is quick with the first verb that takes it, slow with the others."""
    seen: set[str] = set()
    for case in cases:
        repeated = case[1] in seen
        seen |= {case[1]} - {""}
        yield pytest.param(*case, marks=pytest.mark.slow if repeated else ())


_EACH = pytest.mark.parametrize(("config", "choice"), list(_quick_first(_CASES)))


@cache
def composed(config: str, *choice: str) -> DictConfig:
    """Return a composition, which nobody may change."""
    return compose(config, list(choice))


def leaves(config: DictConfig, prefix: str = "") -> Iterator[str]:
    for key in map(str, config):
        value = OmegaConf.select(config, key)
        if isinstance(value, DictConfig):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def meanings(
    schema: type, source: str | None, nulls: Collection[str] = (), prefix: str = ""
) -> dict[str, str]:
    """Return every setting of a schema, with the options of that source, and its meaning.

    Sections among `nulls` are taken for settings.
    """
    found: dict[str, str] = {}
    for field in dataclasses.fields(schema):
        name = f"{prefix}{field.name}"
        types = get_args(field.type) or (field.type,)
        inner = next((one for one in types if dataclasses.is_dataclass(one)), None)
        if inner is SourceSettings and source is not None:
            inner = SOURCE_SETTINGS[source]
        if inner is not None and name not in nulls:
            found |= meanings(inner, source, nulls, f"{name}.")
        else:
            found[name] = field.metadata.get("help", "")
    return found


def source_of(config: str, choice: str) -> str:
    if choice.startswith("source="):
        return choice.removeprefix("source=")
    return "auto" if config == "inspect" else "humouse_default"


def test_every_file_is_the_configuration_of_a_verb_or_an_option_of_one():
    groups = {group for config in _SCHEMAS for group in config_groups(config)}
    options = {name for name in _FILES if name.rpartition("/")[0] in groups}
    assert groups == {
        "archive",
        "data",
        "decoder",
        "experiment",
        "gestures",
        "source",
        "gan/experiment",
    }
    assert options | set(_SCHEMAS) | _SHARED == _FILES
    assert len(_SCHEMAS) == len(VERBS)


def test_every_option_is_tried():
    tried = {choice.replace("=", "/") for _, choice in _CASES if choice}
    assert tried == _FILES - set(_SCHEMAS) - _SHARED - {"data/base", "source/base"}


@_EACH
def test_schema_and_yaml_hold_the_same_settings(config: str, choice: str):
    values = composed(config, *filter(None, [choice]))
    names = set(leaves(values))
    assert names == set(meanings(_SCHEMAS[config], source_of(config, choice), names))
    settings = typed(values, _SCHEMAS[config])
    assert not OmegaConf.missing_keys(OmegaConf.structured(settings))


@pytest.mark.parametrize("config", _SCHEMAS)
def test_values_stand_in_yaml_alone(config: str):
    """A schema's fields have no values: two places cannot disagree."""
    schema = OmegaConf.structured(_SCHEMAS[config])
    names = set(meanings(_SCHEMAS[config], None))  # options of sources stand in their own schemas
    assert OmegaConf.missing_keys(schema) == names


@_EACH
def test_help_names_every_setting_with_its_meaning_and_value(
    config: str, choice: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "1000")  # a window in which no line is wrapped
    text = help_text(config, _SCHEMAS[config], "usage", [choice] if choice else [])
    lines = text.splitlines()
    assert lines[0] == "usage"
    values = composed(config, *filter(None, [choice]))
    for key, meaning in meanings(
        _SCHEMAS[config], source_of(config, choice), set(leaves(values))
    ).items():
        assert len(meaning) > 5, f"{key} has no help text"
        # A group, decoder=…, has a line of its own above the settings.
        *_, line = (line for line in lines if line.startswith(f"  {key}="))
        assert line.endswith(meaning)
        assert shown(OmegaConf.select(values, key)) in line


_SPECIFICATION = """
experiment_name: "diff_mouse_v1"
seed: 1337

data:
  dataset_id: "humouse_default"
  sequence_length: 200
  batch_size: 64
  num_workers: 8
  canonicalize_path: true
  canonicalize_duration: true
  rotate_to_plus_x: true
  normalize_sequences: true
  feature_mode: "neuromotor"  # for metrics only

model:
  base_channels: 128
  channel_mults: [1, 1.5, 2, 2]
  attn_bottleneck: true
  dropout: 0.1
  self_condition: true
  cond_dim: 0  # set >0 to enable FiLM conditioning

diffusion:
  objective: "v"         # v-pred
  schedule: "cosine"
  timesteps: 1000
  min_snr_weight: true

optim:
  lr: 2e-4
  weight_decay: 1e-2
  betas: [0.9, 0.999]
  grad_clip: 1.0
  ema_decay: 0.999
  epochs: 80
  amp: true

logging:
  log_interval: 50
  eval_interval: 1
  sample_interval: 5
  num_eval_samples: 512
"""


def test_the_specifications_values():
    """Its configs/diffusion/train.yaml (§9), as it writes them; what its run has otherwise; no decoder."""
    expected = OmegaConf.create(_SPECIFICATION)
    settings = compose("diffusion/train", ["~experiment"])
    for name in leaves(expected):
        assert OmegaConf.select(settings, name) == OmegaConf.select(expected, name), name
    asked = settings_from("diffusion/train", TrainModelSettings, ["experiment=train"])
    assert asked.decoder is None
    run = OmegaConf.structured(asked)
    differ = {
        name
        for name in leaves(expected)
        if OmegaConf.select(run, name) != OmegaConf.select(expected, name)
    }
    # Each is a row of the lab book.
    assert differ == {
        "model.dropout",
        "model.self_condition",
        "model.cond_dim",
        "diffusion.min_snr_weight",
        "optim.lr",
        "optim.epochs",
        "logging.eval_interval",
    }


def test_the_default_is_the_model_of_events_with_the_decoder_that_train_decoder_makes():
    whole, events = (
        settings_from("diffusion/train", TrainModelSettings, words)
        for words in ([], ["experiment=events"])
    )
    assert events.decoder is None
    same = dataclasses.replace(
        whole,
        experiment_name="events",
        optim=dataclasses.replace(whole.optim, max_steps=None),
        decoder=None,
    )
    assert same == events
    alone = settings_from("diffusion/decoder", TrainDecoderSettings, [])
    second = decoder_stage(whole, whole.decoder)
    own = {"ckpt": second.ckpt, "experiment_name": "model", "data_dir": "data"}
    assert second == dataclasses.replace(alone, **own)
    assert second.ckpt == "checkpoints/model_diffusion.pt"
