"""Settings that choose from a set of names: help lists them, each is taken, others are errors."""

import dataclasses
import re
from collections.abc import Collection, Iterator
from functools import cache
from typing import get_args

import pytest
from omegaconf import DictConfig, OmegaConf

from humouse.bots.families import FAMILIES
from humouse.codec import CODECS
from humouse.commands.help import help_text
from humouse.commands.verbs import VERBS
from humouse.data.sources import SOURCES
from humouse.detection.registry import REGISTRY
from humouse.diffusion.denoiser import TARGETS
from humouse.diffusion.noise.schedule import _SCHEDULES
from humouse.diffusion.samplers import SAMPLERS
from humouse.errors import InputError
from humouse.eval.parts import _METRICS
from humouse.eval.statistics.score import PROBES
from humouse.features import GROUPS
from humouse.features.modes import DETECTOR_MODES, FEATURE_MODES
from humouse.settings import SOURCE_SETTINGS, choices
from humouse.settings.compose import compose
from humouse.settings.typed import schema_of, typed
from humouse.time_unit import MS_PER_UNIT

_FREE = {
    *("about", "address", "autoencoder", "checkpoint_dir", "ckpt", "citation", "data_dir"),
    *("diffusion_ckpt", "dir", "experiment_name", "gan_ckpt", "licence", "movements", "name"),
    *("out", "out_dir", "page", "pattern", "people", "person", "root", "run", "runs", "samples"),
    *(
        "separator",
        "sha256",
        "start_from",
        "detector",
        "teacher",
        "train_split",
        "val_split",
        "more_dirs",
        "dirs",
        "setup",
        "style_from",
        "bots.held_out",
    ),
    *("columns.movement", "columns.session", "columns.state", "columns.t", "columns.user"),
    *(
        "columns.x",
        "columns.y",
        "columns.button",
        "downloaded",
        "line",
        "marks",
        "picture",
        "points",
    ),
    *("user_from", "user_prefix", "states.drag", "states.ignore", "states.move", "states.press"),
    *("states.release", "states.scroll"),
    *("host", "database", "tokens_file", "cors", "ray_address"),
}
"""Settings that hold a path, an address or a name of the user's own."""


def leaves(
    schema: type, values: DictConfig, prefix: str = ""
) -> Iterator[tuple[str, dataclasses.Field]]:
    for field in dataclasses.fields(schema):
        inner = schema_of(field, values)
        if inner is not None:
            yield from leaves(inner, values[field.name], f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}", field


def of_text(field: dataclasses.Field) -> bool:
    """Whether a setting is a text or a list of texts, or may be."""
    kinds = get_args(field.type) or (field.type,)
    return (str in kinds and not str(field.type).startswith("dict")) or list[str] in kinds


@cache
def composed(verb: str) -> DictConfig:
    return compose(VERBS[verb].config, [])


def with_value(verb: str, setting: str, field: dataclasses.Field, name: str) -> DictConfig:
    values = composed(verb).copy()
    OmegaConf.update(values, setting, [name] if "list" in str(field.type) else name)
    return values


_ALL = [
    (verb, setting, field)
    for verb in VERBS
    for setting, field in leaves(VERBS[verb].schema, composed(verb))
]
_CHOOSING = [(verb, setting, field) for verb, setting, field in _ALL if field.metadata["choices"]]
# A field of a section that several verbs share is tried with the first of them.
_FIRST = {id(field): (verb, setting) for verb, setting, field in reversed(_CHOOSING)}


@pytest.mark.parametrize("verb", VERBS)
def test_every_text_has_choices_or_is_the_users_own(verb: str):
    values = compose("prepare", ["source=csv"]) if verb == "data prepare" else composed(verb)
    for setting, field in leaves(VERBS[verb].schema, values):
        if of_text(field) and not field.metadata["choices"]:
            last = setting.rpartition(".")[2]
            assert last in _FREE or ".".join(setting.split(".")[-2:]) in _FREE, setting


@pytest.mark.parametrize("verb", dict.fromkeys(verb for verb, _, _ in _CHOOSING))
def test_help_lists_the_choices_and_each_is_taken(verb: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "1000")
    page = help_text(VERBS[verb].config, VERBS[verb].schema, "usage").splitlines()
    for _, setting, field in [one for one in _CHOOSING if one[0] == verb]:
        line = next(line for line in page if line.startswith(f"  {setting}="))
        meaning = line.partition("=")[2].partition(" ")[2]
        for name in field.metadata["choices"]:
            assert re.search(rf"(?<![\w+]){re.escape(name)}(?![\w+])", meaning), (setting, name)
            # source.name takes the settings of that source with it.
            if setting != "source.name" and _FIRST[id(field)] == (verb, setting):
                typed(with_value(verb, setting, field, name), VERBS[verb].schema)


@pytest.mark.parametrize(
    ("verb", "setting", "field"),
    [one for one in _CHOOSING if one[1] != "source.name" and _FIRST[id(one[2])] == one[:2]],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_another_word_is_an_error_that_names_the_right_one(
    verb: str, setting: str, field: dataclasses.Field
):
    first = field.metadata["choices"][0]
    for wrong, hint in (
        ("qqqq", ", ".join(field.metadata["choices"])),
        (f"{first}{first[-1]}", ""),
    ):
        with pytest.raises(InputError, match=re.escape(setting)) as caught:
            typed(with_value(verb, setting, field, wrong), VERBS[verb].schema)
        assert hint in str(caught.value)
        assert re.search("there is no|no such choice", str(caught.value))
        assert re.search("did you mean|choose from", str(caught.value))


@pytest.mark.parametrize(
    ("names", "registry"),
    [
        (choices.SOURCES, SOURCES),
        (choices.SOURCES, SOURCE_SETTINGS),
        (choices.CODECS, CODECS),
        (choices.OBJECTIVES, TARGETS),
        (choices.SCHEDULES, _SCHEDULES),
        (choices.SAMPLERS, SAMPLERS),
        (choices.FEATURE_MODES, FEATURE_MODES),
        (choices.FEATURE_GROUPS, GROUPS),
        (choices.DETECTOR_MODES, DETECTOR_MODES),
        (choices.METRICS, ["c2st", *_METRICS]),
        (choices.PROBES, PROBES),
        (choices.FAMILIES, FAMILIES),
        (choices.DETECTORS, REGISTRY),
        (choices.TIME_UNITS, MS_PER_UNIT),
    ],
    ids=lambda one: "-".join(one)[:30],
)
def test_the_names_are_those_that_the_code_has(names: Collection, registry: Collection):
    assert sorted(names) == sorted(registry)


def test_the_phrase():
    assert choices.listed(("a", "b", "c")) == "a, b or c"
    assert choices.listed({"a": "", "b": "the second"}) == "a or b (the second)"
    assert choices.listed(("a",)) == "a"
