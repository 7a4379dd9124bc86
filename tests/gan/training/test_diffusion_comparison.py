"""D-Eval in training: diffusion samples beside the GAN's, and what the discriminator makes of both."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from humouse.commands import train_gan as training
from humouse.commands.train_gan import run as train
from humouse.commands.verbs import run_verb
from humouse.errors import InputError
from humouse.gan.training.diffusion_comparison import _area
from humouse.training.journal import read_metrics

_SCORES = ("c2st_acc_val", "mmd_val", "prd_precision_val", "prd_recall_val")


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
        assert all(0 <= row[name] <= 1 for name in areas)
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


def test_the_area_is_scikit_learns():
    g = torch.Generator().manual_seed(0)
    people, others = torch.randn(30, generator=g) + 1, torch.randn(20, generator=g)
    truth = np.r_[np.ones(30), np.zeros(20)]
    expected = roc_auc_score(truth, torch.cat([people, others]).numpy())
    assert _area(people, others) == pytest.approx(expected)
    assert _area(others, people) == pytest.approx(1 - expected)
