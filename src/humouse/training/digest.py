"""The digest of a checkpoint's content, by which a change of any weight or setting is noticed."""

import hashlib
from typing import Any

import torch
from torch import Tensor

from humouse.files import digest


def content_digest(content: Any) -> str:
    """Return the hex SHA-256 of plain values and tensors, nested in dictionaries and lists.

    Equal content has the same, whatever the order of its keys and however it was stored.

    Raises:
        ValueError: It holds something else, or is nested too deeply.
    """
    try:
        return digest(_plain(content))
    except (RecursionError, RuntimeError, TypeError) as error:
        raise ValueError(f"no plain values and tensors: {error}") from error


def _plain(value: Any) -> Any:
    """Return a value with the SHA-256 of its bytes, its type and its shape in the place of a tensor."""
    if isinstance(value, Tensor):
        flat = value.detach().cpu().contiguous().reshape(-1)
        # One without elements has no stride that its bytes could be seen by.
        seen = flat.view(torch.uint8) if len(flat) else flat.to(torch.uint8)
        found = hashlib.sha256(seen.numpy().data).hexdigest()
        return [str(value.dtype), list(value.shape), found]
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value
