"""Every named form, written here as its recorder writes it: read by its name, and recognised."""

import json
import re
import shlex

import pytest

from humouse.commands.dataset import prepare_dataset
from humouse.data.sources import make_source
from humouse.data.sources.definitions import NAMES, definition
from humouse.settings import PrepareSettings
from humouse.settings.compose import settings_from

T, X, Y = (
    [40 + 8 * k for k in range(30)],
    [100 + 9 * k for k in range(30)],
    [300 - 4 * k for k in range(30)],
)
POINTS = list(zip(T, X, Y, strict=True))


def table(header, row, press=None, separator=","):
    lines = [separator.join(map(str, row(t, x, y))) for t, x, y in POINTS]
    if press is not None:
        lines.append(separator.join(map(str, press)))
    return "\n".join([header, *lines]) + "\n"


def rrweb():
    moves = [{"x": x, "y": y, "id": 7, "timeOffset": t - 300} for t, x, y in POINTS]
    press = {"source": 2, "type": 1, "x": X[-1], "y": Y[-1], "id": 7}
    return json.dumps(
        [
            {"type": 4, "data": {"width": 1}, "timestamp": 0},
            {"type": 3, "data": {"source": 1, "positions": moves}, "timestamp": 300},
            {"type": 3, "data": press, "timestamp": 400},
        ]
    )


def browser():
    events = [
        {"type": "mousemove", "timeStamp": t, "clientX": x, "clientY": y} for t, x, y in POINTS
    ]
    return "\n".join(
        map(
            json.dumps,
            [*events, {"type": "mousedown", "timeStamp": 400, "clientX": 1, "clientY": 1}],
        )
    )


def jspsych():
    points = [{"x": x, "y": y, "t": t, "event": "mousemove"} for t, x, y in POINTS]
    points.append({"x": 1, "y": 1, "t": 400, "event": "mousedown"})
    cell = json.dumps(points).replace('"', '""')
    return f'trial_type,trial_index,mouse_tracking_data\nhello,0,\nplugin,1,"{cell}"\n'


def humouse():
    """Write two batches, the later one first and twice; a finger's events are among them."""
    page = {"time_origin_ms": 1.7e12, "device_pixel_ratio": 1, "width_px": 800, "height_px": 600}
    names = ("t_ms", "x_px", "y_px", "kind", "buttons", "pointer")
    rows = [(t, x, y, "move", 0, "mouse") for t, x, y in POINTS]
    rows.insert(12, (T[11] + 1, X[11], Y[11], "move", 1, "touch"))
    rows.append((400, 1, 1, "down", 1, "mouse"))

    def line(number, part):
        events = dict(zip(names, map(list, zip(*part, strict=True)), strict=True))
        head = {"person": "ann", "session": "s", "version": 1, "batch": f"b-{number}"}
        return json.dumps({**head, "number": number, "page": page, "events": events})

    return "\n".join([line(1, rows[20:]), line(0, rows[:20]), line(1, rows[20:])]) + "\n"


def lists(*columns):
    return ",".join(f'"{list(column)}"' for column in columns)


FILES = {
    "pynput": (
        "u.csv",
        table(
            "x,y,time,button,pressed",
            lambda t, x, y: (x, y, t / 1000, "", ""),
            (1, 1, 0.4, "Button.left", True),
        ),
    ),
    "pynput_text": (
        "u.txt",
        "".join(f"Pointer moved to ({x}, {y}). Time: {t / 1000}\n" for t, x, y in POINTS)
        + "Left at (1, 1). Time: 0.4\n",
    ),
    "browser": ("u.ndjson", browser()),
    "rrweb": ("u.json", rrweb()),
    "jspsych": ("u.csv", jspsych()),
    "mousetrap": (
        "u.csv",
        f"subject_nr,timestamps_get_response,xpos_get_response,ypos_get_response\n7,{lists(T, X, Y)}\n",
    ),
    "psychopy": (
        "u.csv",
        table(
            "trial,mouse.time,mouse.x,mouse.y",
            lambda t, x, y: (1, t / 1000, (x - 960) / 1080, (540 - y) / 1080),
        ),
    ),
    "bogazici": (
        "ann/u.csv",
        table(
            "client_timestamp,x,y,button,state,window",
            lambda t, x, y: (t / 1000, x, y, "NoButton", "Move", "a"),
            (0.4, 0, 0, "Scroll", "Down", "a"),
        ),
    ),
    "dfl": (
        "ann/u.csv",
        table(
            "client timestamp,button,state,x,y",
            lambda t, x, y: (t / 1000, "NoButton", "Move", x, y),
            (0.4, "Scroll", "Down", 0, 0),
        ),
    ),
    "attentive_cursor": (
        "u.csv",
        table(
            "cursor timestamp xpos ypos event xpath attrs extras",
            lambda t, x, y: (0, t, x, y, "mousemove", '//*[@id="b', 'x"]', "{}"),
            (0, 500, 0, 0, "load", "/", "{}", "{}"),
            " ",
        ),
    ),
    "iliou": (
        "ann/mouse_movements.json",
        json.dumps(
            {
                "session_id": "s",
                "total_behaviour": "".join(f"[m({x},{y})]" for _, x, y in POINTS) + "[c(l)]",
                "mousemove_times": ",".join(map(str, T)),
            }
        ),
    ),
    "minecraft": (
        "u_raw.csv",
        table(
            "Timestamp,X,Y,Button Pressed,Time,DayOfWeek,Subject ID",
            lambda t, x, y: (t, x, y, 0, 10.5, 2, 6),
            (400, 1, 1, 1, 10.5, 2, 6),
        ),
    ),
    "humouse": ("s.ndjson", humouse()),
    "balabit": (
        "user7/session_1",
        table(
            "record timestamp,client timestamp,button,state,x,y",
            lambda t, x, y: (0, t / 1000, "NoButton", "Move", x, y),
            (0, 0.4, "Scroll", "Down", 0, 0),
        ),
    ),
    "sapimouse": (
        "user7/session_1min.csv",
        table(
            "client timestamp,button,state,x,y",
            lambda t, x, y: (t, "NoButton", "Move", x, y),
            (400, "Left", "Pressed", 0, 0),
        ),
    ),
}
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
