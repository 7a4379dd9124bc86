"""Names and numbers as sentences about detectors write them."""

from humouse.eval.statistics.score import Score

MIX_WORDS = {
    "bots": "scripted bots alone",
    "bots+gan": "scripted bots and the GAN's",
    "bots+diffusion": "scripted bots and the diffusion model's",
    "all": "scripted bots, the GAN's and the diffusion model's",
}
"""What each mix of negatives is, for people."""


def with_interval(score: Score, digits: int = 3) -> str:
    """Return a score in words: its value, and its interval if it has one."""
    if score.low is None or score.high is None:
        return f"{score.value:.{digits}f}"
    return f"{score.value:.{digits}f} [{score.low:.{digits}f}, {score.high:.{digits}f}]"


def digits_beside(value: float, goal: float | None) -> int:
    """Return how many digits to write so that a value does not look like the goal: 3 to 6."""
    others = (digits for digits in range(3, 6) if f"{value:.{digits}f}" != f"{goal:.{digits}f}")
    return 3 if goal is None or value >= goal else next(others, 6)


def percent(share: Score) -> str:
    """Return a share as a percentage, with its interval if it has one."""
    if share.low is None or share.high is None:
        return f"{share.value:.1%}"
    return f"{share.value:.1%} [{100 * share.low:.1f}, {100 * share.high:.1f}]"


def points(change: Score) -> str:
    """Return a change of a share in percentage points, with its interval if it has one."""
    value = f"{100 * change.value:+.1f} percentage points"
    if change.low is None or change.high is None:
        return value
    return f"{value} [{100 * change.low:+.1f}, {100 * change.high:+.1f}]"


def called(name: str) -> str:
    """Return what to call a family or a detector."""
    return "GAN" if name == "gan" else name.replace("_", " ")


def titled(name: str) -> str:
    """Return the same as the first words of a sentence."""
    text = called(name)
    return text[:1].upper() + text[1:]
