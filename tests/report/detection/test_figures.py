"""The pictures of a benchmark hold its numbers, and hide none that lie off the usual scale."""

from dataclasses import replace

import numpy as np
import pytest

from humouse.detection.benchmark.result import BenchmarkResult
from humouse.detection.names import MEAN
from humouse.figures import save_figure
from humouse.report.detection.curve_figures import calibration, hardest_first, roc
from humouse.report.detection.families import families_of
from humouse.report.detection.figures import detection_figures, false_alarms
from humouse.report.detection.heat_figures import held_out, sessions
from humouse.report.detection.negatives_figure import negatives
from humouse.report.detection.tables import percent


def line(axes, label):
    """Return x and y of the line of that name."""
    (found,) = [one for one in axes.get_lines() if one.get_label() == label]
    return np.asarray(found.get_xdata(), float), np.asarray(found.get_ydata(), float)


def test_each_question_has_a_picture(benchmark, tmp_path):
    figures = detection_figures(benchmark)
    assert list(figures) == [
        "held_out", "negatives", "false_alarms", "sessions", "roc", "calibration",
    ]  # fmt: skip
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


def test_heat_maps_hold_every_share(benchmark):
    mixes = ["bots", "all"]
    order = families_of(benchmark)
    for axes, mix in zip(held_out(benchmark, mixes).axes, mixes, strict=True):
        columns = [text.get_text() for text in axes.get_xticklabels()]
        assert columns[0] == "blend"
        shown = {text.get_position(): text.get_text() for text in axes.texts}
        assert len(shown) == len(columns) * len(order)
        for y, family in enumerate(order):
            for x, detector in enumerate(columns):
                cell = benchmark.cell(detector, family, mix)
                share = None if cell is None else cell.scores["tpr_at_1"].value
                assert shown[x, y] == ("–" if share is None else percent(share, 0))


def test_sessions_have_a_row_a_family(benchmark):
    (axes,) = sessions(benchmark).axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ["1", "3", "5", "10"]
    assert len(axes.texts) == 4 * len({one.family for one in benchmark.sessions})


def test_a_curve_is_drawn_for_each_family_over_its_rates(benchmark):
    (axes,) = roc(benchmark).axes
    assert axes.get_xscale() == "log"
    assert axes.get_xlim() == (0.001, 1)
    drawn = [tuple(one.get_ydata()) for one in axes.get_lines() if len(one.get_xdata()) == 31]
    expected = [tuple(score.value for score in one.caught) for one in benchmark.curves]
    assert sorted(drawn) == sorted(expected)
    assert hardest_first(benchmark)[0].family == "diffusion"
    x, _ = line(axes, "diffusion")
    np.testing.assert_allclose(x, benchmark.curves[0].rates)


def test_calibration_has_a_point_and_two_counts_a_bin(benchmark):
    above, below = calibration(benchmark).axes
    x, y = line(above, "as it is")
    np.testing.assert_allclose(x, [one.probability for one in benchmark.reliability])
    np.testing.assert_allclose(y, [one.bot_share for one in benchmark.reliability])
    heights = sorted(bar.get_height() for bar in below.patches)
    assert heights == sorted(n for one in benchmark.reliability for n in (one.people, one.bots))


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
