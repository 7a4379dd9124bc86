"""A published model's two files: NAME.safetensors has its tensors, NAME.json all the rest.

Others read them with the package `safetensors` and any reader of JSON. A tensor's name is its path in
the content: `codec/prior/setups/0/conditions/joint/weights/first`. The JSON holds the SHA-256 of the
tensors' file, so that two files which do not belong together are noticed, whatever brought them together.
"""

from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from humouse.errors import InputError
from humouse.files import atomic_write, read_json, sha256, write_json

SUFFIX = ".safetensors"
_HASH = "tensors_sha256"
_AGAIN = "get both files again, or publish the model again"


def write_published(path: Path, content: dict[str, Any]) -> None:
    """Write the two files, each whole or not at all; the tensors first.

    Args:
        path: NAME.safetensors.
        content: Plain values and tensors, nested in dictionaries with text as keys, and lists.

    Raises:
        InputError: A file cannot be written.
        ValueError: A key is no text, or has a slash in it.
    """
    tensors: dict[str, Tensor] = {}
    rest = _taken_out(content, "", tensors)
    with atomic_write(path) as temporary:
        temporary.write_bytes(save(tensors))
    write_json(_json_of(path), {_HASH: sha256(path), **rest})


def read_published(path: Path) -> dict[str, Any]:
    """Return what `write_published` wrote.

    Args:
        path: NAME.safetensors, a file that is there.

    Raises:
        InputError: The JSON beside it is missing or damaged, or the two do not belong together.
    """
    beside = _json_of(path)
    if not beside.is_file():
        raise InputError(f"{beside}: missing; {path.name} is of use only with it: {_AGAIN}")
    try:
        content = read_json(beside)
    except InputError as error:
        raise InputError(f"{error}: {_AGAIN}") from error
    if content.pop(_HASH, None) != sha256(path):
        raise InputError(
            f"{path}: not the file that {beside.name} was written with (cut short, changed, or "
            f"of another model): {_AGAIN}"
        )
    try:
        for name, tensor in load_file(path).items():
            _put_back(content, name.split("/"), tensor)
    except (SafetensorError, KeyError, IndexError, TypeError, ValueError) as error:
        raise InputError(f"{beside}: does not fit {path.name}: {_AGAIN}") from error
    return content


def published_kind(path: Path) -> Any:
    """Return what `content["kind"]` was, without reading the tensors.

    Raises:
        InputError: The JSON is missing or damaged.
    """
    return read_json(_json_of(path)).get("kind")


def _json_of(path: Path) -> Path:
    return path.with_suffix(".json")


def _taken_out(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """Return a value without its tensors, which go under their paths; None keeps a place in a list."""
    if isinstance(value, Tensor):
        tensors[name] = value.detach().cpu().clone().contiguous()
        return None
    if isinstance(value, list | tuple):
        return [_taken_out(part, f"{name}/{place}", tensors) for place, part in enumerate(value)]
    if not isinstance(value, dict):
        return value
    for key in value:
        if not isinstance(key, str) or "/" in key:
            raise ValueError(f"{key!r}: a published model's keys are texts without a slash")
    inside = {
        key: _taken_out(part, f"{name}/{key}".lstrip("/"), tensors) for key, part in value.items()
    }
    return {key: part for key, part in inside.items() if not isinstance(value[key], Tensor)}


def _put_back(content: Any, names: list[str], tensor: Tensor) -> None:
    *way, last = names
    for name in way:
        content = content[int(name) if isinstance(content, list) else name]
    content[int(last) if isinstance(content, list) else last] = tensor
