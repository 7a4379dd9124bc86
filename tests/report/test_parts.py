"""The parts that pages are made of: numbers, scales, drawings, pictures."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.eval.score import Score
from humouse.figures.comparison import _edges, _short, feature_overlay
from humouse.figures.verdict import prd_curves, roc_curves, speed_quartiles, velocity_profile
from humouse.report.dots import Scale, mark
from humouse.report.gestures import CELL, cell, round_length
from humouse.report.picture import inline_svg
from humouse.report.wording import brief, difference, interval, number, overlap
from humouse.trajectories import Trajectories


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.5, 3, "0.500"), (-0.0001, 3, "0.000"), (-0.25, 1, "−0.2"), (-1.5, 2, "−1.50")],
)
def test_numbers(value, digits, text):
    assert number(value, digits) == text


def test_brief_numbers():
    assert [brief(x) for x in (0.123456, -3.0, 34567.0, 123.4, 0.0, 2.5e8)] == [
        "0.123", "−3", "34,600", "123", "0", "2.5e+08",
    ]  # fmt: skip


def test_what_is_worse_depends_on_the_score():
    assert difference("c2st_forest_auc", 0.8, 0.6) == "+0.200 worse"
    assert difference("prd_recall", 0.8, 0.6) == "+0.200 better"
    assert difference("mmd", 0.001, 0.004) == "−0.0030 better"
    assert difference("density", 1.3, 1.0) == "+0.300 better"
    assert difference("c2st_forest_auc", 0.60001, 0.6) == "as the floor"
    assert difference("unheard_of", 2.0, 1.0) == "+1.000"


def test_intervals():
    assert interval(Score(0.5), 3) == ""
    assert interval(Score(0.5, -0.1, 1.0), 2) == "[−0.10, 1.00]"
    assert overlap(Score(1.0, 0.0, 2.0), Score(3.0, 2.0, 4.0))
    assert not overlap(Score(1.0, 0.0, 2.0), Score(3.0, 2.1, 4.0))
    assert not overlap(Score(1.0), Score(1.0, 0.0, 2.0))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8))
@settings(deadline=None, max_examples=50)
def test_a_scale_holds_its_values_in_order(values):
    scale = Scale.over(values)
    assert not any(scale.beyond(value) for value in values)
    places = [scale.at(value) for value in sorted(values)]
    assert places == sorted(places)
    assert scale.at(scale.low) == 12
    assert scale.at(scale.high) == 308
    assert [value for value, _ in scale.ticks] == sorted(value for value, _ in scale.ticks)


def test_a_mark_beyond_its_scale_stands_at_the_end():
    scale = Scale(0.0, 1.0, ())
    far = mark("line", Score(3.0, 2.9, 3.1), scale, 1)
    assert (far.x, far.beyond, far.text) == (308, True, "straight line 3.0 [2.9, 3.1]")
    near = mark("generated", Score(0.5), scale, 2, called="B")
    assert (near.x, near.beyond, near.text) == (160, False, "B 0.50")
    assert near.low is None


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=30)
def test_a_drawing_keeps_shape_and_scale(seed):
    rng = np.random.default_rng(seed)
    path = rng.normal(0, 100, (20, 2)).cumsum(0)
    drawing = cell(path)
    placed = np.array([[float(x) for x in p.split()] for p in drawing.paths[0][1:].split("L")])
    assert placed.min() >= 7.9
    assert placed.max() <= CELL - 7.9
    scale = drawing.bar / drawing.bar_px
    np.testing.assert_allclose(placed - placed[0], (path - path[0]) * scale, atol=0.35)
    assert drawing.start == tuple(placed[0])
    assert 10 <= drawing.bar <= 0.4 * CELL


@pytest.mark.parametrize(
    ("half", "length"), [(100.0, 50), (30.0, 20), (13.0, 10), (1.0, 1), (0.5, 1)]
)
def test_round_lengths(half, length):
    assert round_length(half) == length


def movement(*steps):
    deltas = torch.tensor([steps], dtype=torch.float32)
    return Trajectories(deltas, torch.tensor([len(steps)]), torch.zeros(1, 2), None, "one")


def test_speed_over_the_share_of_time():
    low, middle, high = speed_quartiles(movement([3, 4, 10], [0, 0, 10], [30, 40, 20]), 4)
    np.testing.assert_allclose(middle, [500, 0, 2500, 2500])
    np.testing.assert_allclose(low, high)
    assert speed_quartiles(movement([3, 4, 0]), 4).tolist() == [[0] * 4] * 3


def test_speed_quartiles_against_one_movement_at_a_time():
    rng = np.random.default_rng(0)
    lengths = torch.from_numpy(rng.integers(1, 12, 40))
    steps = torch.from_numpy(rng.integers(1, 30, (40, 12, 3)).astype(np.float32))
    batch = Trajectories(steps, lengths, torch.zeros(40, 2), None, "many")
    rows = []
    for k in range(40):
        part = steps[k, : lengths[k]].numpy()
        ends = part[:, 2].cumsum() / part[:, 2].sum()
        at = [np.flatnonzero(ends >= (j + 0.5) / 7)[0] for j in range(7)]
        rows.append(np.hypot(part[at, 0], part[at, 1]) / part[at, 2] * 1000)
    expected = np.quantile(rows, [0.25, 0.5, 0.75], axis=0)
    np.testing.assert_allclose(speed_quartiles(batch, 7), expected)


def test_an_overlay_counts_every_gesture():
    figure = feature_overlay(np.arange(100.0), np.full(30, 1e9), unit="px$")
    (axes,) = figure.axes
    assert [patch.get_data().values.sum() for patch in axes.patches] == pytest.approx([1, 1])
    assert axes.get_xlabel() == r"px\$"
    assert [patch.get_fill() for patch in axes.patches] == [True, False]  # not by colour alone
    assert feature_overlay(np.zeros(3), np.zeros(2)).axes[0].get_xlim()[0] < 0


@given(st.lists(st.integers(-500, 3000), min_size=1, max_size=60))
@settings(deadline=None, max_examples=40)
def test_whole_numbers_stand_in_the_middle_of_their_bins(values):
    edges = _edges(np.array(values, float), np.array(values[:1], float))
    assert len(edges) <= 43
    width = edges[1] - edges[0]
    assert width == int(width) >= 1
    assert set(edges % 1) == {0.5}
    np.testing.assert_array_equal(_edges(np.arange(6.0), np.zeros(9)), np.arange(-0.5, 6))


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.15, "0.15"), (-3.0, "−3"), (250e3, "250k"), (-1.5e6, "−1.5M"), (0.0, "0")],
)
def test_short_ticks(value, text):
    assert _short(value) == text


def test_an_overlay_drawn_over_another_is_as_new():
    rng = np.random.default_rng(0)
    one, other = rng.normal(5, 2, (2, 80)), rng.lognormal(9, 1, (2, 90))
    words = {"key": "a", "title": "t", "description": "d"}
    figure = feature_overlay(*one, unit="ms")
    inline_svg(figure, **words)
    over = feature_overlay(*other, unit="px/s", onto=figure)
    assert over is figure
    assert inline_svg(over, **words) == inline_svg(feature_overlay(*other, unit="px/s"), **words)


def test_curves_differ_in_more_than_colour():
    points = [(0.0, 1.0), (1.0, 0.0)]
    axes = prd_curves(dict.fromkeys("abcdef", points)).axes[0]
    dashes = [line._unscaled_dash_pattern for line in axes.get_lines()]
    assert len({str(dash) for dash in dashes}) == 6
    roc = roc_curves({"a$b$": points}).axes[0]
    assert len(roc.get_lines()) == 2  # chance beside it
    assert roc.get_legend().get_texts()[0].get_text() == r"a\$b\$"


def test_pictures_of_a_page_do_not_meet():
    one, other = (
        inline_svg(
            velocity_profile(movement([3, 4, 10]), movement([5, 0, 10])),
            key=key,
            title="<b>",
            description="d & e",
        )
        for key in ("a", "b")
    )
    ids = [re.findall(r' id="([^"]+)"', svg) for svg in (one, other)]
    assert ids[0]
    assert not set(ids[0]) & set(ids[1])
    for svg, known in zip((one, other), ids, strict=True):
        assert set(re.findall(r"url\(#([^)]+)\)|href=\"#([^\"]+)\"", svg)) <= {
            pair for name in known for pair in ((name, ""), ("", name))
        }
        assert "<style" not in svg
        assert "http" not in svg
        assert "DejaVu" not in svg
        assert "&lt;b&gt;" in svg
    assert one == inline_svg(
        velocity_profile(movement([3, 4, 10]), movement([5, 0, 10])),
        key="a",
        title="<b>",
        description="d & e",
    )
