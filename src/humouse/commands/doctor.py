"""`humouse doctor`: what is installed, what it can use here, and what is in the way."""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from humouse.commands.help import print_page
from humouse.errors import InputError
from humouse.extras import CORE, CORE_REMEDY, EXTRAS, missing, missing_core
from humouse.files import versions
from humouse.settings import DoctorSettings

_FEWEST_BYTES = 2 * 10**9


@dataclass(frozen=True)
class Finding:
    """What was looked at.

    Args:
        what: Its name.
        said: What was found, and what to do where something is wrong.
        wrong: Whether something is in the way.
    """

    what: str
    said: str
    wrong: bool = False


def run(settings: DoctorSettings) -> None:
    """Print what was found.

    Raises:
        InputError: Something is in the way.
    """
    found = [
        Finding("versions", ", ".join(f"{name} {number}" for name, number in versions().items())),
        _core(),
        *_extras(),
        _devices(),
        _tried("packaged model", _model),
        _tried("packaged detector", _detector),
        _disk(),
        *(_port(port) for port in settings.ports),
    ]
    width = max(len(one.what) for one in found)
    print_page(
        "\n".join(
            f"{'!!' if one.wrong else 'ok'}  {one.what:<{width}}  {one.said}" for one in found
        )
    )
    wrong = [one.what for one in found if one.wrong]
    if wrong:
        raise InputError(f"{', '.join(wrong)}: not well; the lines marked !! say what to do")


def _core() -> Finding:
    absent = missing_core()
    if absent:
        said = f"not installed ({', '.join(absent)}): {CORE_REMEDY}"
        return Finding("needed packages", said, wrong=True)
    return Finding("needed packages", f"all {len(CORE)} installed")


def _extras() -> Iterator[Finding]:
    for extra in EXTRAS:
        absent = missing(extra)
        said = f"not installed ({', '.join(absent)}): pip install 'humouse[{extra}]'"
        yield Finding(f"extra {extra}", said if absent else "installed")


def _devices() -> Finding:
    import torch

    threads = f"{os.cpu_count()} CPU cores, {torch.get_num_threads()} threads for torch"
    if not torch.cuda.is_available():
        return Finding("devices", f"{threads}; no GPU that torch {torch.__version__} can use")
    names = (torch.cuda.get_device_name(place) for place in range(torch.cuda.device_count()))
    return Finding("devices", f"{threads}; {', '.join(names)} (device=cuda)")


def _tried(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, look())
    except InputError as error:
        again = "install humouse again: pip install --force-reinstall --no-deps humouse"
        return Finding(what, f"{error}; {again}", wrong=True)


def _model() -> str:
    from humouse.generator import load_generator
    from humouse.training.checkpoint import PRETRAINED

    made = load_generator(PRETRAINED).sample(1, seed=0)
    return f"{PRETRAINED.name} makes movements ({int(made.lengths[0])} steps in the first)"


def _detector() -> str:
    from humouse.detection.detector import Detector

    setups = ", ".join(one.name for one in Detector.load().setups)
    return f"loads; knows the devices of {setups}"


def _disk() -> Finding:
    free = shutil.disk_usage(os.getcwd()).free
    said = f"{free / 1e9:,.0f} GB free here"
    if free < _FEWEST_BYTES:
        return Finding("disk", f"{said}; datasets and runs take some: make room", wrong=True)
    return Finding("disk", said)


def _port(port: int) -> Finding:
    what = f"port {port}"
    with socket.socket() as asked:
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            asked.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            said = f"cannot be used ({error}); give the command that wants it another, as in port=0"
            return Finding(what, said, wrong=True)
    return Finding(what, "free on this machine")
