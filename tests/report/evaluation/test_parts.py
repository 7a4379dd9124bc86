"""The parts that pages are made of: numbers, scales, drawings, pictures."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.eval.statistics.score import MEASURES, Score
from humouse.figures.comparison import feature_overlay
from humouse.figures.profiles import prd_curves, roc_curves, speed_quartiles, velocity_profile
from humouse.report.comparison.best import mark_best
from humouse.report.dots import Scale, mark
from humouse.report.drawing import SIZE, drawing, round_length
from humouse.report.evaluation.gestures import turned
from humouse.report.picture import inline_svg
from humouse.report.wording import breakable, breakable_plain, brief, difference, interval, number
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
    assert difference("c2st_forest_auc", Score(0.2, 0.1, 0.3)) == "+0.200 worse"
    assert difference("prd_recall", Score(0.2, 0.1, 0.3)) == "+0.200 better"
    assert difference("mmd", Score(-0.003, -0.004, -0.001)) == "−0.0030 better"
    assert difference("density", Score(0.3, 0.1, 0.4)) == "+0.300 better"
    assert difference("c2st_forest_auc", Score(0.00001, 0.0, 0.1)) == "as the baseline"
    assert difference("copying", Score(0.2, 0.1, 0.3)) == "+0.200 worse"
    for ends in ((-0.6, -0.5), (-0.7, 0.2)):  # who makes nonsense copies nobody: no merit
        assert difference("copying", Score(-0.535, *ends)) == "no more than people"
    assert difference("unheard_of", Score(1.0, 0.5, 2.0)) == "+1.000"


@pytest.mark.parametrize("ends", [(-0.03, 0.64), (0.0, 0.4), (-0.1, 0.0), (None, None)])
def test_noise_is_neither_worse_nor_better(ends):
    assert difference("c2st_forest_auc", Score(0.23, *ends)) == "+0.230 unsure"


def test_names_break_where_their_words_end():
    assert breakable("diffusion:a_b: <c>_") == "diffusion:<wbr>a_<wbr>b: &lt;c&gt;_"
    assert breakable_plain("a_b<") == "a_\u200bb<"


def test_intervals():
    assert interval(Score(0.5), 3) == ""
    assert interval(Score(0.5, -0.1, 1.0), 2) == "[−0.10, 1.00]"


def test_the_best_is_judged_by_what_it_is_chosen_by():
    auc = MEASURES["c2st_forest_auc"]
    wide = [Score(0.8, 0.6, 1.0), Score(0.9, 0.7, 1.0)]
    apart = [Score(0.1, 0.08, 0.12), Score(0.2, 0.18, 0.22)]
    assert mark_best(auc, wide, apart) == ["best", ""]  # the same people: differences are sure
    assert mark_best(auc, apart, wide) == ["best?", ""]
    assert mark_best(auc, [*apart], [wide[0], None]) == ["best", ""]  # no baseline: the values
    assert mark_best(auc, [Score(0.8), Score(0.9)], [None, None]) == ["best?", ""]  # nobody knows
    assert mark_best(auc, [*wide, None], [*apart, None]) == ["best", "", ""]
    assert mark_best(MEASURES["prd_recall"], wide, apart) == ["", "best"]
    assert mark_best(auc, wide[:1], apart[:1]) == [""]


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
    drawn = drawing(path)
    placed = np.array([[float(x) for x in p.split()] for p in drawn.paths[0][1:].split("L")])
    assert placed.min() >= 7.9
    assert placed.max() <= SIZE - 7.9
    scale = drawn.bar / drawn.bar_px
    np.testing.assert_allclose(placed - placed[0], (path - path[0]) * scale, atol=0.35)
    assert drawn.start == tuple(placed[0])
    assert 10 <= drawn.bar <= 0.4 * SIZE


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
    assert [text.get_text() for text in axes.texts] == ["100% above 2.09k ▸"]
    assert axes.get_xlabel() == r"px\$"
    assert [patch.get_fill() for patch in axes.patches] == [True, False]  # not by colour alone
    assert feature_overlay(np.zeros(3), np.zeros(2)).axes[0].get_xlim()[0] < 0


def test_what_lies_off_the_axis_is_said():
    people = np.linspace(97.0, 156.5, 200)
    fake = np.concatenate([np.full(67, 16.0), np.full(33, 120.0)])
    (axes,) = feature_overlay(people, fake, unit="ms").axes
    assert not axes.texts
    generated = axes.patches[1].get_data()
    assert generated.edges[0] <= 16  # where they are, not at the end of people's
    assert generated.values[0] == pytest.approx(0.67)
    assert generated.values[generated.edges[:-1] < 96][1:].sum() == 0
    figure = feature_overlay(people, np.where(fake < 97, -2000.0, fake))
    assert [text.get_text() for text in figure.axes[0].texts] == ["◂ 67% below −1.09k"]
    again = feature_overlay(people, fake, onto=figure)
    assert not again.axes[0].texts


def test_people_keep_a_shape_beside_what_is_far():
    people = np.linspace(0.0, 1.0, 200)
    (axes,) = feature_overlay(people, np.full(50, -9.5)).axes
    shares = axes.patches[0].get_data().values
    assert (shares > 0).sum() >= 10


@pytest.mark.slow
@given(st.lists(st.integers(-500, 3000), min_size=1, max_size=60))
@settings(deadline=None, max_examples=40)
def test_whole_numbers_stand_in_the_middle_of_their_bins(values):
    edges = bins_of(values, values[:1])
    assert len(edges) <= 43
    width = edges[1] - edges[0]
    assert width == int(width) >= 1
    assert set(edges % 1) == {0.5}


def test_a_bin_for_each_of_few_whole_numbers():
    np.testing.assert_array_equal(bins_of(range(6), [0] * 9), np.arange(-0.5, 6))


def bins_of(people, generated):
    (axes,) = feature_overlay(np.array(people, float), np.array(generated, float)).axes
    return axes.patches[0].get_data().edges


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.15, "0.15"), (-3.0, "−3"), (250e3, "250k"), (-1.5e6, "−1.5M"), (0.0, "0")],
)
def test_short_ticks(value, text):
    (axes,) = feature_overlay(np.arange(9.0), np.arange(9.0)).axes
    assert axes.xaxis.get_major_formatter()(value) == text


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


def test_words_and_ticks_of_a_picture_stay_as_they_are():
    figure = feature_overlay(np.linspace(0, 1, 50), np.linspace(0, 1, 60))
    (axes,) = figure.axes
    axes.set_xlabel("AUC 0.999")
    axes.set_xticks([0.125, 0.875])
    svg = inline_svg(figure, key="a", title="t", description="d 0.12345")
    for words in ("AUC 0.999", ">0.125<", ">0.875<", "d 0.12345"):
        assert words in svg
    drawn = re.sub("<desc.*?</desc>", "", svg).split(">", 1)[1]  # the viewBox holds its own numbers
    assert re.findall(r"<[^>]*\d\.\d{3}[^>]*>", drawn) == []


def test_places_are_rounded_not_cut():
    figure = feature_overlay(np.zeros(9), np.zeros(9))
    figure.text(0.5, 0.5, "here", fontsize=9.999)
    assert "font-size: 10px" in inline_svg(figure, key="a", title="t", description="d")


@given(st.floats(-3, 3), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=30)
def test_a_path_turned_onto_another_ends_in_its_direction(angle, seed):
    path = np.random.default_rng(seed).normal(5, 30, (12, 2)).cumsum(0)
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    onto = 3 * (path - path[0]) @ rotation + 7
    found = turned(path, onto)
    np.testing.assert_allclose(found[0], path[0])
    np.testing.assert_allclose(3 * (found - found[0]), onto - onto[0], rtol=1e-6, atol=1e-6)


def test_a_path_that_ends_where_it_starts_is_not_turned():
    loop, line = np.array([[0.0, 0], [3, 4], [0, 0]]), np.array([[0.0, 0], [0, 1]])
    assert turned(loop, line) is loop
    assert turned(line, loop) is line


def test_pictures_of_a_page_share_no_ids():
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
