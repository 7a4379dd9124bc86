"""`humouse detect score` on large files: read and answered in parts, whole or not at all."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from humouse.commands.detect_score import run
from humouse.detection.detector import Detector
from humouse.errors import InputError
from humouse.movement_table import StoredMovements, write_table
from humouse.points import Places
from humouse.settings import DetectScoreSettings
from humouse.settings.compose import settings_from
from humouse.steps import Steps

MB = 1e6


def short_movements(n: int, longest: int = 12) -> StoredMovements:
    """Return curved movements of 4 to `longest` steps by five people, a few of which stand still."""
    rng = np.random.default_rng(n)
    lengths = rng.integers(4, longest + 1, n)
    steps = np.zeros((int(lengths.sum()), 3), np.float32)
    steps[:, :2] = rng.integers(-3, 12, (len(steps), 2))
    steps[:, 2] = rng.integers(7, 10, len(steps))
    steps[np.repeat(np.arange(n) % 500 == 7, lengths), :2] = 0
    user = np.array([f"user{k % 5}" for k in range(n)])
    return StoredMovements(steps, lengths, np.zeros((n, 2), np.float32), user, "synthetic")


def score(*overrides: str) -> None:
    run(settings_from("detect/score", DetectScoreSettings, list(overrides)))


def test_the_answer_does_not_depend_on_shards_row_groups_or_workers(tmp_path):
    n = 4600  # more than one piece, and more than one batch of the reader
    made = short_movements(n)
    write_table(tmp_path / "whole.parquet", made)
    shards = tmp_path / "shards"
    for number, (first, last) in enumerate(((0, 1), (1, 1700), (1700, 4099), (4099, n))):
        write_table(shards / f"{number}.parquet", made.rows(slice(first, last)))
    pl.read_parquet(tmp_path / "whole.parquet").write_parquet(
        tmp_path / "groups.parquet", row_group_size=333
    )
    answers = {}
    for name, workers in (("whole.parquet", 1), ("shards", 3), ("groups.parquet", 2)):
        out = tmp_path / f"{workers}.parquet"
        score(f"movements={tmp_path / name}", f"out={out}", "reasons=2", f"workers={workers}")
        answers[name] = out.read_bytes()
    assert len(set(answers.values())) == 1
    said = pl.read_parquet(tmp_path / "1.parquet")
    assert said["row"].to_list() == list(range(n))
    assert said["user"].to_list() == made.user.tolist()
    still = said["verdict"] == "unusable"
    assert still.arg_true().to_list() == list(range(7, n, 500))
    # What the library says of the same movements at once.
    movements = Steps.padded(made.steps, made.lengths, made.start, made.user)
    assert said.equals(Detector.load().score(movements, reasons=2))


def test_rows_stand_as_in_each_file_also_those_left_out(tmp_path):
    """In a folder, of which a shard has a damaged row."""
    folder = tmp_path / "shards"
    made = short_movements(20)
    write_table(folder / "a.parquet", made.rows(slice(0, 10)))
    write_table(folder / "b.parquet", made.rows(slice(10, 20)))
    damaged = pl.read_parquet(folder / "a.parquet").with_row_index()
    start = pl.when(pl.col("index") == 3).then(None).otherwise("start_x_px")
    damaged.with_columns(start_x_px=start).drop("index").write_parquet(folder / "a.parquet")
    score(f"movements={folder}", f"out={tmp_path / 'said.csv'}")
    said = pl.read_csv(tmp_path / "said.csv")
    assert said["row"].to_list() == list(range(20))
    assert said["movement"].to_list() == list(range(20))
    assert said["user"].to_list() == made.user.tolist()
    assert said["reasons"][3] == "no start or no steps"
    assert said["verdict"].to_list().count("unusable") == 2  # and the one that stands still


def test_damage_further_on_leaves_the_earlier_answer(tmp_path):
    folder, out = tmp_path / "shards", tmp_path / "said.parquet"
    write_table(folder / "a.parquet", short_movements(9))
    score(f"movements={folder}", f"out={out}")
    before = out.read_bytes()
    pl.DataFrame({"user": ["a"], "dx_px": ["no steps"]}).write_parquet(folder / "b.parquet")
    with pytest.raises(InputError, match=r"b\.parquet: not a readable file of trajectories"):
        score(f"movements={folder}", f"out={out}")
    assert out.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["said.parquet", "shards"]


def test_a_folder_of_nothing_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"without \*\.parquet files; name a file"):
        score(f"movements={tmp_path}", f"out={tmp_path / 'said.parquet'}")


@pytest.mark.parametrize("workers", [0, -2])
def test_no_workers_are_refused(tmp_path, workers):
    write_table(tmp_path / "in.parquet", short_movements(2))
    with pytest.raises(InputError, match=f"workers={workers}: must be at least 1"):
        score(f"movements={tmp_path / 'in.parquet'}", f"workers={workers}")


def test_a_full_disk_leaves_the_earlier_answer(tmp_path, small_disk):
    given = (f"movements={tmp_path / 'in.parquet'}", f"out={tmp_path / 'said.parquet'}")
    write_table(tmp_path / "in.parquet", short_movements(40))
    with small_disk(100), pytest.raises(InputError, match="cannot be written"):
        score(*given)
    assert os.listdir(tmp_path) == ["in.parquet"]


# Not `ru_maxrss`, which begins at the most that the parent has taken.
_CHILD = """
import sys
from pathlib import Path
from humouse.commands.detect_score import run
from humouse.settings import DetectScoreSettings
from humouse.settings.compose import settings_from
def most_kb():
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
before = most_kb()
run(settings_from("detect/score", DetectScoreSettings, sys.argv[1:]))
print(most_kb() - before)
"""

# Pieces of one length are looked at once, so that a great many pass at once.
_LOOKS_ONCE = """
import copy
from humouse.detection.detector import Detector
looked, look = {}, Detector._evidence
def once(self, piece, most):
    size = len(piece.lengths)
    if size not in looked:
        looked[size] = look(self, piece, most)
    return copy.deepcopy(looked[size])
Detector._evidence = once
"""


def memory_of(program: str, movements: Path) -> float:
    """Return the memory (bytes) that scoring takes in a process of its own, which runs a program."""
    out = movements.with_name("out.parquet")
    given = [f"movements={movements}", f"out={out}", "workers=2", "reasons=2"]
    command = [sys.executable, "-c", program, *given]
    child = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(child.stdout.split()[-1]) * 1024


@pytest.mark.slow
def test_one_long_movement_and_many_short_ones_take_little_memory(tmp_path):
    """Padded to the longest of them, 50,000 movements would take 2.5 GB, and several times over."""
    many, one = short_movements(50_000), short_movements(1)
    long = one._replace(steps=np.tile(one.steps, (1000, 1))[:4096], lengths=np.array([4096]))
    write_table(tmp_path / "in.parquet", StoredMovements.joined([many, long]))
    assert memory_of(_CHILD, tmp_path / "in.parquet") < 350 * MB
    assert len(pl.read_parquet(tmp_path / "out.parquet")) == 50_001


@pytest.mark.slow
def test_a_movement_takes_half_a_kilobyte_until_the_verdict(tmp_path):
    taken = []
    for n in (100_000, 400_000):
        made, number = short_movements(n, longest=5), np.arange(n)
        session = (number // 10).astype(str)
        places = Places(number.astype(str), number, number.astype(float), session)
        write_table(tmp_path / f"{n}.parquet", made._replace(places=places))
        taken.append(memory_of(_LOOKS_ONCE + _CHILD, tmp_path / f"{n}.parquet"))
    assert (taken[1] - taken[0]) / 300_000 < 700


@pytest.mark.slow
def test_killed_while_it_writes_it_leaves_no_part_of_an_answer(tmp_path):
    out = tmp_path / "out.parquet"
    write_table(tmp_path / "in.parquet", short_movements(60_000, longest=5))
    given = [f"movements={tmp_path / 'in.parquet'}", f"out={out}", "reasons=3"]
    child = subprocess.Popen([sys.executable, "-c", _CHILD, *given])
    try:
        while not _being_written(tmp_path):
            assert child.poll() is None, "ended before it could be killed"
            time.sleep(0.002)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert not out.exists()


def _being_written(folder: Path) -> bool:
    return any(folder.glob(".out.parquet.*.tmp"))
