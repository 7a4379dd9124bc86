"""`humouse eval`: samples against people, beside what other people score."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from humouse import figures
from humouse.codec import Codec
from humouse.commands.evaluate import run
from humouse.commands.train import run as train
from humouse.data.prepared import load_split
from humouse.data.splits import held_out_gestures
from humouse.errors import InputError
from humouse.eval.parts import Inputs
from humouse.eval.run import EvaluationRun
from humouse.features import GROUPS, feature_table
from humouse.features.modes import FEATURE_MODES
from humouse.figures import gesture_gallery, kinematic_overlays, velocity_spectra
from humouse.files import sha256
from humouse.settings import EvalSettings
from humouse.settings.compose import settings_from
from humouse.trained_model import TrainedModel
from humouse.trajectories import Trajectories

_QUICK = (
    "device=cpu",
    "steps=2",
    "metrics=[mmd]",
    "feature_mode=kinematic",
    "probes=[logistic]",
    "references=[]",
    "replicates=20",
    "permutations=0",
    "report=false",
)
_DATA = {
    f"{name}.parquet"
    for name in ("people", "generated", "nearest", "people_features", "generated_features")
}


def asked(folder: Path, *more: str) -> EvalSettings:
    overrides = [*_QUICK, f"out_dir={folder}", *more]
    return settings_from("diffusion/eval", EvalSettings, overrides)


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def content(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "scores.json").read_text())


def test_only_what_is_asked_for(tiny_checkpoint: Path, twelve_people: Path, tmp_path: Path):
    run(
        asked(
            tmp_path,
            f"ckpt={tiny_checkpoint}",
            f"val_split={twelve_people / 'val'}",
            "replicates=0",
        )
    )
    # No train movement was sought: the nearest are none.
    assert files(tmp_path) == {
        "scores.json",
        "gestures.png",
        *(f"data/{name}" for name in _DATA),
    }
    done = EvaluationRun.load(tmp_path)
    assert list(done.evaluations) == ["generated"]
    assert list(done.generated.scores) == ["mmd"]
    assert done.generated.scores["mmd"].low is None
    assert done.generated.features == done.generated.spectra == done.generated.curves == {}
    assert len(done.movements("nearest")) == 0
    assert "without a two-sample test" in done.headline
    assert list(done.features("people").names) == [
        one.name for group in FEATURE_MODES["kinematic"] for one in GROUPS[group]
    ]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_scores(
    tiny_checkpoint: Path, twelve_people: Path, tmp_path: Path
):
    common = f"ckpt={tiny_checkpoint}", f"val_split={twelve_people / 'val'}", "n=25"
    more = ("metrics=[c2st,mmd,prd]", "references=[other_people]", "permutations=9")

    def evaluations(name: str, seed: int) -> dict[str, Any]:
        run(asked(tmp_path / name, *common, *more, f"seed={seed}"))
        return content(tmp_path / name)["evaluations"]

    first, again, other = evaluations("a", 3), evaluations("b", 3), evaluations("c", 4)
    assert first == again != other
    one, two = content(tmp_path / "a"), content(tmp_path / "b")
    for part in (one, two):
        assert part["provenance"].pop("command")
        assert part["provenance"]["settings"].pop("out_dir")
    assert one == two
    for name in _DATA - {"nearest.parquet"}:
        assert (tmp_path / "a/data" / name).read_bytes() == (
            tmp_path / "b/data" / name
        ).read_bytes()


@pytest.mark.slow
def test_the_number_of_processes_changes_no_score(twelve_people: Path, tmp_path: Path):
    people = f"val_split={twelve_people / 'val'}"
    samples = f"samples={twelve_people / 'test.parquet'}"
    for workers in (1, 2):
        rule = "metrics=[c2st,mmd,spectra]", "probes=[sequence,forest]", "references=[line]"
        run(asked(tmp_path / str(workers), people, samples, *rule, f"workers={workers}"))
    alone, together = (content(tmp_path / str(workers))["evaluations"] for workers in (1, 2))
    assert alone == together
    assert list(alone) == ["generated", "line"]


@pytest.mark.slow
def test_a_table_of_points_is_scored_as_the_movements_in_it(twelve_people: Path, tmp_path: Path):
    val = twelve_people / "val"
    table = load_split(val).to_frame().rename({"movement": "id", "t_ms": "time"})
    table.write_csv(tmp_path / "theirs.csv")
    names = ("columns.movement=id", "columns.t=time")
    common = (f"val_split={val}", "metrics=[mmd,prd]", f"samples={tmp_path / 'theirs.csv'}")
    run(asked(tmp_path / "out", *common, *names))
    done = EvaluationRun.load(tmp_path / "out")
    assert done.generated.scores["prd_recall"].value == pytest.approx(1)
    assert "columns.t=time" in done.provenance["command"]
    assert done.provenance["settings"]["columns"]["movement"] == "id"


@pytest.mark.slow
def test_people_against_themselves(twelve_people: Path, tmp_path: Path, capsys):
    """A file of samples needs no model; nothing can tell movements from the same ones."""
    val = twelve_people / "val"
    run(asked(tmp_path, f"samples={val}.parquet", f"val_split={val}", "metrics=[mmd,prd]"))
    done = EvaluationRun.load(tmp_path)
    assert done.generated.scores["mmd"].value <= 0
    assert done.generated.scores["prd_recall"].value == pytest.approx(1)
    captured = capsys.readouterr()
    assert "are the same movements: every score is at its ideal" in captured.err
    assert "checkpoint" not in captured.out
    assert done.provenance["samples"]["sha256"] == sha256(f"{val}.parquet")
    assert {"checkpoint", "trained_on"} & done.provenance.keys() == set()
    assert done.provenance["format_gate"] == {}
    assert torch.equal(done.movements("generated").deltas, load_split(val).deltas)


@pytest.mark.slow
def test_samples_in_the_frame_of_a_model(
    tiny_checkpoint: Path, twelve_people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """With a checkpoint a file is scored as that model's codec sees it; nothing is drawn."""
    monkeypatch.setattr(TrainedModel, "sample_deltas", None)
    samples = f"samples={twelve_people / 'test.parquet'}"
    val = f"val_split={twelve_people / 'val'}"
    run(asked(tmp_path, f"ckpt={tiny_checkpoint}", samples, val))
    done = EvaluationRun.load(tmp_path)
    for name in ("people", "generated"):
        assert done.movements(name).lengths.unique().tolist() == [32]
    assert done.generated.fake == "humouse_default (synthetic)"
    assert {"samples", "checkpoint"} <= done.provenance.keys()


@pytest.mark.slow
def test_people_of_another_dataset_are_noted(
    tiny_checkpoint: Path, twelve_people: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    for name in ("train", "val"):
        split = load_split(twelve_people / name)
        replace(split, origin="elsewhere").save(tmp_path / f"{name}.parquet")
    run(asked(tmp_path / "out", f"ckpt={tiny_checkpoint}", f"val_split={tmp_path / 'val'}"))
    err = capsys.readouterr().err
    assert "is compared with people of elsewhere" in err
    assert "manifest" not in content(tmp_path / "out")["provenance"]["people"]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """What each picture and each evaluation was given."""
    given: dict[str, list[Any]] = {"pictures": [], "overlays": [], "scores": []}

    def spy(name: str, function: Callable) -> Callable:
        def spied(*parts: Any, **options: Any) -> Any:
            given[name].append(parts)
            return function(*parts, **options)

        return spied

    for name, function, where in (
        ("gesture_gallery", gesture_gallery, "pictures"),
        ("velocity_spectra", velocity_spectra, "pictures"),
        ("kinematic_overlays", kinematic_overlays, "overlays"),
    ):
        monkeypatch.setattr(figures, name, spy(where, function))
    monkeypatch.setattr(Inputs, "of", spy("scores", Inputs.of))
    return given


@pytest.mark.slow
def test_the_pictures_show_what_is_scored(
    twelve_people: Path,
    tmp_path: Path,
    seen: dict[str, list[Any]],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(figures, "save_figure", lambda figure, path: None)
    people = load_split(twelve_people / "val")
    samples = tmp_path / "few.parquet"
    load_split(twelve_people / "train")[:35].save(samples)

    def gestures(*more: str) -> int:
        val = f"val_split={twelve_people / 'val'}"
        metrics = "metrics=[kinematics,spectra]"
        run(asked(tmp_path / "out", f"samples={samples}", val, metrics, *more))
        return content(tmp_path / "out")["evaluations"]["generated"]["gestures"]

    # Fewer samples than people; then fewer asked for than either.
    assert (len(people), gestures(), gestures("n=22"), gestures("n=22", "seed=1")) == (
        46, 35, 22, 22,
    )  # fmt: skip
    scored = [(pair.real, pair.fake) for pair, *_ in seen["scores"]]
    assert [len(real) for real, _ in scored] == [35, 22, 22]
    groups = FEATURE_MODES["kinematic"]
    for k, judged in enumerate(scored):
        for pictured in seen["pictures"][2 * k : 2 * k + 2]:
            for one, other in zip(pictured, judged, strict=True):
                assert torch.equal(one.deltas, other.deltas)
        for table, side in zip(seen["overlays"][k], judged, strict=True):
            assert np.array_equal(table.values, feature_table(side, groups).values)
    first, again, other = (real.deltas for real, _ in scored)
    assert not torch.equal(again, people.deltas[:22])  # not the first of the file
    assert not torch.equal(again, other)
    assert len(first) == 35


@pytest.mark.slow
def test_n_limits_every_set(tiny_checkpoint: Path, twelve_people: Path, tmp_path: Path):
    more = ("n=21", "references=[other_people,same_people,line]")
    run(asked(tmp_path, f"ckpt={tiny_checkpoint}", f"val_split={twelve_people / 'val'}", *more))
    done = EvaluationRun.load(tmp_path)
    assert list(done.evaluations) == ["generated", "other_people", "same_people", "line"]
    assert {one.gestures for one in done.evaluations.values()} == {21}


@pytest.mark.slow
def test_references_that_need_more_gestures_are_left_out(
    tiny_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    """Twenty people's gestures are enough to judge by, but not to halve."""
    samples = f"samples={tiny_data / 'train.parquet'}"
    more = ("references=[same_people,line]", f"val_split={tiny_data / 'val'}", "n=20")
    run(asked(tmp_path, samples, *more))
    assert list(EvaluationRun.load(tmp_path).evaluations) == ["generated", "line"]
    line = "warning: same_people is left out: 10 movements per set, at least 20 are needed"
    assert line in capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(
    "which", [pytest.param("tiny_checkpoint", marks=pytest.mark.slow), "event_checkpoint"]
)
def test_the_format_gate_stops(
    which: str,
    twelve_people: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    request: pytest.FixtureRequest,
):
    """What a codec leaves in a movement must not be put down to the model."""
    decode = Codec.decode

    def blurred(self: Codec, *parts: Any, **options: Any) -> Trajectories:
        made = decode(self, *parts, **options)
        g = torch.Generator().manual_seed(0)
        noise = 5 * torch.randn(made.deltas.shape, generator=g)
        noise[..., 2] = 0
        return replace(made, deltas=made.deltas + noise)

    monkeypatch.setattr(Codec, "decode", blurred)
    checkpoint = request.getfixturevalue(which)
    val = f"val_split={twelve_people / 'val'}"
    with pytest.raises(
        InputError, match=r"round-trip check: a classifier separates .* from the same gestures"
    ):
        run(asked(tmp_path, f"ckpt={checkpoint}", val))
    assert list(tmp_path.iterdir()) == []
    assert "sampling" not in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("conditions", ["val", "train"])
def test_conditions_of_the_samples(
    conditions: str,
    event_checkpoint: Path,
    twelve_people: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    """Val's own lengths and goals, each taken once; or else whatever the train split has."""
    given: list[Trajectories | None] = []

    draw = TrainedModel.sample

    def spy(*parts: Any, like: Trajectories | None, **options: Any) -> Trajectories:
        given.append(like)
        return draw(*parts, like=like, **options)

    monkeypatch.setattr(TrainedModel, "sample", spy)
    people = load_split(twelve_people / "val")
    more = (f"val_split={twelve_people / 'val'}", f"conditions={conditions}", "n=25")
    run(asked(tmp_path, f"ckpt={event_checkpoint}", *more))
    (like,) = given
    if conditions == "train":
        assert like is None
        return
    assert like is not None
    rows = [row.tobytes() for row in people.deltas.numpy()]
    taken = [row.tobytes() for row in like.deltas.numpy()]
    assert len(set(taken)) == 25
    assert set(taken) <= set(rows)
    assert taken != rows[:25]


@pytest.mark.slow
def test_people_who_may_stand_in_several_folds(
    twelve_people: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    samples = f"samples={twelve_people / 'test.parquet'}"
    val = f"val_split={twelve_people / 'val'}"
    more = ("references=[other_people,same_people]", "group_by_user=false", "metrics=[c2st]")
    run(asked(tmp_path, samples, val, *more))
    done = EvaluationRun.load(tmp_path)
    assert done.generated.users == 0
    assert done.movements("people").user is None
    assert "people are not named: no person is held out" in capsys.readouterr().err
    run(asked(tmp_path, samples, val, "metrics=[c2st]"))
    assert EvaluationRun.load(tmp_path).generated.users == 4


@pytest.mark.slow
def test_no_train_split_beside_the_people(twelve_people: Path, tmp_path: Path):
    load_split(twelve_people / "val").save(tmp_path / "val.parquet")
    more = f"samples={twelve_people / 'test.parquet'}", f"val_split={tmp_path / 'val.parquet'}"
    with pytest.raises(InputError, match=r"train.parquet: no train split beside .* train_split="):
        run(asked(tmp_path / "out", *more, "references=[other_people]"))
    run(asked(tmp_path / "out", *more, f"train_split={twelve_people / 'train'}"))
    assert (tmp_path / "out/scores.json").is_file()
    run(asked(tmp_path / "bare", *more, "references=[line]", "metrics=[mmd,copying]"))
    assert list(EvaluationRun.load(tmp_path / "bare").evaluations) == ["generated", "line"]


@pytest.mark.slow
def test_a_full_disk(twelve_people: Path, tmp_path: Path, small_disk: Callable):
    samples = f"samples={twelve_people / 'test.parquet'}"
    settings = asked(tmp_path / "out", samples, f"val_split={twelve_people / 'val'}")
    with small_disk(5000), pytest.raises(InputError, match="cannot be written"):
        run(settings)
    assert files(tmp_path) == set()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("n=0",), "n=0: must be at least 20"),
        (("n=19",), "at least 20"),
        (("ckpt=gone.pt",), "gone.pt: no such checkpoint"),
        (("val_split=nowhere/val",), "nowhere/val.parquet: no such split"),
        (("train_split=nowhere/train",), "nowhere/train.parquet: no such split"),
        (("samples=gone.parquet",), "gone.parquet: no such file"),
        (("steps=0",), "steps"),
        (("sampler=euler",), "sampler=euler"),
        (("metrics=[mdd]",), "did you mean mmd"),
        (("metrics=[]",), "metrics: none named"),
        (("probes=[boost]",), "probes: .* did you mean boosting"),
        (("probes=[]",), "probes: none named"),
        (("references=[other_peple]",), "references: .* did you mean other_people"),
        (("feature_mode=kinematics",), "feature_mode=kinematics: .* did you mean kinematic"),
        (("conditions=test",), "conditions=test: no such choice"),
        (("replicates=-1",), "replicates=-1: must be at least 20"),
        (("permutations=-5",), "permutations=-5"),
        (("device=gpu",), "device=gpu"),
        (("device=meta",), "device=meta"),
        (("seed=-1",), "seed=-1: must lie in 0…"),
        (("seed=4294967296",), "seed=4294967296"),
    ],
)
def test_what_cannot_be_scored(
    tiny_checkpoint: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    more: tuple[str, ...],
    message: str,
):
    with pytest.raises(InputError, match=message) as caught:
        run(asked(tmp_path, f"ckpt={tiny_checkpoint}", *more))
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    assert "sampling" not in capsys.readouterr().err  # no work before what is wrong is said


def test_people_that_the_model_was_trained_on(
    tiny_checkpoint: Path, twelve_people: Path, tmp_path: Path
):
    both = f"val_split={twelve_people / 'val'}", f"train_split={twelve_people / 'val'}"
    with pytest.raises(InputError, match=r"synthetic\d+, .*: among the train people too"):
        run(asked(tmp_path, f"ckpt={tiny_checkpoint}", *both))
    assert list(tmp_path.iterdir()) == []


def test_too_few_movements(twelve_people: Path, tmp_path: Path):
    load_split(twelve_people / "test")[:19].save(tmp_path / "few.parquet")
    few = f"samples={tmp_path / 'few.parquet'}"
    with pytest.raises(InputError, match="19 movements; at least 20"):
        run(asked(tmp_path / "out", few, f"val_split={twelve_people / 'val'}"))
    assert not (tmp_path / "out").exists()


def test_samples_alone_need_people(tiny_data: Path, tmp_path: Path):
    with pytest.raises(InputError, match="val_split: name the people"):
        run(asked(tmp_path, f"samples={tiny_data / 'train.parquet'}"))


@pytest.mark.slow
def test_gestures_held_out_of_training(tmp_path, tiny_settings, tiny_data):
    """Judged by gestures of the train people that training left out; the rest is what it may copy."""
    held_out = train(tiny_settings(tmp_path, "data.held_out_share=0.3", "optim.max_steps=2"))
    given = [
        f"ckpt={held_out}", "unseen=gestures", "metrics=[mmd]", "references=[]", "n=30", "steps=2",
        "replicates=0", "permutations=0", "feature_mode=kinematic", "report=false", "device=cpu",
        f"out_dir={tmp_path / 'out'}",
    ]  # fmt: skip
    run(settings_from("diffusion/eval", EvalSettings, given))
    done = EvaluationRun.load(tmp_path / "out")
    whole = load_split(tiny_data / "train")
    learned, left_out = held_out_gestures(len(whole), 0.3)
    assert len(left_out) == round(0.3 * len(whole))
    assert not set(learned) & set(left_out)
    assert set(done.features("people").user) <= set(whole.user)


def test_held_out_gestures_need_to_have_been_held_out(tmp_path, tiny_checkpoint):
    given = [f"ckpt={tiny_checkpoint}", "unseen=gestures", f"out_dir={tmp_path}", "device=cpu"]
    with pytest.raises(InputError, match=r"unseen=gestures: .* data\.held_out_share"):
        run(settings_from("diffusion/eval", EvalSettings, given))
