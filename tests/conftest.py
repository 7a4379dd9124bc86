"""What every test may ask for."""

import fcntl
import gc
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from shapes import check_anew

# humouse is imported where it is used: the process that hands out the tests needs none of it.
if TYPE_CHECKING:
    from humouse.settings import TrainModelSettings

# Files of tests that take longest, the longest first: a worker that begins one last would keep the
# whole run waiting.
_LONGEST = (
    "test_wheel.py",
    "eval/test_whole_evaluation.py",
    "commands/test_sigma_eval.py",
    "eval/statistics/test_resampling.py",
    "test_cli.py",
    "report/test_browser.py",
    "report/test_both_browsers.py",
    "detection/benchmark/test_benchmark.py",
    "detection/test_packaged.py",
    "commands/test_train.py",
    "commands/test_train_whole.py",
    "commands/test_evaluate.py",
    "eval/test_known_answers.py",
    "recorder/test_page.py",
    "diffusion/decoder/test_tune.py",
    "diffusion/decoder/test_train.py",
    "diffusion/training/test_distillation.py",
    "diffusion/latents/test_train.py",
    "diffusion/test_sample.py",
    "gan/training/test_training.py",
    "features/strokes/test_strokes.py",
    "settings/test_schemas.py",
    "detection/test_detector.py",
    "commands/test_detect_score.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest files first, the others as they stand."""
    here = Path(__file__).parent
    place = {here / name: number for number, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


def pytest_collection_finish() -> None:
    """Leave what was imported out of garbage collection, which every training asks for."""
    gc.freeze()


def pytest_runtest_logstart() -> None:
    """Check the shapes of every function's first calls anew in every test."""
    check_anew()


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make something in a folder of its own, once for all processes of the test run.

    Takes a name and a function that is given the folder and returns the path of what it made there,
    which is what every process gets. Nobody may change it.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"

    def made(name: str, make: Callable[[Path], Path]) -> Path:
        folder = shared / name
        folder.mkdir(parents=True, exist_ok=True)
        answer = shared / f"{name}.path"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # the system lets go of it when the file is closed
            if not answer.is_file():
                answer.write_text(str(make(folder)))
        return Path(answer.read_text())

    return made


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Folder of people's recordings (SapiMouse, Balabit, KH2017); the test is skipped where it is absent."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    root = Path(os.environ.get("HUMOUSE_DATA", beside)).resolve()
    if not (root / "sapimouse").is_dir():
        pytest.skip(
            f"no recordings at {root}; set HUMOUSE_DATA to the folder that holds sapimouse/"
        )
    return root


_TINY = (
    "experiment=train",
    "model.base_channels=16",
    "model.dropout=0.1",
    "model.cond_dim=0",
    "data.sequence_length=32",
    "data.batch_size=8",
    "data.num_workers=0",
    "data.feature_mode=kinematic",
    "optim.max_steps=6",
    "optim.lr=1e-3",
    "optim.amp=false",
    "logging.num_eval_samples=32",
    "logging.log_interval=1",
    "logging.eval_interval=0",
    "logging.sample_interval=0",
    "experiment_name=tiny",
    "device=cpu",
)


@pytest.fixture(scope="session")
def prepared(once: Callable[..., Path]) -> Callable[..., Path]:
    """Prepare a dataset of synthetic people once, under a name; return its folder."""
    from humouse.commands.dataset import prepare_dataset
    from humouse.settings import PrepareSettings
    from humouse.settings.compose import settings_from

    def made(name: str, *overrides: str) -> Path:
        def prepare(folder: Path) -> Path:
            words = [*overrides, f"out_dir={folder / 'data'}"]
            prepare_dataset(settings_from("prepare", PrepareSettings, words), shown=False)
            return folder / "data"

        return once(name, prepare)

    return made


@pytest.fixture(scope="session")
def tiny_data(prepared: Callable[..., Path]) -> Path:
    """Folder of a prepared dataset: some hundred gestures of six synthetic people."""
    return prepared("tiny_data", "source.users=6", "source.gestures_per_user=20")


@pytest.fixture(scope="session")
def twelve_people(prepared: Callable[..., Path]) -> Path:
    """Folder of a prepared dataset of twelve synthetic people; four of them, 46 gestures, are val."""
    few = ("source.users=12", "source.gestures_per_user=12", "source.seed=5")
    return prepared("twelve people", *few, "split.val_fraction=0.34")


@pytest.fixture(scope="session")
def many_gestures(prepared: Callable[..., Path]) -> Path:
    """Folder of a prepared dataset of eight synthetic people with some 80 gestures each."""
    few = ("source.users=8", "source.gestures_per_user=100", "split.val_fraction=0.25")
    return prepared("many_gestures", *few)


@pytest.fixture(scope="session")
def tiny_overrides(tiny_data: Path) -> Callable[..., list[str]]:
    """Return what to put on the command line for a tiny run that writes below a folder."""

    def overrides(folder: Path, *more: str) -> list[str]:
        places = (
            f"data.dir={tiny_data}",
            f"checkpoint_dir={folder / 'checkpoints'}",
            f"logging.dir={folder / 'runs'}",
        )
        return [*_TINY, *places, *more]

    return overrides


@pytest.fixture(scope="session")
def tiny_settings(tiny_overrides: Callable[..., list[str]]) -> Callable[..., "TrainModelSettings"]:
    """Return the settings of a tiny run that writes below a folder."""
    from humouse.settings import TrainModelSettings
    from humouse.settings.compose import settings_from

    def settings(folder: Path, *more: str) -> TrainModelSettings:
        words = tiny_overrides(folder, "optim.lr_decay=constant", *more)
        return settings_from("diffusion/train", TrainModelSettings, words)

    return settings


@pytest.fixture(scope="session")
def tiny_checkpoint(
    tiny_settings: Callable[..., "TrainModelSettings"], once: Callable[..., Path]
) -> Path:
    """Checkpoint of a tiny run."""
    from humouse.commands.train import run as train

    return once("canonical", lambda folder: train(tiny_settings(folder)))


@pytest.fixture(scope="session")
def event_checkpoint(
    tiny_settings: Callable[..., "TrainModelSettings"], once: Callable[..., Path]
) -> Path:
    """Checkpoint of a tiny run with the event codec and two conditions."""
    from humouse.commands.train import run as train

    more = ("data.codec=event", "data.sequence_length=200", "model.cond_dim=2", "optim.max_steps=4")
    return once("event", lambda folder: train(tiny_settings(folder, *more)))


@pytest.fixture(scope="session")
def small_benchmark(many_gestures: Path, once: Callable[..., Path]) -> Path:
    """Folder of a small benchmark of detectors, really run."""
    from examples.benchmark import example_benchmark

    return once("example benchmark", lambda folder: example_benchmark(folder, many_gestures))


@pytest.fixture(scope="session")
def call() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `python ARGUMENTS…` as a user would, and return its exit status and output."""
    import torch

    def run(*arguments: str, cwd: Path | None = None, **env: str):
        hidden = ("PYTHONPATH", "HUMOUSE_CKPT")
        inherited = {name: value for name, value in os.environ.items() if name not in hidden}
        # As many threads as this process has: sums over threads must round alike.
        threads = {"OMP_NUM_THREADS": str(torch.get_num_threads())}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd,
            env={**inherited, **threads, **env},
            capture_output=True,
            text=True,
            timeout=240,
        )

    return run


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


@pytest.fixture
def forgets_accelerator() -> Iterator[None]:
    """Let no `Accelerator` of a test decide the precision of those after it, as accelerate has it."""
    from accelerate.state import AcceleratorState

    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture
def small_disk() -> Callable:
    """Let no file grow beyond so many bytes in a block, which ends a write as a full disk does."""

    @contextmanager
    def limited(size: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited
