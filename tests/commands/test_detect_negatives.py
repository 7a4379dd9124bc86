"""`humouse detect negatives`: files and a manifest, the same for the same seed; what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from humouse.bots.families import FAMILIES
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


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("n=0",), "n=0: ask for at least 1"),
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
