"""Checks that several commands make of their settings."""

from collections.abc import Mapping, Sequence

from humouse.errors import InputError, nearest


def check_seed(seed: int) -> None:
    """Raise InputError if the folds and the probes cannot be seeded with it."""
    if not 0 <= seed < 2**32:
        raise InputError(f"seed={seed}: must lie in 0…{2**32 - 1}")


def check_names(setting: str, given: Sequence[str], known: Sequence[str]) -> None:
    """Raise InputError if nothing is named, or something that there is not."""
    if not given:
        raise InputError(f"{setting}: none named; choose any of {', '.join(known)}")
    for name in given:
        if name not in known:
            raise InputError(f"{setting}: there is no {name!r}; {nearest(name, known)}")


def check_at_least(settings: Mapping[str, tuple[float | int, int]]) -> None:
    """Raise InputError for the first name whose value is below the least that it may be."""
    for name, (value, least) in settings.items():
        if not value >= least:
            raise InputError(f"{name}={value}: must be at least {least}")


def check_workers(workers: int | None, device: str = "cpu") -> None:
    """Raise InputError for a number of processes that cannot be.

    Args:
        workers: As set; None for as many as there are cores.
        device: What kind of device a model runs on.
    """
    if workers is None:
        return
    check_at_least({"workers": (workers, 1)})
    if workers > 1 and device != "cpu":
        raise InputError(
            f"workers={workers}: a model on {device} is run by one process; leave it out"
        )


def check_above_zero(settings: Mapping[str, float | int]) -> None:
    """Raise InputError for the first name whose value is not above 0."""
    for name, value in settings.items():
        if not value > 0:
            raise InputError(f"{name}={value}: must be above 0")


def check_below_one(settings: Mapping[str, float | int]) -> None:
    """Raise InputError for the first name whose value does not lie in 0…1, below 1."""
    for name, value in settings.items():
        if not 0 <= value < 1:
            raise InputError(f"{name}={value}: must lie in 0…1, below 1")


def check_shares(settings: Mapping[str, float | int]) -> None:
    """Raise InputError for the first name whose value is no share."""
    for name, share in settings.items():
        if not 0 <= share <= 1:
            raise InputError(f"{name}={share}: must lie between 0 and 1")
