"""The pages of examples, each made once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from examples.evaluation import example_run
from humouse.detection.benchmark.result import BenchmarkResult
from humouse.eval.run import EvaluationRun
from humouse.report import write_comparison, write_report
from humouse.report.detection.page import write_detection_page


@pytest.fixture(scope="session")
def make_run() -> Callable[..., EvaluationRun]:
    """Return `example_run`."""
    return example_run


@pytest.fixture(scope="session")
def run(once: Callable[..., Path]) -> EvaluationRun:
    """Return a run with all its parts; nobody writes to it but reports."""
    return EvaluationRun.load(
        once("example run", lambda folder: example_run(folder / "events").folder)
    )


@pytest.fixture(scope="session")
def report(run: EvaluationRun, once: Callable[..., Path]) -> Path:
    """Return the report of that run."""
    return once("example report", lambda folder: write_report(run, folder / "report.html"))


@pytest.fixture(scope="session")
def comparison(run: EvaluationRun, once: Callable[..., Path]) -> Path:
    """Return the comparison of that run with another one."""

    def write(folder: Path) -> Path:
        other = example_run(folder / "gan", n=60, pace=1.5, origin="gan")
        return write_comparison([run, other], folder / "compare.html")

    return once("example comparison", write)


@pytest.fixture(scope="session")
def detection(benchmark: BenchmarkResult, once: Callable[..., Path]) -> Path:
    """Return the page of a small benchmark."""
    return once(
        "example detection", lambda folder: write_detection_page(benchmark, folder / "page.html")
    )


@pytest.fixture(scope="session")
def benchmark(small_benchmark: Path) -> BenchmarkResult:
    """Return a small benchmark, really run."""
    return BenchmarkResult.load(small_benchmark)
