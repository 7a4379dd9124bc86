"""Packed files: no more is unpacked than a recording holds."""

import gzip
import resource
from contextlib import suppress

import pytest

from humouse.data.events.read import read_events
from humouse.data.movement_file import read_movements
from humouse.data.reading.packed import Unpacked, zstd
from humouse.data.sources import make_source
from humouse.data.sources.definitions import definition
from humouse.errors import InputError

# A reader that takes a file part by part may find the first part faulty before the file grows too large.
_REFUSED = r"u\.csv\.\w+: (unpacks to more than \d+ MiB, .* unpack it yourself|every row has the same time)"
PACK = {".gz": gzip.compress, ".zst": zstd.compress}


@pytest.mark.parametrize("ending", PACK)
@pytest.mark.parametrize("line", [b"12,34,56\n", b"\0" * 9, b"[" * 9])
def test_a_small_file_that_would_fill_the_memory_is_refused(tmp_path, ending, line):
    path = tmp_path / f"u.csv{ending}"
    path.write_bytes(PACK[ending](b"t,x,y\n" + line * 40_000_000))
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with suppress(InputError):  # what recognises a file may need no more than its head
        make_source("auto", root=path)
    for read in (
        lambda: read_events(path, definition("csv", {}), "ann"),
        lambda: read_movements(path, movement=None, x="x", y="y"),
    ):
        with pytest.raises(InputError, match=_REFUSED):
            read()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 400_000


@pytest.mark.parametrize("ending", PACK)
def test_a_file_gives_as_much_as_is_asked_for(tmp_path, ending):
    content = bytes(range(256)) * 300
    path = tmp_path / f"u{ending}"
    path.write_bytes(PACK[ending](content))
    with Unpacked(path) as file:
        pieces = [file.read(1000), file.read(50_000), file.rest(), file.read(5)]
    assert [len(piece) for piece in pieces] == [1000, 50_000, 25_800, 0]
    assert b"".join(pieces) == content


@pytest.mark.parametrize("ending", PACK)
def test_a_packed_file_that_was_cut_is_named(tmp_path, ending):
    path = tmp_path / f"u.csv{ending}"
    path.write_bytes(PACK[ending](b"t,x,y\n" + b"1,2,3\n" * 100)[:-5])
    with pytest.raises(InputError, match=r"u\.csv\.\w+: cannot be read"):
        read_events(path, definition("csv", {}), "ann")
