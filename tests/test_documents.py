"""What README and docs tell people to type: commands that are understood, code that runs."""

import re
import shlex
from pathlib import Path

import polars as pl
import pytest

from humouse.commands.verbs import VERBS, verb_in
from humouse.data.prepared import load_split
from humouse.settings.compose import settings_from

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def commands() -> list[tuple[str, str]]:
    """Return every `humouse …` line in a block, with the page that it stands on."""
    found = []
    for page in PAGES:
        for block in blocks(page, "(?:bash|sh)?"):
            whole = block.replace("\\\n", " ")
            found += [
                (page.name, line)
                for line in whole.splitlines()
                if line.startswith("humouse ") and "…" not in line
            ]
    return found


@pytest.mark.parametrize(("page", "line"), commands())
def test_a_command_is_understood(page: str, line: str):
    words = shlex.split(line, comments=True)[1:]
    verb = verb_in(words)
    assert verb is not None
    given = VERBS[verb]
    rest = words[len(verb.split()) :]
    settings_from(given.config, given.schema, given.expand(rest) if given.expand else rest)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.slow  # a whole evaluation
def test_the_readmes_code_runs(
    many_gestures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    people = load_split(many_gestures / "train")
    table = people.to_frame()
    # A log has one clock for everybody, and people rest between movements.
    starts = people.duration_ms.add(1000).cumsum(0).numpy()[table["movement"]]
    table.select(time=pl.col("t_ms") + pl.Series(starts), x="x_px", y="y_px", who="user").write_csv(
        "log.csv"
    )
    (block,) = blocks(ROOT / "README.md", "python")
    exec(block, {})
    (page,) = opened
    assert page.startswith("file://")
