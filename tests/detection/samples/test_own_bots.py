"""One's own bots: what is trained on, what is kept apart, and what is refused."""

from pathlib import Path

import pytest

from humouse.bots import Line
from humouse.detection.samples.own_bots import OwnBots
from humouse.errors import InputError
from humouse.trajectories import Trajectories


@pytest.fixture(scope="module")
def people(tiny_data: Path) -> Trajectories:
    return Trajectories.load(tiny_data / "train.parquet")


@pytest.fixture(scope="module")
def files(people, tmp_path_factory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("bots")
    for name, n in (("ours", 100), ("theirs", 60), ("few", 49)):
        Line(people).sample(n, seed=1).save(folder / f"{name}.parquet")
    return {name: str(folder / f"{name}.parquet") for name in ("ours", "theirs", "few")}


def bytes_of(movements: Trajectories) -> list[bytes]:
    return [one.trimmed().deltas.numpy().tobytes() for one in movements]


def test_no_movement_is_both_trained_on_and_kept(files, people):
    named = {"ours": files["ours"]}
    own = OwnBots.read(named, [], seed=1)
    whole = bytes_of(Trajectories.load(files["ours"]))
    (source,) = own.sources["ours"]
    kept, seen = bytes_of(own.kept["ours"]), bytes_of(source.make(people, 60, 3, None))
    assert (len(kept), len(seen)) == (40, 60)
    assert sorted(kept + seen) == sorted(whole)
    assert bytes_of(OwnBots.read(named, [], seed=1).kept["ours"]) == kept
    assert bytes_of(OwnBots.read(named, [], seed=2).kept["ours"]) != kept


def test_more_are_made_by_taking_each_as_often_as_it_takes(files, people):
    (source,) = OwnBots.read({"ours": files["ours"]}, [], seed=1).sources["ours"]
    many = bytes_of(source.make(people, 150, 3, None))
    rounds = [many[:60], many[60:120], many[120:]]
    assert sorted(rounds[0]) == sorted(rounds[1])
    assert set(rounds[2]) <= set(rounds[0])
    assert rounds[0] != rounds[1]


def test_what_is_held_out_is_kept_whole_and_never_mixed_in(files):
    own = OwnBots.read({name: files[name] for name in ("ours", "theirs")}, ["theirs"], seed=1)
    assert set(own.sources) == {"ours"}
    assert len(own.kept["theirs"]) == 60
    assert own.mixed_into({"composed": 3.0, "wind": 1.0}) == {
        "composed": 3.0,
        "wind": 1.0,
        "ours": pytest.approx(0.4),
    }
    assert own.mixed_into({"composed": 1.0, "ours": 0.5})["ours"] == 0.5


@pytest.mark.parametrize(
    ("names", "held_out", "words"),
    [
        (["few"], [], r"bots\.files\.few: .*few\.parquet holds 49 movements; at least 50"),
        (["ours"], ["theirs"], r"bots\.held_out: theirs is not among bots\.files"),
    ],
)
def test_bad_files_are_named(files, names, held_out, words):
    with pytest.raises(InputError, match=words):
        OwnBots.read({name: files[name] for name in names}, held_out, seed=0)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("wind", "choose another name"),
        ("human", "choose another name"),
        ("a b", "name it in letters"),
    ],
)
def test_a_name_that_is_taken_is_refused(files, name, words):
    with pytest.raises(InputError, match=words):
        OwnBots.read({name: files["ours"]}, [], seed=0)


def test_a_missing_file_is_one_clear_error(tmp_path):
    with pytest.raises(InputError, match=r"none\.parquet") as caught:
        OwnBots.read({"ours": str(tmp_path / "none.parquet")}, [], seed=0)
    assert "\n" not in str(caught.value)
