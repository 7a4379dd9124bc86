"""The benchmark as a whole, small; resuming; and what it refuses."""

import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from examples.benchmark import example_settings
from humouse.bots import Wind
from humouse.commands.detect_benchmark import load_benchmark, run
from humouse.data.prepared import load_split
from humouse.detection.benchmark.delivery import as_delivered
from humouse.detection.benchmark.fold import all_folds, explaining_member
from humouse.detection.benchmark.result import BenchmarkResult
from humouse.detection.detector import PACKAGED
from humouse.detection.names import BLEND, BROWSER, MEAN, OWN
from humouse.errors import InputError

FAMILIES = ("function", "bezier", "pid")


@pytest.fixture(scope="module")
def done(small_benchmark: Path) -> Path:
    return small_benchmark


def test_every_cell_is_there(done):
    result = BenchmarkResult.load(done)
    (setup,) = result.setups
    for family in (*FAMILIES, MEAN):
        for delivery in (OWN, BROWSER):
            cell = result.cell(BLEND, family, "composed", setup, delivery)
            assert cell is not None, (family, delivery)
            area = cell.scores["roc_auc"]
            assert area.value == pytest.approx(np.mean(cell.by_seed["roc_auc"]))
            assert 0 <= area.low <= area.value <= area.high <= 1
    assert result.cell(BLEND, "breeze", "composed", setup, BROWSER) is not None
    assert result.cell(BLEND, "function", "composed", setup, OWN).scores["roc_auc"].value > 0.7
    (alarms,) = result.false_alarms
    assert alarms.fitted_on == (setup,)
    assert 0 <= alarms.bot_at_01 <= alarms.bot_at_1 < 0.1
    assert {one.gestures for one in result.sessions} >= {1, 3}
    assert result.findings


def test_no_family_held_out_is_fitted_on(many_gestures, tmp_path):
    design = load_benchmark(example_settings(tmp_path / "run", many_gestures)).design
    for family in design.families:
        training = design.training_set("composed", family)
        assert training.mixture(design.scripted, 0.5) == {"composed": 1.0}
        both = design.training_set("composed+bots", family)
        assert family not in both.mixture(design.scripted, 0.5)


def test_curves_go_through_the_shares_of_the_table(done):
    result = BenchmarkResult.load(done)
    assert {one.family for one in result.curves} >= set(FAMILIES)
    for curve in result.curves:
        shares = [one.value for one in curve.caught]
        assert shares == sorted(shares)
        assert (curve.rates[-1], shares[-1]) == (1.0, 1.0)


def test_examples_are_counted_and_drawn(done):
    result = BenchmarkResult.load(done)
    assert sum(len(one.examples) for one in result.groups) == len(result.movements)
    for family in FAMILIES:
        groups = [one for one in result.groups if one.family == family]
        assert len({one.total for one in groups}) == 1
        assert sum(one.count for one in groups) == groups[0].total


def test_what_explains_is_read_as_data_and_no_other_kind(done, many_gestures, tmp_path):
    shutil.copytree(done / "scores", tmp_path / "run" / "scores")
    benchmark = load_benchmark(example_settings(tmp_path / "run", many_gestures))
    folds = all_folds(benchmark.design)
    places = [(benchmark.scores / fold.file).with_suffix(".onnx") for fold in folds]
    fold, path = next(one for one in zip(folds, places, strict=True) if one[1].is_file())
    assert explaining_member(fold, benchmark.scores).columns_
    path.write_bytes(pickle.dumps("a stranger's"))
    with pytest.raises(InputError, match=rf"{path.name}: damaged"):
        explaining_member(fold, benchmark.scores)
    shutil.copy(next(PACKAGED.glob("sequence*.onnx")), path)
    with pytest.raises(InputError, match=r"looks at no features; run the benchmark again"):
        explaining_member(fold, benchmark.scores)


@pytest.mark.slow
def test_a_benchmark_resumes_to_the_same_numbers(done, many_gestures, tmp_path, capsys):
    folder = tmp_path / "again"
    shutil.copytree(done, folder)
    shutil.copy(done.parent / "breeze_60hz.parquet", tmp_path)
    plan = json.loads((folder / "plan.json").read_text())
    settings = example_settings(folder, many_gestures, "resume=true")
    plan["settings"]["files"] = settings.files
    plan["files"] = dict(zip(settings.files.values(), plan["files"].values(), strict=True))
    (folder / "plan.json").write_text(json.dumps(plan))
    before = json.loads((folder / "benchmark.json").read_text())["cells"]
    for path in folder.glob("scores/**/*.parquet"):
        path.unlink()
    run(settings)
    assert json.loads((folder / "benchmark.json").read_text())["cells"] == before
    with pytest.raises(InputError, match=r"made in another way.*n: 150 → 160"):
        run(example_settings(folder, many_gestures, "resume=true", "n=160"))


def test_a_browser_delivers_one_position_a_frame(many_gestures):
    made = Wind(load_split(many_gestures / "val"), tick_ms=2.0).sample(30, seed=1)
    seen = as_delivered(made, 1)
    inner = seen.deltas[:, 1:, 2][seen.mask[:, 1:]]
    assert inner.median() == pytest.approx(1000 / 60, abs=1)
    np.testing.assert_allclose(seen.start + seen.net_px, made.start + made.net_px)
    assert (seen.lengths <= made.lengths).all()


@pytest.mark.slow
def test_people_called_bots_are_separated_by_nothing(many_gestures, tmp_path):
    """Two halves of people's movements, one of them as a family in a file."""
    people = load_split(many_gestures / "val")
    people[np.arange(1, len(people), 2)].save(tmp_path / "half.parquet")
    settings = example_settings(tmp_path / "run", many_gestures)
    run(replace(settings, files={"half": str(tmp_path / "half.parquet")}))
    result = BenchmarkResult.load(tmp_path / "run")
    cell = result.cell(BLEND, "half", "composed", result.setups[0], OWN)
    assert cell.scores["roc_auc"].value == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("n=5", "n=5: must be at least"),
        ("mixes=[besier]", "mixes: there is no 'besier'"),
        ("mixes=[]", "mixes: none"),
        ("detectors=[denoising]", "denoising"),
        ("families=[besier]", "besier"),
        ("dir=nowhere", "nowhere"),
        ("workers=0", "workers=0: must be at least 1"),
    ],
)
def test_bad_settings_are_one_clear_error(many_gestures, tmp_path, override, message):
    with pytest.raises(InputError, match=message) as caught:
        load_benchmark(example_settings(tmp_path / "run", many_gestures, override))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("files", "message"),
    [({"pid": "x.csv"}, r"files\.pid: there is such a family"), ({"a": "no.csv"}, "no such file")],
)
def test_bad_files_are_one_clear_error(many_gestures, tmp_path, files, message):
    settings = replace(example_settings(tmp_path / "run", many_gestures), files=files)
    with pytest.raises(InputError, match=message):
        load_benchmark(settings)


def test_a_result_of_an_earlier_format_is_refused(done, tmp_path):
    content = json.loads((done / "benchmark.json").read_text())
    (tmp_path / "benchmark.json").write_text(json.dumps({**content, "format": 1}))
    with pytest.raises(InputError, match="run the benchmark again"):
        BenchmarkResult.load(tmp_path)
