"""Serving: bad input is refused, a session has one thread, and nothing needs torch."""

import subprocess
import sys

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from humouse.detection.detector import PACKAGED
from humouse.detection.estimators.boosting import BoostingDetector
from humouse.detection.onnx.export import save_onnx, to_onnx
from humouse.detection.onnx.runtime import OnnxDetector
from humouse.errors import InputError
from humouse.trajectories import Trajectories


def movements(n=24, seed=0):
    """Movements of 5 to 30 steps; every other one goes five times as far."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(-3, 4, (n, 30, 3)).astype(np.float32)
    steps[1::2, :, :2] *= 5
    steps[..., 2] = 8
    lengths = torch.from_numpy(rng.integers(5, 31, n))
    return Trajectories(torch.from_numpy(steps), lengths, torch.zeros(n, 2), None, "made up")


@pytest.fixture(scope="module")
def table_detector(tmp_path_factory):
    rng = np.random.default_rng(0)
    detector = BoostingDetector(trees=2).fit(rng.normal(size=(20, 3)), np.arange(20) % 2)
    path = tmp_path_factory.mktemp("serve") / "head.onnx"
    save_onnx(to_onnx(detector), path)
    return path


def test_movements_are_no_table(table_detector):
    with pytest.raises(InputError, match="takes a table of features"):
        OnnxDetector.load(table_detector).predict_proba(movements(3))


def test_a_session_has_one_thread_that_does_not_spin(table_detector):
    options = OnnxDetector.load(table_detector)._session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


@pytest.mark.parametrize("content", [b"", b"not a model", bytes(range(256)) * 8])
def test_a_damaged_file_is_one_clear_error(content, tmp_path):
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"broken\.onnx: damaged, or no ONNX model"):
        OnnxDetector.load(path)


def test_a_file_cut_short_is_refused(table_detector, tmp_path):
    path = tmp_path / "short.onnx"
    path.write_bytes(table_detector.read_bytes()[:-200])
    with pytest.raises(InputError, match=r"short\.onnx"):
        OnnxDetector.load(path)


def test_a_missing_file_and_another_s_model_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such detector"):
        OnnxDetector.load(tmp_path / "none.onnx")
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g", value[:1], value[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    save_onnx(model, tmp_path / "other.onnx")
    with pytest.raises(InputError, match="no detector that humouse exported"):
        OnnxDetector.load(tmp_path / "other.onnx")


def test_serving_needs_neither_torch_nor_scikit_learn(table_detector):
    code = (
        "import sys, numpy\n"
        "from humouse.detection.onnx.runtime import OnnxDetector\n"
        f"found = OnnxDetector.load({str(table_detector)!r}).predict_proba(numpy.zeros((2, 3)))\n"
        "assert not {'torch', 'sklearn'} & set(sys.modules)\n"
        "print(found.shape)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["(2,", "2)"]


@pytest.mark.parametrize("place", ["weights.bin", "{}/weights.bin", "../{name}/weights.bin"])
def test_weights_in_another_file_are_not_read(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = onnx.load(PACKAGED / "sequence.onnx")
    weights = max(model.graph.initializer, key=lambda one: len(one.raw_data))
    (tmp_path / "weights.bin").write_bytes(weights.raw_data)
    weights.data_location = TensorProto.EXTERNAL
    location = place.format(tmp_path, name=tmp_path.name)
    for key, value in {"location": location, "length": str(len(weights.raw_data))}.items():
        weights.external_data.add(key=key, value=value)
    weights.ClearField("raw_data")
    path = tmp_path / "theirs.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match=r"theirs\.onnx: damaged, or no ONNX model"):
        OnnxDetector.load(path)
