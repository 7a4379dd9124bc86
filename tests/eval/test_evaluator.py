"""One evaluation: what it holds, that it is plain, seeded, and says what is wrong."""

import json

import numpy as np
import pytest
import torch

from humouse.errors import InputError
from humouse.eval.evaluator import METRICS, evaluate
from humouse.features import feature_table
from humouse.trajectories import Trajectories


def gestures(n, seed, origin, users=0, pace=1.0):
    """Return n bell-shaped reaches, slightly curved, at 60 Hz."""
    rng = np.random.default_rng(seed)
    T = 40
    lengths = rng.integers(12, T + 1, n)
    phase = np.minimum((np.arange(T) + 0.5) / lengths[:, None], 1)
    speed = 12 * np.sin(np.pi * phase) ** 2 * rng.lognormal(0, 0.4, (n, 1)) * pace
    angle = rng.uniform(0, 2 * np.pi, (n, 1)) + rng.normal(0, 0.5, (n, 1)) * phase
    angle = angle + rng.normal(0, 0.1, (n, T))
    steps = np.stack([speed * np.cos(angle), speed * np.sin(angle), np.full((n, T), 16.0)], 2)
    user = np.array([f"user {k}" for k in rng.integers(0, users, n)]) if users else None
    return Trajectories(
        torch.from_numpy(steps.round().astype(np.float32)),
        torch.from_numpy(lengths),
        torch.zeros(n, 2),
        user,
        origin,
    )


REAL = gestures(300, 0, "people", users=12)


def test_everything_is_there_and_plain():
    result = evaluate(REAL, gestures(200, 1, "model"))
    assert set(result.scores) == {
        "c2st_acc", "c2st_auc", "c2st_boosting_acc", "c2st_boosting_auc", "mmd",
        "prd_precision", "prd_recall", "knn_precision", "knn_recall", "density", "coverage",
    }  # fmt: skip
    plain = result.as_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert (plain["real"], plain["fake"], plain["gestures"]) == ("people", "model", 200)
    assert set(plain["features"]) == set(feature_table(REAL).names)
    assert set(plain["spectra"]) == {"0-4 Hz", "4-8 Hz", "8-16 Hz", "16-32 Hz", "32-64 Hz"}
    assert all(type(score) is float for score in plain["scores"].values())
    assert result.scores["c2st_acc"] == pytest.approx(0.5, abs=0.12)
    assert result.scores["prd_recall"] > 0.8


def test_a_faster_model_is_found_out_by_the_right_features():
    fast = gestures(300, 1, "model", pace=1.6)
    result = evaluate(REAL, fast)
    same = evaluate(REAL, gestures(300, 1, "model"))
    assert result.scores["c2st_auc"] > 0.7 > same.scores["c2st_auc"]
    assert result.scores["mmd"] > same.scores["mmd"]
    assert result.spectra["0-4 Hz"]["ratio"] == pytest.approx(1.6**2, rel=0.2)
    speed = result.features["speed_mean_px_s"]
    column = feature_table(REAL)["speed_mean_px_s"].double()
    assert speed["real_mean"] == pytest.approx(float(column.mean()))
    assert speed["real_std"] == pytest.approx(float(column.std(correction=0)))
    assert speed["unit"] == "px/s"
    assert result.features["dt_mean_ms"]["wasserstein"] == 0
    worst = result.worst_features(20)
    assert "dt_mean_ms" not in worst
    assert {"speed_mean_px_s", "path_px", "speed_max_px_s"} & set(worst)


def test_only_what_was_asked_for():
    assert set(evaluate(REAL, REAL, metrics=["mmd"]).scores) == {"mmd"}
    result = evaluate(REAL, REAL, metrics=["spectra"])
    assert result.scores == result.features == {}
    assert result.spectra["0-4 Hz"]["ratio"] == 1


def test_quick_is_a_subset_and_seeded():
    fake = gestures(300, 2, "model")
    once = evaluate(REAL, fake, quick=True, seed=4)
    assert once.gestures == 300
    assert set(once.scores) == {"c2st_acc", "c2st_auc", "mmd", "prd_precision", "prd_recall"}
    assert once == evaluate(REAL, fake, quick=True, seed=4)
    assert once.scores != evaluate(REAL, fake, quick=True, seed=5).scores


def test_sizes_are_made_equal():
    few = evaluate(REAL, gestures(50, 1, "model"), metrics=["mmd"], max_gestures=30)
    assert few.gestures == 30


def test_an_unknown_metric_names_the_nearest():
    with pytest.raises(InputError, match="no metric 'kinematic'; did you mean 'kinematics'"):
        evaluate(REAL, REAL, metrics=["mmd", "kinematic"])
    with pytest.raises(InputError, match=", ".join(METRICS)):
        evaluate(REAL, REAL, metrics=["?"])


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seeds_out_of_range_are_refused(seed):
    with pytest.raises(InputError, match=f"seed={seed}: must lie in 0…4294967295"):
        evaluate(REAL, REAL, metrics=["mmd"], seed=seed)


def test_too_few_movements_are_refused():
    with pytest.raises(InputError, match="people against model: 300 and 3 movements"):
        evaluate(REAL, gestures(3, 0, "model"))
