"""From the command line to settings: what is asked, what is refused, and how."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from humouse.commands.launch import launch
from humouse.settings import (
    SampleSettings,
)


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[int]]:
    """Return what `launch` of the sampling settings calls its task with: n each time."""

    def run(*arguments: str) -> list[int]:
        seen: list[int] = []
        before = os.getcwd()

        def task(settings: SampleSettings) -> None:
            assert os.getcwd() == before
            seen.append(settings.n)

        monkeypatch.chdir(tmp_path)
        before = os.getcwd()
        monkeypatch.setattr(sys, "argv", ["humouse sample", *arguments])
        launch("diffusion/sample", SampleSettings, task, "usage line")
        assert os.getcwd() == before
        assert not list(tmp_path.iterdir())  # Hydra leaves nothing behind
        return seen

    return run


def test_launch_runs_the_task_here(launched: Callable):
    assert launched("n=3") == [3]


def test_multirun_sweeps(launched: Callable):
    assert launched("--multirun", "n=1,2") == [1, 2]


@pytest.mark.parametrize(
    "words",
    [("--cfg", "job", "n=77"), ("n=77", "--cfg", "job"), ("n=77", "--cfg", "job", "seed=1")],
)
def test_cfg_job_shows_the_settings(
    launched: Callable, capsys: pytest.CaptureFixture, words: tuple[str, ...]
):
    assert launched(*words) == []
    assert OmegaConf.create(capsys.readouterr().out).n == 77


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_runs_nothing(launched: Callable, capsys: pytest.CaptureFixture, flag: str):
    assert launched(flag) == []
    assert capsys.readouterr().out.startswith("usage line")


@pytest.mark.parametrize("arguments", [("n=x",), ("--multirun", "n=1,x")])
def test_bad_settings_end_in_one_line(
    launched: Callable, capsys: pytest.CaptureFixture, arguments: tuple[str, ...]
):
    with pytest.raises(SystemExit) as caught:
        launched(*arguments)
    assert caught.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("humouse: n: ")


def test_an_interrupt_ends_with_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    def task(settings: SampleSettings) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "argv", ["humouse sample"])
    with pytest.raises(SystemExit) as caught:
        launch("diffusion/sample", SampleSettings, task, "usage")
    assert caught.value.code == 130
    assert capsys.readouterr().err == "humouse: interrupted\n"
