"""Settings under their old names: an error on the command line, read as the new ones in checkpoints."""

from collections import defaultdict
from pathlib import Path

import pytest
import torch

from humouse.commands.verbs import VERBS, Verb
from humouse.errors import InputError
from humouse.settings.compose import compose, flat, settings_from
from humouse.settings.renamed import RENAMED, upgraded
from humouse.training.checkpoint import PRETRAINED, Checkpoint
from humouse.training.resuming import differences


@pytest.fixture(scope="module")
def verbs_of() -> dict[str, list[Verb]]:
    """Return the verbs that have each setting."""
    found = defaultdict(list)
    for verb in VERBS.values():
        for name, _ in flat(compose(verb.config, [])):
            found[name].append(verb)
    return found


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
@pytest.mark.parametrize("others", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_an_old_name_is_an_error_that_gives_the_new_one(
    old: str, new: str, others: bool, verbs_of: dict[str, list[Verb]]
):
    """Of the first verb that has the setting, and of the others."""
    first, *rest = verbs_of[new]
    for verb in rest if others else [first]:
        with pytest.raises(InputError) as caught:
            settings_from(verb.config, verb.schema, [f"{old}=1"])
        assert str(caught.value) == f"{old}: is now called {new}"


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_a_setting_keeps_its_section(old: str, new: str):
    assert old.rpartition(".")[0] == new.rpartition(".")[0]


def test_an_old_configuration_gets_the_new_names_and_keeps_its_values():
    old = {
        "seed": 3,
        "data": {"augment": {"goal_jitter": 0.1}},
        "decoder": {"hand_over": 0.6, "least_time": 0.1, "hidden": 64},
        "tuning": {"critic_jitter": 0.3},
    }
    assert upgraded(old) == {
        "seed": 3,
        "data": {"augment": {"goal_jitter": 0.1}},
        "decoder": {
            "t_switch": 0.6,
            "t_min": 0.1,
            "hidden": 64,
            "style": 0,
            "exact_ms": 64,
            "virtual": 0.0,
        },
        "tuning": {"critic_cond_noise": 0.3},
    }


def test_a_configuration_of_today_stays_as_it_is():
    now = {"seed": 3, "decoder": {"t_switch": 0.6}, "betas": [0.9, 0.99], "name": None}
    assert upgraded(now) == now


def test_settings_that_came_later_get_the_value_of_what_was_done_before():
    old = {"data": {"codec": "event"}, "diffusion": {"objective": "v"}}
    assert upgraded(old) == {
        "start_from": None,
        "data": {"codec": "event", "modes": 32, "balance": 1.0, "companding": 0.0},
        "diffusion": {"objective": "v", "low_noise_share": 0.0},
    }
    assert upgraded({"data": {"codec": "event", "modes": 5}})["data"]["modes"] == 5


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """The packaged model as a checkpoint of before, when its decoder's settings had other names."""
    saved = Checkpoint.load(PRETRAINED)
    old = {new: name for name, new in RENAMED.items() if name.startswith("decoder.")}
    decoder = {
        old.get(f"decoder.{name}", name).removeprefix("decoder."): value
        for name, value in saved.config["decoder"].items()
    }
    saved.config["decoder"] = decoder
    saved.save(tmp_path / "before.pt")
    return tmp_path / "before.pt"


def test_a_checkpoint_of_before_is_read_with_todays_names(before: Path):
    old = torch.load(before, weights_only=True)["config"]
    now = Checkpoint.load(before).config
    assert now["decoder"]["t_switch"] == old["decoder"]["hand_over"]
    assert now["decoder"]["cond_noise"] == old["decoder"]["cond_jitter"]
    assert "hand_over" not in now["decoder"]
    assert now["optim"] == old["optim"]
    assert differences(now, Checkpoint.load(PRETRAINED).config) == []


def test_a_run_of_before_can_be_resumed(before: Path):
    now = Checkpoint.load(PRETRAINED).config
    assert differences(upgraded(torch.load(before, weights_only=True)["config"]), now) == []
