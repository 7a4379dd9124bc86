import pytest

from humouse.data.sources import make_source
from humouse.errors import InputError

COLUMNS = {"t": "when", "x": "px", "y": "py"}


def read(root, **options):
    source = make_source("csv", root=root, **options)
    files = source.files()
    return files, [source.events(file).table for file in files]


@pytest.mark.parametrize(("unit", "scale"), [("s", 0.001), ("ms", 1), ("us", 1000)])
def test_columns_units_and_separator_are_settings(tmp_path, unit, scale):
    lines = [
        f"{t * scale:.6f};{x};-3;ann" for t, x in ((1_600_000_000_017, 4.4), (1_600_000_000_033, 7))
    ]
    (tmp_path / "log.txt").write_text("when;px;py;who\n" + "\n".join(lines))
    options = {"columns": {**COLUMNS, "user": "who"}, "separator": ";", "pattern": "*.txt"}
    (file,), (table,) = read(tmp_path, time_unit=unit, **options)
    assert table.select("t_ms", "x_px", "y_px", "state", "user").rows() == [
        (1_600_000_000_017, 4, -3, "move", "ann"),
        (1_600_000_000_033, 7, -3, "move", "ann"),
    ]
    assert (file.session, file.user) == ("log", None)


def test_people_whose_rows_alternate_are_separated(tmp_path):
    rows = ["1,0,0,bob,b", "100,5,5,ann,a", "2,1,1,bob,b", "101,6,6,ann,a", "1,2,2,bob,c"]
    (tmp_path / "log.csv").write_text("when,px,py,who,part\n" + "\n".join(rows))
    _, (table,) = read(tmp_path / "log.csv", columns={**COLUMNS, "user": "who", "session": "part"})
    assert table["user"].to_list() == ["ann", "ann", "bob", "bob", "bob"]
    assert table["run"].to_list() == [0, 0, 1, 1, 2]
    assert table["t_ms"].to_list() == [100, 101, 1, 2, 1]


@pytest.mark.parametrize(("user_from", "user"), [("file", "monday"), ("folder", "ann")])
def test_the_place_of_a_file_names_the_person(tmp_path, user_from, user):
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann" / "monday.csv").write_text("when,px,py\n1,2,3\n")
    (file,), (table,) = read(tmp_path, columns=COLUMNS, user_from=user_from)
    assert table["user"].to_list() == [user]
    assert file.name == "ann/monday.csv"


def test_states_of_browsers_and_quoted_fields_are_understood(tmp_path):
    words = ["mousemove", "MouseDown", "mouseup", "wheel", " drag "]
    rows = [f'{i},"1",2,"{word}"' for i, word in enumerate(words)]
    (tmp_path / "log.csv").write_text('"when","px","py","kind"\n' + "\n".join(rows))
    _, (table,) = read(tmp_path, columns={**COLUMNS, "state": "kind"})
    assert table["state"].to_list() == ["move", "press", "release", "scroll", "drag"]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"time_unit": "min"}, "time_unit=min"),
        ({"columns": {**COLUMNS, "y": None}}, r"columns\.y"),
        ({"columns": {**COLUMNS, "z": "pz"}}, r"columns\.z"),
        ({"user_from": "path"}, "user_from=path"),
        ({"separator": "::"}, "separator="),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, options, named):
    with pytest.raises(InputError, match=named):
        make_source("csv", root=tmp_path, **{"columns": COLUMNS, **options})


def test_a_column_that_the_file_lacks_is_named(tmp_path):
    (tmp_path / "log.csv").write_text("when,px\n1,2\n")
    with pytest.raises(InputError, match=r"log\.csv: no column 'py'"):
        read(tmp_path, columns=COLUMNS)
