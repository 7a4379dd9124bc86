"""Prepared data that were changed after they were written, by chance or by whoever gives them away."""

import json
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from examples.limits import at_once, check_refusal
from examples.mutation import flipped, mutated, scrambled
from humouse.data.combine import combine
from humouse.data.dataset import load_dataset
from humouse.data.prepare import prepare
from humouse.data.prepared import MANIFEST, manifest_sha256
from humouse.data.sources import make_source
from humouse.data.splits import SPLITS
from humouse.errors import InputError
from humouse.files import digest
from humouse.gestures import GestureRules

_REFUSED = "refused"
_FILES = (MANIFEST, MANIFEST, *(f"{name}.parquet" for name in SPLITS))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small datasets, one and two."""
    folder = tmp_path_factory.mktemp("made")
    for seed, name in enumerate(("one", "two")):
        source = make_source("humouse_default", users=4, gestures_per_user=5, seed=seed)
        prepare(source, out_dir=folder / name, rules=GestureRules())
    return folder


def content(folder: Path) -> str:
    """Return the digest of what a dataset holds, or "refused" where an error says so in one line."""
    try:
        with at_once():
            found = load_dataset(folder / "one", "humouse_default")
            assert found.summary()
            parts = [found.split(name) for name in SPLITS]
            shutil.rmtree(folder / "both", ignore_errors=True)
            assert combine([folder / "one", folder / "two"], out_dir=folder / "both").summary()
    except InputError as error:
        check_refusal(error, str(folder))
        return _REFUSED
    return digest([found.sha256, *(one.deltas.tolist() for one in parts)])


def attack(made: Path, seeds: range, folder: Path, *, signed: bool) -> Counter[str]:
    """Change a dataset for each seed; return how it ended, counted.

    Args:
        made: Two datasets.
        seeds: Of the changes.
        folder: Where to put changed ones.
        signed: Change what the manifest says, and make its hash right again; otherwise, bytes of a file.
    """
    shutil.copytree(made, folder, dirs_exist_ok=True)
    own, place = content(folder), folder / "one"
    said = json.loads((place / MANIFEST).read_text())
    ended: Counter[str] = Counter()
    for seed in seeds:
        draw = random.Random(seed)
        name = MANIFEST if signed else draw.choice(_FILES)
        whole = (place / name).read_bytes()
        if signed:
            changed = mutated(said, draw)
            changed["sha256"] = manifest_sha256(changed)
            (place / name).write_text(json.dumps(changed))
        else:
            (place / name).write_bytes(draw.choice((flipped, scrambled))(whole, draw))
        try:
            found = content(folder)
        except BaseException as error:
            error.add_note(f"seed {seed}: {place}")
            raise
        assert signed or found in (own, _REFUSED), seed
        ended[found if found in (own, _REFUSED) else "another"] += 1
        (place / name).write_bytes(whole)
    return ended


@pytest.mark.parametrize("signed", [False, True])
def test_changed_datasets(made: Path, tmp_path: Path, signed: bool):
    assert attack(made, range(20), tmp_path, signed=signed)[_REFUSED] > 5


@pytest.mark.slow
@pytest.mark.parametrize("signed", [False, True])
def test_many_changed_datasets(made: Path, tmp_path: Path, signed: bool):
    attack(made, range(1000, 3500), tmp_path, signed=signed)
