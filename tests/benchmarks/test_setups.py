"""The benchmark of set-ups: every command it gives, on people's recordings, to the tables."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.realdata]

_SCRIPT = Path(__file__).parents[2] / "benchmarks" / "setups.py"


@pytest.mark.parametrize("unseen", [None, "kh2017"])
def test_from_nothing_to_the_table(unseen: str | None, recordings: Path, tmp_path: Path):
    command = [sys.executable, str(_SCRIPT), f"--root={recordings}", f"--out={tmp_path}", "--n=60"]
    command += ["--diffusion-steps=2", "--decoder-steps=2"]
    if unseen is not None:
        command += [f"--unseen={unseen}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    page = (tmp_path / "setups_val.md").read_text()
    if unseen is None:
        assert all(f"| {name} |" in page for name in ("sapimouse", "balabit", "kh2017"))
    else:
        assert "| kh2017 | 24 |" in page
        assert "equal error rate" in page
