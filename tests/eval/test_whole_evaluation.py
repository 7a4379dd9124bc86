"""`humouse eval` with everything on: the files, the numbers in them, and what is printed."""

import re
import shlex
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict
from html import unescape
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from humouse.commands.evaluate import run
from humouse.data.prepared import load_split
from humouse.eval.run import SIDES, EvaluationRun
from humouse.eval.statistics.score import MEASURES, POINT_BANDS, band_score
from humouse.features import GROUPS, feature_table
from humouse.features.modes import FEATURE_MODES
from humouse.files import sha256
from humouse.settings import EvalSettings
from humouse.settings.compose import settings_from

pytestmark = pytest.mark.slow  # some thirty seconds; its parts are tried one by one

_DATA = {
    f"{name}.parquet"
    for name in ("people", "generated", "nearest", "people_features", "generated_features")
}

# One of the six: test_evaluate.py asks all.
_PROBES = ("logistic",)


@pytest.fixture(scope="module")
def whole(
    tiny_checkpoint: Path, twelve_people: Path, tmp_path_factory: pytest.TempPathFactory
) -> SimpleNamespace:
    """An evaluation with everything on but some probes: its folder, settings, and what it printed."""
    folder = tmp_path_factory.mktemp("whole") / "scores"
    overrides = [
        f"ckpt={tiny_checkpoint}",
        f"val_split={twelve_people / 'val'}",
        f"out_dir={folder}",
        "device=cpu",
        "steps=2",
        "n=30",
        "replicates=20",
        "permutations=9",
        f"probes=[{','.join(_PROBES)}]",
    ]
    settings = settings_from("diffusion/eval", EvalSettings, overrides)
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        run(settings)
    return SimpleNamespace(
        folder=folder, settings=settings, out=out.getvalue(), err=err.getvalue(), data=twelve_people
    )


def test_what_an_evaluation_writes(whole: SimpleNamespace):
    pictures = {"gestures.png", "kinematics.png", "spectra.png"}
    data = {f"data/{name}" for name in _DATA}
    files = {str(path.relative_to(whole.folder)) for path in whole.folder.rglob("*.*")}
    assert files == {"scores.json", "report.html", *pictures, *data}
    for name in pictures:
        assert (whole.folder / name).read_bytes().startswith(b"\x89PNG")
    page = unescape((whole.folder / "report.html").read_text())
    assert page.lower().startswith("<!doctype html>")
    assert EvaluationRun.load(whole.folder).headline in re.sub("<[^>]*>", "", page)


def test_every_score_of_every_reference(whole: SimpleNamespace):
    done = EvaluationRun.load(whole.folder)
    assert list(done.evaluations) == list(SIDES)
    judged = done.generated
    few = {band_score(*band) for band in POINT_BANDS}  # of 30 movements, none has enough
    named = {n for n in MEASURES if not n.startswith("c2st") or n.split("_")[1] in _PROBES} - few
    assert set(judged.scores) == named
    assert (judged.fake, judged.gestures, judged.users) == ("diffusion:tiny", 30, 4)
    for name, score in judged.scores.items():
        assert score.low is not None, name
        assert score.high is not None, name
        assert score.low < score.high or score.value in (0.0, 1.0), name
    assert {name for name, score in judged.scores.items() if score.p_value is not None} == {
        "c2st_logistic_auc",
        "c2st_logistic_acc",
        "mmd",
        "copying",
    }
    for one in done.evaluations.values():
        assert set(one.scores) == named
    every = [one.name for group in FEATURE_MODES["neuromotor"] for one in GROUPS[group]]
    assert list(judged.features) == every
    assert all(one.importance is None for one in judged.features.values())  # no boosting probe
    assert set(judged.curves) == {"prd", *(name for name in judged.curves if "roc_" in name)}
    assert len(judged.curves) == 1 + len(_PROBES)
    assert done.evaluations["same_people"].gestures == 23  # of 46 of people's own
    # Six steps of training fool nobody; other people do.
    assert done.baseline is not None
    assert done.generated.scores["mmd"].value > 2 * done.baseline.scores["mmd"].value
    assert set(done.excess) == named
    told = [one.scores["c2st_logistic_auc"].value for one in (done.generated, done.baseline)]
    assert done.excess["c2st_logistic_auc"].value == pytest.approx(told[0] - max(told[1], 0.5))
    assert told[0] - told[1] > 0.1
    assert done.evaluations["replay"].scores["copying"].value > 0.9


def test_the_data_beside_the_scores(whole: SimpleNamespace):
    done = EvaluationRun.load(whole.folder)
    people, made = done.movements("people"), done.movements("generated")
    assert len(people) == len(made) == 30
    assert len(set(people.user.tolist())) == 4
    for name, side in (("people", people), ("generated", made)):
        table = done.features(name)
        expected = feature_table(side, FEATURE_MODES["neuromotor"])
        assert table.names == expected.names
        torch.testing.assert_close(table.values, expected.values, rtol=1e-3, atol=1e-3)
    # The model's codec sees 32 steps, and so both sides have them.
    assert people.lengths.unique().tolist() == made.lengths.unique().tolist() == [32]
    neighbours = done.generated.neighbours
    nearest = done.movements("nearest")
    assert len(nearest) == len(neighbours) > 0
    train = load_split(whole.data / "train")
    assert nearest.user.tolist() == [train.user[one.train] for one in neighbours]
    assert max(one.fake for one in neighbours) < 30


def test_where_an_evaluation_came_from(whole: SimpleNamespace, tiny_checkpoint: Path):
    provenance = EvaluationRun.load(whole.folder).provenance
    assert provenance["checkpoint"] == {
        "path": str(tiny_checkpoint),
        "sha256": sha256(tiny_checkpoint),
    }
    assert provenance["trained_on"]["synthetic"] is True
    assert provenance["people"]["sha256"] == sha256(whole.data / "val.parquet")
    assert provenance["people"]["manifest"]["synthetic"] is True
    assert set(provenance["format_gate"]) == {"logistic AUC", "boosting AUC"}
    assert max(provenance["format_gate"].values()) <= 0.52
    assert provenance["settings"] == asdict(whole.settings)
    assert {"humouse", "torch"} <= provenance["versions"].keys()
    first, second, *words = shlex.split(provenance["command"])
    assert (first, second) == ("humouse", "eval")
    assert settings_from("diffusion/eval", EvalSettings, words) == whole.settings


def test_what_an_evaluation_prints(whole: SimpleNamespace, tiny_checkpoint: Path):
    done = EvaluationRun.load(whole.folder)
    lines = whole.out.splitlines()
    assert lines[0] == f"checkpoint: {tiny_checkpoint} (tiny, step 6)"
    header = next(line.split() for line in lines if line.strip().startswith("score "))
    baselines = ["baseline", "halves", "replay", "line", "bezier"]
    assert header == ["score", "generated", "95%", "p", *baselines]
    for name, score in done.generated.scores.items():
        label = MEASURES[name].label
        row = next(line for line in lines if line.strip().startswith(f"{label}  "))
        cells = row.strip().removeprefix(label).split()
        assert " ".join(cells[:4]) == f"{score.value:.3f} {score.low:.3f} … {score.high:.3f}"
        others = [done.evaluations[side].scores[name] for side in list(SIDES)[1:]]
        assert cells[-5:] == [f"{other.value:.3f}" for other in others]
        assert len(cells) == 9 + (score.p_value is not None)
    for band, power in done.generated.spectra.items():
        row = next(line for line in lines if line.strip().startswith(f"power {band}, ÷ people's"))
        assert f" {power.ratio.value:.3f} " in row
    assert done.headline in lines
    for finding in done.findings:
        assert f"  {finding.text}" in lines
    assert lines[-2:] == [
        f"report: {whole.folder / 'report.html'}",
        f"scores: {whole.folder / 'scores.json'}; everything else beside it",
    ]
    warnings = [line for line in whole.err.splitlines() if line.startswith("warning: ")]
    assert warnings == [f"warning: {line}" for line in done.generated.warnings]
    assert "only 30 movements per set" in whole.err
    assert "only 4 people" in whole.err
    assert "note:" not in whole.err
