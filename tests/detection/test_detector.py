"""A detector from training to a decision, through files alone."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
import torch

from humouse.commands.detect_calibrate import run as calibrate
from humouse.commands.detect_score import run as score
from humouse.commands.detect_train import run as train
from humouse.data.prepared import load_split
from humouse.detection.detector import Detector
from humouse.detection.names import BOT, UNUSABLE
from humouse.detection.samples.negatives import make_family
from humouse.detection.samples.sources import negative_sources
from humouse.errors import InputError
from humouse.settings import DetectCalibrateSettings, DetectScoreSettings, DetectTrainSettings
from humouse.settings.compose import settings_from
from humouse.trajectories import Trajectories, concatenate

_PLACE = ("movement", "row", "start")


def bots(people: Trajectories, n: int = 60) -> Trajectories:
    return make_family("function", negative_sources(["function"]), people, n, seed=5).movements


@pytest.fixture(scope="module")
def detector(many_gestures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector on disk, of trees alone, that knows one family; one's own bots were held out."""
    folder = tmp_path_factory.mktemp("detector") / "small"
    bots(load_split(many_gestures / "train")).save(folder.parent / "ours.parquet")
    overrides = [
        f"dir={many_gestures}",
        f"out_dir={folder}",
        "n=400",
        "looks=2",
        "calibration_share=0.4",
        "detectors=[boosting]",
        "mixture={composed:1,function:1}",
        f"bots.files={{ours:{folder.parent / 'ours.parquet'}}}",
        "bots.held_out=[ours]",
    ]
    train(settings_from("detect/train", DetectTrainSettings, overrides))
    return folder


def settings(*overrides: str) -> DetectScoreSettings:
    return settings_from("detect/score", DetectScoreSettings, list(overrides))


def test_it_is_saved_without_pickle(detector):
    assert {path.name for path in detector.iterdir()} == {"boosting.onnx", "detector.json"}
    content = json.loads((detector / "detector.json").read_text())
    assert content["provenance"]["command"].startswith("humouse detect train dir=")
    assert content["provenance"]["people"][0]["sha256"]


def test_bots_are_called_bots_and_people_are_not(detector, many_gestures, tmp_path):
    people = load_split(many_gestures / "val")
    decisions = {}
    for name, movements in (("people", people), ("bots", bots(people))):
        movements.save(tmp_path / f"{name}.parquet")
        out = tmp_path / f"{name}.csv"
        given = (f"detector={detector}", f"movements={tmp_path / name}.parquet", f"out={out}")
        score(settings(*given, "reasons=3"))
        decisions[name] = pl.read_csv(out)
    assert (decisions["bots"]["verdict"] == BOT).mean() > 0.3
    assert (decisions["people"]["verdict"] == BOT).mean() < 0.05
    assert decisions["people"]["user"].to_list() == people.user.tolist()
    flagged = decisions["bots"].filter(pl.col("verdict") == BOT)
    assert all(1 <= len(line.split("; ")) <= 3 for line in flagged["reasons"])
    assert decisions["bots"]["probability"].is_between(0, 1).all()
    last = decisions["people"].group_by("user").agg(pl.last("session_verdict"))
    assert (last["session_verdict"] != BOT).all()
    counts = decisions["people"].group_by("user").agg(pl.max("session_movement"), n=pl.len())
    assert counts["session_movement"].equals(counts["n"].cast(pl.Int64))


@pytest.mark.slow
def test_a_log_of_ones_own_is_scored_as_the_movements_in_it(detector, many_gestures, tmp_path):
    people = load_split(many_gestures / "val")
    people.save(tmp_path / "people.parquet")
    log = people.to_frame().rename({"t_ms": "time", "x_px": "x", "y_px": "y", "user": "who"})
    log.with_columns(pl.col("time") / 1000).write_csv(tmp_path / "log.csv")
    names = ("columns.t=time", "columns.x=x", "columns.y=y", "columns.user=who", "time_unit=s")
    answers = []
    for file, more in (("people.parquet", ()), ("log.csv", names)):
        out = tmp_path / f"{file}.decisions.csv"
        given = (f"detector={detector}", f"movements={tmp_path / file}", f"out={out}", "reasons=0")
        score(settings(*given, *more))
        answers.append(pl.read_csv(out))
    # The same decisions; each stands where it stands in its own file.
    both = [one.drop(*_PLACE, "user") for one in answers]
    assert both[0].equals(both[1])
    assert answers[0]["row"].to_list() == list(range(len(people)))
    points = (people.lengths + 1).tolist()
    assert answers[1]["row"].to_list() == [sum(points[:k]) for k in range(len(points))]
    assert answers[1]["movement"].to_list() == list(range(len(people)))
    assert answers[1]["start"].to_list() == [0.0] * len(people)


def test_a_decision_says_where_its_movement_stands(detector, many_gestures, tmp_path):
    """In a stream of two people that is cut into gestures, and in a file of named movements."""
    people = load_split(many_gestures / "val")[:4]
    began = 1.7e12
    log = people.to_frame().with_columns(
        pl.col("t_ms").cast(float) + began + 60_000 * pl.col("movement")
    )
    short = {"movement": [9, 9], "user": ["z", "z"], "t_ms": [began] * 2, "x_px": [1.0, 2.0]}
    log = pl.concat([pl.DataFrame({**short, "y_px": [0.0, 0.0]}), log], how="vertical_relaxed")
    named = log.with_columns(movement="m" + pl.col("movement").cast(pl.String))
    named = pl.concat([named, named[-1:].with_columns(movement=pl.lit("lone"))])
    still = named[-2:].with_columns(
        pl.col("t_ms") + pl.Series([9e5, 9e5 + 30]), movement=pl.lit("still")
    )
    named = pl.concat([named, still.with_columns(x_px=pl.lit(5.0), y_px=pl.lit(5.0))])
    names = ["columns.t=t_ms", "columns.user=user", f"detector={detector}", "reasons=2"]
    answers = {}
    for how, table, column in (("cut", log, "null"), ("named", named, "movement")):
        table.write_csv(tmp_path / f"{how}.csv")
        out = f"out={tmp_path / how}.parquet"
        score(
            settings(f"movements={tmp_path / how}.csv", f"columns.movement={column}", *names, out)
        )
        answers[how] = pl.read_parquet(tmp_path / f"{how}.parquet")
    for how, table in (("cut", log), ("named", named)):
        said = answers[how]
        assert said["row"].is_sorted()
        for row in said.iter_rows(named=True):
            assert table["t_ms"][row["row"]] == row["start"]
            assert table["user"][row["row"]] == row["user"]
    cut = answers["cut"]
    assert cut["verdict"].to_list()[0] == UNUSABLE
    assert cut["reasons"][0] == "fewer than 13 points between two pauses"
    assert cut["probability"].null_count() == 1
    assert len(cut) == 5
    said = answers["named"]
    assert said["movement"].to_list() == ["m9", "m0", "m1", "m2", "m3", "lone", "still"]
    lone, nowhere = said.filter(pl.col("verdict") == UNUSABLE)["reasons"]
    assert lone.startswith("a single point")
    assert nowhere.startswith("it goes nowhere")
    assert said.filter(pl.col("movement").is_in(["m0", "m3"]))["probability"].null_count() == 0


def test_places_travel_through_a_file(many_gestures, tmp_path):
    points = load_split(many_gestures / "val")[:3].to_frame()
    moves = Trajectories.from_points(points, movement="movement", user="user")
    moves[[2, 0]].save(tmp_path / "moves.parquet")
    again = Trajectories.load(tmp_path / "moves.parquet")
    assert again.places is not None
    assert again.places.movement.tolist() == ["2", "0"]
    assert again.places.row.tolist() == [points["movement"].to_list().index(2), 0]
    pl.read_parquet(tmp_path / "moves.parquet").drop("start_t", "start_row").write_parquet(
        tmp_path / "theirs.parquet"
    )
    theirs = Trajectories.load(tmp_path / "theirs.parquet").places
    assert theirs is not None
    assert (theirs.movement.tolist(), theirs.row.tolist()) == (["2", "0"], [0, 1])


def test_one_bad_movement_costs_no_other_its_answer(detector, tmp_path):
    """A point that is no number, a clock that runs backwards, two points; fractions are kept."""
    head = "movement,t,x_px,y_px,visit\n"
    good = [f"good,{16.7 * k:.1f},{0.5 * k * k:.2f},{3 * k},v1" for k in range(20)]
    bad = ["nan,0,1,1,v1", "nan,8,oops,2,v1", "back,9,1,1,v1", "back,3,5,5,v1"]
    two = ["two,0,0,0,v2", "two,20,9,9,v2"]
    (tmp_path / "log.csv").write_text(head + "\n".join([*bad, *good, *two]) + "\n")
    out = tmp_path / "said.csv"
    given = (f"detector={detector}", f"movements={tmp_path / 'log.csv'}", f"out={out}")
    score(settings(*given, "columns.session=visit"))
    said = pl.read_csv(out)
    assert said["movement"].to_list() == ["nan", "back", "good", "two"]
    assert said["row"].to_list() == [0, 2, 4, 24]
    assert said["session"].to_list() == ["v1", "v1", "v1", "v2"]
    unusable = said["verdict"] == UNUSABLE
    assert unusable.to_list() == [True, True, False, False]
    assert "not a finite number" in said["reasons"][0]
    assert "runs backwards" in said["reasons"][1]
    assert said["session_movement"].to_list()[2:] == [1, 1]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_and_a_byte_order_mark_are_read(detector, tmp_path, separator):
    rows = [separator.join(map(str, ("m", 16 * k, k * k, 2 * k))) for k in range(20)]
    head = separator.join(("movement", "t", "x_px", "y_px"))
    path = tmp_path / "log.csv"
    path.write_bytes("\n".join([head, *rows]).encode("utf-8-sig"))
    score(settings(f"detector={detector}", f"movements={path}", f"out={tmp_path / 'said.csv'}"))
    assert len(pl.read_csv(tmp_path / "said.csv")) == 1


@pytest.mark.slow
def test_a_remedy_that_is_named_works(detector, tmp_path):
    """Times in seconds, and columns of other names."""
    rows = [f"m,{0.0167 * k:.4f},{k * k},{2 * k}" for k in range(20)]
    path = tmp_path / "log.csv"
    path.write_text("movement,time,clientX,clientY\n" + "\n".join(rows))
    given = [f"detector={detector}", f"movements={path}", f"out={tmp_path / 'said.csv'}"]
    with pytest.raises(InputError, match=r"no column 't'.*columns\.t=NAME columns\.x=NAME"):
        score(settings(*given))
    given += ["columns.t=time", "columns.x=clientX", "columns.y=clientY"]
    with pytest.raises(InputError, match="give time_unit=s"):
        score(settings(*given))
    score(settings(*given, "time_unit=s"))
    assert pl.read_csv(tmp_path / "said.csv")["verdict"][0] != UNUSABLE


def test_a_detector_needs_nothing_but_its_folder(detector, many_gestures, tmp_path):
    shutil.copytree(detector, tmp_path / "moved")
    people = load_split(many_gestures / "val")[:9]
    there, here = (Detector.load(one).score(people) for one in (detector, tmp_path / "moved"))
    assert there.equals(here)


def test_a_movement_is_scored_alone_as_among_others(detector, many_gestures):
    people = load_split(many_gestures / "val")
    loaded = Detector.load(detector)
    together = loaded.score(concatenate([people, bots(people)]))
    alone = loaded.score(people[[3]])
    assert alone["boosting_score"][0] == pytest.approx(together["boosting_score"][3], abs=1e-6)


def test_one_s_own_people_make_a_detector_of_one_s_own(detector, many_gestures, tmp_path):
    people = load_split(many_gestures / "train")[:260]
    people.save(tmp_path / "ours.parquet")
    given = [f"detector={detector}", f"people={tmp_path / 'ours.parquet'}"]

    def made(name: str, *more: str) -> Detector:
        words = [*given, *more, f"out_dir={tmp_path / name}"]
        calibrate(settings_from("detect/calibrate", DetectCalibrateSettings, words))
        return Detector.load(tmp_path / name)

    own, kept = made("own"), made("kept", "keep=true", "name=site")
    assert [one.name for one in own.setups] == ["ours"]
    assert [one.name for one in kept.setups][-1] == "site"
    assert len(kept.setups) == 2
    further = own.score(load_split(many_gestures / "val"))
    assert (further["verdict"] == BOT).mean() < 0.06
    assert (own.score(bots(people))["verdict"] == BOT).mean() > 0.3


@pytest.mark.slow
def test_bots_among_the_people_calibrated_on_spoil_the_threshold(
    detector, many_gestures, tmp_path, capsys
):
    """1% is enough for a threshold of 1%; they are noticed where the detector knew them."""
    people = load_split(many_gestures / "train")[:260]
    some = bots(people, 40)
    caught = {}
    for share in (0, 40):
        mixed = concatenate([people[: 260 - share], some[:share]]) if share else people
        mixed.save(tmp_path / "mixed.parquet")
        words = [
            f"detector={detector}",
            f"people={tmp_path / 'mixed.parquet'}",
            f"out_dir={tmp_path / str(share)}",
        ]
        calibrate(settings_from("detect/calibrate", DetectCalibrateSettings, words))
        verdicts = Detector.load(tmp_path / str(share)).score(bots(people, 60))["verdict"]
        caught[share] = (verdicts == BOT).mean()
    assert caught[40] < caught[0] / 2
    assert "careful" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("n", "message"), [(150, "150 movements that can be used; 200 are needed"), (0, "no movement")]
)
def test_too_few_people_are_refused(detector, many_gestures, tmp_path, n, message):
    load_split(many_gestures / "train")[:n].save(tmp_path / "few.parquet")
    words = [f"detector={detector}", f"people={tmp_path / 'few.parquet'}", f"out_dir={tmp_path}/x"]
    with pytest.raises(InputError, match=message):
        calibrate(settings_from("detect/calibrate", DetectCalibrateSettings, words))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("detector=DETECTOR",), "movements: name the file"),
        (("detector=nowhere", "movements=MOVEMENTS"), "nowhere: no detector"),
        (("detector=DETECTOR", "movements=nowhere.parquet"), "nowhere"),
        (("detector=DETECTOR", "movements=MOVEMENTS", "false_positive_rate=0.5"), "0.5"),
        (("detector=DETECTOR", "movements=MOVEMENTS", "reasons=-1"), "reasons=-1"),
    ],
)
def test_bad_input_is_one_clear_error(detector, many_gestures, tmp_path, overrides, message):
    places = {
        "DETECTOR": str(detector),
        "MOVEMENTS": str(many_gestures / "val.parquet"),
    }
    given = []
    for word in overrides:
        key, value = word.split("=", 1)
        given.append(f"{key}={places.get(value, value)}")
    with pytest.raises(InputError, match=message) as caught:
        score(settings(*given, f"out={tmp_path / 'out.csv'}"))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out.csv").exists()


def test_a_changed_file_is_refused(detector, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(detector, copy)
    (copy / "boosting.onnx").write_bytes(b"other")
    with pytest.raises(InputError, match=r"boosting\.onnx: not the file"):
        Detector.load(copy)
    (copy / "boosting.onnx").unlink()
    with pytest.raises(InputError, match=r"boosting\.onnx: missing"):
        Detector.load(copy)
    with pytest.raises(InputError, match="no detector"):
        Detector.load(tmp_path)


@pytest.mark.parametrize("version", [1, 2])
def test_an_earlier_format_is_refused(detector, tmp_path, version):
    copy = tmp_path / "copy"
    shutil.copytree(detector, copy)
    content = json.loads((copy / "detector.json").read_text())
    (copy / "detector.json").write_text(json.dumps({**content, "format": version}))
    with pytest.raises(InputError, match=r"earlier format.*train the detector again"):
        Detector.load(copy)


def test_still_movements_alone_are_answered(detector):
    still = Trajectories(
        torch.zeros(3, 4, 3), torch.full((3,), 4), torch.zeros(3, 2), None, "still"
    )
    said = Detector.load(detector).score(still)
    assert said["verdict"].to_list() == [UNUSABLE] * 3


def test_a_rate_that_is_not_kept_is_refused(detector):
    with pytest.raises(InputError, match=r"choose 0\.01 or 0\.001"):
        Detector.load(detector).score(
            Trajectories(torch.ones(1, 4, 3), torch.full((1,), 4), torch.zeros(1, 2), None, "x"),
            false_positive_rate=0.5,
        )
