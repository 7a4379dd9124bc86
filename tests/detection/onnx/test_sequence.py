"""The ONNX graph against the net that it was made from."""

import json
import subprocess
import sys

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError

from humouse.detection.estimators.sequence import SequenceDetector
from humouse.detection.onnx.export import save_onnx, to_onnx
from humouse.detection.onnx.runtime import OnnxDetector
from humouse.errors import InputError
from humouse.trajectories import Trajectories

pytestmark = pytest.mark.slow  # a net is fitted and exported


def drawn(n, seed, T, spread_px=6.0):
    rng = np.random.default_rng(seed)
    deltas = np.full((n, T, 3), 8, np.float32)
    deltas[..., :2] = rng.normal(0, spread_px, (n, T, 2)).round()
    deltas[..., 2] += rng.integers(0, 3, (n, T))
    lengths = rng.integers(1, T + 1, n)
    return Trajectories(
        torch.from_numpy(deltas), torch.from_numpy(lengths), torch.zeros(n, 2), None, "drawn"
    )


@pytest.fixture(scope="module")
def fitted():
    return SequenceDetector(epochs=1, seed=3).fit(drawn(120, 0, 30), np.arange(120) % 2)


@pytest.fixture(scope="module")
def model(fitted):
    return to_onnx(fitted)


@pytest.fixture(scope="module")
def session(model):
    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )


def served(session, deltas, lengths):
    return session.run(["logit", "probability"], {"moves_px": deltas[..., :2], "lengths": lengths})


def check_parity(fitted, session, X):
    logit, probability = served(session, X.deltas.numpy(), X.lengths.numpy())
    np.testing.assert_allclose(logit, fitted.decision_function(X), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(probability, fitted.predict_proba(X)[:, 1], atol=1e-5)


@pytest.mark.parametrize(("n", "T"), [(1, 1), (1, 2), (3, 7), (300, 64), (2, 500)])
def test_it_answers_as_the_detector_does_at_any_size(fitted, session, n, T):
    check_parity(fitted, session, drawn(n, n + T, T))


@settings(deadline=None, max_examples=40)
@given(
    n=st.integers(1, 9),
    T=st.integers(1, 60),
    seed=st.integers(0, 99),
    spread_px=st.sampled_from([0.2, 6.0, 500.0]),
)
def test_it_does_for_any_movements(fitted, session, n, T, seed, spread_px):
    check_parity(fitted, session, drawn(n, seed, T, spread_px))


def test_what_padding_holds_does_not_matter(session):
    X = drawn(8, 1, 20)
    dirty = X.deltas.clone()
    dirty[~X.mask] = torch.nan
    clean = served(session, X.deltas.numpy(), X.lengths.numpy())
    for one, other in zip(clean, served(session, dirty.numpy(), X.lengths.numpy()), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_metadata_name_detector_settings_and_versions(fitted, model):
    facts = {one.key: one.value for one in model.metadata_props}
    assert facts["detector"] == "sequence"
    settings = fitted.get_params()
    assert json.loads(facts["settings"]) == settings
    assert "torch" in json.loads(facts["versions"])


def test_no_path_of_this_machine_is_in_the_file(model):
    assert b"humouse/" not in model.SerializeToString()
    assert b"site-packages" not in model.SerializeToString()


def test_it_runs_without_torch(model, tmp_path):
    path = tmp_path / "detector.onnx"
    path.write_bytes(model.SerializeToString())
    code = (
        "import sys, numpy, onnxruntime\n"
        f"s = onnxruntime.InferenceSession({str(path)!r}, providers=['CPUExecutionProvider'])\n"
        "o = s.run(None, {'moves_px': numpy.ones((2, 5, 2), 'f'), 'lengths': numpy.array([5, 3])})\n"
        "assert 'torch' not in sys.modules\n"
        "print(len(o[0]), len(o[1]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "2"]


def test_it_is_served_from_a_file(fitted, model, tmp_path):
    save_onnx(model, tmp_path / "steps.onnx")
    from_file = OnnxDetector.load(tmp_path / "steps.onnx")
    X = drawn(24, 5, 30)
    for chosen in (X, X[[3]], drawn(7, 1, 12)):
        found = from_file.predict_proba(chosen)
        np.testing.assert_allclose(found, fitted.predict_proba(chosen), atol=1e-5)
    with pytest.raises(InputError, match="takes movements, not a table"):
        from_file.predict_proba(np.zeros((2, 3)))
    none = Trajectories(torch.zeros(2, 4, 3), torch.tensor([3, 0]), torch.zeros(2, 2), None, "x")
    with pytest.raises(InputError, match="row 1 has no steps"):
        from_file.predict_proba(none)


def test_an_unfitted_detector_is_refused():
    with pytest.raises(NotFittedError):
        to_onnx(SequenceDetector())
