"""Run the benchmarks one after the other, and end with one table of all their figures.

Run: `python benchmarks/table.py`, which `make benchmark` does, or some of them: `python benchmarks/table.py
mmd bots`. What follows `--` goes to each. The table says what was measured, beside which bar, and whether
that was met; it is printed, and written to runs/benchmark.md with the machine, the commands and the date. A
benchmark that fails is named in it and costs no other its line.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from figures import FILE, Figure, read_figures

HERE = Path(__file__).parent
NAMES = (
    *("unet", "features", "sigma_lognormal", "bots", "mmd", "intervals", "evaluation", "detectors"),
    *("scoring", "sampling_scale", "streams", "on_ray", "part_costs", "report", "reading"),
    *("service", "prepare"),
)
_PREPARE, _SAPIMOUSE = "prepare", "sapimouse"


@dataclass(frozen=True)
class Ran:
    """A benchmark that was run.

    Args:
        command: How, as one would type it.
        seconds: How long it took.
        status: With which it ended.
        figures: What it measured until then.
    """

    command: str
    seconds: float
    status: int
    figures: tuple[Figure, ...]


def ran(script: Path, more: Sequence[str]) -> Ran:
    """Run a benchmark, which prints what it prints."""
    command = " ".join(["python", f"benchmarks/{script.name}", *more])
    print(f"$ {command}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        noted = Path(folder) / "figures.jsonl"
        began = time.perf_counter()
        status = subprocess.run(
            [sys.executable, str(script), *more], env={**os.environ, FILE: str(noted)}, check=False
        ).returncode
        return Ran(command, time.perf_counter() - began, status, tuple(read_figures(noted)))


def table(done: Sequence[Ran], left_out: Sequence[str]) -> str:
    """Return everything in Markdown."""
    figures = [figure for one in done for figure in one.figures]
    verdicts = [figure.verdict for figure in figures]
    lines = [
        f"{datetime.now().astimezone():%Y-%m-%d %H:%M %Z}, {machine()}.",
        "",
        f"{len(figures)} figures: {verdicts.count('met')} met their bar, {verdicts.count('missed')} missed "
        f"it, {verdicts.count('–')} have none.",
        "",
        "| what | measured | bar | |",
        "|---|---:|---:|---|",
        *map(_row, figures),
        "",
        "| command | took | |",
        "|---|---:|---|",
        *(
            f"| `{one.command}` | {one.seconds:,.0f} s | "
            f"{f'**failed**, status {one.status}' if one.status else 'ended well'} |"
            for one in done
        ),
        *(f"| {reason} | – | left out |" for reason in left_out),
    ]
    return "\n".join(lines) + "\n"


def _row(figure: Figure) -> str:
    bar = "–" if figure.bar is None else f"{figure.sense} {_number(figure.bar)}"
    verdict = f"**{figure.verdict}**" if figure.verdict == "missed" else figure.verdict
    return f"| {figure.what} | {_number(figure.measured)} {figure.unit} | {bar} | {verdict} |"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def machine() -> str:
    """Return the processor, the cores that this process may use, and how busy they are."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{_processor()}, {cores} core(s) to use{load}, Python {platform.python_version()}"


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    if described.is_file():
        for line in described.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def main() -> int:
    """Run what is asked for; return 1 if a benchmark failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="benchmarks; all by default")
    parser.add_argument("--recordings", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/benchmark.md"))
    words = sys.argv[1:]
    at = words.index("--") if "--" in words else len(words)
    given, more = parser.parse_args(words[:at]), words[at + 1 :]
    unknown = [name for name in given.names if not (HERE / f"{name}.py").is_file()]
    if unknown:
        parser.error(f"{unknown[0]}: no such benchmark; there are {', '.join(NAMES)}")
    done: list[Ran] = []
    left_out: list[str] = []
    root = given.recordings / _SAPIMOUSE
    try:
        for name in given.names or NAMES:
            if name == _PREPARE and not root.is_dir():
                left_out.append(f"`benchmarks/{name}.py`: no recordings in {given.recordings}")
                continue
            own = ["--root", str(root)] if name == _PREPARE else []
            done.append(ran(HERE / f"{name}.py", [*own, *more]))
    except KeyboardInterrupt:
        left_out.append("the rest: interrupted")
    page = table(done, left_out)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(page, encoding="utf-8")
    print(f"\n{page}\nthis table: {given.out}")
    return int(bool(left_out[-1:] == ["the rest: interrupted"] or any(one.status for one in done)))


if __name__ == "__main__":
    sys.exit(main())
