"""How well a model does as it is told: goals missed before any correction, durations, and what it costs.

    python benchmarks/conditions.py CHECKPOINT SPLIT [--n 1000] [--steps 25]

Goals and durations are those of the split's own gestures. The AUC is boosting's, of samples against these
gestures, on kinematics, timing, spectra and coupling.
"""

import argparse
from dataclasses import replace

import torch

from humouse.data.codec import CONDITIONS, Frame
from humouse.data.prepared import load_split
from humouse.diffusion.checkpoint import Model, load_model
from humouse.diffusion.sample import SamplingRule, sample_deltas
from humouse.eval.metrics import c2st_scores
from humouse.eval.rule import FEATURE_MODES
from humouse.features import feature_table
from humouse.trajectories import Trajectories


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
    conditions = Frame.of(people).conditions
    rule = SamplingRule(steps=given.steps, sampler="dpm", batch_size=200)
    goal = asked(conditions, "goal_dx_px", "goal_dy_px")
    print(f"{given.n:,} gestures of {given.split}, DPM-Solver++ in {given.steps} calls")
    free = made_of(model, len(people), None, rule)[0]
    print(f"nothing asked: AUC {auc(people, free):.3f}")
    for constrained in (False, True):
        made, before = made_of(model, len(people), goal, replace(rule, goal_constraint=constrained))
        miss = (before.net_px - goal).norm(dim=1)
        after = float((made.net_px - goal).norm(dim=1).max())
        median, most = miss.quantile(torch.tensor([0.5, 0.9])).tolist()
        name = "constrained in sampling" if constrained else "told to the network alone"
        print(
            f"goal, {name}: missed by {median:.1f} px in the median, {most:.1f} at 90%, before "
            f"correction; at most {after:.0f} after; AUC {auc(people, made):.3f}"
        )
    cond = asked(conditions, "duration_ms")
    made, _ = made_of(model, len(people), cond, rule)
    off = (made.duration_ms / cond[:, 2] - 1).abs()
    median, most = off.quantile(torch.tensor([0.5, 0.9])).tolist()
    print(f"duration: off by {median:.1%}, {most:.1%} at 90%; AUC {auc(people, made):.3f}")


def made_of(
    model: Model, n: int, cond: torch.Tensor | None, rule: SamplingRule
) -> tuple[Trajectories, Trajectories]:
    """Return n movements, and the same before the goal is corrected for."""
    x0, frame = sample_deltas(model, n, cond=cond, seed=1, rule=rule)
    free = replace(frame, goal_px=torch.full_like(frame.goal_px, torch.nan))
    return model.codec.decode(x0, frame), model.codec.decode(x0, free)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
