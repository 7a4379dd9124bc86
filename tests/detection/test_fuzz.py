"""Detectors that were changed after they were saved, by chance or by whoever gives them away."""

import hashlib
import json
import random
import resource
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from examples.limits import at_once, check_refusal
from examples.mutation import flipped, mutated, scrambled
from examples.signed import signed
from humouse.detection.detector import MANIFEST, PACKAGED, Detector
from humouse.errors import InputError
from humouse.files import digest
from humouse.steps import Steps

_FILES = ("sequence.onnx", "boosting.onnx", MANIFEST)
_CONTENT = {name: (PACKAGED / name).read_bytes() for name in _FILES}
_SAID = json.loads(_CONTENT[MANIFEST])
_MOST_KB = 500_000
_REFUSED, _ANOTHER = "refused", "another detector"

Files = dict[str, bytes]
Change = Callable[[random.Random], Files]


def movements() -> Steps:
    rng = np.random.default_rng(0)
    deltas = np.full((6, 30, 3), 12, np.float32)
    deltas[..., :2] = rng.integers(-3, 9, (6, 30, 2))
    return Steps.padded(
        deltas.reshape(-1, 3), np.full(6, 30), np.zeros((6, 2), np.float32), np.array(["ann"] * 6)
    )


def answer(folder: Path) -> str:
    """Return the digest of what a detector says, or "refused" where an error says so in one line."""
    try:
        with at_once():
            said = Detector.load(folder).score(movements(), reasons=3)
    except InputError as error:
        check_refusal(error, str(folder))
        return _REFUSED
    scored = said.drop_nulls("probability")
    shares = scored.select("probability", "p_value").to_numpy()
    assert ((shares >= 0) & (shares <= 1)).all()
    assert np.isfinite(scored.select("log_odds", "session_score").to_numpy()).all()
    return digest(said.rows())


def damaged(draw: random.Random) -> Files:
    """Return the files, of which one has other bytes."""
    name = draw.choice(_FILES)
    return {**_CONTENT, name: draw.choice((flipped, scrambled))(_CONTENT[name], draw)}


def said_otherwise(draw: random.Random) -> Files:
    """Return the files, of which the manifest says something else."""
    section = draw.choice(("members", "clock", "files", "setups", "setups", "setups", "provenance"))
    return with_manifest(_CONTENT, {**_SAID, section: mutated(_SAID[section], draw)})


def of_other_bytes(draw: random.Random) -> Files:
    """Return the files, of which a member has other bytes."""
    name = draw.choice(_FILES[:2])
    changed = draw.choice((flipped, flipped, scrambled))(_CONTENT[name], draw)
    return hashed({**_CONTENT, name: changed})


def of_other_fields(draw: random.Random) -> Files:
    """Return the files, of which a member has other operations, constants or metadata."""
    name = draw.choice(_FILES[:2])
    model = onnx.load_from_string(_CONTENT[name])
    for _ in range(draw.choice((1, 1, 2, 5))):
        change_field(model, draw)
    return hashed({**_CONTENT, name: model.SerializeToString()})


def exchanged(draw: random.Random) -> Files:
    """Return the files, of which one is missing or another's."""
    name, other = draw.sample(_FILES, 2)
    files = {**_CONTENT, name: _CONTENT[other]}
    if draw.random() < 0.3:
        del files[name]
    return files if name == MANIFEST or draw.random() < 0.5 else hashed(files)


def hashed(files: Files) -> Files:
    """Return the files with a manifest that has their hashes."""
    hashes = {name: hashlib.sha256(files.get(name, b"")).hexdigest() for name in _FILES[:2]}
    return with_manifest(files, {**_SAID, "files": hashes})


def with_manifest(files: Files, said: dict[str, Any]) -> Files:
    return {**files, MANIFEST: signed(said).encode()}


_ODD_INTEGERS = (-1, 0, 1, 2, 7, 255, 2**31 - 1, 2**40, 2**62, -(2**62))
_ODD_NUMBERS = (0.0, -1.0, 1e-30, 1e30, float("nan"), float("inf"))


def change_field(message: Any, draw: random.Random) -> None:
    """Change one field of a message of Protocol Buffers, or of one within it."""
    fields = message.ListFields()
    if not fields:
        return
    field, value = draw.choice(fields)
    several = field.is_repeated
    if several and draw.random() < 0.2:
        _rearrange(value, draw)
    elif field.type != field.TYPE_MESSAGE:
        _change_value(message, field.name, draw.randrange(len(value)) if several else None, draw)
    elif draw.random() < 0.05:
        message.ClearField(field.name)
    else:
        change_field(draw.choice(value) if several else value, draw)


def _change_value(message: Any, name: str, place: int | None, draw: random.Random) -> None:
    """Put something else in the place of a field, or of one of several; remove it if it cannot hold that."""
    value = getattr(message, name)
    try:
        if place is None:
            setattr(message, name, _other(value, draw))
        else:
            value[place] = _other(value[place], draw)
    except (ValueError, TypeError):
        message.ClearField(name)


def _rearrange(value: Any, draw: random.Random) -> None:
    """Remove, double or move one of several fields."""
    place = draw.randrange(len(value))
    change = draw.randrange(3)
    if change == 0:
        del value[place]
    elif change == 1:
        value.extend([value[place]])
    else:
        value.extend([value[place]])
        del value[place]


def _other(value: Any, draw: random.Random) -> Any:
    if isinstance(value, bytes):
        return draw.choice((flipped, scrambled))(value, draw) if value else b"x"
    if isinstance(value, int):
        return draw.choice((*_ODD_INTEGERS, value + 1, value - 1))
    if isinstance(value, float):
        return draw.choice(_ODD_NUMBERS)
    return draw.choice(("", "logit", "If", "Loop", "../x", "x" * 3000, value + "_", value[::-1]))


# What each may end in: with hashes that are right, a detector of a stranger's.
CHANGES: dict[str, tuple[Change, bool]] = {
    "damaged": (damaged, False),
    "exchanged": (exchanged, False),
    "said otherwise": (said_otherwise, True),
    "of other bytes": (of_other_bytes, True),
    "of other fields": (of_other_fields, True),
}


def attack(name: str, seeds: range, folder: Path) -> Counter[str]:
    """Let a changed detector answer for each seed; return how it ended, counted."""
    change, may_differ = CHANGES[name]
    own = answer(Path(shutil.copytree(PACKAGED, folder / "own", dirs_exist_ok=True)))
    ended: Counter[str] = Counter()
    for seed in seeds:
        place = folder / "changed"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        for file, content in change(random.Random(f"{name} {seed}")).items():
            (place / file).write_bytes(content)
        try:
            found = answer(place)
        except BaseException as error:
            error.add_note(f"{name!r}, seed {seed}: {place}")
            raise
        assert may_differ or found in (own, _REFUSED), (name, seed)
        ended[found if found in (own, _REFUSED) else _ANOTHER] += 1
    return ended


@pytest.mark.parametrize("name", CHANGES)
def test_changed_detectors(name: str, tmp_path: Path):
    assert attack(name, range(10), tmp_path)[_REFUSED] > 2


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANGES)
def test_five_thousand_changed_detectors(name: str, tmp_path: Path):
    attack(name, range(1000, 1100), tmp_path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    attack(name, range(1100, 2000), tmp_path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < _MOST_KB
