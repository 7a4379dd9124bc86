"""Which number format a device is fast at."""

import torch


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
