"""The tutorials, run as somebody follows them: every command and line of code, in a fresh folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
TUTORIALS = DOCS / "tutorials"
_BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_COMMAND = '#!/bin/sh\nexec "$PYTHON" -m humouse "$@"\n'


def follow(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the blocks of a page in a folder; trainings take few steps."""
    monkeypatch.chdir(folder)
    command = folder / "bin" / "humouse"
    command.parent.mkdir()
    command.write_text(_COMMAND)
    command.chmod(0o755)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    names: dict = {}
    for language, block in _BLOCK.findall(text):
        if language == "python":
            exec(compile(block, "tutorial", "exec"), names)
            continue
        script = re.sub(r"max_steps=\d+", "max_steps=6", block)
        ran = subprocess.run(
            ["bash", "-e", "-c", script],
            env={**os.environ, "PYTHON": sys.executable, "PATH": path},
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, block + ran.stdout + ran.stderr


@pytest.mark.slow
def test_a_quick_look_at_a_generator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole = (TUTORIALS / "judge-a-generator.md").read_text()
    quick, rest = whole.split("## The page of scores")
    assert rest
    follow(quick, tmp_path, monkeypatch)


@pytest.mark.slow  # each trains or evaluates
@pytest.mark.parametrize(
    "name", ["judge-a-generator", "train-on-your-data", "catch-bots", "your-own-site"]
)
def test_a_tutorial_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    follow((TUTORIALS / f"{name}.md").read_text(), tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("page", ["how-to/conditions", "reference/python", "reference/modules"])
def test_code_that_needs_no_data_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    follow((DOCS / f"{page}.md").read_text(), tmp_path, monkeypatch)


def test_every_tutorial_is_run():
    assert {page.stem for page in TUTORIALS.glob("*.md")} == {
        "index",
        "judge-a-generator",
        "train-on-your-data",
        "catch-bots",
        "your-own-site",
    }
