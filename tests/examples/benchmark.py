"""A small detection benchmark, really run: synthetic people of two set-ups, trees alone, one file."""

from pathlib import Path

from humouse.bots import Wind
from humouse.commands.detect_benchmark import run
from humouse.data.prepared import load_split
from humouse.settings import BenchmarkSettings
from humouse.settings.compose import settings_from

SMALL = (
    "detectors=[boosting]",
    "families=[function,bezier,pid]",
    "n=150",
    "looks=2",
    "calibration_share=0.4",
    "people=150",
    "bots_per_family=40",
    "seeds=1",
    "replicates=20",
    "workers=1",
)


def example_settings(folder: Path, data: Path, *more: str) -> BenchmarkSettings:
    """Return the settings of a small benchmark of the people prepared in `data`."""
    file = folder.parent / "breeze_60hz.parquet"
    Wind(load_split(data / "val")).sample(40, seed=3).save(file)
    places = [f"dir={data}", f"files={{breeze_60hz:{file}}}", f"out_dir={folder}"]
    return settings_from("detect/benchmark", BenchmarkSettings, [*places, *SMALL, *more])


def example_benchmark(folder: Path, data: Path) -> Path:
    """Run it, and return its folder."""
    run(example_settings(folder / "run", data))
    return folder / "run"
