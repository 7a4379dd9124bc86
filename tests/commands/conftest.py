"""Commands, run in this process as a user would call them."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from examples.evaluation import example_run
from examples.quick_runs import DETECTOR, RECIPES, run_verb


@pytest.fixture
def humouse(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> Callable[..., tuple[int, str, str]]:
    """Run a command here; return its exit status and what it printed."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["humouse", *map(str, words)])
        from humouse import cli

        status = 0
        try:
            cli.main()
        except SystemExit as end:
            status = int(end.code or 0)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture(scope="module")
def detector(many_gestures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("detector")
    run_verb("detect train", DETECTOR.format(many_gestures=many_gestures, out=folder))
    return folder


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return example_run(tmp_path_factory.mktemp("one"), n=40, groups=["timing"]).folder


@pytest.fixture(scope="module")
def other_evaluation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("other")
    return example_run(folder, n=40, origin="gan", seed=7, groups=["timing"]).folder


@pytest.fixture(scope="module")
def two_datasets(
    tiny_data: Path, many_gestures: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("two")
    shutil.copytree(tiny_data, folder / "home")
    shutil.copytree(many_gestures, folder / "lab")
    return folder


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("logs") / "ann.csv"
    path.write_text("t,x,y\n" + "\n".join(f"{8 * k},{5 * k},{k}" for k in range(40)))
    return path


@pytest.fixture(scope="module")
def decoded(event_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("decoded")
    words = RECIPES["train decoder"].words
    run_verb("train decoder", words.format(event_checkpoint=event_checkpoint, out=folder))
    return folder / "checkpoints" / "tiny.pt"
