"""`humouse report` and `humouse compare` as a user types them."""

import re
import shutil
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from examples.evaluation import example_run
from humouse.commands.verbs import run_verb
from humouse.eval.run import EvaluationRun

AWKWARD = "it's [a] run, = 2"


@pytest.fixture(scope="module")
def runs(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Path]:
    """Return two runs, one of which has an awkward name, in one folder."""
    folder = tmp_path_factory.mktemp("evaluations")
    one = example_run(folder / "events", n=40, groups=["timing"])
    other = example_run(folder / AWKWARD, n=40, origin="gan", pace=2.0, seed=7, groups=["timing"])
    return one.folder, other.folder


@pytest.fixture
def humouse(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Callable:
    """Run a verb here; return its exit status and what it printed."""

    def run(verb: str, *words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", [f"humouse {verb}", *words])
        status = 0
        try:
            run_verb(verb)
        except SystemExit as end:
            status = int(end.code or 0)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.mark.slow
def test_a_comparison_of_folders_here(
    humouse: Callable, runs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
):
    one, other = runs
    monkeypatch.chdir(one.parent)
    answer = humouse("compare", one.name, other.name)
    assert answer == (0, "comparison: runs/compare.html\n", "")
    page = one.parent / "runs" / "compare.html"
    text = unescape(page.read_text()).replace("<wbr>", "")
    shutil.rmtree(page.parent)
    for folder in runs:
        assert EvaluationRun.load(folder).headline in text
    # The page, and nothing else.
    assert {path.name for path in one.parent.iterdir()} == {one.name, AWKWARD}


@pytest.mark.slow
@pytest.mark.parametrize("form", ["run=FOLDER", "FOLDER"])
def test_a_report_goes_where_it_is_sent(
    humouse: Callable, runs: tuple[Path, Path], tmp_path: Path, form: str
):
    page = tmp_path / "page.html"
    answer = humouse("report", form.replace("FOLDER", str(runs[0])), f"out={page}")
    assert answer == (0, f"report: {page}\n", "")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


@pytest.mark.parametrize("verb", [pytest.param("report", marks=pytest.mark.slow), "compare"])
def test_the_page_can_be_opened(
    humouse: Callable,
    runs: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
):
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
    folders = [str(folder) for folder in runs][: 1 if verb == "report" else 2]
    page = tmp_path / "page.html"
    status, _, err = humouse(verb, *folders, f"out={page}", "open=true")
    assert (status, err) == (0, "")
    assert opened == [page.as_uri()]


def test_a_report_lies_beside_its_scores(humouse: Callable, runs: tuple[Path, Path]):
    folder = runs[0]
    before = {path.name for path in folder.iterdir()}
    status, out, err = humouse("report", f"run={folder}")
    page = folder / "report.html"
    assert (status, out, err) == (0, f"report: {page}\n", "")
    text = unescape(page.read_text()).replace("<wbr>", "")
    text = re.sub("<[^>]*>", "", text)  # the evidence of the headline is an element of its own
    assert EvaluationRun.load(folder).headline in text
    assert {path.name for path in folder.iterdir()} - before == {"report.html"}
    page.unlink()


@pytest.mark.slow
def test_folders_may_have_any_name(humouse: Callable, runs: tuple[Path, Path], tmp_path: Path):
    one, _ = runs
    names = ["a b", "c,d", "it's", '"q"', "lr=0.001", "[x]", "{y}", "null", "1e5", "ü", "~", "$x"]
    folders = [tmp_path / name for name in names]
    for folder in folders:
        shutil.copytree(one, folder)
    page = tmp_path / "page.html"
    status, out, err = humouse("compare", *map(str, folders), f"out={page}")
    assert (status, out, err) == (0, f"comparison: {page}\n", "")
    text = unescape(page.read_text()).replace("<wbr>", "")
    assert all(word in text for word in ("a b", "c,d", "lr=0.001", "1e5", "ü"))


@pytest.mark.slow
def test_relative_folders(
    humouse: Callable, runs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(runs[0].parent)
    page = tmp_path / "page.html"
    for words in (
        ("./events", AWKWARD, f"out={page}"),
        (f"out={page}", AWKWARD, "events/"),
        (f"runs=[events,'{runs[1].parent / 'events'}/../it\\'s [a] run, = 2']", f"out={page}"),
    ):
        status, _, err = humouse("compare", *words)
        assert (status, err) == (0, "")
        assert page.is_file()
        page.unlink()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("report",), "humouse: run: name the folder that humouse eval wrote, as run="),
        (("report", "run=nowhere"), "humouse: nowhere: no evaluation (no scores.json); humouse ev"),
        (("report", "run=."), "humouse: .: no evaluation"),
        (("report", "rn=x"), "humouse: rn: no such setting; did you mean run?"),
        (("report", "x"), "humouse: x: no evaluation (no scores.json)"),
        (("report", "run=a,b"), "humouse: "),
        pytest.param(
            ("report", "run=ONE", "out=ONE"),
            "humouse: ONE: cannot be written",
            marks=pytest.mark.slow,
        ),
        (("compare",), "humouse: runs: name two folders or more that humouse eval wrote: humouse"),
        (("compare", "ONE"), "humouse: runs: name two folders or more"),
        (("compare", "ONE", "ONE"), "humouse: ONE: given twice; a run is compared with others"),
        (("compare", "ONE", "ONE/../events"), "humouse: ONE: given twice"),
        (("compare", "ONE", "nowhere"), "humouse: nowhere: no evaluation"),
        (("compare", "ONE", "it's, [nowhere]"), "humouse: it's, [nowhere]: no evaluation"),
        (("compare", "ONE", "TWO", "ot=x"), "humouse: ot: no such setting; did you mean out?"),
        (("compare", "ONE", "TWO", "out=ONE"), "humouse: ONE: cannot be written"),
    ],
)
def test_what_cannot_be_shown(
    humouse: Callable,
    runs: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    line: str,
):
    monkeypatch.chdir(tmp_path)
    one, other = map(str, runs)
    verb, *rest = (word.replace("ONE", one).replace("TWO", other) for word in words)
    status, out, err = humouse(verb, *rest)
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert err.startswith(line.replace("ONE", one))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("broken", ["scores.json", "data/people.parquet"])
def test_a_damaged_run(humouse: Callable, runs: tuple[Path, Path], tmp_path: Path, broken: str):
    folder = tmp_path / "run"
    shutil.copytree(runs[0], folder)
    whole = (folder / broken).read_bytes()
    (folder / broken).write_bytes(whole[: len(whole) // 2])
    out = f"out={tmp_path / 'page.html'}"
    for words in (("report", f"run={folder}"), ("compare", str(folder), str(runs[1]))):
        status, _, err = humouse(*words, out)
        assert status == 2
        assert err.startswith(f"humouse: {folder / broken}: not ")
        assert len(err.splitlines()) == 1
    assert not (tmp_path / "page.html").exists()


def test_cfg_job_prints_the_settings_of_short_forms(
    humouse: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    status, out, _ = humouse("compare", "a b", "c", "--cfg", "job")
    assert status == 0
    assert OmegaConf.create(out).runs == ["a b", "c"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["report", "compare"])
def test_help(humouse: Callable, verb: str):
    for words in (("--help",), ("-h", "out=x")):
        status, out, err = humouse(verb, *words)
        assert (status, err) == (0, "")
        assert out.startswith(f"humouse {verb} ")
        assert "  out=" in out
