"""The extras: packages that only some commands need, and what is said where one is not installed."""

import sys
from collections.abc import Iterator
from importlib.util import find_spec

from humouse.errors import InputError

EXTRAS = {
    "onnx": ("onnx", "onnxscript"),
    "report": ("jinja2", "markupsafe", "matplotlib"),
    "serve": ("fastapi", "prometheus_client", "psycopg", "sqlalchemy", "uvicorn"),
    "train": ("accelerate", "matplotlib", "tensorboard"),
}
"""Extra → the packages that it installs; `pyproject.toml` has their versions."""


def require(what: str, *extras: str) -> None:
    """Raise InputError, with the line that installs them, unless all packages of these extras are there.

    Args:
        what: What needs them: "humouse train".
        extras: Names in `EXTRAS`.
    """
    absent = sorted(set(_absent(*extras)))
    if absent:
        raise InputError(f"{what} needs {', '.join(absent)}: {_install(*extras)}")


def without(extra: str, lost: str) -> bool:
    """Return whether an extra is not installed, and say in one line what is lost by it.

    Args:
        extra: A name in `EXTRAS`.
        lost: "no picture".
    """
    absent = list(_absent(extra))
    if absent:
        missing = ", ".join(absent)
        print(f"note: {lost}: {missing} not installed; {_install(extra)}", file=sys.stderr)
    return bool(absent)


def _absent(*extras: str) -> Iterator[str]:
    return (package for extra in extras for package in EXTRAS[extra] if find_spec(package) is None)


def _install(*extras: str) -> str:
    lacking = (extra for extra in sorted(extras) if any(_absent(extra)))
    return f"pip install 'humouse[{','.join(lacking)}]'"
