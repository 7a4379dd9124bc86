"""The extras: packages that only some commands need, and what is said where one is not installed."""

import sys
from collections.abc import Iterable
from importlib.util import find_spec

from humouse.errors import InputError

EXTRAS = {
    "onnx": ("onnx", "onnxscript"),
    "ray": ("ray",),
    "remote": ("fsspec",),
    "report": ("jinja2", "markupsafe", "matplotlib"),
    "serve": ("fastapi", "prometheus_client", "psycopg", "sqlalchemy", "uvicorn"),
    "train": ("accelerate", "matplotlib", "tensorboard"),
}
"""Extra → the packages that it installs; `pyproject.toml` has their versions."""

CORE = (
    *(("backports.zstd",) if sys.version_info < (3, 14) else ()),
    *("hydra", "jaxtyping", "joblib", "numpy", "omegaconf", "onnxruntime", "polars", "rich"),
    *("safetensors", "scipy", "sklearn", "threadpoolctl", "torch", "yaml"),
)
"""What every command may import, by the names it is imported under."""

CORE_REMEDY = "install humouse again, as you did at first"
"""What to do where some of it is not there."""


def require(what: str, *extras: str) -> None:
    """Raise InputError, with the line that installs them, unless all packages of these extras are there.

    Args:
        what: What needs them: "humouse train".
        extras: Names in `EXTRAS`.
    """
    absent = missing(*extras)
    if absent:
        raise InputError(f"{what} needs {', '.join(absent)}: {_install(*extras)}")


def missing(*extras: str) -> list[str]:
    """Return the packages of these extras that are not installed."""
    return _absent(package for extra in extras for package in EXTRAS[extra])


def missing_core() -> list[str]:
    """Return what is not installed of that which humouse cannot do without.

    A checkout that was brought up to date may need more than what was installed for it.
    """
    return _absent(CORE)


def without(extra: str, lost: str) -> bool:
    """Return whether an extra is not installed, and say in one line what is lost by it.

    Args:
        extra: A name in `EXTRAS`.
        lost: "no picture".
    """
    absent = missing(extra)
    if absent:
        print(
            f"note: {lost}: {', '.join(absent)} not installed; {_install(extra)}", file=sys.stderr
        )
    return bool(absent)


def _install(*extras: str) -> str:
    lacking = (extra for extra in sorted(extras) if missing(extra))
    return f"pip install 'humouse[{','.join(lacking)}]'"


def _absent(packages: Iterable[str]) -> list[str]:
    return sorted({package for package in packages if not _there(package)})


def _there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # of a.b, there is no a
        return False
