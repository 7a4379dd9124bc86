"""Several set-ups in one model, by the commands: combine, train, sample as one of them, and as another."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from humouse.codec import merge_zero_moves
from humouse.codec.still import StillPoints
from humouse.commands.dataset import prepare_dataset
from humouse.commands.sample import _warn_of_bots
from humouse.commands.train import run as train
from humouse.data.combine import combine
from humouse.diffusion.model import load_model
from humouse.errors import OutOfRangeWarning
from humouse.eval.run import EvaluationRun
from humouse.pixel_ratio import pixel_ratio
from humouse.settings import PrepareSettings, TrainModelSettings
from humouse.settings.compose import settings_from
from humouse.trajectories import Trajectories

_TINY = (
    "data=combined",
    "experiment_name=both",
    "device=cpu",
    "model.base_channels=16",
    "model.channel_mults=[1,1]",
    "data.batch_size=8",
    "data.num_workers=0",
    "data.feature_mode=kinematic",
    "data.held_out_share=0.4",
    "optim.max_steps=3",
    "logging.num_eval_samples=20",
    "logging.eval_interval=0",
    "decoder.hidden=16",
    "decoder.style=4",
    "decoder.exact_ms=128",
    "decoder.virtual=0.3",
    "decoder.batch_size=8",
    "decoder.amp=false",
    "decoder.optim.max_steps=3",
    "decoder.logging.num_eval_samples=20",
    "decoder.logging.eval_interval=0",
)


@pytest.fixture(scope="module")
def both(tiny_data: Path, many_gestures: Path, once: Callable[..., Path]) -> Path:
    """Folder of two prepared datasets in one: "home", and "lab", whose clock ticks every 9 ms."""

    def make(folder: Path) -> Path:
        shutil.copytree(tiny_data, folder / "home")
        shutil.copytree(many_gestures, folder / "lab")
        return combine([folder / "home", folder / "lab"], out_dir=folder / "both").folder

    return once("two set-ups", make)


@pytest.fixture(scope="module")
def checkpoint(both: Path, once: Callable[..., Path]) -> Path:
    """Checkpoint of a tiny model of both."""

    def make(folder: Path) -> Path:
        places = (
            f"data.dir={both}",
            f"checkpoint_dir={folder / 'checkpoints'}",
            f"logging.dir={folder / 'runs'}",
        )
        return train(settings_from("diffusion/train", TrainModelSettings, [*_TINY, *places]))

    return once("model of two set-ups", make)


def strangers(both: Path, path: Path, *, gestures: int = 240, people: int = 6) -> Path:
    """Write gestures of so many people whose clock ticks every 23 ms."""
    seen = Trajectories.load(both / "train.parquet")
    seen = seen[seen.setup == "lab"][:gestures]
    clock = torch.full_like(seen.deltas[..., 2:], 23) * seen.mask[..., None]
    user = seen.setup.astype("U9")
    user[:] = [f"p{row % people}" for row in range(len(seen))]
    moves = torch.cat([seen.deltas[..., :2], clock], -1)
    replace(seen, deltas=moves, user=user).save(path)
    return path


def test_datasets_are_combined_by_the_command(
    humouse: Callable, tiny_data: Path, many_gestures: Path, tmp_path: Path
):
    out = tmp_path / "all"
    status, printed, _ = humouse("data", "combine", tiny_data, many_gestures, f"out_dir={out}")
    assert status == 2
    for folder, name in ((tiny_data, "home"), (many_gestures, "lab")):
        shutil.copytree(folder, tmp_path / name)
    words = ("data", "combine", tmp_path / "home", tmp_path / "lab")
    status, printed, _ = humouse(*words, f"out_dir={out}")
    assert status == 0
    assert "home+lab" in printed
    assert json.loads((out / "manifest.json").read_text())["source"]["name"] == "combined"
    status, _, error = humouse(*words)
    assert status == 2
    assert "out_dir: name the folder" in error


def test_a_model_samples_as_one_set_up(humouse: Callable, checkpoint: Path, tmp_path: Path):
    model = load_model(checkpoint)
    assert model.codec.prior is not None
    assert model.codec.prior.names == ["home", "lab"]
    few = (f"ckpt={checkpoint}", "n=5", "steps=1", "device=cpu")
    status, _, error = humouse("sample", *few, "setup=lab", f"out_dir={tmp_path}")
    assert status == 0, error
    drawn = Trajectories.load(tmp_path / "samples.parquet")
    expected = model.in_setup("lab").with_rule(replace(model.rule, steps=1)).sample(5, seed=0)
    assert torch.equal(drawn.deltas, expected.trimmed().deltas)
    status, _, error = humouse("sample", *few, "setup=moon", f"out_dir={tmp_path}")
    assert status == 2
    assert "setup=moon: the model knows home, lab; choose one of these" in error


def test_a_model_samples_as_a_set_up_that_it_never_saw(
    humouse: Callable, both: Path, checkpoint: Path, tmp_path: Path
):
    style = strangers(both, tmp_path / "style.parquet")
    words = ("sample", f"ckpt={checkpoint}", "n=40", "steps=1", "device=cpu", f"out_dir={tmp_path}")
    status, _, error = humouse(*words, f"style_from={style}")
    assert status == 0, error
    made_by = json.loads((tmp_path / "manifest.json").read_text())
    assert made_by["settings"]["style_from"] == str(style)
    assert len(made_by["style_sha256"]) == 64
    drawn = Trajectories.load(tmp_path / "samples.parquet")
    on_tick = (drawn.deltas[..., 2] == 23)[drawn.mask].float().mean()
    assert float(on_tick) > 0.3  # of a clock that it never saw, after three steps of training


def test_positions_are_whole_on_the_screens_of_the_style(
    humouse: Callable, both: Path, checkpoint: Path, tmp_path: Path
):
    """Half of the people have screens with five pixels to four px."""
    points = Trajectories.load(strangers(both, tmp_path / "style.parquet")).to_frame()
    fine = pl.col("user").is_in(["p0", "p1", "p2"])
    px = [
        pl.when(fine).then(pl.col(name) / 1.25).otherwise(pl.col(name)) for name in ("x_px", "y_px")
    ]
    points.with_columns(px).write_csv(tmp_path / "style.csv")
    words = ("sample", f"ckpt={checkpoint}", "n=60", "steps=1", "device=cpu", f"out_dir={tmp_path}")
    style = (f"style_from={tmp_path / 'style.csv'}", "columns.user=user", "columns.t=t_ms")
    status, _, error = humouse(*words, *style, "cond={goal_dx_px:300,goal_dy_px:-41}")
    assert status == 0, error
    drawn = Trajectories.load(tmp_path / "samples.parquet")
    ratios = [pixel_ratio(each.positions_px()[0].double().numpy()) for each in drawn]
    assert set(ratios) == {1.0, 1.25}
    assert 15 < ratios.count(1.25) < 45
    assert float((drawn.net_px - torch.tensor([300.0, -41.0])).abs().max()) <= 0.5 / 1.25 + 1e-3


def test_points_without_motion_are_written_as_in_the_style(
    humouse: Callable, both: Path, checkpoint: Path, tmp_path: Path
):
    seen = Trajectories.load(strangers(both, tmp_path / "style.parquet"))
    slow = seen.deltas.clone()
    slow[:, ::3, 2] *= 3  # two ticks without motion
    every = StillPoints(np.ones(1), np.ones(1))
    resting = replace(seen, deltas=slow * seen.mask[..., None])
    every.written(resting, np.arange(len(seen)), 0).save(tmp_path / "style.parquet")
    words = ("sample", f"ckpt={checkpoint}", "n=60", "steps=1", "device=cpu")
    style = f"style_from={tmp_path / 'style.parquet'}"
    drawn = {}
    for recorded in ("false", "true"):
        out = tmp_path / recorded
        status, _, error = humouse(*words, style, f"recorded={recorded}", f"out_dir={out}")
        assert status == 0, error
        drawn[recorded] = Trajectories.load(out / "samples.parquet")
    still = (drawn["true"].deltas[..., :2] == 0).all(-1) & drawn["true"].mask
    assert bool(still.any())
    again = merge_zero_moves(drawn["true"]).trimmed()
    assert torch.equal(again.deltas, drawn["false"].trimmed().deltas)


@pytest.mark.parametrize(
    ("gestures", "people", "said"),
    [
        (1, 1, "1 movements; a style needs at least 50, better 200, of 5 people or more"),
        (240, 1, "of 1 people; a style is that of a set-up, not of a person"),
        (240, 4, "needs at least 5 people"),
    ],
)
def test_a_style_file_that_does_not_do_is_refused(
    humouse: Callable,
    both: Path,
    checkpoint: Path,
    tmp_path: Path,
    gestures: int,
    people: int,
    said: str,
):
    style = strangers(both, tmp_path / "style.parquet", gestures=gestures, people=people)
    words = ("sample", f"ckpt={checkpoint}", "n=4", f"out_dir={tmp_path / 'gen'}")
    status, _, error = humouse(*words, f"style_from={style}")
    assert status == 2
    assert said in error
    assert not (tmp_path / "gen" / "samples.parquet").exists()


def test_other_bad_requests_of_a_style(
    humouse: Callable, both: Path, checkpoint: Path, event_checkpoint: Path, tmp_path: Path
):
    style = strangers(both, tmp_path / "style.parquet")
    words = ("sample", "n=4", f"out_dir={tmp_path / 'gen'}", f"style_from={style}")
    status, _, error = humouse(*words, f"ckpt={checkpoint}", "setup=lab")
    assert status == 2
    assert "give one of them" in error
    status, _, error = humouse(*words, f"ckpt={event_checkpoint}")
    assert status == 2
    assert "has no decoder that knows of styles" in error
    words = (*words[:-1], f"style_from={tmp_path / 'no.csv'}")
    status, _, error = humouse(*words, f"ckpt={checkpoint}")
    assert status == 2
    assert "no such file of movements" in error


def test_a_bots_movements_are_warned_of(
    humouse: Callable, both: Path, checkpoint: Path, tmp_path: Path
):
    """Straight lines at a constant speed, under the names of six people."""
    seen = Trajectories.load(strangers(both, tmp_path / "style.parquet"))
    line = torch.tensor([7.0, 2.0, 10.0]).expand_as(seen.deltas)
    replace(seen, deltas=line.clone()).save(tmp_path / "bot.parquet")
    words = ("sample", f"ckpt={checkpoint}", "n=4", "steps=1", f"out_dir={tmp_path / 'gen'}")
    status, _, error = humouse(*words, f"style_from={tmp_path / 'bot.parquet'}")
    assert status == 0
    share = re.search(r"the detector takes (\d+)% of these movements for people's", error)
    assert share is not None
    assert int(share[1]) < 50


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["kh2017", "balabit"])
def test_people_of_other_devices_are_not(name: str, recordings: Path, tmp_path: Path):
    words = [f"source={name}", f"root={recordings / name}", "gestures=every", f"out_dir={tmp_path}"]
    people = prepare_dataset(settings_from("prepare", PrepareSettings, words), shown=False)
    _warn_of_bots(people.split("test"))  # a warning is an error here


def test_a_published_file_may_draw_of_one_set_up_alone(
    humouse: Callable, both: Path, checkpoint: Path, tmp_path: Path
):
    out = tmp_path / "lab.safetensors"
    status, _, error = humouse("publish", f"ckpt={checkpoint}", f"out={out}", "setup=lab")
    assert status == 0, error
    model = load_model(out)
    assert model.codec.prior is not None
    assert model.codec.prior.names == ["lab"]
    # It follows another set-up all the same: styles are the decoder's.
    other = Trajectories.load(strangers(both, tmp_path / "style.parquet"))
    made = model.in_style_of(other).with_rule(replace(model.rule, steps=1)).sample(20, seed=0)
    assert float((made.deltas[..., 2] == 23)[made.mask].float().mean()) > 0.3
    status, _, error = humouse("publish", f"ckpt={checkpoint}", f"out={out}", "setup=moon")
    assert status == 2
    assert "setup=moon" in error


def test_few_gestures_are_warned_of(both: Path, checkpoint: Path, tmp_path: Path):
    few = Trajectories.load(strangers(both, tmp_path / "style.parquet", gestures=100))
    with pytest.warns(OutOfRangeWarning, match="100 movements; with fewer than 200"):
        load_model(checkpoint).in_style_of(few)


def test_an_evaluation_of_one_set_up(
    humouse: Callable, both: Path, checkpoint: Path, tmp_path: Path
):
    words = (
        *("eval", f"ckpt={checkpoint}", "unseen=gestures", "n=40", "steps=1", "replicates=0"),
        *("permutations=0", "metrics=[prd]", "references=[]", "feature_mode=kinematic"),
        *("report=false", "workers=1", "device=cpu", f"out_dir={tmp_path}"),
    )
    status, _, error = humouse(*words, "setup=lab")
    assert status == 0, error
    judged = EvaluationRun.load(tmp_path).movements("people")
    assert set(judged.setup.tolist()) == {"lab"}
    status, _, error = humouse(*words, "setup=moon")
    assert status == 2
    assert "setup=moon" in error
