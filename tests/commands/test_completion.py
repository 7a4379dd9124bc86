"""Completion, as a shell asks for it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from humouse.commands.completion import SCRIPTS, candidates, script
from humouse.commands.verbs import VERBS


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("humouse ", list(dict.fromkeys(verb.split()[0] for verb in VERBS))),
        ("humouse s", ["sample", "serve", "sigma_eval"]),
        ("humouse detect b", ["benchmark"]),
        (
            "humouse train data=",
            ["balabit", "combined", "csv", "humouse_default", "kh2017", "sapimouse"],
        ),
        ("humouse train data=s", ["sapimouse"]),
        ("humouse data ", ["download", "inspect", "prepare", "combine"]),
        ("humouse data download b", ["balabit"]),
        ("humouse data download balabit s", ["sha256="]),
        ("humouse data prepare source=b", ["balabit", "bogazici", "browser"]),
        ("humouse sample st", ["steps=", "style_from="]),
        ("humouse sample n=3 see", ["seed="]),
        ("humouse sample n= see", ["seed="]),
        ("humouse data prepare source=csv source.columns.", None),
        ("humouse sample --h", ["--help"]),
        ("humouse nothing ", []),
    ],
)
def test_what_can_stand_at_the_cursor(line: str, expected: list[str] | None):
    found = candidates(line)
    if expected is None:
        assert "source.columns.t=" in found
    else:
        assert found == expected


def test_a_verb_that_begins_others_offers_both():
    found = candidates("humouse train ")
    assert found[:3] == ["decoder", "gan", "autoencoder"]
    assert "optim.lr=" in found


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_completes(tmp_path: Path):
    folder = Path(sys.executable).parent
    ask = f"""PATH={folder}:$PATH
    {SCRIPTS["bash"]}
    COMP_LINE="humouse detect " COMP_POINT=15
    _humouse 2>/dev/null
    echo "${{COMPREPLY[@]}}" """
    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.split() == ["score", "train", "calibrate", "negatives", "benchmark"]


def test_without_a_shell_it_says_how():
    for words in ([], ["tcsh"]):
        assert 'eval "$(humouse completion bash)"' in script(words)
