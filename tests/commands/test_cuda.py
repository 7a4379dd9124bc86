"""Every command that takes a device, on a GPU; skipped where there is none."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch

from examples.quick_runs import RECIPES, run_verb, words_of
from humouse.commands.verbs import VERBS
from humouse.generator import load_generator

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")

_ON_A_DEVICE = [
    name for name in RECIPES if "device" in {field.name for field in fields(VERBS[name].schema)}
]
_NO_NETWORK = {"eval", "detect negatives", "detect train", "sigma_eval"}
"""Whose quick run has no network to put there: a file is judged, bots are scripted, trees are fitted."""


def on_the_gpu(words: str) -> str:
    return f"{words.replace('device=cpu', '').strip()} device=cuda".replace("  ", " ")


@pytest.mark.parametrize("name", _ON_A_DEVICE)
def test_a_quick_run(name: str, request: pytest.FixtureRequest, tmp_path: Path):
    words = on_the_gpu(words_of(name, tmp_path, request))
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.max_memory_allocated()
    run_verb(name, words)
    assert name in _NO_NETWORK or torch.cuda.max_memory_allocated() > before
    assert any(path.is_file() for path in tmp_path.rglob("*"))


def test_an_evaluation_samples_there(event_checkpoint: Path, tiny_data: Path, tmp_path: Path):
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.max_memory_allocated()
    people = f"val_split={tiny_data}/val references=[line] replicates=0 permutations=0 n=20"
    run_verb(
        "eval", f"ckpt={event_checkpoint} metrics=[mmd] {people} device=cuda out_dir={tmp_path}"
    )
    assert torch.cuda.max_memory_allocated() > before


def test_movements_are_those_of_the_processor_but_for_rounding():
    """A pixel or a millisecond here and there: the noise is the same, sums differ in their last bits."""
    here, there = (
        load_generator("pretrained", device).sample(64, seed=1) for device in ("cpu", "cuda")
    )
    same = (here.lengths == there.lengths.cpu()).double().mean()
    assert same > 0.5
    ends = [one.net_px.cpu().numpy() for one in (here, there)]
    np.testing.assert_allclose(ends[0].mean(0), ends[1].mean(0), atol=20)
