"""Where a model can run, and where it cannot."""

import pytest
import torch

from humouse.errors import InputError
from humouse.training.device import resolve_device


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "", "mps", "meta"])
def test_unknown_devices(name: str):
    with pytest.raises(InputError, match="device="):
        resolve_device(name)


def test_devices(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device("auto") == resolve_device("cpu") == torch.device("cpu")
    with pytest.raises(InputError, match="no CUDA device; use device=cpu"):
        resolve_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert resolve_device("cuda") == resolve_device("auto") == torch.device("cuda")
    assert resolve_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(InputError, match=r"device=cuda:2: there is none; .* is cuda:1"):
        resolve_device("cuda:2")
