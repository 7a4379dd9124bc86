"""Random draws: each is seeded by a key (seed, step or index), not by the draws before it."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float, Int
from torch import Tensor


def derive_seed(*key: int | str) -> int:
    """Return a 63-bit seed that depends only on the key.

    `derive_seed(seed, "train", step)` gives each training step its own stream, so a resumed run needs
    no saved generator state, and sample i is the same for every batch size.
    """
    digest = hashlib.blake2b(repr(key).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def generator(*key: int | str) -> torch.Generator:
    """Return a CPU generator seeded by `derive_seed(*key)`."""
    return torch.Generator().manual_seed(derive_seed(*key))


@contextmanager
def seeded(device: torch.device, seed: int) -> Iterator[None]:
    """Seed torch's global generators, which dropout uses, within the block; restore them after it."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def draw_categorical(
    log_weight: Float[Tensor, "*S K"], uniform: Float[Tensor, "*R"]
) -> Int[Tensor, "*R"]:
    """Return an index with p ∝ exp(log_weight) for each uniform number, by inverting its distribution.

    Args:
        log_weight: [..., K], broadcast against `uniform` except for the last axis.
        uniform: [...] in [0, 1).
    """
    upto = (log_weight - log_weight.amax(-1, keepdim=True)).double().exp().cumsum(-1)
    inside = uniform.double() * upto[..., -1]
    return (upto <= inside[..., None]).sum(-1).clamp(max=log_weight.shape[-1] - 1)
