"""The pictures of a benchmark hold its numbers, and hide none that lie off the usual scale."""

from dataclasses import replace

import numpy as np
import pytest

from humouse.detection.benchmark.result import BenchmarkResult
from humouse.detection.names import MEAN
from humouse.eval.statistics.score import Score
from humouse.figures import save_figure
from humouse.report.detection.figures import detection_figures, false_alarms, sessions
from humouse.report.detection.held_out_figure import families_of, held_out, negatives


def line(axes, label):
    """Return x and y of the line of that name."""
    (found,) = [one for one in axes.get_lines() if one.get_label() == label]
    return np.asarray(found.get_xdata(), float), np.asarray(found.get_ydata(), float)


def test_each_question_has_a_picture(benchmark, tmp_path):
    figures = detection_figures(benchmark)
    assert list(figures) == ["held_out", "negatives", "false_alarms", "sessions"]
    for name, figure in figures.items():
        save_figure(figure, tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").stat().st_size > 10_000
    assert detection_figures(BenchmarkResult(tmp_path, ())) == {}
    alone = tuple(cell for cell in benchmark.cells if cell.mix == "all")
    assert list(detection_figures(BenchmarkResult(tmp_path, alone))) == ["held_out"]


def test_families_are_in_one_order(benchmark):
    order = families_of(benchmark)
    assert order[:4] == ["gan", "diffusion", MEAN, "perturbed_replay"]
    areas = [benchmark.cell("blend", one, "all").scores["roc_auc"].value for one in order[3:]]
    assert areas == sorted(areas)


def test_areas_are_where_they_belong(benchmark):
    mixes = ["bots", "all"]
    figure = held_out(benchmark, mixes)
    order = families_of(benchmark)
    for axes, mix in zip(figure.axes, mixes, strict=True):
        for detector in ("blend", "boosting"):
            x, y = line(axes, detector)
            expected = [benchmark.cell(detector, one, mix).scores["roc_auc"].value for one in order]
            np.testing.assert_allclose(x, expected)
            np.testing.assert_allclose(y, np.arange(len(order)))
        bottom, top = axes.get_ylim()
        assert bottom > top  # the first family stands above
    names = [axes.get_legend_handles_labels()[1] for axes in figure.axes]
    assert "discriminator" not in names[0]
    assert "discriminator" in names[1]
    (legend,) = figure.legends
    assert "discriminator" in [text.get_text() for text in legend.get_texts()]


@pytest.mark.parametrize("area", [0.0, 0.03, 0.45, 1.0])
def test_no_area_is_off_the_axis(benchmark, area):
    far = [
        replace(one, scores={**one.scores, "roc_auc": Score(area, area, area)})
        if one.family == "wind"
        else one
        for one in benchmark.cells
    ]
    (axes,) = held_out(replace(benchmark, cells=tuple(far)), ["all"]).axes
    low, high = axes.get_xlim()
    assert low <= area <= high
    ticks = axes.get_xticks()
    assert (np.diff(axes.transData.transform(np.stack([ticks, 0 * ticks], 1))[:, 0]) > 0).all()
    assert low <= ticks.min()


def test_negatives_join_what_they_change(benchmark):
    (axes,) = negatives(benchmark).axes
    order = families_of(benchmark)
    for mix in ("bots", "bots+gan", "bots+diffusion", "all"):
        x, y = line(axes, mix)
        expected = [benchmark.cell("blend", one, mix).scores["tpr_at_1"].value for one in order]
        np.testing.assert_allclose(x, expected)
        np.testing.assert_allclose(np.round(y), np.arange(len(order)))
    assert axes.get_xlim() == (0, 1)
    joined = [one for one in axes.get_lines() if len(one.get_xdata()) == 2]
    assert len(joined) == 2 * len(order)


def test_false_alarms_name_everybody_the_worst_above(benchmark):
    (axes,) = false_alarms(benchmark).axes
    rates = benchmark.false_alarms[0].rate_by_user
    above = line(axes, "more than 1%")
    below = line(axes, "at most 1%")
    assert sorted([*above[0], *below[0]]) == pytest.approx(sorted(100 * r for r in rates.values()))
    assert (above[0] > 1).all()
    assert (below[0] <= 1).all()
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert len(names) == 20
    assert names[-1].startswith(max(rates, key=rates.get))
    assert axes.get_xlim()[1] > 100 * max(rates.values())


def test_of_many_people_only_the_worst_is_named(benchmark):
    many = {f"person $k${k}": 0.001 * (k % 17) for k in range(200)} | {"odd_one": 0.5}
    alarms = replace(
        benchmark.false_alarms[0], rate_by_user=many, gestures_by_user=dict.fromkeys(many, 50)
    )
    figure = false_alarms(replace(benchmark, false_alarms=(alarms,)))
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["odd_one"]
    assert figure.get_size_inches()[1] < 14
    with pytest.raises(ValueError, match="no false alarms"):
        false_alarms(replace(benchmark, false_alarms=()))


def test_sessions_have_a_line_a_family(benchmark):
    (axes,) = sessions(benchmark).axes
    lines = [one for one in axes.get_lines() if len(one.get_xdata()) == 4]
    found = sorted(tuple(np.round(one.get_ydata(), 9)) for one in lines)
    families = {one.family for one in benchmark.sessions}
    expected = sorted(
        tuple(
            round(one.scores["tpr_at_1"].value, 9)
            for one in benchmark.sessions
            if one.family == family
        )
        for family in families
    )
    assert found == expected
    texts = [text.get_text() for text in axes.texts]
    assert "diffusion" in texts
    assert any(text.endswith("…") for text in texts)
    places = [text.xyann[1] for text in axes.texts]
    assert (np.diff(places) < -0.05).all()  # no name lies on another


def test_names_of_many_missed_families_stay_on_the_picture(benchmark):
    hard = tuple(replace(one, scores={"tpr_at_1": Score(0.01)}) for one in benchmark.sessions)
    (axes,) = sessions(replace(benchmark, sessions=hard)).axes
    places = [text.xyann[1] for text in axes.texts]
    assert len(places) == 12
    assert min(places) >= 0
    assert max(places) <= 1
