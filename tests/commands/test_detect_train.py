"""`humouse detect train`: the negatives it is fitted on, and what it refuses."""

from collections import Counter
from pathlib import Path

import pytest

from humouse.bots.families import FAMILIES
from humouse.commands.detect_train import run
from humouse.data.prepared import load_split
from humouse.detection.names import HUMAN
from humouse.detection.registry import DetectorSpec
from humouse.detection.samples.negatives import mixture_counts, negative_counts
from humouse.errors import InputError
from humouse.settings import BenchmarkSettings, DetectTrainSettings
from humouse.settings.compose import settings_from

N = 40


class _FittedError(Exception):
    """Raised in place of the first fit, with the families that it was given."""


@pytest.fixture
def fitted_on(
    tiny_data: Path, event_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Return how many movements of each family a detector is fitted on."""

    def fit(self, labelled, seed):
        raise _FittedError(Counter(labelled.family.tolist()))

    monkeypatch.setattr(DetectorSpec, "fit", fit)

    def counts(*overrides: str) -> Counter:
        few = [f"dir={tiny_data}", f"out_dir={tmp_path / 'out'}", f"n={N}", "device=cpu"]
        more = ["detectors=[isolation]", "feature_mode=kinematic", "calibration_share=0.5"]
        given = [*few, *more, f"diffusion_ckpt=[{event_checkpoint}]", *overrides]
        settings = settings_from("detect/train", DetectTrainSettings, given)
        with pytest.raises(_FittedError) as caught:
            run(settings)
        (families,) = caught.value.args
        assert families.pop(HUMAN) == N
        return families

    return counts


def test_negatives_are_counted_as_in_the_benchmark(fitted_on, tiny_data, tmp_path):
    theirs = tmp_path / "theirs.parquet"
    load_split(tiny_data / "val")[:30].save(theirs)
    share = settings_from("detect/benchmark", BenchmarkSettings, []).model_share
    families = [*FAMILIES, "diffusion", "acme"]
    assert fitted_on(f"files={{acme:{theirs}}}") == negative_counts(families, N, model_share=share)
    assert fitted_on("model_share=0.25")["diffusion"] == N / 4


def test_a_mixture_divides_n_by_its_weights(fitted_on):
    mixture = {"bezier": 3.0, "diffusion": 1.0}
    counts = mixture_counts(mixture, list(mixture), N)
    assert fitted_on("mixture={bezier:3,diffusion:1}") == counts == {"bezier": 30, "diffusion": 10}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("n=5", "n=5: must be at least 20"),
        ("model_share=0", "model_share=0: must be above 0"),
        ("mixture={besier:1}", r"mixture\.besier: no such family"),
        ("detectors=[denoising]", "detectors: denoising needs a trained model"),
        ("calibration_share=1", "calibration_share=1.0: must lie between 0 and 1"),
        ("dir=nowhere", "nowhere"),
    ],
)
def test_bad_settings_are_one_clear_error(tiny_data, tmp_path, override, message):
    few = [f"dir={tiny_data}", f"out_dir={tmp_path / 'out'}", "n=20", "feature_mode=kinematic"]
    with pytest.raises(InputError, match=message) as caught:
        run(settings_from("detect/train", DetectTrainSettings, [*few, override]))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()
