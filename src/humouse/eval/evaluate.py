"""One evaluation of one batch of movements against another: every score by name."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from humouse.eval.metrics.copying import copying
from humouse.eval.metrics.distance import wasserstein_scores
from humouse.eval.metrics.kernel import mmd_score
from humouse.eval.metrics.matrix import common_scale
from humouse.eval.metrics.neighbours import neighbour_scores
from humouse.eval.metrics.precision_recall import prd_score
from humouse.eval.metrics.spectral import band_powers
from humouse.eval.plausibility import check_size, warnings_about, with_steps
from humouse.eval.probes.classifier import C2ST, FEATURE_PROBES, c2st_scores, c2st_sequences
from humouse.eval.result import Evaluation, FeatureComparison
from humouse.eval.rule import EvaluationRule
from humouse.eval.statistics.resampling import Resampling
from humouse.features import BASIC, GROUPS, FeatureTable, feature_table
from humouse.features.modes import FEATURE_MODES
from humouse.trajectories import Trajectories


def evaluate(
    real: Trajectories,
    fake: Trajectories,
    *,
    train: Trajectories | None = None,
    rule: EvaluationRule | None = None,
    tables: tuple[FeatureTable, FeatureTable] | None = None,
    progress: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Compare movements with others, as many of each, chosen at random where there are too many.

    The floor, what people score against other people, is the same call on two sets of people. People
    on the fake side are held out whole where they are on the real side too; else their gestures are
    spread over the folds as a generator's are, so that its score and theirs compare.

    Args:
        real: The standard, people's as a rule, with their names.
        fake: Those to judge, of whatever origin.
        train: What the judged may have copied; without it "copying" is left out.
        rule: What to measure; everything by default.
        tables: The features of both, row by row, where they are known already.
        progress: Called `rule.parts` times.

    Raises:
        InputError: The rule is wrong, or either side has fewer than 20 movements.
    """
    rule = rule or EvaluationRule()
    rule.check()
    pair = _compared(real, fake, rule, tables)
    progress()
    work = _Work(pair, train, rule)
    scores: dict[str, Any] = {}
    parts: dict[str, Any] = {}
    for metric in rule.metrics:
        if metric == "c2st":
            for probe in rule.probes:
                work.probe(probe, scores, parts)
                progress()
        else:
            getattr(work, metric)(scores, parts)
            progress()
    importance = parts.pop("importance", None)
    if importance is not None and "features" in parts:
        parts["features"] = {
            name: replace(one, importance=float(lost))
            for (name, one), lost in zip(parts["features"].items(), importance, strict=True)
        }
    return Evaluation(
        real=real.origin,
        fake=fake.origin,
        gestures=len(pair.real),
        users=0 if pair.real.user is None else len(np.unique(pair.real.user)),
        seed=rule.seed,
        scores=scores,
        warnings=pair.warnings,
        **parts,
    )


@dataclass(frozen=True, eq=False)
class _Pair:
    """Both sides as they are compared."""

    real: Trajectories
    fake: Trajectories
    tables: tuple[FeatureTable, FeatureTable]
    warnings: tuple[str, ...]


def _compared(
    real: Trajectories,
    fake: Trajectories,
    rule: EvaluationRule,
    tables: tuple[FeatureTable, FeatureTable] | None,
) -> _Pair:
    sides = []
    lines = check_size(real, fake, rule.max_gestures)
    n = min(int((side.lengths > 0).sum()) for side in (real, fake))
    n = min(n, rule.max_gestures or n)
    groups = FEATURE_MODES[rule.feature_mode]
    for k, side in enumerate((real, fake)):
        moving, warning = with_steps(side)
        chosen = chosen_rows(len(moving), n, rule.seed)
        lines += warning
        table = None
        if tables is not None:
            rows = (side.lengths > 0).cpu().numpy().nonzero()[0][chosen]
            table = tables[k].rows(rows)
        moving = moving[chosen]
        sides.append((moving, table or feature_table(moving, groups)))
    (real, real_table), (fake, fake_table) = sides
    lines += [*warnings_about(real, fake), *_constant(real_table, fake_table)]
    return _Pair(real, fake, (real_table, fake_table), tuple(lines))


def chosen_rows(have: int, n: int, seed: int) -> np.ndarray:
    """Return [n] which of so many rows are compared, in their order; all where n is that many."""
    if have == n:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(have, n, replace=False))


def _constant(real: FeatureTable, fake: FeatureTable) -> list[str]:
    """Return a warning where a feature never varies on one side, and is mostly another on the other."""
    a, b = (side.values.double().cpu() for side in (real, fake))
    lines = []
    for still, other, side in ((a, b, "real"), (b, a, "judged")):
        never = (still == still[:1]).all(0)
        odd = (never & ((other == still[:1]).double().mean(0) < 0.5)).tolist()
        names = [name for name, one in zip(real.names, odd, strict=True) if one]
        if names:
            lines.append(
                f"{', '.join(names)}: the same in all {side} movements but not in the others; such a "
                "feature alone tells them apart"
            )
    return lines


class _Work:
    """Computes each metric into `scores` (by name) and `parts` (of an Evaluation)."""

    def __init__(self, pair: _Pair, train: Trajectories | None, rule: EvaluationRule) -> None:
        self.pair = pair
        self.train = train
        self.rule = rule
        self.users = pair.real.user, pair.fake.user
        self.scaled = common_scale(*(table.values for table in pair.tables))
        n = len(pair.real)
        self.replicates = (
            Resampling.over_people(
                self.users[0], n, self.users[1], n, replicates=rule.replicates, seed=rule.seed
            )
            if rule.replicates
            else None
        )

    @property
    def shared_people(self) -> bool:
        """Whether somebody is on both sides."""
        real, fake = self.users
        return real is not None and fake is not None and bool(np.intersect1d(real, fake).size)

    def probe(self, probe: str, scores: dict[str, Any], parts: dict[str, Any]) -> None:
        rule, tables = self.rule, self.pair.tables
        kind = probe
        if probe == "forest18":
            kind, tables = "forest", (tables[0].select(BASIC), tables[1].select(BASIC))
        real, fake = tables
        common: dict[str, Any] = {
            "hold_out_fake_users": self.shared_people,
            "replicates": rule.replicates,
            "seed": rule.seed,
        }
        if kind in FEATURE_PROBES:
            result: C2ST = c2st_scores(
                real.values,
                fake.values,
                probe=kind,
                real_users=self.users[0],
                fake_users=self.users[1],
                permutations=rule.permutations if probe == "logistic" else 0,
                importance=rule.importance and probe == "boosting",
                **common,
            )
        else:
            result = c2st_sequences(self.pair.real, self.pair.fake, **common)
        scores[f"c2st_{probe}_auc"] = result.auc
        scores[f"c2st_{probe}_acc"] = result.accuracy
        parts.setdefault("curves", {})[f"roc_{probe}"] = result.held_out.roc()
        if result.importance is not None:
            parts["importance"] = result.importance

    def mmd(self, scores: dict[str, Any], parts: dict[str, Any]) -> None:
        scores["mmd"] = mmd_score(
            *self.scaled,
            resampling=self.replicates,
            permutations=self.rule.permutations,
            seed=self.rule.seed,
            real_users=self.users[0],
            fake_users=self.users[1],
        )

    def prd(self, scores: dict[str, Any], parts: dict[str, Any]) -> None:
        result = prd_score(
            *self.scaled, runs=self.rule.prd_runs, seed=self.rule.seed, resampling=self.replicates
        )
        scores["prd_precision"], scores["prd_recall"] = result.precision, result.recall
        parts.setdefault("curves", {})["prd"] = result.curve

    def neighbours(self, scores: dict[str, Any], parts: dict[str, Any]) -> None:
        scores.update(neighbour_scores(*self.scaled, resampling=self.replicates))

    def kinematics(self, scores: dict[str, Any], parts: dict[str, Any]) -> None:
        real, fake = self.pair.tables
        distances, scores["wasserstein"] = wasserstein_scores(
            real.values, fake.values, resampling=self.replicates
        )
        columns = [
            column.tolist()
            for side in (real.values.double(), fake.values.double())
            for column in (side.mean(0), side.std(0, correction=0))
        ]
        definitions = {one.name: one.definition for group in GROUPS.values() for one in group}
        parts["features"] = {
            name: FeatureComparison(unit, definitions.get(name, ""), a, b, c, d, distance)
            for name, unit, a, b, c, d, distance in zip(
                real.names, real.units, *columns, distances, strict=True
            )
        }

    def spectra(self, scores: dict[str, Any], parts: dict[str, Any]) -> None:
        parts["spectra"], scores["spectral_distance_db"] = band_powers(
            self.pair.real, self.pair.fake, resampling=self.replicates
        )

    def copying(self, scores: dict[str, Any], parts: dict[str, Any]) -> None:
        if self.train is None or not len(self.train):
            return
        # Not the strokes: fitting those of a whole train set takes minutes.
        groups = FEATURE_MODES["kinematic"]
        names = [one.name for group in groups for one in GROUPS[group]]
        known = all(set(names) <= set(table.names) for table in self.pair.tables)
        tables = (
            self.pair.tables
            if known
            else [feature_table(side, groups) for side in (self.pair.real, self.pair.fake)]
        )
        real, fake = (table.select(names).values for table in tables)
        train = feature_table(self.train, groups).values
        result = copying(*_scaled_by(real, fake, real, train), resampling=self.replicates)
        scores["copying"] = result.score
        parts["neighbours"] = tuple(result.neighbours)
        parts["exact_copies"] = result.duplicates


def _scaled_by(standard: Any, *others: Any) -> list[Any]:
    """Return the others on the common scale of the standard."""
    return [common_scale(standard, other)[1] for other in others]


def chosen(movements: Trajectories, n: int, seed: int) -> Trajectories:
    """Return the n movements that an evaluation under this seed compares, or all there are."""
    return movements[chosen_rows(len(movements), min(n, len(movements)), seed)]
