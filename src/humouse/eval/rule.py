"""`EvaluationRule`: what an evaluation measures, and with how many replicates and permutations."""

from dataclasses import dataclass

from humouse.errors import InputError
from humouse.eval.statistics.score import PROBES
from humouse.features.modes import FEATURE_MODES
from humouse.settings.checks import check_names, check_seed
from humouse.settings.choices import METRICS

FEWEST_REPLICATES = 20


@dataclass(frozen=True)
class EvaluationRule:
    """What to measure, and with how many replicates and permutations.

    Args:
        metrics: Which of `METRICS`.
        feature_mode: Which of `FEATURE_MODES` the metrics are taken on.
        probes: Which of `score.PROBES` are the two-sample test.
        replicates: Bootstrap replicates that the intervals come from, at least 20; 0 for none.
        permutations: Labellings that p-values come from (of MMD, and of the logistic probe, its
            whole fit inside); 0 for none.
        importance: Whether to measure what each feature adds to the boosting probe.
        prd_runs: Clusterings that PRD is averaged over.
        max_gestures: Largest number of gestures of each side; None for no limit.
        seed: For everything random; 0 to 2³² − 1.
    """

    metrics: tuple[str, ...] = METRICS
    feature_mode: str = "neuromotor"
    probes: tuple[str, ...] = ("logistic", "mlp", "forest", "boosting", "sequence")
    replicates: int = 200
    permutations: int = 199
    importance: bool = True
    prd_runs: int = 10
    max_gestures: int | None = None
    seed: int = 0

    @classmethod
    def quick(cls, *, feature_mode: str, seed: int) -> "EvaluationRule":
        """Return a quick rule for use during training: seconds, not minutes."""
        return cls(
            metrics=("c2st", "mmd", "prd"),
            feature_mode=feature_mode,
            probes=("logistic",),
            replicates=100,
            permutations=0,
            importance=False,
            prd_runs=2,
            max_gestures=512,
            seed=seed,
        )

    def check(self) -> None:
        """Raise InputError if a name is unknown or a number out of range."""
        check_names("metrics", self.metrics, METRICS)
        check_names("probes", self.probes, tuple(PROBES))
        check_names("feature_mode", [self.feature_mode], tuple(FEATURE_MODES))
        if "forest18" in self.probes and "kinematics" not in FEATURE_MODES[self.feature_mode]:
            raise InputError(
                f"probes: forest18 reads kinematic features, and feature_mode={self.feature_mode} has "
                "none; leave it out, or use feature_mode=kinematic"
            )
        check_seed(self.seed)
        if self.permutations < 0:
            raise InputError(f"permutations={self.permutations}: must be at least 0; 0 for none")
        if self.replicates < 0 or 0 < self.replicates < FEWEST_REPLICATES:
            raise InputError(
                f"replicates={self.replicates}: must be at least {FEWEST_REPLICATES}, or 0 for no intervals"
            )

    @property
    def parts(self) -> int:
        """How often `evaluate` reports progress."""
        others = len(set(self.metrics) - {"c2st"})
        return 1 + others + len(self.probes) * ("c2st" in self.metrics)
