"""The commands as a user types them."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from humouse import __version__, cli
from humouse.trajectories import Trajectories

CHECKOUT = Path(__file__).parents[1]


@pytest.mark.slow  # each verb has quicker tests of its own
def test_the_whole_job(
    tmp_path: Path,
    call: Callable,
    tiny_overrides: Callable,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
):
    """From nothing to pages; each command exits with 0 and its files are there."""
    few = ("source.users=6", "source.gestures_per_user=25")
    done = call("-m", "humouse", "data", "prepare", "source=humouse_default", *few, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "data" / "manifest.json").is_file()
    # The others start in this process, which has spent the seconds that torch takes to load.
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HUMOUSE_CKPT", raising=False)

    def humouse(*words: str) -> str:
        assert run_in_place(monkeypatch, *words) == 0
        return capsys.readouterr().out

    tiny = [word for word in tiny_overrides(tmp_path) if "dir=" not in word and "name=" not in word]
    out = humouse("train", "experiment=train", *tiny)
    assert "checkpoint: checkpoints/diff_mouse_v1.pt (step 6)" in out
    humouse("sample", "n=12", "steps=2", "out_dir=gen/a")
    assert len(Trajectories.load(tmp_path / "gen" / "a" / "samples.parquet")) == 12
    quick = ("feature_mode=kinematic", "references=[other_people]", "replicates=20", "report=false")
    scoring = ("eval", "steps=2", "n=20", "metrics=[mmd,spectra]", *quick)
    out = humouse(*scoring, "out_dir=scores/model")
    assert "synthetic" in out
    others = ("samples=data/train.parquet", "val_split=data/val")
    humouse(*scoring, *others, "out_dir=scores/people")
    for name in ("model", "people"):
        scores = json.loads((tmp_path / "scores" / name / "scores.json").read_text())
        assert list(scores["evaluations"]) == ["generated", "other_people"]
    out = humouse("report", "run=scores/model")
    assert out == "report: scores/model/report.html\n"
    out = humouse("compare", "scores/model", "scores/people", "out=both.html")
    assert out == "comparison: both.html\n"
    assert (tmp_path / "scores/model/report.html").is_file()
    sigma = ("references=[]", "use_diffusion_eval=true", "steps=2", "n=20", "replicates=0")
    out = humouse("sigma_eval", *sigma, "permutations=0", "out_dir=strokes")
    assert "c2st_acc_val" in out
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"data", "checkpoints", "runs", "gen", "scores", "both.html", "strokes"}


def test_the_specifications_commands(tmp_path: Path, call: Callable, tiny_overrides: Callable):
    """Run from the checkout's root, with no path set."""

    def python(*words: str) -> None:
        done = call("-m", *words, cwd=CHECKOUT)
        assert done.returncode == 0, done.stderr

    before = {path.name for path in CHECKOUT.iterdir()}
    overrides = tiny_overrides(tmp_path, "optim.max_steps=1", "experiment_name=diff_mouse_v1")
    python("diffusion.train", "experiment=train", *overrides)
    ckpt = f"ckpt={tmp_path}/checkpoints/diff_mouse_v1.pt"
    out_dir = f"out_dir={tmp_path}/gen/diff_v1"
    python("diffusion.sample", ckpt, "n=20", "steps=2", "seq_len=32", out_dir)
    assert Trajectories.load(tmp_path / "gen/diff_v1/samples.parquet").lengths.tolist() == [32] * 20
    data = next(word for word in overrides if word.startswith("data.dir="))
    val = f"val_split={data.removeprefix('data.dir=')}/val"
    out_dir = f"out_dir={tmp_path}/eval"
    metrics = "metrics=[c2st,mmd,prd,kinematics,spectra]"
    quick = (
        "references=[]",
        "probes=[logistic]",
        "feature_mode=kinematic",
        "replicates=20",
        "permutations=0",
        "report=false",
    )
    python("eval.diffusion_eval", ckpt, val, metrics, "steps=2", "n=20", *quick, out_dir)
    scores = json.loads((tmp_path / "eval" / "scores.json").read_text())
    judged = scores["evaluations"]["generated"]
    expected = {"c2st_logistic_acc", "mmd", "prd_precision", "prd_recall"}
    assert expected <= judged["scores"].keys()
    assert judged["features"]
    assert judged["spectra"]
    assert {path.name for path in CHECKOUT.iterdir()} <= before | {".hypothesis", "__pycache__"}


def test_bad_input_is_one_line(
    tmp_path: Path,
    tiny_checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
):
    """No traceback, no progress bar: one line on stderr, and exit status 2."""
    monkeypatch.chdir(tmp_path)
    assert run_in_place(monkeypatch, "sample", f"ckpt={tiny_checkpoint}", "n=0") == 2
    assert capsys.readouterr() == ("", "humouse: n=0: ask for at least 1 movement\n")
    assert list(tmp_path.iterdir()) == []


def run_in_place(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["humouse", *words])
    try:
        cli.main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("sample", "nn=1"), "humouse: nn: no such setting; did you mean n?"),
        (("sample", "ckpt=gone.pt"), "humouse: gone.pt: no such checkpoint; humouse train makes"),
        (("train", "data=sapimouse"), "humouse: data/sapimouse: dataset sapimouse is not prepared"),
        (("train", "data=yours"), "humouse: data=yours: nothing is prepared in data/yours; choose"),
        (("train", "decoder.optim.lr=-1"), "humouse: decoder.optim.lr=-1.0: must"),
        (("train", "optim.lr=-1"), "humouse: optim.lr=-1.0: must"),
        (("eval", "samples=gone.parquet", "val_split=nowhere/val"), "humouse: nowhere/val.parquet"),
        (("eval", "probes=[foret]"), "humouse: probes: there is no 'foret'; did you mean forest?"),
        (("sigma_eval", "references=[]"), "humouse: nothing to judge: give use_diffusion_eval="),
        (("report",), "humouse: run: name the folder that humouse eval wrote"),
        (("report", "run=gone"), "humouse: gone: no evaluation (no scores.json)"),
        (("compare", "gone"), "humouse: runs: name two folders or more that humouse eval wrote"),
        (("compare", "gone", "too"), "humouse: gone: no evaluation (no scores.json)"),
        (("sigma-eval",), "humouse: sigma-eval: no such verb; did you mean sigma_eval?"),
        (("data", "prepare", "source=csv"), "humouse: root: source=csv needs root="),
        (
            ("data", "download"),
            "humouse: no dataset is named; run humouse data download NAME: balabit",
        ),
        (
            ("data", "download", "csv"),
            "humouse: archive=csv: no such choice; choose from balabit",
        ),
        (("data", "download", "balabit", "sha256=1"), "humouse: sha256=1: must be 64 hex"),
        (("data", "prepare", "source=csv", "root=gone"), "humouse: root=gone: no such folder"),
        (("trian",), "humouse: trian: no such verb; did you mean train?"),
        (("data", "prepair"), "humouse: data prepair: no such verb; did you mean data prepare?"),
        (("data", "prepare", "source.users=abc"), "humouse: source.users: "),
        (("evil",), "humouse: evil: no such verb; did you mean eval?"),
        (("xyzzy",), "humouse: xyzzy: no such verb; see --help"),
        (("sample", "--n", "0"), "humouse: n=0: ask for at least 1 movement"),
        (("sample", "--n=0"), "humouse: n=0: ask for at least 1 movement"),
        (("sample", "--out-dir", "x"), "humouse: --out-dir: no such flag; did you mean out_dir?"),
    ],
)
def test_every_bad_command_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    words: tuple[str, ...],
    line: str,
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HUMOUSE_CKPT", raising=False)
    assert run_in_place(monkeypatch, *words) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1
    assert errors[0].startswith(line)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",), ("help",), ("help", "--help")])
def test_help_lists_the_verbs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, words: tuple[str, ...]
):
    assert run_in_place(monkeypatch, *words) == 0
    out = capsys.readouterr().out
    verbs = ("data prepare", "train", "sample", "eval", "sigma_eval", "report", "compare")
    for verb in verbs:
        assert f"  humouse {verb} " in out


def test_help_of_a_group_lists_its_verbs_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    assert run_in_place(monkeypatch, "detect") == 0
    out = capsys.readouterr().out
    assert "humouse detect score " in out
    assert "humouse sample" not in out


def test_help_before_a_verb_is_its_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    pages = []
    for words in (("help", "data", "prepare"), ("data", "prepare", "--help")):
        assert run_in_place(monkeypatch, *words) == 0
        pages.append(capsys.readouterr().out)
    assert pages[0] == pages[1]
    assert all(len(line) <= 100 for line in pages[0].splitlines())


@pytest.mark.parametrize("words", [("--version",), ("sample", "--version")])
def test_version(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, words: tuple[str, ...]
):
    assert run_in_place(monkeypatch, *words) == 0
    assert capsys.readouterr().out == f"humouse {__version__}\n"


@pytest.mark.parametrize(
    ("verb", "setting"),
    [
        ("data prepare", "gestures.gap_ms=200"),
        ("train", "optim.max_steps=3500"),
        ("distill", "teacher_steps=48"),
        ("sample", "steps=null"),
        ("eval", "group_by_user=true"),
        ("sigma_eval", "use_diffusion_eval=false"),
        ("report", "run=null"),
        ("compare", "out=runs/compare.html"),
    ],
)
def test_help_of_each_verb(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, verb: str, setting: str
):
    assert run_in_place(monkeypatch, *verb.split(), "--help") == 0
    out = capsys.readouterr().out
    assert re.match(rf"humouse {verb} (\S.* )?— ", out)
    assert setting in out


def test_help_of_a_source_shows_its_options(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    assert run_in_place(monkeypatch, "data", "prepare", "source=csv", "--help") == 0
    out = capsys.readouterr().out
    assert "  source.columns.t=t " in out
    assert "source.users" not in out


@pytest.mark.parametrize("words", [("--help",), ("data", "prepare", "--help")])
def test_help_into_a_closed_pipe_says_nothing(words: tuple[str, ...]):
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "humouse", *words]
    try:
        done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, timeout=60)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_installed_command(call: Callable):
    script = Path(sys.executable).with_name("humouse")
    assert script.is_file()
    done = call(str(script), "--version")
    assert (done.returncode, done.stdout) == (0, f"humouse {__version__}\n")


@pytest.mark.slow
def test_conditions_by_name_and_out_of_range(
    call: Callable, event_checkpoint: Path, tmp_path: Path
):
    """Named, as the help says; what no person did is warned of in one line, and reached all the same."""
    given = ["sample", f"ckpt={event_checkpoint}", "n=3", "steps=2"]
    given += ["cond={goal_dx_px:9000,goal_dy_px:-7}"]
    done = call("-m", "humouse", *given, "out_dir=gen", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    warned = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    assert len(warned) == 1
    assert "goal_dx_px 9000 lies outside" in warned[0]
    made = Trajectories.load(tmp_path / "gen" / "samples.parquet")
    assert made.net_px.tolist() == [[9000.0, -7.0]] * 3


@pytest.mark.parametrize(
    ("cond", "message"),
    [
        ("{goal:3}", "cond: goal is unknown; the known ones are goal_dx_px, goal_dy_px"),
        ("{duration_ms:300}", "3 conditions given, "),
        ("{goal_dx_px:far}", "give numbers by name"),
        ("here", "give numbers by name"),
    ],
)
def test_conditions_that_cannot_be(
    event_checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    cond: str,
    message: str,
):
    assert run_in_place(monkeypatch, "sample", f"ckpt={event_checkpoint}", f"cond={cond}") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
