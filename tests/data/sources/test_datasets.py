import pytest

from humouse.data.gestures import cut_gestures
from humouse.data.sources import SOURCES, make_source
from humouse.errors import InputError
from humouse.gestures import GestureRules

SAPIMOUSE = "client timestamp,button,state,x,y\n"
BALABIT = "record timestamp,client timestamp,button,state,x,y\n"


ROOT: dict[str, dict] = {"humouse_default": {}}


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def test_sapimouse_finds_every_session_in_natural_order(tmp_path):
    for name in ("user10/session_1min.csv", "user2/session_2020-05-14_3min.csv", "user2/notes.txt"):
        write(tmp_path / name, SAPIMOUSE + "5,NoButton,Move,1,2\n9,Left,Pressed,1,2\n")
    source = make_source("sapimouse", root=str(tmp_path))
    files = source.files()
    assert [(file.user, file.session) for file in files] == [
        ("user2", "session_2020-05-14_3min"),
        ("user10", "session_1min"),
    ]
    assert source.events(files[0]).table.rows() == [
        (5, 1, 2, "move", "user2", 0),
        (9, 1, 2, "press", "user2", 0),
    ]


def test_balabit_uses_the_clients_clock_and_recognises_the_wheel(tmp_path):
    rows = [
        "0.0,0.0,NoButton,Move,158,370",
        "9.9,0.0620000000345,Left,Released,158,370",
        "9.9,0.0784999,Scroll,Down,0,0",
        "9.9,0.0784999,NoButton,Move,65535,65535",
    ]
    write(tmp_path / "training_files/user7/session_1", BALABIT + "\n".join(rows))
    write(tmp_path / "test_files/user7/session_2", BALABIT)
    for root in (tmp_path, tmp_path / "training_files"):
        source = make_source("balabit", root=root)
        (file,) = source.files()
        events = source.events(file)
        assert events.dropped == {"out of range": 1}
        assert events.table.rows() == [
            (0, 158, 370, "move", "user7", 0),
            (62, 158, 370, "release", "user7", 0),
            (78, 0, 0, "scroll", "user7", 0),
        ]


@pytest.mark.parametrize("name", ["sapimouse", "balabit", "kh2017", "csv"])
def test_a_root_that_is_missing_or_holds_nothing_is_named(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)  # where nothing was downloaded
    with pytest.raises(InputError, match="root"):
        make_source(name).files()
    with pytest.raises(InputError, match="no such folder"):
        make_source(name, root=tmp_path / "gone").files()
    with pytest.raises(InputError, match=str(tmp_path)):
        make_source(name, root=tmp_path).files()


def test_a_misspelt_source_or_setting_gets_the_nearest_right_one():
    with pytest.raises(InputError, match="did you mean sapimouse"):
        make_source("sapimuose", root="x")
    with pytest.raises(InputError, match="did you mean time_unit"):
        make_source("csv", root="x", time_units="s")
    with pytest.raises(InputError, match="root: "):
        make_source("humouse_default", root="x")


def test_every_source_states_whether_it_is_synthetic():
    assert [
        name
        for name in SOURCES
        if name != "auto" and make_source(name, **ROOT.get(name, {"root": "x"})).synthetic
    ] == ["humouse_default"]
    assert make_source("humouse_default").origin == "humouse_default (synthetic)"


@pytest.mark.realdata
def test_sapimouse_recordings(recordings):
    source = make_source("sapimouse", root=recordings / "sapimouse")
    files = source.files()
    assert len({file.user for file in files}) == 98
    for file in files[:20]:
        events = source.events(file)
        assert not events.table.null_count().sum_horizontal().item()
        assert sum(events.dropped.values()) <= 1


@pytest.mark.realdata
def test_balabit_recordings_lose_the_overflow_and_merge_the_zero_steps(recordings):
    source = make_source("balabit", root=recordings / "balabit")
    overflow = zero = gestures = 0
    for file in [file for file in source.files() if file.user == "user12"]:
        events = source.events(file)
        overflow += events.dropped.get("out of range", 0)
        assert max(events.table["x_px"].max(), events.table["y_px"].max()) < 5000
        cut = cut_gestures(events.table, GestureRules())
        zero += (cut.steps[:, 2] <= 0).sum()
        gestures += len(cut.lengths)
        assert cut.merged_events > 0
    assert overflow > 0
    assert zero == 0
    assert gestures > 500
