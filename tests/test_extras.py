"""Extras: what works without them, and the one line that is said where something does not."""

import json
import re
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import torch

import humouse
from humouse import cli, extras
from humouse.commands.verbs import VERBS
from humouse.errors import InputError
from humouse.trajectories import Trajectories

CHECKOUT = Path(__file__).parents[1]
PACKAGES = sorted({package for packages in extras.EXTRAS.values() for package in packages})

_SCRIPT = """
import sys

PACKAGES, words = sys.argv[1].split(","), sys.argv[2:]
asked = []

class Ask:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in PACKAGES:
            asked.append(name)

sys.meta_path.insert(0, Ask())
from humouse.diffusion.api import denormalize, generate_diffusion_samples
import humouse as hm
denormalize(generate_diffusion_samples(2, 20, steps=1, seed=0, device="cpu"), seed=0)
hm.sample(2, seed=0)
assert not asked, asked

for name in PACKAGES:
    sys.modules[name] = None  # as if it were not installed
from humouse import cli
import humouse.commands.detect_score, humouse.commands.publish, humouse.commands.detect_negatives
import humouse.commands.prepare, humouse.evaluation
sys.argv = ["humouse", "sample", "n=30", "steps=2", "out_dir=gen"]
cli.main()
sys.argv = ["humouse", "eval", "samples=gen/samples.parquet", *words]
cli.main()
"""


@pytest.mark.slow
def test_sampling_and_scoring_need_no_extra(tmp_path: Path, call: Callable, twelve_people: Path):
    """Sampling does not so much as ask for their packages; the commands say what is lost."""
    quick = ("metrics=[spectra]", "feature_mode=kinematic", "references=[]", "replicates=0")
    words = (f"val_split={twelve_people}/val", "n=30", *quick, "out_dir=scores")
    home = str(Path(humouse.__file__).parents[1])
    packages = ",".join(
        name for name in PACKAGES if name != "fsspec"
    )  # which torch asks for itself
    done = call("-c", _SCRIPT, packages, *words, cwd=tmp_path, PYTHONPATH=home)
    assert done.returncode == 0, done.stderr
    names = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.*")}
    assert {"gen/samples.parquet", "gen/manifest.json", "scores/scores.json"} <= names
    assert not [name for name in names if name.endswith((".png", ".html"))]
    notes = [line for line in done.stderr.splitlines() if line.startswith("note:")]
    install = "jinja2, markupsafe, matplotlib not installed; pip install 'humouse[report]'"
    assert notes == [f"note: no picture: {install}", f"note: no pictures and no page: {install}"]


@pytest.mark.parametrize("verb", [name for name, verb in VERBS.items() if verb.needs])
def test_a_verb_names_the_extra_before_it_begins(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    for package in PACKAGES:
        monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr(sys, "argv", ["humouse", *verb.split()])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    needs = ",".join(VERBS[verb].needs)
    (line,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(
        rf"humouse: humouse {verb} needs [\w, ]+: pip install 'humouse\[{needs}\]'", line
    )
    assert list(tmp_path.iterdir()) == []


def test_a_plot_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    moves = Trajectories(torch.ones(1, 2, 3), torch.tensor([2]), torch.zeros(1, 2), None, "test")
    with pytest.raises(InputError, match=r"a picture needs matplotlib: pip install 'humouse\[rep"):
        moves.plot()


def test_only_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch):
    extras.require("humouse demo", *extras.EXTRAS)
    assert not extras.without("report", "no picture")
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(InputError) as caught:
        extras.require("humouse demo", *extras.EXTRAS)
    assert str(caught.value) == "humouse demo needs tensorboard: pip install 'humouse[train]'"


def test_the_table_is_that_of_pyproject():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]

    def names(requirements: list[str]) -> list[str]:
        found = (re.match(r"[\w-]+", line).group() for line in requirements)
        return sorted(name.lower().replace("-", "_") for name in found)

    assert {name: tuple(names(optional[name])) for name in extras.EXTRAS} == extras.EXTRAS
    assert optional["all"] == [f"humouse[{','.join(sorted(extras.EXTRAS))}]"]
    assert "humouse[all]" in optional["dev"]
    assert not set(PACKAGES) & set(names(project["dependencies"]))
    pinned = set(names((CHECKOUT / "constraints.txt").read_text().splitlines()[1:]))
    assert {*PACKAGES, *names(project["dependencies"])} - pinned == set()


def test_versions_leave_out_what_is_not_installed(monkeypatch: pytest.MonkeyPatch):
    from humouse import files

    monkeypatch.setattr(files, "_VERSIONED_PACKAGES", ("humouse", "no-such-package"))
    assert files.versions().keys() == {"python", "humouse"}
    json.dumps(files.versions())


def test_what_is_needed_always_is_that_of_pyproject():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    needed = {re.match(r"[\w.-]+", line).group().lower() for line in project["dependencies"]}
    if sys.version_info >= (3, 14):
        needed.remove("backports.zstd")
    brought = packages_distributions()
    names = {brought[name.split(".")[0]][0].lower() for name in extras.CORE}
    assert names == needed
    assert extras.missing_core() == []


@pytest.mark.parametrize("gone", ["joblib", "not_there.at_all"])
def test_a_needed_package_that_is_missing_is_one_line(
    gone: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    """A checkout brought up to date may need what was not installed for the older one."""

    def fail(verb: str) -> None:
        raise ModuleNotFoundError(f"No module named '{gone}'", name=gone)

    monkeypatch.setattr("humouse.commands.verbs.run_verb", fail)
    monkeypatch.setattr(sys, "argv", ["humouse", "doctor"])
    with pytest.raises(ModuleNotFoundError):  # all is there: a fault of humouse's own
        cli.main()
    monkeypatch.setattr(sys, "argv", ["humouse", "doctor"])
    monkeypatch.setattr(extras, "CORE", (gone,))
    monkeypatch.setitem(sys.modules, gone, None)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    assert capsys.readouterr().err == (
        f"humouse: not installed: {gone} (No module named '{gone}'); "
        "install humouse again, as you did at first\n"
    )
