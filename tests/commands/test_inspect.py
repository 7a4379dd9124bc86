"""`humouse data inspect`, as a user calls it."""

import pytest

from humouse.commands.inspect import run
from humouse.errors import InputError
from humouse.settings import InspectSettings
from humouse.settings.compose import settings_from


def inspecting(*words):
    run(settings_from("inspect", InspectSettings, [*words]))


@pytest.fixture
def logs(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    for user, step in (("ann", 3), ("bob", 4)):
        rows = [f"{(1000 + 8 * k) / 1000},{step * k},{k},move" for k in range(60)]
        rows += ["1.9,1,1,press", "nothing,1,1,move"]
        (folder / f"{user}.csv").write_text("\n".join(["time,x,y,event", *rows]))
    return folder


def test_it_says_what_is_in_the_files_and_draws_it(logs, tmp_path, capsys):
    inspecting(f"root={logs}", f"picture={tmp_path / 'picture.png'}")
    out = " ".join(capsys.readouterr().out.split())
    for words in (
        "ann.csv was taken for csv; the same as: source=csv source.columns.t=time",
        "people: 2 (ann, bob); files: 2",
        "events: 122 (120 move, 2 press)",
        "x from 0 to 236 px, y from 0 to 59 px",
        "125 points a second, 8 ms apart",
        "rows dropped: 2 unreadable",
        "gestures: 2; dropped: none",
        "points: 60 to 60",
    ):
        assert words in out
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_a_file_that_cannot_be_used_is_a_line(logs, capsys):
    (logs / "eve.csv").write_text("hello\nworld\n")
    inspecting(f"root={logs}")
    assert "eve.csv: no column" in capsys.readouterr().out


def test_nothing_to_look_at_is_an_error(tmp_path):
    with pytest.raises(InputError, match="root: name the file or folder"):
        inspecting()
    with pytest.raises(InputError, match="no such folder"):
        inspecting(f"root={tmp_path / 'gone'}")
