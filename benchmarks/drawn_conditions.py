"""How near the conditions that a published model draws are to people's, and whether it copies them.

    python benchmarks/drawn_conditions.py CHECKPOINT TRAIN_SPLIT [--setup sapimouse] [--draws 8]

CHECKPOINT was trained with `data.held_out_share`. The prior that `humouse publish` writes is learned from
what it was trained on; lengths, starts and conditions are compared with those of the gestures held out: by
boosting, and by how near they lie to the train gestures' (0.5: as near as the held-out ones). Beside it the
train gestures' own, drawn by chance: all of them copied.
"""

import argparse

import numpy as np
import torch
from jaxtyping import Float

from humouse.codec import SetupPrior
from humouse.codec.priors.attributes import Attributes
from humouse.data.prepared import load_split
from humouse.data.splits import held_out_gestures
from humouse.diffusion.model import load_model
from humouse.eval.api import c2st_scores
from humouse.eval.metrics.copying import copying


def table(lengths: torch.Tensor, start: torch.Tensor, conditions: torch.Tensor) -> np.ndarray:
    """Return [n, F] what is drawn, as single-precision numbers, and the mean time of a step."""
    found = Attributes.of_tensors(lengths, start, conditions.float())
    return np.c_[found.array(), found.duration_ms / found.length]


def comparable(rows: Float[np.ndarray, "n F"]) -> Float[np.ndarray, "n F"]:
    """Return the rows on scales whose differences are comparable."""
    length, start, goal, sizes, shares = np.split(rows, [1, 3, 5, 9], 1)
    sizes = sizes - [0, 0, 0.999, 0]  # a complexity begins at 1
    return np.c_[np.log(length), start, np.arcsinh(goal / 10), np.log(sizes.clip(1e-3)), shares]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("checkpoint")
    parser.add_argument("train_split")
    parser.add_argument("--setup", help="of several, the one to publish for")
    parser.add_argument("--draws", type=int, default=8)
    given = parser.parse_args()
    model = load_model(given.checkpoint)
    prior = model.codec.prior
    assert prior is not None
    prior = prior if given.setup is None else prior.only(given.setup)
    people = load_split(given.train_split)
    rows = held_out_gestures(len(people), model.settings.data.held_out_share)
    trained, held_out = (people[torch.from_numpy(each)] for each in rows)
    sides = []
    for side in (trained, held_out):
        mine = side[np.isin(side.setup, prior.names)]
        frame = model.codec.encode(mine[model.codec.fits(mine)])[1]
        sides.append(table(frame.lengths, frame.start, frame.conditions))
    print(f"{len(sides[0]):,} train gestures, {len(sides[1]):,} held out")
    report("learned", prior.learned(), *sides, draws=given.draws)
    report("the train gestures' own", prior, *sides, draws=given.draws)


def report(
    name: str, prior: SetupPrior, train: np.ndarray, held_out: np.ndarray, *, draws: int
) -> None:
    """Print how a prior's draws compare with held-out gestures."""
    n = len(held_out)
    scale = comparable(train)
    mean, spread = scale.mean(0), scale.std(0)
    aucs, nearer = [], []
    for seed in range(draws):
        drawn = table(*prior.draw(n, seed=seed))
        aucs.append(c2st_scores(held_out, drawn, probe="boosting").auc.value)
        three = ((comparable(each) - mean) / spread for each in (drawn, held_out, train))
        nearer.append(copying(*map(torch.from_numpy, three)).score.value)
    each = ", ".join(f"{auc:.3f}" for auc in aucs)
    print(
        f"{name}: boosting {np.mean(aucs):.3f} in the mean ({each}); nearer to train gestures than held-out "
        f"ones are: {np.mean(nearer):.3f}"
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
