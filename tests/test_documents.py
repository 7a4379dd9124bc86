"""README and the site: commands are understood, links lead somewhere, code runs, the site builds."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import yaml

from humouse.commands.verbs import VERBS, verb_in
from humouse.data.prepared import load_split
from humouse.settings.compose import settings_from

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
_HYDRA = re.compile(r" --(multirun|cfg job)\b")
_SWEEP = re.compile(r"(?<==)([^,\s\[{']+),[^\s]+")  # a,b: one run each; composed with the first


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def commands() -> list[tuple[str, str]]:
    """Return every `humouse …` line in a block, with the page that it stands on."""
    found = []
    for page in PAGES:
        for block in blocks(page, "(?:bash|sh)?"):
            whole = block.replace("\\\n", " ")
            found += [
                (str(page.relative_to(ROOT)), line)
                for line in whole.splitlines()
                if line.startswith("humouse ") and "…" not in line
            ]
    return found


@pytest.mark.parametrize(
    ("page", "line"),
    [
        # Pages of results and the lab book name many commands that differ little.
        pytest.param(
            *one,
            marks=pytest.mark.slow if one[0].startswith(("docs/results", "docs/exp")) else (),
        )
        for one in commands()
    ],
)
def test_a_command_is_understood(page: str, line: str):
    if "--multirun" in line:
        line = _SWEEP.sub(r"\1", line).replace("${optim.lr}", "")
    words = shlex.split(_HYDRA.sub("", line), comments=True)[1:]
    verb = verb_in(words)
    assert verb is not None
    given = VERBS[verb]
    rest = words[len(verb.split()) :]
    settings_from(given.config, given.schema, given.expand(rest) if given.expand else rest)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page: Path):
    prose = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", prose):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_python_is_python(page: Path):
    for block in blocks(page, "python"):
        compile(block, str(page), "exec")


def in_nav(entry: str | list | dict) -> list[str]:
    """Return the files that an entry of mkdocs.yml's nav names."""
    if isinstance(entry, str):
        return [entry]
    inner = entry.values() if isinstance(entry, dict) else entry
    return [name for one in inner for name in in_nav(one)]


def test_the_nav_names_every_page_once():
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    assert sorted(in_nav(nav)) == sorted(str(p.relative_to(DOCS)) for p in DOCS.rglob("*.md"))


@pytest.mark.slow
def test_the_site_builds_and_loads_nothing_from_elsewhere(tmp_path: Path):
    quiet = {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, **quiet},
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    assert "WARNING" not in built.stdout + built.stderr
    pages = [page.read_text() for page in tmp_path.rglob("*.html")]
    assert len(pages) > len(PAGES) - 1
    for html in pages:
        loaded = re.findall(r"<(?:script|img|iframe)[^>]+src=[\"']?([^\"' >]+)", html)
        loaded += re.findall(r"<link[^>]+rel=[\"']?stylesheet[^>]+href=[\"']?([^\"' >]+)", html)
        assert loaded
        assert not [address for address in loaded if "//" in address]
    commands = (tmp_path / "reference" / "command-line.html").read_text()
    assert all(f">humouse {verb}<" in commands for verb in VERBS)


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
