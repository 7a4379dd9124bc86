"""`humouse detect train`: what it is fitted on, and what it refuses."""

from collections import Counter
from pathlib import Path

import pytest

from humouse.commands.detect_train import run
from humouse.data.prepared import load_split
from humouse.detection.names import COMPOSED, HUMAN
from humouse.detection.registry import DetectorSpec
from humouse.errors import InputError
from humouse.settings import DetectTrainSettings
from humouse.settings.compose import settings_from


class _FittedError(Exception):
    """Raised in place of the first fit, with the families that it was given."""


@pytest.fixture
def fitted_on(many_gestures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return how many looks at each family a detector is fitted on."""

    def fit(self, labelled, seed):
        raise _FittedError(Counter(labelled.family.tolist()))

    monkeypatch.setattr(DetectorSpec, "fit", fit)

    def counts(*overrides: str) -> Counter:
        few = [f"dir={many_gestures}", f"out_dir={tmp_path / 'out'}", "n=120", "looks=2"]
        settings = settings_from("detect/train", DetectTrainSettings, [*few, *overrides])
        with pytest.raises(_FittedError) as caught:
            run(settings)
        return caught.value.args[0]

    return counts


@pytest.mark.slow
def test_composed_bots_are_as_many_as_looks_at_people(fitted_on):
    counts = fitted_on()
    assert set(counts) == {HUMAN, COMPOSED}
    assert counts[HUMAN] == pytest.approx(240, abs=3)
    assert counts[COMPOSED] == pytest.approx(counts[HUMAN], rel=0.02)


def test_a_mixture_divides_them_by_its_weights(fitted_on):
    counts = fitted_on("mixture={bezier:3,composed:1}")
    assert counts["bezier"] == pytest.approx(3 * counts["composed"], rel=0.05)


def test_one_s_own_bots_are_a_tenth_besides_and_those_held_out_none(
    fitted_on, many_gestures, tmp_path
):
    for name in ("ours", "theirs"):
        load_split(many_gestures / "val")[:60].save(tmp_path / f"{name}.parquet")
    files = f"bots.files={{ours:{tmp_path / 'ours.parquet'},theirs:{tmp_path / 'theirs.parquet'}}}"
    counts = fitted_on(files, "bots.held_out=[theirs]")
    assert counts["ours"] == pytest.approx(counts[COMPOSED] / 10, rel=0.15)
    assert "theirs" not in counts


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("n=5", "n=5: must be at least 100"),
        ("looks=0", "looks=0: must be at least 1"),
        ("mixture={besier:1}", r"mixture\.besier: no such family"),
        ("detectors=[denoising]", "denoising"),
        ("calibration_share=1", "calibration_share=1.0: must lie between 0 and 1"),
        ("clock.period_ms=0", "period_ms=0.0"),
        ("dir=nowhere", "nowhere"),
        ("more_dirs=[DATA]", "is there already"),
        ("bots.held_out=[x]", "bots.held_out: x is not among bots.files"),
        ("bots.files={a:FEW}", r"bots\.files\.a: .* holds 20 movements; at least 50"),
        ("bots.files={pid:FEW}", r"bots\.files\.pid: there is such a family"),
    ],
)
def test_bad_settings_are_one_clear_error(many_gestures, tmp_path, override, message):
    load_split(many_gestures / "val")[:20].save(tmp_path / "few.parquet")
    override = override.replace("FEW", str(tmp_path / "few.parquet"))
    override = override.replace("DATA", str(many_gestures))
    few = [f"dir={many_gestures}", f"out_dir={tmp_path / 'out'}", "n=100"]
    with pytest.raises(InputError, match=message) as caught:
        run(settings_from("detect/train", DetectTrainSettings, [*few, override]))
    assert "\n" not in str(caught.value)
