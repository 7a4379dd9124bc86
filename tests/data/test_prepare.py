import json
import resource
import subprocess
import sys
from zlib import crc32

import pytest
import torch

from humouse.data import prepare as preparing
from humouse.data.prepare import Prepared, load_split, prepare
from humouse.data.prepared import origin_of, split_file
from humouse.data.sources import make_source
from humouse.data.splits import SPLITS
from humouse.errors import InputError
from humouse.files import sha256
from humouse.gestures import GestureRules
from humouse.settings import PrepareSettings
from humouse.settings.compose import settings_from
from humouse.trajectories import concatenate

HEADER = "client timestamp,button,state,x,y\n"


def session(path, gestures, start_ms=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    left = (
        crc32(f"{path.parent.name}/{path.name}".encode()) % 9999
    )  # nobody begins where another does
    rows = [
        f"{start_ms + 1000 * g + 17 * i},NoButton,Move,{left + 7 * i},{g}"
        for g in range(gestures)
        for i in range(20)
    ]
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))


@pytest.fixture
def root(tmp_path):
    """Five people with recordings, one whose file is empty, and one who never moved enough."""
    for user in range(5):
        session(tmp_path / f"raw/user{user}/session_1min.csv", gestures=3 + user)
        session(tmp_path / f"raw/user{user}/session_3min.csv", gestures=2)
    (tmp_path / "raw/user8").mkdir()
    (tmp_path / "raw/user8/session_1min.csv").touch()
    session(tmp_path / "raw/user9/session_1min.csv", gestures=0)
    with open(tmp_path / "raw/user9/session_1min.csv", "a") as file:
        file.write("5,NoButton,Move,1,1\n6,NoButton,Move,NaN,1\n7,NoBut")
    return tmp_path / "raw"


def run(root, out, **changes):
    settings = {"rules": GestureRules(), "seed": 1, **changes}
    return prepare(make_source("sapimouse", root=root), out_dir=out, **settings)


def test_the_manifest_tells_what_was_read_kept_and_dropped(root, tmp_path):
    calls = []
    prepared = run(root, tmp_path / "out", progress=lambda done, total: calls.append((done, total)))
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest == prepared.manifest == Prepared.load(tmp_path / "out").manifest
    assert manifest["counts"] == {
        "files": 12,
        "events": 20 * (25 + 10) + 1,
        "rows_dropped": {"not finite": 1, "unreadable": 1},
        "rows_repaired": {},
        "events_merged": 0,
        "events_still": 0,
        "gestures": 35,
        "gestures_dropped": {"few events": 1},
    }
    assert manifest["moving_ms"] == {"kept": 35 * 19 * 17.0, "found": 35 * 19 * 17.0}
    assert manifest["users_without_gestures"] == ["user8", "user9"]
    assert manifest["files_without_events"] == ["user8/session_1min.csv"]
    assert manifest["synthetic"] is False
    assert manifest["rules"]["gap_ms"] == 200
    first = manifest["files"][0]
    assert first == {
        "name": "user0/session_1min.csv",
        "sha256": sha256(root / "user0/session_1min.csv"),
        "events": 60,
    }
    for name in SPLITS:
        assert manifest["splits"][name]["sha256"] == sha256(tmp_path / f"out/{name}.parquet")
    assert calls == [(done, 12) for done in range(1, 13)]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "manifest.json",
        *(f"{name}.parquet" for name in ("test", "train", "val")),
    ]
    for words in (
        "1 not finite, 1 unreadable",
        "user8, user9",
        "user8/session_1min.csv",
        "35 gest",
        "100.0% of the time in motion kept",
    ):
        assert words in prepared.summary()


def test_splits_hold_every_gesture_of_their_people_and_of_nobody_else(root, tmp_path):
    prepared = run(root, tmp_path / "out")
    parts = {name: prepared.split(name) for name in SPLITS}
    for name, part in parts.items():
        assert part.user is not None
        assert set(part.user) == set(prepared.manifest["splits"][name]["users"])
        assert len(part) == prepared.manifest["splits"][name]["gestures"]
        assert part.origin == "sapimouse"
    everything = concatenate(list(parts.values()))
    assert everything.user is not None
    assert sorted(everything.user) == sorted(f"user{u}" for u in range(5) for _ in range(5 + u))
    assert torch.equal(everything.deltas.unique(dim=0), torch.tensor([[[7.0, 0, 17]] * 19]))


def test_a_second_run_reuses_and_says_so(root, tmp_path):
    first = run(root, tmp_path / "out")
    before = (tmp_path / "out/train.parquet").stat().st_mtime_ns
    second = run(root, tmp_path / "out")
    assert (first.reused, second.reused) == (False, True)
    assert "reused" in second.summary()
    assert (tmp_path / "out/train.parquet").stat().st_mtime_ns == before
    assert second.manifest == first.manifest


@pytest.mark.slow
def test_the_hash_is_the_same_elsewhere(root, tmp_path):
    first = run(root, tmp_path / "out")
    root.rename(tmp_path / "moved")
    second = run(tmp_path / "moved", tmp_path / "other")
    assert second.sha256 == first.sha256
    assert run(tmp_path / "moved", tmp_path / "out").reused


def changed_file(root, out):
    session(root / "user1/session_1min.csv", gestures=4, start_ms=1)


def added_file(root, out):
    session(root / "user1/session_2min.csv", gestures=1)


def removed_file(root, out):
    (root / "user1/session_3min.csv").unlink()


def damaged_split(root, out):
    content = (out / "val.parquet").read_bytes()
    (out / "val.parquet").write_bytes(content[:-9])


def missing_split(root, out):
    (out / "test.parquet").unlink()


def damaged_manifest(root, out):
    content = (out / "manifest.json").read_text()
    (out / "manifest.json").write_text(content[: len(content) // 2])


def edited_manifest(root, out):
    content = (out / "manifest.json").read_text()
    (out / "manifest.json").write_text(content.replace('"gap_ms": 200', '"gap_ms": 201'))


@pytest.mark.parametrize(
    "happens",
    [
        changed_file,
        damaged_split,
        edited_manifest,
        *(
            pytest.param(one, marks=pytest.mark.slow)
            for one in (added_file, removed_file, missing_split, damaged_manifest)
        ),
    ],
)
def test_data_are_prepared_again_after(happens, root, tmp_path):
    run(root, tmp_path / "out")
    happens(root, tmp_path / "out")
    again = run(root, tmp_path / "out")
    assert not again.reused
    assert again.is_whole()
    assert run(root, tmp_path / "out").reused


@pytest.mark.parametrize(
    "change",
    [{"seed": 2}, {"rules": GestureRules(gap_ms=300)}, {"val_fraction": 0.3}],
)
def test_other_settings_prepare_again(change, root, tmp_path):
    run(root, tmp_path / "out")
    assert not run(root, tmp_path / "out", **change).reused


def test_one_person_at_a_time_in_small_parts_gives_the_same_data(root, tmp_path, monkeypatch):
    whole = run(root, tmp_path / "whole")
    monkeypatch.setattr("humouse.data.prepare._STEPS_A_PART", 1)
    assert run(root, tmp_path / "parts").sha256 == whole.sha256


def test_the_embedded_population_prepares_and_says_that_it_is_synthetic(tmp_path):
    source = make_source("humouse_default", users=5, gestures_per_user=10)
    prepared = prepare(source, out_dir=tmp_path, rules=GestureRules())
    assert prepared.synthetic
    assert load_split(tmp_path / "val").origin == "humouse_default (synthetic)"
    assert "synthetic" in prepared.summary()
    assert prepare(source, out_dir=tmp_path, rules=GestureRules()).reused
    other = make_source("humouse_default", users=5, gestures_per_user=10, seed=1)
    assert not prepare(other, out_dir=tmp_path, rules=GestureRules()).reused


def test_load_split_takes_the_stem_or_the_file_and_tells_how_to_prepare(root, tmp_path):
    run(root, tmp_path / "out")
    stem, file = load_split(tmp_path / "out/val"), load_split(tmp_path / "out/val.parquet")
    assert torch.equal(stem.deltas, file.deltas)
    with pytest.raises(InputError, match="humouse data prepare"):
        load_split(tmp_path / "nowhere/val")
    with pytest.raises(InputError, match="humouse data prepare"):
        Prepared.load(tmp_path / "nowhere")
    (tmp_path / "out/val.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(InputError, match=r"val\.parquet"):
        load_split(tmp_path / "out/val")


def test_no_gesture_at_all_says_what_was_dropped(root, tmp_path):
    with pytest.raises(InputError, match=r"not one gesture.*few events"):
        run(root, tmp_path / "out", rules=GestureRules(min_events=50))
    assert not (tmp_path / "out/manifest.json").exists()


def test_an_output_that_cannot_be_written_is_named(root, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file"):
        run(root, tmp_path / "file/out")


@pytest.mark.slow  # starts a process; the next one does not
def test_a_disk_that_fills_up_leaves_the_old_data_whole(root, tmp_path):
    run(root, tmp_path / "out")
    session(root / "user1/session_2min.csv", gestures=200)
    code = (
        "import sys\n"
        "from humouse.gestures import GestureRules\n"
        "from humouse.data.prepare import prepare\n"
        "from humouse.data.sources import make_source\n"
        "from humouse.errors import InputError\n"
        "try:\n"
        "    prepare(make_source('sapimouse', root=sys.argv[1]), out_dir=sys.argv[2],"
        " rules=GestureRules(), seed=1)\n"
        "except InputError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(root), str(tmp_path / "out")],
        capture_output=True,
        text=True,
        # No file may grow beyond 2 kB: every larger write fails, as on a full disk.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)),
        check=False,
    )
    assert "cannot be written" in done.stdout, done.stderr
    assert Prepared.load(tmp_path / "out").is_whole()
    assert not list((tmp_path / "out").glob(".*"))


@pytest.mark.parametrize(
    "last",
    [
        "manifest.json",
        *(
            pytest.param(f"{name}.parquet", marks=pytest.mark.slow)
            for name in ("train", "val", "test")
        ),
    ],
)
def test_a_disk_that_fills_up_late_leaves_the_old_data_whole(
    root, tmp_path, monkeypatch, small_disk, last
):
    before = run(root, tmp_path / "out")

    def full_at_last(name):
        write = getattr(preparing, name)

        def written(path, *rest):
            if path.name != last:
                return write(path, *rest)
            with small_disk(100):
                return write(path, *rest)

        monkeypatch.setattr(preparing, name, written)

    full_at_last("_write_split")
    full_at_last("write_json")
    with pytest.raises(InputError, match="cannot be written"):
        run(root, tmp_path / "out", seed=2)
    after = Prepared.load(tmp_path / "out")
    assert after.manifest == before.manifest
    assert after.is_whole()
    assert not list((tmp_path / "out").glob(".*"))


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_named(root, tmp_path, seed):
    with pytest.raises(InputError, match=rf"split\.seed={seed}"):
        run(root, tmp_path / "out", seed=seed)
    assert not (tmp_path / "out").exists()


def test_people_named_by_a_column_are_listed_where_they_made_no_gesture(tmp_path):
    rows = [f"{10 * i},{20 * i},{i * ord(user)},{user}" for user in "abcde" for i in range(40)]
    (tmp_path / "log.csv").write_text("\n".join(["t,x,y,who", *rows, "1,2,3,still"]))
    columns = {"t": "t", "x": "x", "y": "y", "user": "who"}
    source = make_source("csv", root=tmp_path / "log.csv", columns=columns)
    prepared = prepare(source, out_dir=tmp_path / "out", rules=GestureRules())
    assert prepared.manifest["users_without_gestures"] == ["still"]


def test_time_in_motion_that_is_dropped_is_counted(root, tmp_path):
    """The short movement of 3 points lasts 40 ms, of which it moves in 20."""
    with open(root / "user0/session_1min.csv", "a") as file:
        file.write("90000,NoButton,Move,1,1\n90020,NoButton,Move,4,1\n90040,NoButton,Move,4,1\n")
    few = run(root, tmp_path / "few").manifest["moving_ms"]
    assert few == {"kept": 35 * 19 * 17.0, "found": 35 * 19 * 17.0 + 20}
    every = run(root, tmp_path / "every", rules=GestureRules(min_events=3, min_distance_px=3.0))
    assert every.manifest["moving_ms"] == {"kept": few["found"], "found": few["found"]}


@pytest.mark.realdata
def test_every_movement_of_sapimouse_is_kept(recordings, tmp_path):
    """gestures=every: 97% of what has three points, 95% of the time in motion."""
    source = make_source("sapimouse", root=recordings / "sapimouse")
    rules = GestureRules(
        **vars(settings_from("prepare", PrepareSettings, ["gestures=every"]).gestures)
    )
    manifest = prepare(source, out_dir=tmp_path, rules=rules, seed=1337).manifest
    kept, time_ms = manifest["counts"]["gestures"], manifest["moving_ms"]
    assert kept / (kept + manifest["counts"]["gestures_dropped"]["short path"]) > 0.97
    assert time_ms["kept"] / time_ms["found"] > 0.95
    assert manifest["counts"]["gestures_dropped"].get("many events", 0) == 0


@pytest.mark.realdata
def test_sapimouse_prepares(recordings, tmp_path):
    source = make_source("sapimouse", root=recordings / "sapimouse")
    prepared = prepare(source, out_dir=tmp_path, rules=GestureRules(), seed=1337)
    counts = prepared.manifest["counts"]
    assert counts["files"] == 196
    assert counts["events"] + sum(counts["rows_dropped"].values()) == 943_856
    assert (counts["rows_dropped"], counts["rows_repaired"]) == ({}, {"sorted": 4})
    assert 20_000 < counts["gestures"] < 30_000
    splits = [prepared.split(name) for name in SPLITS]
    users = [set(split.user) for split in splits if split.user is not None]
    assert len(set.union(*users)) == sum(map(len, users)) == 98
    for split in splits:
        steps = split.deltas[split.mask]
        assert (steps[:, 2] > 0).all()
        assert torch.equal(steps, steps.round())
        assert split.lengths.min() >= 12
        assert (split.path_px > 19.99).all()


def test_what_identifies_a_split(root, tmp_path):
    prepared = run(root, tmp_path / "out")
    split = tmp_path / "out" / "val"
    file = split.with_suffix(".parquet")
    origin = origin_of(split)
    assert split_file(split) == split_file(file) == file
    assert origin == origin_of(str(file))
    assert (origin["path"], origin["sha256"]) == (str(file), sha256(file))
    assert origin["sha256"] == prepared.manifest["splits"]["val"]["sha256"]
    # The hash stands for the list of files, which may be long.
    listed = {"files": prepared.manifest["files"], **origin["manifest"]}
    assert listed == prepared.manifest
    assert "files" not in origin["manifest"]
    assert json.loads(json.dumps(origin)) == origin


def test_a_split_without_a_manifest(root, tmp_path):
    run(root, tmp_path / "out")
    alone = tmp_path / "alone.parquet"
    alone.write_bytes((tmp_path / "out/val.parquet").read_bytes())
    assert origin_of(alone) == {"path": str(alone), "sha256": sha256(alone)}
    with pytest.raises(InputError, match=r"gone.parquet: no such split"):
        origin_of(tmp_path / "gone")
    (tmp_path / "out" / "manifest.json").write_text("{")
    with pytest.raises(InputError, match=r"manifest\.json: not readable as JSON"):
        origin_of(tmp_path / "out" / "val")


def test_copies_under_another_name_are_left_out_and_named(root, tmp_path):
    copied = (root / "user1/session_1min.csv").read_text()
    (root / "user1b").mkdir()
    (root / "user1b/session_1min.csv").write_text(copied)
    prepared = run(root, tmp_path / "out")
    assert prepared.manifest["counts"]["gestures_dropped"]["copy"] == 4
    assert "user1b" in prepared.manifest["users_without_gestures"]
    (warning,) = prepared.manifest["warnings"]
    assert warning["files"] == ["user1b/session_1min.csv"]
    assert "one person under two names?" in prepared.summary()


def test_one_person_is_divided_by_time_and_the_summary_says_so(root, tmp_path):
    source = make_source("sapimouse", root=root, pattern="user4/*.csv")
    with pytest.raises(InputError, match=r"split\.by=time"):
        prepare(source, out_dir=tmp_path / "out", rules=GestureRules())
    prepared = prepare(source, out_dir=tmp_path / "out", rules=GestureRules(), by="time")
    splits = prepared.manifest["splits"]
    assert [splits[name]["gestures"] for name in SPLITS] == [5, 2, 2]
    assert all(split["users"] == ["user4"] for split in splits.values())
    assert "the same people are in train, val and test" in prepared.summary()
