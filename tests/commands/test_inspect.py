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
        "times: read as seconds",
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


@pytest.mark.parametrize("content", ["", "t,x,y\n"])
def test_files_without_a_row_are_an_error_unless_another_has_some(logs, tmp_path, content, capsys):
    path = tmp_path / "empty.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=r"empty\.csv: it holds no rows"):
        inspecting(f"root={path}", "source=csv")
    path.rename(logs / "empty.csv")
    inspecting(f"root={logs}", "source=csv", "source.columns.t=time", "source.time_unit=s")
    assert "files: 3" in capsys.readouterr().out


def test_each_remedy_named_is_a_setting(tmp_path):
    path = tmp_path / "moves.csv"
    rows = (f"{16 * k},{(-1) ** k * (k % 7 + 2)},{(-1) ** (k // 2) * 5}" for k in range(200))
    path.write_text("\n".join(["t,x,y", *rows]))
    with pytest.raises(InputError, match="moves since the row above") as fault:
        inspecting(f"root={path}")
    inspecting(f"root={path}", str(fault.value).rpartition("give ")[2])


def test_what_to_look_at_is_said_once_with_its_files(logs, capsys):
    for name in ("ann", "bob"):
        path = logs / f"{name}.csv"
        odd = "\n".join(f"what,1,{k},move" for k in range(11 if name == "ann" else 12))
        path.write_text(path.read_text() + "\n" + odd)
    rows = "\n".join(f"{1000 + 8 * k},{k},{k},move" for k in range(60))
    (logs / "eve.csv").write_text(f"time,x,y,event\n{rows}")
    inspecting(f"root={logs}")
    out = " ".join(capsys.readouterr().out.split())
    assert out.count("careful:") == 1
    assert "careful: ann.csv (and 1 more file alike): 16% of its rows were dropped" in out
    assert "the first that is no number: t says 'nothing'" in out
    assert "times: read as seconds (2 files), milliseconds (1 file)" in out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "log.csv: it is empty; CSV"),
        (bytes(range(256)) * 9, "log.csv: it holds no columns that can be told; CSV"),
    ],
)
def test_what_is_no_table_is_called_so(tmp_path, content, words):
    (tmp_path / "log.csv").write_bytes(content)
    with pytest.raises(InputError, match=words):
        inspecting(f"root={tmp_path}")
