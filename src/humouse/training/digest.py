"""The digest of a checkpoint's content, by which a change of any weight or setting is noticed."""

import hashlib
from typing import Any

import torch
from torch import Tensor


def content_digest(content: Any) -> str:
    """Return the hex SHA-256 of plain values and tensors, nested in dictionaries and lists.

    Equal content has the same, whatever the order of its keys and however it was stored.
    """
    found = hashlib.sha256()
    _add(found, content)
    return found.hexdigest()


def _add(found: "hashlib._Hash", value: Any) -> None:
    if isinstance(value, Tensor):
        found.update(f"tensor {value.dtype} {tuple(value.shape)}:".encode())
        flat = value.detach().cpu().contiguous().reshape(-1)
        found.update(flat.view(torch.uint8).numpy().data)
    elif isinstance(value, dict):
        found.update(f"dict {len(value)}:".encode())
        for key in sorted(value, key=repr):
            found.update(f"{key!r}=".encode())
            _add(found, value[key])
    elif isinstance(value, list | tuple):
        found.update(f"list {len(value)}:".encode())
        for part in value:
            _add(found, part)
    else:
        found.update(f"{type(value).__name__} {value!r};".encode())
