"""Exported detectors of tables say what the originals say, whatever the number of rows."""

import json
import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from sklearn.exceptions import NotFittedError

from humouse.bots import Bezier, Line
from humouse.detection.estimators.boosting import BoostingDetector
from humouse.detection.explain import contributions, explain
from humouse.detection.onnx.export import save_onnx, to_onnx
from humouse.detection.onnx.runtime import OnnxDetector
from humouse.errors import InputError
from humouse.features import FeatureTable, feature_table
from humouse.trajectories import Trajectories, concatenate


@pytest.fixture(scope="module")
def material(tiny_data: Path) -> tuple[FeatureTable, np.ndarray, np.ndarray]:
    """Features of synthetic people and of as many bots, whether bots, and whose targets."""
    people = Trajectories.load(tiny_data / "train.parquet").trimmed()
    bots = [Line(people).sample(300, seed=1), Bezier(people, jitter_px=0.5).sample(300, seed=2)]
    n = len(people)
    table = feature_table(concatenate([people, *bots]), ("kinematics", "timing", "spectra"))
    is_bot = np.repeat([0, 1], [n, 600])
    user = np.concatenate(
        [people.user, people.user[np.random.default_rng(0).integers(n, size=600)]]
    )
    return table, is_bot, user


@pytest.fixture(scope="module")
def exported(material, tmp_path_factory):
    """A fitted detector, the table it looks at, and the same detector read from a file."""
    table, is_bot, _ = material
    detector = BoostingDetector(trees=30).fit(table, is_bot)
    path = tmp_path_factory.mktemp("onnx") / "detector.onnx"
    save_onnx(to_onnx(detector), path)
    return detector, table, OnnxDetector.load(path), path


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_probabilities_and_labels_are_the_original_s(exported, batch):
    detector, table, served, _ = exported
    values = table.values[-400:] if batch == 1 else table.values
    expected = detector.predict_proba(values)
    parts = [values[k : k + batch] for k in range(0, len(values), batch)]
    found = np.concatenate([served.predict_proba(part) for part in parts])
    np.testing.assert_allclose(found, expected, atol=1e-6)
    logits = np.concatenate([served.decision_function(part) for part in parts])
    np.testing.assert_allclose(logits, detector.decision_function(values), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(logits > 0, detector.predict(values) == 1)


def test_extreme_values_give_the_same_answers(exported):
    detector, table, served, _ = exported
    values = np.resize(table.values, (40, len(table.names))).copy()
    rng = np.random.default_rng(0)
    values *= 10 ** rng.uniform(-10, 10, values.shape).astype(np.float32)
    values[0], values[1] = np.finfo(np.float32).max, 0
    np.testing.assert_allclose(
        served.predict_proba(values), detector.predict_proba(values), atol=1e-6
    )


def test_the_file_says_what_it_is(exported):
    detector, table, served, path = exported
    model = onnx.load(path)
    facts = {one.key: one.value for one in model.metadata_props}
    assert served.name == facts["detector"] == "boosting"
    assert served.columns_ == table.names
    assert json.loads(facts["settings"]) == json.loads(json.dumps(detector.get_params()))
    assert "scikit-learn" in served.versions
    assert [i.name for i in model.graph.input] == ["features"]
    assert [o.name for o in model.graph.output] == ["logit", "probability"]
    assert {one.domain: one.version for one in model.opset_import}[""] >= 17


def test_a_table_is_taken_by_its_columns(exported):
    _, table, served, _ = exported
    turned = table.select(table.names[::-1])
    np.testing.assert_array_equal(served.predict_proba(turned), served.predict_proba(table))
    with pytest.raises(InputError, match=f"the table lacks {table.names[-1]}"):
        served.predict_proba(table.select(table.names[:-1]))
    with pytest.raises(InputError, match=r"takes \[n, "):
        served.predict_proba(table.values[:, 1:])
    broken = table.values.copy()
    broken[2, 1] = np.nan
    with pytest.raises(InputError, match=f"{table.names[1]} is NaN"):
        served.decision_function(broken)


def test_a_served_detector_explains_as_the_original(exported):
    detector, table, served, _ = exported
    few = table.rows(np.arange(0, len(table), 60))
    np.testing.assert_allclose(
        contributions(served, few), contributions(detector, few), rtol=1e-4, atol=1e-4
    )
    first, original = explain(served, few, 1)[0], explain(detector, few, 1)[0]
    assert [str(one) for one in first] == [str(one) for one in original]


def test_only_fitted_detectors_of_tables_are_exported(small_disk, tmp_path):
    with pytest.raises(NotFittedError):
        to_onnx(BoostingDetector())
    rng = np.random.default_rng(0)
    fitted = BoostingDetector(trees=2).fit(rng.normal(size=(20, 40)), np.arange(20) % 2)
    with small_disk(100), pytest.raises(InputError, match="cannot be written"):
        save_onnx(to_onnx(fitted), tmp_path / "detector.onnx")
    assert os.listdir(tmp_path) == []
