"""The table that `make benchmark` ends with."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPTS = Path(__file__).parents[2] / "benchmarks"
_GOOD = """
import sys
from figures import figure
print("measuring")
figure("quick", 12_345.6, "a second", at_least=10_000)
figure("slow", 7.25, "s", at_most=5)
figure("unbarred", 0.5, "MB")
figure("nothing", float("nan"), "s", at_most=5)
sys.exit("--fail" in sys.argv)
"""
_CUT = """
import os
from figures import FILE, figure
figure("before", 1, "s", at_most=1)
with open(os.environ[FILE], "a") as file:
    file.write('{"what": "half')
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The gatherer among benchmarks that take no time."""
    for name in ("table.py", "figures.py"):
        shutil.copy(_SCRIPTS / name, tmp_path)
    (tmp_path / "good.py").write_text(_GOOD)
    (tmp_path / "cut.py").write_text(_CUT)
    (tmp_path / "broken.py").write_text("raise SystemExit('humouse failed')")
    return tmp_path


def gathered(folder: Path, *words: str) -> tuple[int, str, str]:
    """Return the status, what was printed, and the page."""
    command = [sys.executable, str(folder / "table.py"), f"--out={folder / 'new' / 'page.md'}"]
    done = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
    page = folder / "new" / "page.md"
    return done.returncode, done.stdout, page.read_text() if page.is_file() else done.stderr


def test_every_figure_stands_beside_its_bar(folder: Path):
    status, said, page = gathered(folder, "good")
    assert status == 0
    assert "| quick | 12,346 a second | at least 10,000 | met |\n" in page
    assert "| slow | 7.25 s | at most 5 | **missed** |\n" in page
    assert "| unbarred | 0.5 MB | – | – |\n" in page
    assert "| nothing | nan s | at most 5 | **missed** |\n" in page
    assert "4 figures: 1 met their bar, 2 missed it, 1 have none." in page
    assert re.match(r"20\d\d-\d\d-\d\d \d\d:\d\d .*core\(s\) to use.*Python 3", page)
    assert page in said
    assert said.endswith(f"this table: {folder / 'new' / 'page.md'}\n")


def test_a_benchmark_that_fails_costs_no_other_its_line(folder: Path):
    status, _, page = gathered(folder, "broken", "cut", "good", "prepare", "--recordings=nowhere")
    assert status == 2
    (folder / "prepare.py").touch()
    status, _, page = gathered(folder, "broken", "cut", "good", "prepare", "--recordings=nowhere")
    assert status == 1
    assert "| before | 1 s | at most 1 | met |\n" in page
    assert "| quick |" in page
    assert "| `python benchmarks/broken.py` | 0 s | **failed**, status 1 |\n" in page
    assert "| `python benchmarks/cut.py` | 0 s | **failed**, status -9 |\n" in page
    left_out = (
        "| `python benchmarks/prepare.py --root nowhere/sapimouse`: no recordings in nowhere |"
    )
    assert f"{left_out} – | left out |\n" in page


def test_words_go_to_the_benchmarks_and_an_unknown_name_is_said(folder: Path):
    status, said, page = gathered(folder, "good", "--", "--fail")
    assert (status, "| quick |" in page) == (1, True)
    assert "$ python benchmarks/good.py --fail\n" in said
    shutil.rmtree(folder / "new")
    status, _, said = gathered(folder, "godo")
    assert status == 2
    assert said.splitlines()[-1].startswith("table.py: error: godo: no such benchmark; there are")


def test_what_ended_well_stays_and_the_rest_is_run_anew(folder: Path):
    gathered(folder, "broken", "good")
    (folder / "broken.py").write_text("from figures import figure\nfigure('mended', 1, 's')\n")
    with (folder / "new" / "page.jsonl").open("a") as file:
        file.write('{"command": "half')
    status, said, page = gathered(folder, "broken", "good", "--resume")
    assert status == 0
    assert said.startswith("1 of 2\n$ python benchmarks/broken.py\n")
    assert "$ python benchmarks/good.py" not in said
    assert page.count("| quick |") == page.count("| mended |") == 1
    assert page.index("| mended |") < page.index("| quick |")
    assert "failed" not in page


def test_every_benchmark_of_the_table_notes_figures():
    """All that the page of speeds names, as far as a script measures it."""
    sys.path.insert(0, str(_SCRIPTS))
    try:
        from table import NAMES
    finally:
        sys.path.remove(str(_SCRIPTS))
    assert [name for name in NAMES if "figure(" not in (_SCRIPTS / f"{name}.py").read_text()] == []
    speed = (_SCRIPTS.parent / "docs" / "results" / "speed.md").read_text()
    assert set(re.findall(r"benchmarks/(\w+)\.py", speed)) - {"table"} <= {*NAMES}


def test_a_figure_without_a_table_writes_nothing(folder: Path):
    env = {key: value for key, value in os.environ.items() if key != "HUMOUSE_FIGURES"}
    before = sorted(folder.iterdir())
    command = [sys.executable, "-B", "good.py"]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"measuring\n")
    assert sorted(folder.iterdir()) == before
