"""D-Eval in training: diffusion samples beside the GAN's, and what the discriminator makes of both."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from humouse.commands import train_gan as training
from humouse.commands.train_gan import run as train
from humouse.commands.verbs import run_verb
from humouse.data.prepared import load_split
from humouse.errors import InputError
from humouse.gan.discriminator_features import discriminator_scores
from humouse.gan.model import GanModel, load_model
from humouse.gan.training.diffusion_comparison import GeneratorComparison
from humouse.training.journal import read_metrics
from humouse.training.validation import SampleCheck
from humouse.trajectories import Trajectories

_SCORES = ("c2st_acc_val", "mmd_val", "prd_precision_val", "prd_recall_val")


@pytest.mark.slow
def test_both_generators_at_every_round(
    tmp_path: Path, gan_settings: Callable, event_checkpoint: Path, no_pictures: None
):
    asked = ("use_diffusion_eval=true", f"diffusion_ckpt={event_checkpoint}")
    more = ("logging.sample_interval=1", "data.batch_size=40", "optim.max_steps=4")
    fast = ("optim.lr=1e-2", "optim.ema_decay=0.5")
    train(gan_settings(tmp_path, *asked, *more, *fast))
    rounds = [row for row in read_metrics(tmp_path / "runs" / "tiny") if "mmd" in row]
    assert len(rounds) == 2
    for row in rounds:
        for name in _SCORES:
            assert {f"gan_{name}", f"diffusion_{name}"} <= row.keys()
        assert row["gan_mmd_val"] == row["mmd"]
        areas = ("discriminator_auc_gan", "discriminator_auc_diffusion", "head_auc_diffusion")
        assert set(areas) <= row.keys()
    # Drawn once: the diffusion samples do not change, the discriminator does.
    assert len({row["diffusion_mmd_val"] for row in rounds}) == 1
    assert len({row["discriminator_auc_diffusion"] for row in rounds}) > 1


def test_another_codec_is_refused(tmp_path: Path, gan_settings: Callable, tiny_checkpoint: Path):
    asked = ("use_diffusion_eval=true", f"diffusion_ckpt={tiny_checkpoint}")
    with pytest.raises(InputError, match=r"made with another codec \(codec: canonical, here event"):
        train(gan_settings(tmp_path, *asked))


def test_the_flag_is_short_for_a_setting(
    tmp_path: Path, gan_overrides: Callable, monkeypatch: pytest.MonkeyPatch
):
    seen = []
    monkeypatch.setattr(training, "run", seen.append)
    words = ["train_gan.py", "--use_diffusion_eval", *gan_overrides(tmp_path)]
    monkeypatch.setattr(sys, "argv", words)
    run_verb("train gan")
    assert seen[0].use_diffusion_eval is True


@pytest.fixture(scope="module")
def model(conv_checkpoint: Path) -> GanModel:
    return load_model(conv_checkpoint)


@pytest.fixture(scope="module")
def compare(
    model: GanModel, tiny_data: Path
) -> Callable[..., tuple[dict[str, float], SampleCheck]]:
    """Return the comparison with a generator, and the people it was made with."""
    train, val = (load_split(tiny_data / name) for name in ("train", "val"))
    check = SampleCheck.choose(val, model.codec, 40, seed=0)

    def measured(draw_like: Callable) -> tuple[dict[str, float], SampleCheck]:
        comparison = GeneratorComparison(draw_like, check, train, 30)
        return comparison.measure(model, check.people, {}), check

    return measured


@pytest.mark.slow
def test_a_generator_that_gives_people_back_reads_one_half(compare: Callable):
    found, _ = compare(lambda people, part: people)
    for name in ("discriminator_auc_gan", "discriminator_auc_diffusion", "head_auc_diffusion"):
        assert found[name] == pytest.approx(0.5, abs=1e-12), name


def slowed(people: Trajectories, part: str) -> Trajectories:
    """Return their movements, five times as slow."""
    return replace(people, deltas=people.deltas * torch.tensor([1.0, 1.0, 5.0]))


@pytest.mark.slow
def test_the_areas_are_of_the_discriminators_scores_with_people_above(
    compare: Callable, model: GanModel
):
    found, check = compare(slowed)
    sides = check.people, slowed(check.people, "judged")
    scores = torch.cat([discriminator_scores(model, side) for side in sides]).numpy()
    is_person = np.repeat([1, 0], len(check.people))
    area = roc_auc_score(is_person, scores)
    assert area != 0.5
    assert found["discriminator_auc_diffusion"] == pytest.approx(area)
    # The head is fitted on such movements, so it separates them better than the discriminator does.
    assert found["head_auc_diffusion"] > 0.9 > area
