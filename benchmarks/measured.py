"""What a command takes: by the clock, of the processor, and of memory."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import psutil

_LOOK_S = 0.2


class Used(NamedTuple):
    """What a run took.

    Args:
        wall_s: By the clock.
        cpu_s: Of the processor, of all processes.
        peak_mb: Most memory at a time, of all processes.
        first_mb: Most memory of the first one.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    first_mb: float


def used_by(words: Sequence[str]) -> Used:
    """Return what `humouse` with these words takes, from the start to the files on the disk.

    Memory is that of the first process and its workers together, as the system accounts for it: a page
    that several share is divided among them (PSS).
    """
    began = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "humouse", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    first = psutil.Process(child.pid)
    peak = first_peak = 0
    while not (ended := os.wait4(child.pid, os.WNOHANG))[0]:
        looked = time.perf_counter()
        sizes = [_pss(one) for one in _family(first)]
        peak, first_peak = max(peak, sum(sizes)), max(first_peak, *sizes[:1], 0)
        # A look goes through all pages: of gigabytes it would take much of a core that is measured.
        time.sleep(max(_LOOK_S, 20 * (time.perf_counter() - looked)))
    _, status, used = ended
    if status:
        raise SystemExit(f"humouse {' '.join(words)} failed")
    wall_s = time.perf_counter() - began
    return Used(wall_s, used.ru_utime + used.ru_stime, peak / 1e6, first_peak / 1e6)


def _family(first: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return [first, *first.children(recursive=True)]
    return [first]


def _pss(process: psutil.Process) -> int:
    """Return the memory of a process (bytes), its share of what it has together with others."""
    with suppress(psutil.Error, OSError):
        return int(process.memory_full_info().pss)
    return 0
