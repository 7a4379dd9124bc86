"""Kept parts: what was kept comes back, and damage is never read as numbers."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from humouse.commands.kept_parts import KeptParts
from humouse.errors import InputError

PART = {"steps": np.arange(12, dtype=np.float32).reshape(4, 3), "lengths": np.array([1, 3])}


def same(part: dict[str, np.ndarray]) -> bool:
    return part.keys() == PART.keys() and all(np.array_equal(part[k], PART[k]) for k in PART)


def test_each_result_has_its_own_parts(tmp_path: Path):
    kept = KeptParts(tmp_path, {"seed": 1})
    kept.keep(3, PART)
    assert same(KeptParts(tmp_path, {"seed": 1})[3])
    assert kept.get(0) is None
    assert KeptParts(tmp_path, {"seed": 2}).get(3) is None
    with pytest.raises(InputError, match=r"000000\.part: damaged since it was written"):
        kept[0]
    kept.remove()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> KeptParts:
    return KeptParts(tmp_path_factory.mktemp("kept"), {})


@given(st.data())
def test_damage_is_never_read_as_numbers(kept: KeptParts, data: st.DataObject):
    kept.keep(0, PART)
    path = kept.folder / "000000.part"
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans(), "cut short"):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    part = kept.get(0)
    assert part is None or same(part)
