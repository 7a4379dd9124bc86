"""Random draws: each is seeded by a key (seed, step or index), not by the draws before it."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from jaxtyping import Float, Float64, Int, Int64
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


_GOLDEN = 0x9E3779B97F4A7C15
_MIXERS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1))


def uniform_at(seed: int, place: Int64[np.ndarray, "*S"]) -> Float64[np.ndarray, "*S"]:
    """Return the numbers at these places of a seed's stream, from (0, 1).

    SplitMix64 (Steele et al. 2014, doi:10.1145/2660193.2660195) scrambles a count, so a number can be had
    without those before it: many movements draw at once, and each draw depends on its place alone.

    Args:
        seed: Of the stream.
        place: [...] from 0.
    """
    count = place.astype(np.uint64)
    with np.errstate(over="ignore"):  # all modulo 2^64
        bits = np.uint64(seed) + (count + np.uint64(1)) * np.uint64(_GOLDEN)
        for shift, factor in _MIXERS:
            bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)
    # Half a step from either end: neither 0 nor 1.
    return ((bits >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52
