"""The pictures of a benchmark's page, each with a title and its content in words."""

from markupsafe import Markup

from humouse.detection.benchmark.result import BenchmarkResult
from humouse.detection.benchmark.wording import called
from humouse.report.detection.curve_figures import caught_at, hardest_first
from humouse.report.detection.figures import detection_figures
from humouse.report.picture import inline_svg
from humouse.report.wording import number

_TITLES = {
    "false_alarms": "How often each person is called a bot",
    "roc": "Share of bots caught by false-alarm rate, one line per kind held out",
    "calibration": "Share of bots by the probability that the detector gives",
}
_BESIDE = "The same numbers stand in the table beside the picture."


def pictures_of(result: BenchmarkResult) -> dict[str, Markup]:
    """Return the pictures that the page does not draw by itself, by name."""
    words = {"roc": _curves_in_words(result), "calibration": _bins_in_words(result)}
    return {
        name: inline_svg(
            figure,
            key=name.replace("_", "-"),
            title=_TITLES[name],
            description=words.get(name, _BESIDE),
        )
        for name, figure in detection_figures(result).items()
        if name in _TITLES
    }


def _curves_in_words(result: BenchmarkResult) -> str:
    at = [
        f"{called(one.family)} {number(100 * caught_at(one, 0.01), 1)}%"
        for one in hardest_first(result)
    ]
    return f"Caught at a false-alarm rate of 1%: {'; '.join(at)}."


def _bins_in_words(result: BenchmarkResult) -> str:
    bins = [
        f"{number(one.probability, 2)} given, {number(one.bot_share, 2)} found "
        f"({one.people:,} movements of people, {one.bots:,} of bots)"
        for one in result.reliability
    ]
    return f"{'; '.join(bins)}."
