"""The pages of examples, each made once, and one browser of a kind for all tests that look."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from examples.benchmark import example_benchmark
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
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder that keeps the pictures of pages: HUMOUSE_SCREENSHOTS, or a temporary one."""
    folder = Path(os.environ.get("HUMOUSE_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _program(name: str, variable: str) -> str:
    """Return the path of a browser; where there is none, skip the test, or fail it under CI=true."""
    found = os.environ.get(variable) or shutil.which(name)
    if found:
        return found
    missing = f"no {name}: install Debian's package, or name another one in {variable}"
    return pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)


@pytest.fixture(scope="session")
def browser() -> Iterator[SimpleNamespace]:
    """One Chromium for all tests. Where there is none they are skipped, and fail under CI=true."""
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed: pip install playwright"
    )
    chromium = _program("chromium", "HUMOUSE_CHROMIUM")
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        opened = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """One Firefox for all tests. Where there is none they are skipped, and fail under CI=true."""
    program = _program("firefox-esr", "HUMOUSE_FIREFOX")
    from firefox import launch

    with launch(program, tmp_path_factory.mktemp("firefox")) as opened:
        yield opened


@pytest.fixture(scope="session")
def benchmark(once: Callable[..., Path], many_gestures: Path) -> BenchmarkResult:
    """Return a small benchmark, really run."""
    folder = once("example benchmark", lambda at: example_benchmark(at, many_gestures).folder)
    return BenchmarkResult.load(folder)
