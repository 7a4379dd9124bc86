"""A verdict in sentences: every number that it rests on is in them."""

from humouse.eval.result import Evaluation, FeatureComparison
from humouse.eval.statistics.score import Replicates, Score
from humouse.eval.verdict import verdict
from humouse.eval.wording import findings, headline

FEATURE = FeatureComparison("ms", "", 16.0, 1.0, 12.0, 1.0, Score(1.0), 0.2)
JUDGED = Evaluation(
    "people",
    "model",
    2000,
    20,
    0,
    {
        "c2st_boosting_auc": Score(0.91, 0.88, 0.93, None, Replicates((0.88, 0.91, 0.93), 10**6)),
        "copying": Score(0.81, 0.72, 0.94, 0.001),
        "prd_recall": Score(0.4, 0.35, 0.45),
    },
    features={"dt_mean_ms": FEATURE},
    exact_copies=1200,
)
BASELINE = Evaluation(
    "people", "others", 2000, 20, 0, {"c2st_boosting_auc": Score(0.64), "prd_recall": Score(0.98)}
)


def test_the_headline_says_what_separates_it_and_from_which_baseline():
    line = headline(JUDGED, verdict(JUDGED, BASELINE))
    for part in (
        "model",
        "boosting",
        "0.91 [0.88, 0.93]",
        "0.64",
        "+0.27 [+0.24, +0.29]",
        "copies",
    ):
        assert part in line
    alone = headline(JUDGED, verdict(JUDGED, None))
    assert "0.64" not in alone
    assert "0.91 [0.88, 0.93]" in alone


def test_without_a_test_the_headline_claims_nothing():
    bare = Evaluation("people", "model", 200, 0, 0, {"mmd": Score(0.1)})
    assert headline(bare, verdict(bare, None)).startswith("model was compared with people")
    assert findings(verdict(bare, None)) == ()


def test_each_finding_holds_its_numbers_the_weightiest_first():
    found = findings(verdict(JUDGED, BASELINE))
    assert [one.kind for one in found] == [
        "told_apart", "copying", "missing_modes", "gives_away", "clock",
    ]  # fmt: skip
    texts = {one.kind: one.text for one in found}
    assert "0.91 [0.88, 0.93]" in texts["told_apart"]
    assert "0.81 [0.72, 0.94]" in texts["copying"]
    assert "1,200" in texts["copying"]
    assert "0.40 against 0.98" in texts["missing_modes"]
    assert "dt_mean_ms (mean 12 against 16 ms)" in texts["gives_away"]
    assert "dt_mean_ms" in texts["clock"]
