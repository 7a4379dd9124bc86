"""The wheel in a fresh environment, which knows nothing of the checkout: core alone, then extras."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from humouse import __version__
from humouse.extras import EXTRAS

CHECKOUT = Path(__file__).parents[1]
# torch brings what the pages' templates need.
PACKAGES = {package for packages in EXTRAS.values() for package in packages} - {
    "jinja2",
    "markupsafe",
}
pytestmark = pytest.mark.slow  # installs torch


@dataclass(frozen=True)
class Environment:
    """A virtual environment, and a folder of its own to work in."""

    folder: Path

    def run(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        hidden = ("PYTHONPATH", "VIRTUAL_ENV", "HUMOUSE_CKPT")
        env = {name: value for name, value in os.environ.items() if name not in hidden}
        return subprocess.run(
            [self.folder / "venv" / "bin" / program, *words],
            cwd=self.folder,
            env=env,
            capture_output=True,
            text=True,
            timeout=1200,
        )

    def done(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        ended = self.run(program, *words)
        assert ended.returncode == 0, ended.stderr
        return ended

    def install(self, *words: str) -> None:
        self.done(
            "python", "-m", "pip", "install", "-q", "-c", str(CHECKOUT / "constraints.txt"), *words
        )

    def size_mb(self) -> float:
        return sum(file.lstat().st_size for file in (self.folder / "venv").rglob("*")) / 1e6


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the wheel, torch, and no extra."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    environment = Environment(folder)
    # A copy: a build in place would take up what an earlier one left there.
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, source)
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(CHECKOUT / "src", source / "src", ignore=ignored)
    environment.done(
        "python", "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(source)
    )
    shutil.rmtree(source)
    (wheel,) = folder.glob("*.whl")
    environment.install(str(wheel))
    print(f"core: {environment.size_mb():,.0f} MB, wheel {wheel.stat().st_size / 1e6:.1f} MB")
    return environment


@pytest.fixture(scope="module")
def detector(many_gestures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector of trees, trained by the checkout."""
    from humouse.commands.detect_train import run as train
    from humouse.settings import DetectTrainSettings
    from humouse.settings.compose import settings_from

    folder = tmp_path_factory.mktemp("detector") / "trees"
    few = ("n=220", "calibration_share=0.4", "mixture={function:1}")
    words = [f"dir={many_gestures}", f"out_dir={folder}", "detectors=[boosting]", *few]
    train(settings_from("detect/train", DetectTrainSettings, words))
    return folder


def test_the_core_samples_and_scores(core: Environment, detector: Path, many_gestures: Path):
    code = "from importlib.util import find_spec as f; import sys; print(*filter(f, sys.argv[1:]))"
    assert core.done("python", "-c", code, *PACKAGES).stdout.strip() == ""
    home = core.done("python", "-c", "import humouse; print(humouse.__file__)").stdout
    assert home.startswith(str(core.folder / "venv"))
    assert core.done("humouse", "--version").stdout == f"humouse {__version__}\n"
    install = "matplotlib not installed; pip install 'humouse[report]'"

    sampled = core.done("humouse", "sample", "n=10")
    assert f"note: no picture: {install}" in sampled.stderr
    (made,) = core.folder.glob("gen/**/samples.parquet")
    manifest = json.loads(made.with_name("manifest.json").read_text())
    assert "accelerate" not in manifest["versions"]
    assert manifest["checkpoint"]["path"].startswith(str(core.folder / "venv"))
    assert not made.with_name("samples.png").exists()

    words = (f"detector={detector}", f"movements={made}", "reasons=3", "out=decisions.csv")
    core.done("humouse", "detect", "score", *words)
    decisions = pl.read_csv(core.folder / "decisions.csv")
    assert len(decisions) == 10
    assert decisions["probability"].is_between(0, 1).all()
    strange = decisions["verdict"] == "unfamiliar"
    assert decisions.filter(~strange)["reasons"].str.contains("people").all()
    assert decisions.filter(strange)["reasons"].str.contains(r"\(known ").all()

    scored = core.done(
        "humouse", *_scoring(many_gestures, f"samples={many_gestures}/train.parquet")
    )
    assert f"note: no pictures and no page: {install}" in scored.stderr
    assert not (core.folder / "scores" / "report.html").exists()

    for verb, extra in (("train", "train"), ("detect train", "onnx"), ("report", "report")):
        refused = core.run("humouse", *verb.split())
        assert refused.returncode == 2
        (line,) = refused.stderr.splitlines()
        assert line.startswith(f"humouse: humouse {verb} needs ")
        assert line.endswith(f": pip install 'humouse[{extra}]'")


def test_with_report_there_is_a_page(core: Environment, many_gestures: Path):
    """Installed as the note says, by the environment's own pip."""
    core.install("humouse[report]")
    print(f"with report: {core.size_mb():,.0f} MB")
    core.done("humouse", "sample", "n=40", "out_dir=drawn")
    assert (core.folder / "drawn" / "samples.png").is_file()
    scored = core.done("humouse", *_scoring(many_gestures, "samples=drawn/samples.parquet"))
    assert "note:" not in scored.stderr
    assert "<html" in (core.folder / "scores" / "report.html").read_text()


def _scoring(people: Path, samples: str) -> tuple[str, ...]:
    quick = ("metrics=[spectra]", "feature_mode=kinematic", "references=[]", "replicates=20")
    return ("eval", samples, f"val_split={people}/val", "n=40", *quick, "out_dir=scores")
