"""Batches on the disk: whole, once, and still there after a restart."""

import json

import pytest

from examples.batches import batch as content
from humouse.capture.payload import Batch
from humouse.errors import InputError
from humouse.recorder.store import Store


def batch(name: str) -> Batch:
    return Batch.model_validate(content(name))


def names(store: Store) -> list[str]:
    return [json.loads(line)["batch"] for line in store.path("s").read_text().splitlines()]


def test_a_batch_is_stored_once_also_after_a_restart(tmp_path):
    store = Store(tmp_path / "new" / "folder", "ann")
    assert [store.add("s", batch(name)) for name in ("a", "b", "a")] == [True, True, False]
    again = Store(store.folder, "ann")
    assert [again.add("s", batch(name)) for name in ("b", "c")] == [False, True]
    assert names(again) == ["a", "b", "c"]
    line = json.loads(again.path("s").read_text().splitlines()[0])
    assert (line["person"], line["session"], line["events"]["x_px"]) == ("ann", "s", [2.0])


def test_sessions_are_apart(tmp_path):
    store = Store(tmp_path, "ann")
    assert store.add("s", batch("a"))
    assert store.add("r", batch("a"))
    assert [path.name for path in store.sessions()] == ["r.ndjson", "s.ndjson"]


@pytest.mark.parametrize("cut", [1, 40])
def test_a_line_that_was_cut_is_taken_away_and_can_be_sent_again(tmp_path, cut):
    store = Store(tmp_path, "ann")
    store.add("s", batch("a"))
    store.add("s", batch("b"))
    content = store.path("s").read_bytes()
    store.path("s").write_bytes(content[:-cut])
    again = Store(tmp_path, "ann")
    assert again.add("s", batch("b"))
    assert store.path("s").read_bytes() == content


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path, small_disk):
    store = Store(tmp_path, "ann")
    store.add("s", batch("a"))
    content = store.path("s").read_bytes()
    with small_disk(len(content) + 100), pytest.raises(OSError, match=r"File too large|No space"):
        store.add("s", batch("b"))
    assert store.path("s").read_bytes() == content
    assert store.add("s", batch("b"))
    assert names(store) == ["a", "b"]


def test_a_folder_that_cannot_be_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file/in: cannot be made \(Not a directory\)"):
        Store(tmp_path / "file" / "in", "ann")
