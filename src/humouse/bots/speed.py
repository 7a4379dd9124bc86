"""Speed profiles: progress along the path as a function of the elapsed share of the duration."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

from humouse.errors import InputError

Profile = Callable[[Tensor], Tensor]


def constant(share: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
    """Return the progress at constant speed: τ."""
    return share


def accelerating(share: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
    """Return the progress at a speed that grows evenly from rest: τ²."""
    return share.square()


def decelerating(share: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
    """Return the progress at a speed that falls evenly to rest: τ(2 − τ)."""
    return share * (2 - share)


def bell(share: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
    """Return the minimum-jerk progress: 10τ³ − 15τ⁴ + 6τ⁵.

    Speed is bell-shaped, 15/8 of its mean in the middle (Flash & Hogan 1985,
    doi:10.1523/JNEUROSCI.05-07-01688.1985).
    """
    return share * share * share * (10 + share * (6 * share - 15))


SPEEDS: dict[str, Profile] = {
    "constant": constant,
    "accelerating": accelerating,
    "decelerating": decelerating,
    "bell": bell,
}


def profile(speed: str) -> Profile:
    """Return the profile of that name.

    Raises:
        InputError: There is none.
    """
    if speed not in SPEEDS:
        raise InputError(f"speed={speed!r}: choose {', '.join(SPEEDS)}")
    return SPEEDS[speed]
