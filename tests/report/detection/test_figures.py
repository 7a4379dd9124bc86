"""The pictures of a benchmark hold its numbers."""

import numpy as np
import pytest

from humouse.detection.benchmark.result import BenchmarkResult
from humouse.figures import save_figure
from humouse.report.detection.curve_figures import roc
from humouse.report.detection.figures import detection_figures


@pytest.mark.slow
def test_each_question_has_a_picture(benchmark, tmp_path):
    figures = detection_figures(benchmark)
    assert set(figures) >= {"held_out", "false_alarms", "roc", "calibration"}
    for name, figure in figures.items():
        save_figure(figure, tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").stat().st_size > 5_000
    assert detection_figures(BenchmarkResult(tmp_path)) == {}


def test_roc_curves_are_those_of_the_result(benchmark):
    (axes,) = roc(benchmark).axes[:1]
    drawn = [np.asarray(line.get_ydata(), float) for line in axes.get_lines()]
    for curve in benchmark.curves[:1]:
        shares = [score.value for score in curve.caught]
        assert any(
            len(one) == len(shares) and one == pytest.approx(shares, abs=1e-9) for one in drawn
        )
