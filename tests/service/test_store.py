"""The database: changes of several sessions in one transaction, each whole or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from examples.service import change
from humouse.service.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(f"sqlite:///{tmp_path}/s.sqlite")
    made.open()
    yield made
    made.close()


def stored(store: Store, session: str) -> tuple[int, list[str], dict[str, int]] | None:
    """Return a session's version, the names of its batches, and its decisions' points."""
    kept = store.read(session)
    if kept.state is None:
        return None
    return kept.state["version"], sorted(one.name for one in kept.stored), dict(kept.judged)


def test_one_that_cannot_be_kept_costs_the_others_nothing(store: Store):
    assert store.keep([change("c", 1, "c-0"), change("a", 1, "a-0")]) == [True, True]
    outdated, taken, twice = change("a", 9, "a-9"), change("c", 1, "c-1"), change("b", 1, "x", "x")
    good, next_one = change("d", 1, "d-0"), change("c", 2, "c-2")
    assert store.keep([good, outdated, twice]) == [True, False, False]
    assert store.keep([taken, change("e", 1, "e-0")]) == [False, True]
    assert store.keep([next_one]) == [True]
    found = {name: stored(store, name) for name in "abcde"}
    assert found == {
        "a": (1, ["a-0"], {"m": 1}),
        "b": None,
        "c": (2, ["c-0", "c-2"], {"m": 2}),
        "d": (1, ["d-0"], {"m": 1}),
        "e": (1, ["e-0"], {"m": 1}),
    }


def test_the_disk_is_waited_for_once(store: Store):
    committed: list[object] = []
    sa.event.listen(store._engine, "commit", committed.append)
    assert store.keep([change(f"s{k}", 1, "b") for k in range(20)]) == [True] * 20
    assert len(committed) == 1
