"""Every named form, written here as its recorder writes it: read by its name, and recognised."""

import re
import shlex

import pytest

from examples.recordings import FILES, POINTS, T, X, Y
from humouse.commands.dataset import prepare_dataset
from humouse.data.sources import make_source
from humouse.data.sources.definitions import NAMES, definition
from humouse.settings import PrepareSettings
from humouse.settings.compose import settings_from

AFTER = {
    **dict.fromkeys(("bogazici", "dfl", "balabit"), ("scroll",)),
    **dict.fromkeys(("mousetrap", "psychopy", "attentive_cursor"), ()),
}


def moves(source):
    (file,) = source.files()
    events = source.events(file)
    rows = events.table.select("t_ms", "x_px", "y_px", "state").rows()
    first = rows[0][0]
    return events, [(t - first + T[0], x, y, state) for t, x, y, state in rows]


def written(tmp_path, name):
    place, content = FILES[name]
    path = tmp_path / "in" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return tmp_path / "in"


@pytest.mark.parametrize("name", FILES)
def test_a_form_is_read_by_its_name(tmp_path, name):
    events, rows = moves(make_source(name, root=written(tmp_path, name)))
    assert [row[:3] for row in rows[:30]] == POINTS
    assert [row[3] for row in rows[30:]] == list(AFTER.get(name, ["press"]))
    assert not events.warnings
    assert set(events.dropped) <= {"not of the mouse"}


@pytest.mark.parametrize("name", [name for name in FILES if name != "balabit"])
def test_a_form_is_recognised_and_its_settings_say_the_same(tmp_path, name):
    root = written(tmp_path, name)
    source = make_source("auto", root=root)
    assert source.name == name
    _, rows = moves(source)
    assert [row[:3] for row in rows[:30]] == POINTS
    assert source.note.startswith(f"{FILES[name][0].split('/')[-1]} was taken for {name} (")
    words = shlex.split(source.note.partition("the same as: ")[2])
    settings = settings_from("prepare", PrepareSettings, [*words, f"root={root}"])
    options = vars(settings.source)
    options = {
        key: vars(value) if hasattr(value, "__dict__") else value for key, value in options.items()
    }
    assert options.pop("name") == "csv"
    assert moves(make_source("csv", root=root, **options))[1] == rows


def test_a_finger_is_left_out_unless_it_is_asked_for(tmp_path):
    root = written(tmp_path, "humouse")
    events, _ = moves(make_source("humouse", root=root))
    assert events.dropped == {"not of the mouse": 1}
    taken = {"ignore": ["pen"], "drag": ["touch"]}
    _, rows = moves(make_source("humouse", root=root, states=taken))
    assert [row for row in rows if row[3] == "drag"] == [(T[11] + 1, X[11], Y[11], "drag")]


def test_a_file_that_is_no_recording_may_stand_before_them(tmp_path):
    root = written(tmp_path, "rrweb")
    (root / "README.txt").write_text("Recorded in May, by hand; see also notes.")
    (root / "about.json").write_text('{"title": "a study"}')
    source = make_source("auto", root=root)
    assert source.name == "rrweb"
    assert "README.txt" not in [file.name for file in source.files()]


def test_every_definition_says_what_it_is_and_where_it_comes_from():
    assert set(FILES) | {"csv", "auto", "kh2017"} == set(NAMES)
    for name in FILES:
        assert definition(name, {}).about


def test_a_plain_table_is_recognised_by_usual_names_and_says_so_on_the_command_line(
    tmp_path, capsys
):
    (tmp_path / "in").mkdir()
    for user, up in (("ann", 1), ("bob", 2), ("eve", 3)):
        rows = "".join(f"{(5000 + t) / 1000};{x};{up * y};{'moved'}\n" for t, x, y in POINTS)
        (tmp_path / "in" / f"{user}.csv").write_text(f"timestamp;pageX;pageY;event\n{rows}")
    words = ["source=auto", f"root={tmp_path / 'in'}", f"out_dir={tmp_path / 'out'}"]
    prepared = prepare_dataset(settings_from("prepare", PrepareSettings, words), shown=False)
    assert prepared.manifest["counts"]["gestures"] == 3
    summary = re.sub(r"\s+", " ", prepared.summary())
    assert (
        "ann.csv was taken for csv; the same as: source=csv source.columns.t=timestamp" in summary
    )
