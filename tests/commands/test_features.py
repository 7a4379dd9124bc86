"""`humouse features`: the table of a file's movements, the same however it is read and made."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from humouse.commands import features
from humouse.errors import InputError
from humouse.features import GROUPS, FeatureTable, feature_table
from humouse.movement_table import StoredMovements, write_table
from humouse.settings import FeaturesSettings
from humouse.settings.compose import settings_from
from humouse.steps import Steps

QUICK = ("kinematics", "timing")
MB = 1e6


def movements(n: int, *, longest: int = 12) -> StoredMovements:
    """Return movements of 2 to `longest` steps by five people, in whole px and ms."""
    rng = np.random.default_rng(n)
    lengths = rng.integers(2, longest + 1, n)
    steps = np.zeros((int(lengths.sum()), 3), np.float32)
    steps[:, :2] = rng.integers(-3, 12, (len(steps), 2))
    steps[:, 2] = rng.integers(7, 10, len(steps))
    user = np.array([f"user{k % 5}" for k in range(n)])
    return StoredMovements(steps, lengths, np.zeros((n, 2), np.float32), user, "synthetic")


def whole(made: StoredMovements, groups: tuple[str, ...]) -> FeatureTable:
    return feature_table(
        Steps.padded(made.steps, made.lengths, made.start, made.user), groups=groups
    )


def run(*overrides: str) -> None:
    features.run(settings_from("features", FeaturesSettings, list(overrides)))


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of 64 movements, so that a few make several."""
    monkeypatch.setattr(features, "_PART", 64)


def test_the_command_writes_what_the_library_computes(humouse: Callable, tmp_path: Path):
    made, out = movements(300), tmp_path / "features.parquet"
    write_table(tmp_path / "in.parquet", made)
    status, said, _ = humouse("features", f"movements={tmp_path / 'in.parquet'}", f"out={out}")
    assert status == 0
    groups = ("kinematics", "timing", "spectra", "coupling")
    expected = whole(made, groups)
    assert f"300 movements, {len(expected.names)} features of each: {out}" in said
    table = FeatureTable.load(out)
    assert np.array_equal(table.values, expected.values)
    assert (table.names, table.units) == (expected.names, expected.units)
    assert table.user is not None
    assert table.user.tolist() == made.user.tolist()
    rows = pl.read_parquet(out)
    assert rows["row"].to_list() == list(range(300))
    assert rows["movement"].to_list() == list(map(str, range(300)))
    assert sorted(os.listdir(tmp_path)) == ["features.parquet", "in.parquet"]


def test_a_table_of_points_gives_the_same_numbers(humouse: Callable, tmp_path: Path):
    """Rows without a name, and one movement that cannot be used, which is counted and said."""
    lines = ["movement,t,x_px,y_px"]
    for name in ("a", "b"):
        lines += [f"{name},{8 * k},{5 * k},{k * k}" for k in range(12)]
    lines += ["broken,0,1,1", "broken,8,,1"]
    (tmp_path / "in.csv").write_text("\n".join(lines))
    out = tmp_path / "features.parquet"
    status, said, _ = humouse(
        "features", f"movements={tmp_path / 'in.csv'}", f"out={out}", "groups=[timing,kinematics]"
    )
    assert status == 0
    assert "2 movements" in said
    assert "left out: 1 (" in said
    table = FeatureTable.load(out)
    assert table.user is None
    assert table.names == tuple(f.name for g in ("timing", "kinematics") for f in GROUPS[g])
    assert table["steps"].tolist() == [11, 11]
    rows = pl.read_parquet(out)
    assert rows["movement"].to_list() == ["a", "b"]
    assert rows["row"].to_list() == [0, 12]


def test_the_bytes_do_not_depend_on_workers_or_shards(small_parts: None, tmp_path: Path):
    made = movements(150)
    write_table(tmp_path / "whole.parquet", made)
    for number, (first, last) in enumerate(((0, 1), (1, 90), (90, 150))):
        write_table(tmp_path / "shards" / f"{number}.parquet", made.rows(slice(first, last)))
    tables = []
    for name, workers in (("whole.parquet", 1), ("whole.parquet", 2), ("shards", 1)):
        out = tmp_path / f"{len(tables)}.parquet"
        run(
            f"movements={tmp_path / name}",
            f"out={out}",
            f"workers={workers}",
            f"groups=[{','.join(QUICK)}]",
        )
        tables.append(out.read_bytes())
    assert len(set(tables)) == 1
    assert np.array_equal(FeatureTable.load(out).values, whole(made, QUICK).values)


def test_rows_that_cannot_be_used_are_left_out_and_said(
    small_parts: None, tmp_path: Path, capsys: pytest.CaptureFixture
):
    made, path, out = movements(200), tmp_path / "in.parquet", tmp_path / "out.parquet"
    write_table(path, made)
    frame = pl.read_parquet(path).with_row_index()
    start = pl.when(pl.col("index").is_in([3, 70])).then(None).otherwise("start_x_px")
    none = pl.col("dx_px").list.head(0)
    lists = [
        pl.when(pl.col("index") == 5).then(none).otherwise(name).alias(name)
        for name in ("dx_px", "dy_px", "dt_ms")
    ]
    frame.with_columns(start.alias("start_x_px"), *lists).drop("index").write_parquet(path)
    run(f"movements={path}", f"out={out}", "groups=[kinematics]", "workers=1")
    said = capsys.readouterr().out
    assert "197 movements" in said
    assert "left out: 2 (no start or no steps), 1 (no steps)" in said
    kept = np.setdiff1d(np.arange(200), [3, 5, 70])
    assert pl.read_parquet(out)["row"].to_list() == kept.tolist()
    table = FeatureTable.load(out)
    assert np.array_equal(table.values, whole(made.rows(kept), ("kinematics",)).values)


def test_a_run_that_ends_early_goes_on(
    small_parts: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
):
    made, out = movements(150), tmp_path / "out.parquet"
    write_table(tmp_path / "in.parquet", made)
    words = (f"movements={tmp_path / 'in.parquet'}", "groups=[timing]", "workers=1")
    run(*words, f"out={tmp_path / 'other.parquet'}")
    computed: list[int] = []
    real = features._features

    def interrupted(groups: tuple[str, ...], job: tuple[int, StoredMovements]) -> np.ndarray:
        computed.append(job[0])
        if len(computed) == 3:
            raise KeyboardInterrupt
        return real(groups, job)

    monkeypatch.setattr(features, "_features", interrupted)
    out.write_bytes(b"an earlier table")
    with pytest.raises(KeyboardInterrupt, match=r"128 of 150 movements are kept"):
        run(*words, f"out={out}")
    assert out.read_bytes() == b"an earlier table"
    run(*words, f"out={out}")
    assert computed == [0, 1, 2, 2]
    assert "going on after 128 of 150 movements" in capsys.readouterr().out
    assert out.read_bytes() == (tmp_path / "other.parquet").read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_damage_further_on_leaves_the_earlier_table(tmp_path: Path):
    folder, out = tmp_path / "shards", tmp_path / "out.parquet"
    write_table(folder / "a.parquet", movements(9))
    words = (f"movements={folder}", f"out={out}", "groups=[timing]")
    run(*words)
    before = out.read_bytes()
    pl.DataFrame({"user": ["a"], "dx_px": ["no steps"]}).write_parquet(folder / "b.parquet")
    with pytest.raises(InputError, match=r"b\.parquet: not a readable file of trajectories"):
        run(*words)
    assert out.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "movements: name the file, as in humouse features movements=theirs.parquet"),
        (("movements=nowhere.parquet",), "nowhere.parquet: no such file"),
        (("movements=empty.parquet",), "empty.parquet: holds no movement"),
        (("movements=empty.csv",), "empty.csv: empty"),
        (("movements=.",), "a folder without"),
        (("movements=still.parquet",), "no movement can be used: 3 (no steps)"),
        (("movements=in.parquet", "groups=[kinematic]"), "did you mean kinematics"),
        (("movements=in.parquet", "groups=[]"), "groups=[]: name at least one"),
        (("movements=in.parquet", "workers=0"), "workers=0: must be at least 1"),
        (("movements=in.parquet", "out=x.csv"), "name it x.parquet"),
        (("movements=in.parquet", "out=in.parquet/x.parquet"), "cannot be written"),
    ],
)
def test_bad_input_is_one_line(
    humouse: Callable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    said: str,
):
    monkeypatch.chdir(tmp_path)
    if words[:1] != ("movements=.",):
        made = movements(3)
        write_table("in.parquet", made)
        write_table("empty.parquet", made.rows(slice(0, 0)))
        still = made._replace(steps=made.steps[:0], lengths=np.zeros(3, np.int64))
        write_table("still.parquet", still)
        Path("empty.csv").write_text("")
    before = sorted(os.listdir())
    status, _, err = humouse("features", *words)
    assert status == 2
    assert said in err
    assert "Traceback" not in err
    assert sorted(os.listdir()) == before


# Not `ru_maxrss`, which begins at the most that the parent has taken.
_CHILD = """
import sys
from pathlib import Path
from humouse.commands.features import run
from humouse.settings import FeaturesSettings
from humouse.settings.compose import settings_from
def most_kb():
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
import torch
before = most_kb()
run(settings_from("features", FeaturesSettings, sys.argv[1:]))
print(most_kb() - before)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path: Path):
    """The features alone of 180,000 more movements would take 20 MB, their steps as much."""
    taken = []
    for n in (20_000, 200_000):
        write_table(tmp_path / f"{n}.parquet", movements(n, longest=5))
        given = [f"movements={tmp_path / f'{n}.parquet'}", f"out={tmp_path / 'out.parquet'}"]
        command = [sys.executable, "-c", _CHILD, *given, "groups=[timing]", "workers=1"]
        child = subprocess.run(command, capture_output=True, text=True, check=True)
        taken.append(int(child.stdout.split()[-1]) * 1024)
    assert taken[1] - taken[0] < 20 * MB, taken


@pytest.mark.slow
def test_killed_it_leaves_no_part_of_a_table_and_goes_on(tmp_path: Path):
    out = tmp_path / "out.parquet"
    write_table(tmp_path / "in.parquet", movements(60_000, longest=5))
    given = [f"movements={tmp_path / 'in.parquet'}", "groups=[kinematics,timing]", "workers=1"]
    child = subprocess.Popen([sys.executable, "-c", _CHILD, *given, f"out={out}"])
    try:
        while len(list(tmp_path.glob(".out.parquet.parts/.partial-*/*.part"))) < 2:
            assert child.poll() is None, "ended before it could be killed"
            time.sleep(0.002)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert not out.exists()
    again = subprocess.run(
        [sys.executable, "-c", _CHILD, *given, f"out={out}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "going on after" in again.stdout
    run(*given, f"out={tmp_path / 'whole.parquet'}")
    assert out.read_bytes() == (tmp_path / "whole.parquet").read_bytes()
