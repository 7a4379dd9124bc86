"""How well a model meets its conditions: goals missed before any correction, durations, and the AUC.

    python benchmarks/conditions.py CHECKPOINT SPLIT [--n 1000] [--steps 25]

Goals and durations are those of the split's own gestures. The AUC is boosting's, of samples against these
gestures, on kinematics, timing, spectra and coupling.
"""

import argparse
from dataclasses import dataclass, replace

import torch

from humouse.codec import CONDITIONS, Frame
from humouse.data.prepared import load_split
from humouse.diffusion.model import DiffusionModel, load_model
from humouse.diffusion.sampling_rule import SamplingRule
from humouse.eval.api import c2st_scores
from humouse.features import feature_table
from humouse.features.modes import FEATURE_MODES
from humouse.trained_model import SampleRequest
from humouse.trajectories import Trajectories

_QUANTILES = torch.tensor([0.5, 0.9])


@dataclass(frozen=True)
class Obedience:
    """How well the conditions of one kind are met.

    Args:
        asked: The conditions set.
        median: Of the goals missed, before any correction (px), or of the durations' errors (share).
        most: The same at 90%.
        after: The farthest miss after correction (px); 0 for durations.
        auc: Of boosting, against the gestures whose conditions were asked for.
    """

    asked: str
    median: float = 0.0
    most: float = 0.0
    after: float = 0.0
    auc: float = 0.5


def obedience(model: DiffusionModel, people: Trajectories, rule: SamplingRule) -> list[Obedience]:
    """Return the results without conditions, with a goal, with a constrained goal and with a duration.

    Args:
        model: The model.
        people: Gestures as its codec sees them, whose goals and durations are asked for.
        rule: How to sample.
    """
    conditions = Frame.of(people).conditions
    goal = asked(conditions, "goal_dx_px", "goal_dy_px")
    free = made_of(model, len(people), None, rule)[0]
    rows = [Obedience("nothing", auc=auc(people, free))]
    for constrained in (False, True):
        made, before = made_of(model, len(people), goal, replace(rule, goal_constraint=constrained))
        median, most = (before.net_px - goal).norm(dim=1).quantile(_QUANTILES).tolist()
        after = float((made.net_px - goal).norm(dim=1).max())
        name = (
            "goal, constrained in sampling" if constrained else "goal, given to the network alone"
        )
        rows.append(Obedience(name, median, most, after, auc(people, made)))
    cond = asked(conditions, "duration_ms")
    made, _ = made_of(model, len(people), cond, rule)
    off = (made.duration_ms / cond[:, 2] - 1).abs()
    median, most = off.quantile(_QUANTILES).tolist()
    return [*rows, Obedience("duration", median, most, auc=auc(people, made))]


def asked(conditions: torch.Tensor, *names: str) -> torch.Tensor:
    """Return [n, K] only these of the conditions, the others NaN."""
    places = [CONDITIONS.index(name) for name in names]
    cond = torch.full((len(conditions), 1 + max(places)), torch.nan)
    cond[:, places] = conditions[:, places]
    return cond


def auc(people: Trajectories, made: Trajectories) -> float:
    groups = FEATURE_MODES["kinematic"]
    sides = [feature_table(side, groups).values for side in (people, made)]
    return c2st_scores(*sides, probe="boosting").auc.value


def made_of(
    model: DiffusionModel, n: int, cond: torch.Tensor | None, rule: SamplingRule
) -> tuple[Trajectories, Trajectories]:
    """Return n movements, and the same before the goal is corrected for."""
    x0, frame = model.with_rule(rule).sample_deltas(SampleRequest(n, cond=cond, seed=1))
    free = replace(frame, goal_px=torch.full_like(frame.goal_px, torch.nan))
    return model.codec.decode(x0, frame), model.codec.decode(x0, free)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("checkpoint")
    parser.add_argument("split")
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=25)
    given = parser.parse_args()
    model = load_model(given.checkpoint)
    people = load_split(given.split)
    people = model.codec.canonicalize(people[model.codec.fits(people)])[: given.n]
    rule = SamplingRule(steps=given.steps, sampler="dpm", batch_size=200)
    print(f"{len(people):,} gestures of {given.split}, DPM-Solver++ in {given.steps} calls")
    for row in obedience(model, people, rule):
        if row.asked.startswith("goal"):
            how = (
                f"missed by {row.median:.1f} px in the median, {row.most:.1f} at 90%, before "
                f"correction; at most {row.after:.0f} after; "
            )
        else:
            how = f"off by {row.median:.1%}, {row.most:.1%} at 90%; " if row.most else ""
        print(f"{row.asked}: {how}AUC {row.auc:.3f}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
