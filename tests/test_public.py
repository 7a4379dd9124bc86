"""`import humouse as hm`: what it offers, and that asking costs nothing."""

import doctest
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import humouse as hm
from humouse import trajectories

REACH = hm.Trajectories(
    torch.tensor([[[3.0, 4.0, 8.0], [6.0, 8.0, 8.0]], [[1.0, 0.0, 16.0], [0.0, 0.0, 0.0]]]),
    torch.tensor([2, 1]),
    torch.tensor([[10.0, 20.0], [0.0, 0.0]]),
    np.array(["ada", "ben"]),
    "made up",
)


def test_importing_it_loads_nothing():
    ask = "import sys, humouse; print(dir(humouse)); print({'torch', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    names, loaded = done.stdout.splitlines()
    assert loaded == "set()"
    for name in hm.__all__:
        assert repr(name) in names


def test_every_public_name_is_there():
    for name in hm.__all__:
        assert getattr(hm, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'sampel'"):
        _ = hm.sampel


@pytest.mark.slow
def test_examples_in_docstrings_run():
    for module in (hm, trajectories):
        assert doctest.testmod(module).attempted > 0
        assert doctest.testmod(module).failed == 0


def test_movements_are_taken_by_number_mask_and_in_turn():
    assert len(REACH[0]) == 1
    assert REACH[-1].user.tolist() == ["ben"]
    assert REACH[np.array([False, True])].lengths.tolist() == [1]
    assert [one.origin for one in REACH] == ["made up"] * 2
    with pytest.raises(IndexError, match="movement 2 of 2"):
        REACH[2]
    (batch,) = DataLoader(REACH, batch_size=2, collate_fn=hm.concatenate)
    assert torch.equal(batch.deltas, REACH.deltas)


def test_a_repr_of_two_lines():
    assert repr(REACH) == (
        "Trajectories: 2 movements of 2 people, origin 'made up'\n"
        "  lowest, median and highest: 1/1/2 steps, 16/16/16 ms, 1/1/15 px of path"
    )
    assert repr(REACH[:0]).endswith("\n  no steps")


def test_what_a_notebook_shows():
    page = hm.Trajectories(REACH.deltas, REACH.lengths, REACH.start, None, "<b>")._repr_html_()
    assert "&lt;b&gt;" in page
    assert page.count("<svg ") == 2


def test_it_plots_each_path():
    axes = REACH.plot()
    (first, second) = axes.get_lines()
    assert first.get_xydata().tolist() == [[10, 20], [13, 24], [19, 32]]
    assert len(second.get_xydata()) == 2
    assert axes.yaxis_inverted()
    assert REACH.plot(ax=axes, most=1) is axes
    assert len(axes.get_lines()) == 3


def test_a_table_of_points_and_back():
    table = REACH.to_frame()
    assert table.columns == ["movement", "user", "t_ms", "x_px", "y_px"]
    assert table["t_ms"].to_list() == [0, 8, 16, 0, 16]
    again = hm.Trajectories.from_points(table, movement="movement", user="user", origin="made up")
    for part in ("deltas", "lengths", "start"):
        assert torch.equal(getattr(again, part), getattr(REACH, part))
    assert again.user.tolist() == ["ada", "ben"]


@pytest.mark.slow
def test_samples_reach_their_goal_in_their_time(event_checkpoint: Path):
    made = hm.sample(3, goal=(30, -4), seed=1, model=event_checkpoint)
    assert made.net_px.tolist() == [[30.0, -4.0]] * 3
    model = hm.load(event_checkpoint, rule=hm.SamplingRule(steps=2))
    assert torch.equal(hm.sample(3, seed=1, model=model).deltas, model.sample(3, seed=1).deltas)
    with pytest.raises(hm.InputError, match="3 conditions given"):
        hm.sample(3, duration=500, model=event_checkpoint)


def test_an_evaluation_in_one_call(many_gestures: Path, tmp_path: Path):
    people = hm.read_movements(many_gestures / "train.parquet")
    rule = hm.EvaluationRule(
        metrics=("c2st", "spectra"),
        feature_mode="kinematic",
        probes=("logistic",),
        replicates=20,
        permutations=0,
        importance=False,
    )
    slow = hm.Trajectories(
        people.deltas * torch.tensor([1.0, 1.0, 3.0]), people.lengths, people.start, None, "slow"
    )
    found = hm.evaluate(people, slow, rule=rule, n=100)
    assert found.scores["c2st_logistic_auc"].value > 0.9
    assert found.baseline["c2st_logistic_auc"].value < 0.75
    assert repr(found).splitlines()[0] == found.run.headline
    page = found.show(open=False)
    assert "slow" in page.read_text()
    kept = hm.evaluate(people, slow, rule=rule, n=100, out_dir=tmp_path / "scores")
    assert kept.scores == found.scores
    assert (tmp_path / "scores" / "scores.json").is_file()
    assert kept.show(tmp_path / "page.html", open=False) == tmp_path / "page.html"
