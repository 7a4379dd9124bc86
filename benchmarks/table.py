"""Run the benchmarks one after the other, and end with one table of all their figures.

Run: `python benchmarks/table.py`, as `make benchmark` does, for an hour or two; or some of them: `python
benchmarks/table.py mmd bots`. What follows `--` goes to each. The table says what was measured, beside which
bar, and whether that was met; it is printed, and written to runs/benchmark.md with the machine, the commands
and the date. A benchmark that fails is named in it and costs no other its line. With `--resume`, what ended
well since the last start stays, and the rest is run.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from figures import FILE, Figure, read_figures

HERE = Path(__file__).parent
COMMANDS = (
    *("unet", "features", "sigma_lognormal", "bots", "mmd", "intervals"),
    *("evaluation", "evaluation --command --n 20000", "detectors"),
    *("streams --million --workers 2", "on_ray", "part_costs", "report", "reading", "service"),
    *("prepare --root {recordings}", "prepare --root {recordings} --events 100000000"),
)
NAMES = tuple(dict.fromkeys(command.split()[0] for command in COMMANDS))
_RECORDINGS, _SAPIMOUSE = "{recordings}", "sapimouse"


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


def ran(words: Sequence[str]) -> Ran:
    """Run a benchmark, which prints what it prints."""
    name, *more = words
    command = shown(words)
    print(f"$ {command}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        noted = Path(folder) / "figures.jsonl"
        began = time.perf_counter()
        status = subprocess.run(
            [sys.executable, str(HERE / f"{name}.py"), *more],
            env={**os.environ, FILE: str(noted)},
            check=False,
        ).returncode
        return Ran(command, time.perf_counter() - began, status, tuple(read_figures(noted)))


def shown(words: Sequence[str]) -> str:
    """Return how one would type it."""
    return " ".join(["python", f"benchmarks/{words[0]}.py", *words[1:]])


def ended_well(path: Path) -> list[Ran]:
    """Return what was run and ended well, from a file with a line for each; a line cut short is left out."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        with suppress(ValueError, TypeError, KeyError):
            one = json.loads(line)
            figures = tuple(Figure(**each) for each in one["figures"])
            found.append(Ran(**{**one, "figures": figures}))
    return [one for one in found if not one.status]


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
    parser.add_argument("--resume", action="store_true", help="keep what ended well")
    words = sys.argv[1:]
    at = words.index("--") if "--" in words else len(words)
    given, more = parser.parse_args(words[:at]), words[at + 1 :]
    unknown = [name for name in given.names if not (HERE / f"{name}.py").is_file()]
    if unknown:
        parser.error(f"{unknown[0]}: no such benchmark; there are {', '.join(NAMES)}")
    asked = [one for one in COMMANDS if one.split()[0] in (given.names or NAMES)]
    asked += [name for name in given.names if name not in NAMES]
    kept = given.out.with_suffix(".jsonl")
    kept.parent.mkdir(parents=True, exist_ok=True)
    done = ended_well(kept) if given.resume else []
    lines = [json.dumps(asdict(one)) + "\n" for one in done]
    kept.write_text("".join(lines), encoding="utf-8")
    left_out: list[str] = []
    root = given.recordings / _SAPIMOUSE
    interrupted = False
    runs = [
        [*(root.as_posix() if one == _RECORDINGS else one for one in command.split()), *more]
        for command in asked
    ]
    try:
        for number, (command, own) in enumerate(zip(asked, runs, strict=True), 1):
            if any(one.command == shown(own) for one in done):
                continue
            if _RECORDINGS in command and not root.is_dir():
                left_out.append(f"`{shown(own)}`: no recordings in {given.recordings}")
                continue
            print(f"{number} of {len(asked)}", flush=True)
            done.append(ran(own))
            with open(kept, "a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(done[-1])) + "\n")
    except KeyboardInterrupt:
        interrupted = True
        left_out.append("the rest: interrupted; `--resume` goes on")
    order = {shown(own): place for place, own in enumerate(runs)}
    page = table(sorted(done, key=lambda one: order.get(one.command, -1)), left_out)
    given.out.write_text(page, encoding="utf-8")
    print(f"\n{page}\nthis table: {given.out}")
    return int(interrupted or any(one.status for one in done))


if __name__ == "__main__":
    sys.exit(main())
