"""Pages of help."""

from collections.abc import Callable

import pytest

from humouse.commands.help import help_text
from humouse.settings import PrepareSettings, TrainModelSettings


def test_help_shows_the_values_beside_it():
    beside = ["source=csv", "source.columns.t=when", "out_dir=my data"]
    text = help_text("prepare", PrepareSettings, "usage", beside)
    assert "  source.columns.t=when " in text
    assert "  out_dir=my data " in text


@pytest.mark.parametrize(
    "wrong", ["sourc.users=1", "source.users=1", "root=[", "root=1,2", "out_dir=${nowhere}"]
)
def test_help_beside_a_mistake_still_helps(wrong: str):
    text = help_text("prepare", PrepareSettings, "usage", ["source=csv", wrong])
    assert "  source.columns.t=t " in text


def test_help_names_the_choices():
    text = help_text("diffusion/train", TrainModelSettings, "usage")
    assert "data=balabit | combined | csv | humouse_default | kh2017 | sapimouse" in text


_EVERY_PAGE = """
import contextlib, io, sys
from humouse import cli
from humouse.commands.verbs import VERBS

for words in (["--version"], ["--help"], *([*verb.split(), "--help"] for verb in VERBS)):
    sys.argv = ["humouse", *words]
    page = io.StringIO()
    with contextlib.redirect_stdout(page):
        cli.main()
    assert page.getvalue().startswith(("humouse ", "humouse learns")), words
print(*{name.partition(".")[0] for name in sys.modules})
"""


def test_help_imports_nothing_heavy(call: Callable):
    """What takes seconds to import is imported when a verb runs: help answers at once."""
    done = call("-c", _EVERY_PAGE)
    assert done.returncode == 0, done.stderr
    imported = set(done.stdout.split())
    assert {"humouse", "hydra"} <= imported
    heavy = {"torch", "numpy", "scipy", "sklearn", "polars", "matplotlib", "onnxruntime", "rich"}
    assert not heavy & imported
