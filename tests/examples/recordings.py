"""Every named form of recordings, written here as its recorder writes it."""

import json

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
