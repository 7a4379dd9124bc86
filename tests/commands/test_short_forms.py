"""Short forms on the command line: what `data=NAME` stands for."""

import json
import shlex
from pathlib import Path

import pytest

from humouse.commands import short_forms
from humouse.commands.short_forms import prepared_data
from humouse.data.prepared import MANIFEST
from humouse.errors import InputError
from humouse.settings import PrepareSettings, TrainModelSettings
from humouse.settings.compose import settings_from


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with prepared data of a name that has a space, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data" / "my logs"
    folder.mkdir(parents=True)
    (folder / MANIFEST).write_text(json.dumps({"source": {"name": "csv"}}))
    return tmp_path


@pytest.mark.parametrize(
    "name", ["my logs", "data/my logs", "data/my logs/", "{here}/data/my logs"]
)
def test_a_folder_of_prepared_data_by_its_name_or_its_path(here: Path, name: str):
    words = prepared_data(["seed=1", f"data={name.format(here=here)}", "resume=true"])
    data = settings_from("diffusion/train", TrainModelSettings, words).data
    assert data.dataset_id == "csv"
    assert (here / data.dir).samefile(here / "data" / "my logs")
    assert (words[0], words[-1]) == ("seed=1", "resume=true")


@pytest.mark.parametrize(
    "word", ["data=csv", "data=sapimouse", "data=csv,sapimouse", "data.dir=x", "data=", "-m"]
)
def test_other_words_stay_as_they_are(here: Path, word: str):
    assert prepared_data([word]) == [word]


def test_what_is_not_prepared_is_said_with_the_command_that_prepares_it(here: Path):
    expected = "nothing is prepared in data/your logs; choose one of balabit, combined, csv, "
    with pytest.raises(InputError, match=expected) as caught:
        prepared_data(["data=your logs"])
    command = shlex.split(str(caught.value).partition("with: ")[2])
    assert command[:3] == ["humouse", "data", "prepare"]
    settings = settings_from("prepare", PrepareSettings, command[3:])
    assert (settings.source.name, settings.out_dir) == ("csv", "data/your logs")
    assert prepared_data(["data=your logs", "--help"]) == ["data=your logs", "--help"]


def test_the_manifests_name_is_that_of_prepared_data():
    assert short_forms._MANIFEST == MANIFEST
