"""`humouse detect score`: an answer for every movement of a file, whatever is in it."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from humouse import cli
from humouse.data.movement_file import read_log
from humouse.point_cells import PointColumns
from humouse.trajectories import Trajectories

HEAD = "movement,t,x_px,y_px"
SCORED = {"human", "bot", "unfamiliar"}


def points(n: int, step_ms: float = 8.0, wide: float = 10.0) -> list[str]:
    """Return t, x and y of a curved movement of n points."""
    x, y = 100 + wide * np.arange(n), 50 + np.round(40 * np.sin(np.linspace(0, 2, n)))
    return [f"{k * step_ms:g},{x[k]:g},{y[k]:g}" for k in range(n)]


def move(name: str, step_ms: float = 8.0) -> list[str]:
    """Return the lines of one of 30 points."""
    return [f"{name},{line}" for line in points(30, step_ms)]


GOOD = [*move("good-1"), *move("good-2", step_ms=10)]


class Answer(NamedTuple):
    status: int
    out: str
    err: str
    rows: pl.DataFrame | None

    def said(self, movement: str | None) -> dict:
        assert self.rows is not None
        (row,) = self.rows.filter(pl.col("movement").eq_missing(movement)).iter_rows(named=True)
        return row


def run(*words: str) -> int:
    """Return the exit status of a command line."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["humouse", *words])
        try:
            cli.main()
        except SystemExit as end:
            return int(end.code or 0)
    return 0


@pytest.fixture
def score(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Answer]:
    """Return what the command says about a file with these lines."""
    monkeypatch.chdir(tmp_path)

    def answer(lines: list[str] | Path, *words: str, head: str = HEAD) -> Answer:
        path = lines if isinstance(lines, Path) else tmp_path / "in.csv"
        if path is not lines:
            path.write_text("\n".join([head, *lines]) + "\n")
        out = tmp_path / "out.parquet"
        out.unlink(missing_ok=True)
        given = ("reasons=1", f"movements={path}", f"out={out}", *words)
        capsys.readouterr()
        status = run("detect", "score", *given)
        said = capsys.readouterr()
        return Answer(status, said.out, said.err, pl.read_parquet(out) if out.exists() else None)

    return answer


SOUND = {
    "two points": ["0,5,5", "8,9,5"],
    "at once": ["0,5,5", "0,9,5"],
    "1000 Hz": points(600, 1, wide=1),
    "10 Hz": points(12, 100),
    "fractions": [f"{k * 8.3},{k * 0.8},{k * 1.2}" for k in range(30)],
    "hour": ["0,0,0", *(f"{3.6e6 + k * 8},{k * 9},{k * k}" for k in range(30))],
}
FAULTY = {
    "one point": (["0,5,5"], "a single point; a movement needs at least 2"),
    "slow": (points(90, 40_000), "it goes nowhere, or has no two points within 200 ms"),
    "before 1970": (["-9e15,5,5", "0,9,5"], "it goes nowhere, or has no two points within"),
    "still": (["0,5,5", "8,5,5", "16,5,5"], "it goes nowhere"),
    "backwards": (["9,5,5", "8,6,5", "10,9,5"], "a time that runs backwards (row {1}); sort its"),
    "newest first": (
        points(30)[::-1],
        "a time that runs backwards (row {1}); sort its points by time",
    ),
    "NaN": (["0,5,5", "NaN,6,5", "9,9,5"], "column 't', row {1}: 'NaN' is not a finite number"),
    "empty": (["0,5,5", "8,6,"], "column 'y_px', row {1}: None is not a finite number"),
    "text": (["0,5,5", "8,far,5"], "column 'x_px', row {1}: 'far' is not a finite number"),
    "far": (["0,5,5", "8,1e300,5"], "column 'x_px', row {1}: '1e300' is too large"),
    "early": (["-1e300,5,5", "8,9,5"], "column 't', row {0}: '-1e300' is too large"),
    "long": ([f"{k},{k},0" for k in range(100_000)], "more than 4096 points; cut it"),
}


def test_every_movement_has_its_answer_and_costs_no_other_its_own(score):
    # Users, since one source's clock says which set-up's people all its movements are compared with.
    named = {"head": f"{HEAD},user"}
    good = [f"{line},somebody" for line in GOOD]
    alone = score(good, "columns.user=user", **named).rows
    odd = {**SOUND, **{name: lines for name, (lines, _) in FAULTY.items()}}
    others = (f"{name},{line},other" for name, lines in odd.items() for line in lines)
    answer = score([*good, *others], "columns.user=user", **named)
    assert answer.status == 0, answer.err
    assert answer.rows["movement"].to_list() == ["good-1", "good-2", *odd]
    assert_frame_equal(answer.rows[:2], alone, abs_tol=1e-5)
    row = len(GOOD)
    for name, lines in odd.items():
        said = answer.said(name)
        assert said["row"] == row
        assert (said["verdict"] in SCORED) == (name in SOUND), said
        assert (said["probability"] is None) == (name in FAULTY)
        if name in FAULTY:
            reason = FAULTY[name][1].replace("{0}", f"{row}").replace("{1}", f"{row + 1}")
            assert said["reasons"].startswith(reason)
        row += len(lines)


def test_sorted_by_time_the_newest_first_is_scored(score):
    """What the reason says to do."""
    turned_lines = GOOD[:30][::-1]
    turned = score([*turned_lines, *GOOD[30:]])
    assert turned.said("good-1")["verdict"] == "unusable"
    lines = sorted(turned_lines, key=lambda line: float(line.split(",")[1]))
    assert score([*lines, *GOOD[30:]]).rows.equals(score(GOOD).rows)


def test_points_without_a_movement_are_one_row(score):
    answer = score([*GOOD, ",0,5,5", ",8,9,5"])
    assert answer.said(None)["reasons"] == "row 60 names no movement"
    assert answer.said("good-1")["verdict"] in SCORED


def test_a_file_of_nothing_usable_has_rows_too(score):
    answer = score(["a,0,5,5", "b,0,5,5", "b,30,5,5"])
    assert answer.status == 0
    assert answer.out.startswith("2 movements: 0 bot, 0 human, 0 unfamiliar, 2 unusable ")
    assert answer.rows["probability"].to_list() == [None, None]
    assert set(score(GOOD).rows.columns) == set(answer.rows.columns)


def test_the_summary_counts_each_verdict(score):
    answer = score([*GOOD, "one,0,5,5"])
    counts = answer.rows["verdict"].value_counts()
    said = dict(counts.iter_rows())
    verdicts = ("bot", "human", "unfamiliar", "unusable")
    words = ", ".join(f"{said.get(verdict, 0)} {verdict}" for verdict in verdicts)
    assert answer.out.startswith(f"3 movements: {words} ")
    assert "unusable: the column reasons says why" in answer.out


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_table_is_what_its_name_says(score, tmp_path, kind):
    out = tmp_path / f"said.{kind}"
    assert score(GOOD, f"out={out}").status == 0
    read = pl.read_csv if kind == "csv" else pl.read_parquet
    assert read(out)["movement"].to_list() == ["good-1", "good-2"]


def test_times_in_other_units_are_refused_with_a_remedy_that_works(score):
    right = score(GOOD).rows
    for unit, per_ms, other in (("s", 1e-3, "seconds"), ("us", 1e3, "microseconds")):
        lines = [[*line.split(",")] for line in GOOD]
        lines = [f"{name},{float(t) * per_ms:.12g},{x},{y}" for name, t, x, y in lines]
        refused = score(lines)
        assert refused.status == 2
        assert len(refused.err.splitlines()) == 1
        assert f"if the times are in {other}, give time_unit={unit};" in refused.err
        assert refused.rows is None
        answer = score(lines, f"time_unit={unit}").rows
        assert_frame_equal(answer.drop("start"), right.drop("start"))
        insisted = "if they are in milliseconds all the same, time_unit=ms"
        assert insisted in refused.err
        assert score(lines, "time_unit=ms").status == 0


def test_columns_of_other_names_are_named_by_the_message(score):
    head = "id,timestamp,x,y"
    refused = score(GOOD, head=head)
    assert refused.status == 2
    (line,) = refused.err.splitlines()
    assert "its columns are id, timestamp, x, y" in line
    settings = [f"columns.{key}=NAME" for key in ("t", "x", "y", "movement")]
    assert all(setting in line for setting in settings)
    names = ("timestamp", "x", "y", "id")
    named = [one.replace("NAME", name) for one, name in zip(settings, names, strict=True)]
    assert score(GOOD, *named, head=head).rows.equals(score(GOOD).rows)
    assert "null cuts a stream" in line
    assert score(GOOD, *named[:3], "columns.movement=null", head=head).status == 0


@pytest.mark.parametrize(
    ("between", "mark"),
    [
        (";", ""),
        ("\t", "\ufeff"),
        pytest.param(";", "\ufeff", marks=pytest.mark.slow),
        pytest.param("\t", "", marks=pytest.mark.slow),
    ],
)
def test_separators_and_byte_order_marks(score, between, mark):
    lines = [line.replace(",", between) for line in GOOD]
    answer = score(lines, head=mark + HEAD.replace(",", between))
    assert answer.rows.equals(score(GOOD).rows)


def test_a_column_without_any_number_is_an_error(score):
    answer = score([line.replace(".", "") + "px" for line in GOOD])
    assert (answer.status, answer.rows) == (2, None)
    assert "column 'y_px' holds no usable number; its first cell is '50px'" in answer.err


def test_session_and_user_tell_movements_apart_and_are_carried(score):
    lines = [line + ",ada,s1" for line in move("0")] + [line + ",,s2" for line in move("0")]
    lines += ["1,0,5,5,ben,"]
    words = ("columns.user=who", "columns.session=visit")
    rows = score(lines, *words, head=f"{HEAD},who,visit").rows
    assert rows.select("movement", "user", "session", "row").rows() == [
        ("0", "ada", "s1", 0),
        ("0", None, "s2", 30),
        ("1", "ben", None, 60),
    ]
    assert rows["verdict"].to_list()[2] == "unusable"
    assert score(GOOD).rows["session"].to_list() == [None, None]
    strangers = score([f"{line}," for line in GOOD], "columns.user=who", head=f"{HEAD},who").rows
    assert strangers["session_movement"].to_list() == [1, 1]


@pytest.mark.slow
def test_a_name_that_comes_again_is_the_same_movement(score):
    first, later = move("again"), move("again", step_ms=9)
    apart = [f"again,{1000 + 8 * k},{k},{k}" for k in range(30)]
    answer = score([*first, *GOOD, *apart])
    assert answer.said("again")["verdict"] in SCORED
    refused = score([*first, *GOOD, *later]).said("again")
    assert refused["verdict"] == "unusable"
    assert refused["reasons"].endswith("or give two movements two names")
    assert "(row 90)" in refused["reasons"]


def test_a_stream_keeps_its_other_gestures(score):
    """One bad cell costs the gesture that it stands in, in streams told apart by their session."""
    t = np.r_[np.arange(30) * 8, 5000 + np.arange(30) * 8, 9000 + np.arange(30) * 8]
    lines = [
        f"{moment},{100 + 10 * (k % 30)},{(k % 30) ** 2 // 9},{session}"
        for k, moment in enumerate(t)
        for session in ("a", "b")
    ]
    words = ("columns.movement=null", "columns.session=visit")
    head = "t,x_px,y_px,visit"
    whole = score(lines, *words, head=head).rows
    assert whole["session"].to_list() == ["a", "b"] * 3
    assert set(whole["verdict"]) <= SCORED
    lines[80] = "?,1,1,a"
    rows = score(lines, *words, head=head).rows
    bad = rows.filter(pl.col("verdict") == "unusable")
    assert bad.select("row", "session", "start").rows() == [(60, "a", 5000.0)]
    assert bad["reasons"].item() == "column 't', row 80: '?' is not a finite number"
    kept = ["row", "session", "probability"]
    others = whole.filter(pl.col("row") != 60)
    scored = rows.filter(pl.col("verdict") != "unusable")
    assert_frame_equal(scored.select(kept), others.select(kept))


def test_fractions_are_kept(tmp_path):
    path = tmp_path / "in.csv"
    t = [1.7e12 + moment for moment in (0, 8.4, 16.6, 25)]
    rows = [
        f"a,{moment!r},{x},{x / 2}" for moment, x in zip(t, (500.8, 501.6, 503.2, 504), strict=True)
    ]
    path.write_text("\n".join([HEAD, *rows]) + "\n")
    columns = PointColumns("t", "x_px", "y_px", "movement")
    (made,) = read_log(path, columns).movements
    expected = [[0.8, 0.4, 8.4], [1.6, 0.8, 8.2], [0.8, 0.4, 8.4]]
    np.testing.assert_allclose(made.deltas[0].numpy(), expected, atol=1e-5)
    assert made.start.tolist() == [[pytest.approx(500.8), pytest.approx(250.4)]]
    rounded = Trajectories.from_points(pl.read_csv(path), t="t", movement="movement")
    assert rounded.deltas[0].tolist() == [[1, 1, 8], [1, 1, 9], [1, 0, 8]]


@pytest.mark.slow
def test_one_bad_row_of_humouses_own_file(score, many_gestures, tmp_path):
    path = tmp_path / "own.parquet"
    Trajectories.load(many_gestures / "val.parquet")[:6].save(path)
    whole = score(path).rows
    own = pl.read_parquet(path)
    x, start, t = (own[name].to_list() for name in ("dx_px", "start_x_px", "dt_ms"))
    x[0][1], start[1], t[2] = float("nan"), None, t[2][:-1]
    t[3][0], x[4] = -8.0, [1.0] * 5000
    same = {"dy_px": [*own["dy_px"].to_list()[:4], x[4], own["dy_px"].to_list()[5]]}
    t[4] = x[4]
    float32s = pl.List(pl.Float32)
    own.with_columns(
        pl.Series("dx_px", x, dtype=float32s),
        pl.Series("dy_px", same["dy_px"], dtype=float32s),
        pl.Series("dt_ms", t, dtype=float32s),
        pl.Series("start_x_px", start, dtype=pl.Float32),
    ).write_parquet(path)
    rows = score(path).rows
    reasons = rows["reasons"].to_list()
    words = ("NaN or infinite", "no start", "different lengths", "runs backwards", "more than 4096")
    assert all(word in reason for word, reason in zip(words, reasons, strict=False))
    assert rows["verdict"].to_list()[:5] == ["unusable"] * 5
    assert rows["user"].to_list() == whole["user"].to_list()
    alone = whole[5:].with_columns(session_movement=pl.lit(1, pl.Int64))
    sources = ("session_verdict", "session_score")
    assert_frame_equal(rows[5:].drop(sources), alone.drop(sources))
