"""Records that hold many points each: a damaged one costs itself, is counted, and is named."""

import json

import pytest

from humouse.data.sources import make_source
from humouse.errors import InputError

N, EACH = 20, 12
PAGE = {"time_origin_ms": 1.7e12, "device_pixel_ratio": 1, "width_px": 800, "height_px": 600}


def points(record):
    """Return the times and positions of one record, in ms and px."""
    times = [1000 * record + 9 * k for k in range(EACH)]
    return times, [100 + 7 * k + record for k in range(EACH)], [300 - 5 * k for k in range(EACH)]


def humouse(record):
    t, x, y = points(record)
    events = {"t_ms": t, "x_px": x, "y_px": y, "kind": ["move"] * EACH}
    events |= {"buttons": [0] * EACH, "pointer": ["mouse"] * EACH}
    return {
        "session": "s",
        "batch": f"b-{record}",
        "number": record,
        "page": PAGE,
        "events": events,
    }


def rrweb(record):
    moves = [
        {"x": x, "y": y, "timeOffset": t - 1000 * record}
        for t, x, y in zip(*points(record), strict=True)
    ]
    return {"type": 3, "timestamp": 1000 * record, "data": {"source": 1, "positions": moves}}


def iliou(record):
    t, x, y = points(record)
    moves = "".join(f"[m({a},{b})]" for a, b in zip(x, y, strict=True))
    return {"session_id": "s", "total_behaviour": moves, "mousemove_times": ",".join(map(str, t))}


def jspsych(record):
    rows = [dict(zip("txy", row, strict=True)) for row in zip(*points(record), strict=True)]
    return {
        "trial_index": record,
        "mouse_tracking_data": [{**row, "event": "mousemove"} for row in rows],
    }


def changed(record, place, value):
    *way, last = place
    inside = record
    for key in way:
        inside = inside[key]
    inside[last] = value
    return record


FORMS = {
    "humouse": (humouse, (("events", "x_px"), [1, 2]), "not of the kind or length"),
    "rrweb": (rrweb, (("data", "positions"), ["a"]), "not of the kind or length"),
    "iliou": (iliou, None, "it has no 'mousemove_times', which iliou writes"),
    "jspsych": (jspsych, (("mouse_tracking_data",), '[{"x": 1, "y'), "cut short or no JSON"),
}


def read(tmp_path, form, damaged, array=False):
    make, change, _ = FORMS[form]
    records = [make(number) for number in range(N)]
    for number in damaged:
        if change is None:
            del records[number]["mousemove_times"]
        else:
            changed(records[number], *change)
    path = tmp_path / "u.ndjson"
    path.write_text(json.dumps(records) if array else "\n".join(map(json.dumps, records)))
    source = make_source(form, root=path, user_from="file")
    return source.events(source.files()[0])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("array", [False, True])
def test_one_damaged_record_costs_itself_and_is_counted(tmp_path, form, array):
    events = read(tmp_path, form, [3], array)
    assert events.dropped == {"damaged record": 1}
    assert not events.warnings
    assert events.table.height == (N - 1) * EACH


@pytest.mark.parametrize("form", FORMS)
def test_many_are_a_warning_and_most_an_error_that_name_the_first(tmp_path, form):
    said = FORMS[form][2]
    (warning,) = read(tmp_path, form, [4, 6, 8]).warnings
    assert warning.startswith("15% of its content was dropped (3 damaged record: line 5: ")
    assert said in warning
    with pytest.raises(InputError, match="55% of its content cannot be used") as caught:
        read(tmp_path, form, range(11))
    assert said in str(caught.value)
    assert "line 1: " in str(caught.value)


@pytest.mark.parametrize("form", FORMS)
def test_where_all_are_damaged_the_first_is_named(tmp_path, form):
    with pytest.raises(InputError, match=rf"line 1: .*{FORMS[form][2]}"):
        read(tmp_path, form, range(N))


@pytest.mark.parametrize("place", [("page",), ("batch",), ("number",), ("events",)])
@pytest.mark.parametrize("value", [None, "a", [], {}, 10**400, float("nan")])
def test_any_value_of_a_batch_may_be_another(tmp_path, place, value):
    records = [humouse(number) for number in range(N)]
    changed(records[3], place, value)
    path = tmp_path / "u.ndjson"
    path.write_text("\n".join(map(json.dumps, records)))
    source = make_source("humouse", root=path)
    events = source.events(source.files()[0])
    kept = events.table.height // EACH
    assert kept + sum(events.dropped.values()) == N
    assert kept >= N - 1


def test_a_batch_that_was_damaged_and_sent_again_is_whole(tmp_path):
    lines = [json.dumps(humouse(number)) for number in range(N)]
    path = tmp_path / "u.ndjson"
    path.write_text("\n".join([*lines[:3], lines[3][:50], *lines[4:], lines[3]]))
    source = make_source("humouse", root=path)
    events = source.events(source.files()[0])
    assert events.dropped == {"damaged record": 1}
    assert events.table.height == N * EACH
    assert events.table["t_ms"].is_sorted()


def test_a_damaged_number_in_a_text_of_iliou_costs_one_point_and_moves_no_other(tmp_path):
    record = iliou(0)
    record["total_behaviour"] = record["total_behaviour"].replace("[m(121,285)]", "[m(1a,285)]")
    path = tmp_path / "u.json"
    path.write_text(json.dumps(record))
    source = make_source("iliou", root=path, user_from="file")
    table = source.events(source.files()[0]).table
    assert table.height == EACH - 1
    t, x, _ = points(0)
    assert table["x_px"].to_list() == [*x[:3], *x[4:]]
    assert (table["t_ms"] - table["t_ms"][0]).to_list() == [*t[:3], *t[4:]]
