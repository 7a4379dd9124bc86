"""A setting is a type and a meaning; its value is in YAML."""

from dataclasses import field
from typing import Any

from omegaconf import MISSING


def setting(meaning: str) -> Any:
    """Return a dataclass field whose value comes from YAML, with the line that `--help` prints."""
    return field(default=MISSING, metadata={"help": meaning})
