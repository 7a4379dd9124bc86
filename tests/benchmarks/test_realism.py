"""The benchmark of realism: every command it gives, on synthetic people, to the tables."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

_SCRIPT = Path(__file__).parents[2] / "benchmarks" / "realism.py"


def test_from_nothing_to_the_tables_and_again_without_work(tmp_path: Path):
    steps = [f"--{part}-steps=2" for part in ("diffusion", "decoder", "tuning")]
    command = [sys.executable, str(_SCRIPT), "--source=humouse_default", f"--out={tmp_path}"]
    first = subprocess.run([*command, "--n=60", *steps], capture_output=True, text=True, check=True)
    assert first.stdout.count("$ humouse") == 8
    page = (tmp_path / "realism_val.md").read_text()
    for part in (
        "C2ST AUC, forest18",
        "power 0-4 Hz",
        "path_efficiency",
        "canonical",
        "duration",
        "dpm",
    ):
        assert part in page
    assert len(list(tmp_path.glob("scores/*/report.html"))) == 4
    again = subprocess.run([*command, "--n=60", *steps], capture_output=True, text=True, check=True)
    assert "humouse" not in again.stdout.replace("humouse_default", "")
    assert "measuring" not in again.stdout
    assert (tmp_path / "realism_val.md").read_text().splitlines()[:20] == page.splitlines()[:20]


def test_without_recordings_it_says_so_in_a_line(tmp_path: Path):
    command = [sys.executable, str(_SCRIPT), f"--out={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "root" in done.stderr
    assert "Traceback" not in done.stderr
