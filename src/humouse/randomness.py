"""Seeds derived from a key, so that every draw has an address instead of a place in a queue."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def derive_seed(*key: int | str) -> int:
    """Return a 63-bit seed that depends on the whole key and on nothing else.

    `derive_seed(seed, "train", step)` gives each training step its own stream: a resumed run needs
    no saved generator state, and sample i of a batch is the same whatever the batch size.
    """
    digest = hashlib.blake2b(repr(key).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def generator(*key: int | str) -> torch.Generator:
    """Return a CPU generator seeded by `derive_seed(*key)`."""
    return torch.Generator().manual_seed(derive_seed(*key))


@contextmanager
def seeded(device: torch.device, seed: int) -> Iterator[None]:
    """Seed torch's own generators, which dropout uses, for the block; leave them as they were."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield
