"""A setting is a type and a meaning; its value is in YAML."""

from dataclasses import field
from typing import Any

from omegaconf import MISSING

from humouse.settings.choices import Choices, listed


def setting(meaning: str, choices: Choices = (), *, address: bool = False) -> Any:
    """Return a dataclass field whose value comes from YAML.

    Args:
        meaning: The line that `--help` prints; the names stand where it says {choices}.
        choices: The names that there are, where they are fixed.
        address: Whether it takes addresses such as s3://bucket/x, beside paths.
    """
    if choices:
        meaning = meaning.replace("{choices}", listed(choices))
    return field(
        default=MISSING, metadata={"help": meaning, "choices": tuple(choices), "address": address}
    )
