"""What the canonical frame takes away from people's movements, and how much noise in it a probe sees.

    python benchmarks/canonical_frame.py SPLIT [--modes 24 32 48] [--n 2000] [--no-probes]

For each number of modes: the highest frequency that is kept at the median duration, how far the path then is
from the recorded points, and the AUC between people and the same people decoded with noise on every value of
their encoding, in standard deviations.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.codec import CanonicalCodec, Frame
from humouse.data.prepared import load_split
from humouse.eval.format_gate import round_trip_areas
from humouse.trajectories import Trajectories

NOISE = (0.0, 0.003, 0.01, 0.03, 0.1)
_FINE = 2000  # steps, so that a recorded point is met to a two-thousandth of the duration


class Shaken(CanonicalCodec):
    """The canonical codec, with noise of `noise` standard deviations on every value that it decodes."""

    noise = 0.0

    def decode(self, x0: Tensor, frame: Frame, *, origin: str = "generated") -> Trajectories:
        """Return the movements of x0 with noise on it."""
        g = torch.Generator().manual_seed(0)
        shaken = x0 + self.noise * torch.randn(x0.shape, generator=g)
        return super().decode(shaken, frame, origin=origin)


def distances_px(codec: CanonicalCodec, people: Trajectories) -> Float[Tensor, "B T"]:
    """Return how far the codec's path is from each recorded point at its time; 0 at padding."""
    x0, frame = codec.encode(people)
    fine = replace(frame, lengths=torch.full_like(frame.lengths, _FINE))
    path = codec.decode(x0, fine).positions_px()
    share = people.deltas[..., 2].cumsum(1) / frame.duration_ms[:, None]
    at = (share * _FINE).round().long().clamp(0, _FINE)
    there = path.gather(1, at[..., None].expand(-1, -1, 2))
    return (there - people.positions_px()[:, 1:]).norm(dim=-1) * people.mask


def taken_away(modes: int, people: Trajectories) -> str:
    """Return one row of the table of what is taken away."""
    codec = CanonicalCodec(modes=modes)
    codec.fit(people)
    far = distances_px(codec, people)
    typical = (far.square().sum(1) / people.lengths).sqrt()
    highest_hz = (modes - 1) / 2 / (people.duration_ms.median() / 1000)
    numbers = [
        quantile
        for part in (typical, far.amax(1))
        for quantile in (part.median(), part.quantile(0.95))
    ]
    cells = " | ".join(f"{float(number):.2f}" for number in numbers)
    return f"| {modes} | {float(highest_hz):.0f} Hz | {cells} |"


def noise_seen(modes: int, people: Trajectories) -> str:
    """Return one row of the table of noise: boosting and logistic at each level."""
    codec = Shaken(modes=modes)
    codec.fit(people)
    cells = []
    for codec.noise in NOISE:
        areas, _ = round_trip_areas(people, codec, groups=("kinematics", "spectra"))
        cells.append(f"{areas['boosting']:.2f} / {areas['logistic']:.2f}")
    return f"| {modes} | {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "split", help="a prepared split of people, e.g. data/sapimouse/train.parquet"
    )
    parser.add_argument("--modes", type=int, nargs="+", default=[24, 32, 48])
    parser.add_argument("--n", type=int, default=2000, help="gestures looked at")
    parser.add_argument("--no-probes", action="store_true", help="only what is taken away")
    asked = parser.parse_args(arguments)
    people = load_split(asked.split)
    rows = torch.randperm(len(people), generator=torch.Generator().manual_seed(0))[: asked.n]
    people = people[rows]
    print(
        "| modes | highest | px, median | 95% | largest, median | 95% |\n|---|---|---|---|---|---|"
    )
    print("\n".join(taken_away(modes, people) for modes in asked.modes), flush=True)
    if asked.no_probes:
        return
    print(f"\n| modes | {' | '.join(f'{100 * level:g}% σ' for level in NOISE)} |")
    print("|---" * (1 + len(NOISE)) + "|")
    for modes in asked.modes:
        print(noise_seen(modes, people), flush=True)


if __name__ == "__main__":
    main()
