"""`Score`: a number with its interval and p-value; and what each score means."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Replicates(NamedTuple):
    """A score over the bootstrap replicates that its interval comes from.

    Args:
        values: One for each replicate; the same replicate of the same people at the same place.
        units: How many people were drawn from.
    """

    values: tuple[float, ...]
    units: int


@dataclass(frozen=True)
class Score:
    """A measured value with its interval and p-value.

    Args:
        value: The score.
        low: Lower end of its 95% interval over people, or None where none was taken.
        high: Upper end.
        p_value: Chance of a score as extreme where both sides are alike, or None where not asked.
        replicates: What the interval comes from, as long as the score has not been through a file.
    """

    value: float
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    replicates: Replicates | None = field(default=None, repr=False, compare=False)

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        text = f"{self.value:.3f}"
        if self.low is not None and self.high is not None:
            text += f" [{self.low:.3f}, {self.high:.3f}]"
        return text if self.p_value is None else f"{text} p={self.p_value:.3g}"


@dataclass(frozen=True)
class Measure:
    """What one score measures.

    Args:
        label: Its name for people.
        ideal: Its value where both sides are alike.
        definition: One line that says how it is computed.
        source: Where it comes from.
        fault_only: Whether only more than the baseline says anything: who makes nonsense copies
            nobody, so less of it is no merit.
    """

    label: str
    ideal: float
    definition: str
    source: str = ""
    fault_only: bool = False

    def worse(self, value: float, than: float) -> float:
        """Return how much further from the ideal `value` is than `than`; below 0 where nearer."""
        if self.ideal == 1.0:  # shares and density, where more than enough is no fault
            return than - value
        return value - than


PROBES = {
    "logistic": "a logistic regression on features",
    "mlp": "a network of two layers of 64 on features",
    "forest": "a random forest of 100 trees on features",
    "boosting": "gradient-boosted trees on features",
    "sequence": "a convolutional net on the raw steps",
    "forest18": "a random forest of 100 trees on 18 kinematic features",
}
"""The classifiers of the two-sample test. The last is the kind that published generators of mouse
movements are judged by."""

POINT_BANDS = ((3, 6), (7, 12), (13, 30), (31, 70), (71, 400))
"""Fewest and most recorded points of a movement in each band that is tested by itself."""


def band_score(fewest: int, most: int) -> str:
    """Return the name of the score of movements of that many points."""
    return f"c2st_boosting_{fewest}_to_{most}_points_auc"


_C2ST = "Lopez-Paz & Oquab 2017, arXiv:1610.06545"
_PRD = "Sajjadi et al. 2018, arXiv:1806.00035"
_KNN = "Kynkäänniemi et al. 2019, arXiv:1904.06991"
_DENSITY = "Naeem et al. 2020, arXiv:2002.09797"

MEASURES: dict[str, Measure] = {
    **{
        f"c2st_{probe}_{key}": Measure(
            f"C2ST {word}, {probe}", 0.5, f"held-out {word} of {meaning}", _C2ST
        )
        for probe, meaning in PROBES.items()
        for key, word in (("auc", "AUC"), ("acc", "accuracy"))
    },
    **{
        band_score(fewest, most): Measure(
            f"C2ST AUC, boosting, {fewest} to {most} points",
            0.5,
            f"held-out AUC of gradient-boosted trees on features of movements of {fewest} to {most} "
            "recorded points alone",
            _C2ST,
        )
        for fewest, most in POINT_BANDS
    },
    "mmd": Measure(
        "MMD²",
        0.0,
        "unbiased squared maximum mean discrepancy, RBF kernel of median bandwidth",
        "Gretton et al. 2012, JMLR 13, eq. 3",
    ),
    "prd_precision": Measure("PRD precision", 1.0, "best F⅛ of the precision–recall curve", _PRD),
    "prd_recall": Measure("PRD recall", 1.0, "best F₈ of the precision–recall curve", _PRD),
    "knn_precision": Measure(
        "k-NN precision", 1.0, "share of generated movements in a real gesture's k-NN ball", _KNN
    ),
    "knn_recall": Measure(
        "k-NN recall", 1.0, "share of real gestures in a generated movement's k-NN ball", _KNN
    ),
    "density": Measure(
        "density", 1.0, "real k-NN balls that hold a generated movement, over k", _DENSITY
    ),
    "coverage": Measure(
        "coverage", 1.0, "share of real k-NN balls that hold a generated movement", _DENSITY
    ),
    "wasserstein": Measure(
        "mean Wasserstein distance",
        0.0,
        "mean over features of the 1-Wasserstein distance over the real standard deviation",
    ),
    "spectral_distance_db": Measure(
        "spectral distance (dB)",
        0.0,
        "root mean square over bands of the power ratio, in dB",
    ),
    "copying": Measure(
        "nearer to train",
        0.5,
        "chance that a generated movement lies nearer to the train set than one of held-out people; "
        "0.5 where neither does",
        "Meehan, Chaudhuri & Dasgupta 2020, arXiv:2004.05675",
        fault_only=True,
    ),
}
"""Every score by name, in the order of tables; those of shares have the ideal 1."""


def without_replicates(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a dataclass's fields for a file: a score's replicates do not go into it."""
    return {key: value for key, value in items if key != "replicates"}
