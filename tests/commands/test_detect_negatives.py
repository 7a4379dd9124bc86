"""`humouse detect negatives`: files and a manifest, the same for the same seed; what it refuses."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from humouse.bots.families import FAMILIES
from humouse.commands import detect_negatives
from humouse.commands.detect_negatives import run
from humouse.data.prepared import load_split
from humouse.errors import InputError
from humouse.files import sha256
from humouse.settings import NegativesSettings
from humouse.settings.compose import settings_from
from humouse.trajectories import Trajectories


@pytest.fixture(scope="module")
def made(tiny_data: Path) -> Callable[..., Path]:
    def negatives(out_dir: Path, *more: str) -> Path:
        overrides = [f"people={tiny_data / 'val'}", f"out_dir={out_dir}", "device=cpu", *more]
        run(settings_from("detect/negatives", NegativesSettings, overrides))
        return out_dir

    return negatives


def test_every_family_has_a_file_and_the_manifest_says_what_made_it(made, tiny_data, tmp_path):
    folder = made(tmp_path / "negatives")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert set(manifest["families"]) == set(FAMILIES)
    for one in manifest["families"].values():
        path = folder / one["file"]
        assert sha256(path) == one["sha256"]
        assert len(Trajectories.load(path)) == one["movements"] == sum(one["variants"].values())
    counts = [one["movements"] for one in manifest["families"].values()]
    assert sum(counts) == len(load_split(tiny_data / "val"))
    assert max(counts) - min(counts) <= 1
    assert manifest["people"]["sha256"] == sha256(tiny_data / "val.parquet")
    assert manifest["command"].startswith("humouse detect negatives people=")


@pytest.mark.slow
def test_a_seed_decides_the_files(made, tmp_path):
    few = ("n=12", "mixture={pid:1,bezier:2}")
    first, again, other = (
        made(tmp_path / str(number), *few, f"seed={seed}") for number, seed in enumerate((1, 1, 2))
    )
    for name in ("pid.parquet", "bezier.parquet"):
        assert (first / name).read_bytes() == (again / name).read_bytes()
        one, another = (Trajectories.load(folder / name) for folder in (first, other))
        assert not torch.equal(one.deltas, another.deltas)


def contents(folder: Path) -> dict[str, bytes]:
    """Return what the files of movements hold."""
    return {path.name: path.read_bytes() for path in folder.glob("*.parquet")}


MANY = ("n=90", "mixture={pid:1,bezier:2,composed:1}")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of four movements, so that a few make several."""
    monkeypatch.setattr(detect_negatives, "_PART", 4)


def test_the_movements_do_not_depend_on_the_workers(made, small_parts, tmp_path):
    one, two = (made(tmp_path / str(n), *MANY, f"workers={n}") for n in (1, 2))
    assert contents(one).keys() == {"pid.parquet", "bezier.parquet", "composed.parquet"}
    assert contents(one) == contents(two)
    assert not list(two.glob(".*"))


def test_an_interrupted_run_goes_on(made, small_parts, tmp_path, monkeypatch, capsys):
    whole = made(tmp_path / "whole", *MANY, "workers=1")
    real, begun = detect_negatives._made, []

    def interrupted(*given: Any) -> dict[str, np.ndarray]:
        begun.append(given[1][0])
        if len(begun) == 4:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(detect_negatives, "_made", interrupted)
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt, match=r"\(9 of 90 movements are kept; the same command"):
        made(out, *MANY, "workers=1")
    assert not contents(out)
    damaged = sorted(out.glob(".partial-*/*.part"))[1]
    damaged.write_bytes(damaged.read_bytes()[:-1])
    made(out, *MANY, "workers=1")
    assert "going on after 8 of 90 movements\n" in capsys.readouterr().out
    assert begun[:4] == [0, 1, 2, 3]
    assert begun[4:] == [1, *range(3, begun[-1] + 1)]  # no other part is made twice
    assert contents(out) == contents(whole)
    assert not list(out.glob(".*"))


@pytest.mark.slow
def test_a_killed_run_goes_on(tiny_data, tmp_path):
    words = [f"people={tiny_data / 'val'}", "n=30000", "mixture={bezier:1,composed:1}", "workers=2"]

    def started(folder: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "humouse", "detect", "negatives", *words]
        return subprocess.Popen(
            [*command, f"out_dir={folder}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    first = started(tmp_path / "out")
    while len(list(tmp_path.glob("out/.partial-*/*.part"))) < 3:
        assert first.poll() is None, "ended before it could be killed"
        time.sleep(0.01)
    first.kill()
    first.communicate()
    outputs = []
    for folder in ("out", "whole"):
        process = started(tmp_path / folder)
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        outputs.append(out)
    assert ["going on after" in out for out in outputs] == [True, False]
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("n=0",), "n=0: ask for at least 1"),
        (("workers=0",), "workers=0: must be at least 1"),
        (("mixture={besier:1}",), r"mixture\.besier: no such family"),
        (("mixture={gan:1}",), r"mixture\.gan: no such family"),
        (("mixture={acme:1}", "n=9", "files={acme:THEIRS}"), "holds 8 movements .* 9 are needed"),
        (("diffusion_ckpt=[nowhere.pt]",), r"nowhere\.pt"),
        (("people=nowhere/val",), "nowhere"),
    ],
)
def test_bad_input_is_one_clear_error(made, tiny_data, tmp_path, overrides, message):
    theirs = tmp_path / "theirs.parquet"
    load_split(tiny_data / "val")[:8].save(theirs)
    given = [word.replace("THEIRS", str(theirs)) for word in overrides]
    with pytest.raises(InputError, match=message) as caught:
        made(tmp_path / "out", *given)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()
