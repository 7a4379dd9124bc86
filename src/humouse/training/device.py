"""The device that a model runs on, and the number format that it is fast in."""

import torch

from humouse.errors import InputError


def resolve_device(name: str) -> torch.device:
    """Return the device called "auto" (CUDA if there is one), "cpu", "cuda" or "cuda:N".

    Raises:
        InputError: There is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"device={name}: no such device; choose auto, cpu or cuda") from error
    if device.type not in ("cpu", "cuda"):
        raise InputError(f"device={name}: humouse runs on auto, cpu or cuda")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise InputError(f"device={name}: this machine has no CUDA device; use device=cpu")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        last = torch.cuda.device_count() - 1
        raise InputError(f"device={name}: there is none; the last CUDA device here is cuda:{last}")
    return device


def mixed_precision(device: torch.device, amp: bool) -> str:
    """Return "bf16", "fp16" or "no", as `accelerate` names them.

    bf16 where the hardware multiplies matrices in it (recent GPUs; CPUs with AMX tiles), fp16 with
    a gradient scaler on other GPUs, float32 elsewhere: without AMX a CPU is slower in bf16.
    """
    if not amp:
        return "no"
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    return "bf16" if device.type == "cpu" and torch.cpu._is_amx_tile_supported() else "no"
