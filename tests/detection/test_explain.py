"""Reasons: which features, how strongly, in words."""

import re

import numpy as np
import pytest

from humouse.detection.estimators.boosting import BoostingDetector
from humouse.detection.explain import Reason, contributions, explain, reasons_for, speaking
from humouse.detection.names import BOT, HUMAN, UNFAMILIAR
from humouse.detection.onnx.export import save_onnx, to_onnx
from humouse.detection.onnx.runtime import OnnxDetector
from humouse.detection.setups.setup import Calibrating, SetUp
from humouse.features import FeatureTable
from humouse.features.names import readable

NAMES = ("quiet", "dt_on_tick_share", "speed_px_per_s", "other")


def rows(n=800, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    X = rng.normal([0, 0.5, 500, 0], [1, 0.1, 100, 1], (n, 4))
    X[y == 1, 1] += 0.4
    X[y == 1, 2] -= 150
    return FeatureTable(X.astype(np.float32), NAMES, ("1", "1", "px/s", "count")), y


def test_contributions_are_what_the_log_odds_lose_one_feature_at_a_time():
    table, y = rows()
    detector = BoostingDetector(trees=10).fit(table, y)
    added = contributions(detector, table)
    for row, column in ((0, 0), (1, 1), (7, 2), (799, 3)):
        changed = table.values[[row]].copy()
        before = detector.decision_function(changed)[0]
        changed[0, column] = detector.human_quantiles_[1, column]
        after = detector.decision_function(changed)[0]
        assert added[row, column] == pytest.approx(before - after, abs=1e-9)


def test_reasons_are_the_strongest_first_and_say_what_people_have():
    table, y = rows()
    detector = BoostingDetector(trees=60).fit(table, y)
    reasons = explain(detector, table, most=2)
    added = contributions(detector, table)
    for row in (0, 1, 5):
        strongest = np.argsort(-np.abs(added[row]))[:2]
        expected = [NAMES[place] for place in strongest if added[row, place]]
        assert [one.feature for one in reasons[row]] == expected
    people = table["speed_px_per_s"][y == 0]
    one = next(r for r in explain(detector, table, most=4)[1] if r.feature == "speed_px_per_s")
    assert one.unit == "px/s"
    assert one.value == pytest.approx(float(table["speed_px_per_s"][1]))
    found = (one.human_low, one.human_median, one.human_high)
    np.testing.assert_allclose(found, np.quantile(people, [0.05, 0.5, 0.95]), rtol=1e-5)


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        (("dt_on_tick_share", "1", 1.0, 0.31, 0.8, 0.98, 2.41), "1.00, people 0.31…0.98: +2.4"),
        (
            ("speed_px_per_s", "px/s", 12.34, 0.0, 500.0, 1234.5, -0.26),
            "12.34, people 0.00…1,234: -0.3",
        ),
        (("jerk", "px/s^3", 1e-4, 0.02, 2.0, 2.5e7, 0.0), "1.0e-04, people 0.02…2.5e+07: +0.0"),
    ],
)
def test_a_reason_reads_as_one_line(reason, line):
    assert str(Reason(*reason)) == f"{reason[0]} {line}"


def test_fewer_than_one_reason_is_refused_and_an_empty_table_has_none():
    table, y = rows()
    detector = BoostingDetector(trees=10).fit(table, y)
    with pytest.raises(ValueError, match="most=0"):
        explain(detector, table, most=0)


COLUMNS = ("dt_median_ms", "path_px")


def lines_for(explaining, setups, table: FeatureTable, traits, verdicts, most) -> list[str]:
    setup = FeatureTable(traits.astype(np.float32), COLUMNS, ("ms", "px"))
    found = speaking(explaining, table, most)
    return reasons_for(explaining, setups, found, setup, verdicts, most)


@pytest.fixture(scope="module")
def known() -> SetUp:
    """A set-up of a 16 ms clock and paths of 100 to 900 px."""
    rng = np.random.default_rng(0)
    traits = np.column_stack([rng.normal(16, 0.5, 600), rng.uniform(100, 900, 600)])
    score = np.r_[rng.normal(0, 1, 600), rng.normal(5, 1, 200)]
    person = np.r_[np.arange(600) % 10, np.full(200, 99)]
    calibrating = Calibrating(score, np.arange(800) >= 600, person, traits, COLUMNS)
    return SetUp.fit("known", calibrating, 10, 600, 0)


def test_reasons_speak_for_the_verdict(known, tmp_path):
    table, y = rows()
    detector = BoostingDetector(trees=30).fit(table, y)
    save_onnx(to_onnx(detector), tmp_path / "boosting.onnx")
    served = OnnxDetector.load(tmp_path / "boosting.onnx")
    some = np.array([0, 1, 2, 3])
    traits = np.tile([16.0, 500.0], (4, 1))
    verdicts = np.array([HUMAN, BOT, HUMAN, BOT])
    lines = lines_for(served, [known], table.rows(some), traits, verdicts, most=2)
    added = contributions(served, table.rows(some))
    for row, line in enumerate(lines):
        for_it = added[row] * (1 if verdicts[row] == BOT else -1)
        strongest = [place for place in np.argsort(-for_it)[:2] if for_it[place] > 0]
        if not strongest:  # a person like the median: no feature speaks for a person
            assert line.startswith("the order of its steps")
            continue
        parts = line.split("; ")
        assert len(parts) == len(strongest)
        for part, place in zip(parts, strongest, strict=True):
            assert part.startswith(readable(NAMES[place]))
            assert "(people " in part
    assert all("; " in lines[row] for row in (1, 3))
    assert "px/s" in " ".join(lines)


def test_what_no_feature_shows_is_said_so(known):
    table, _ = rows(2)
    traits = np.tile([16.0, 500.0], (2, 1))
    lines = lines_for(None, [known], table, traits, np.array([HUMAN, BOT]), most=3)
    assert lines == ["the order of its steps, which no single feature shows"] * 2


def test_the_unfamiliar_is_told_by_what_lies_outside_the_nearest_set_up(known):
    table, _ = rows(3)
    traits = np.array([[60.0, 500.0], [60.0, 5000.0], [16.0, 500.0]])
    strange = np.full(3, UNFAMILIAR)
    tick, both, none = lines_for(None, [known], table, traits, strange, most=2)
    assert re.fullmatch(r"median time step 60\.00 ms \(known 14\.\d+…17\.\d+\)", tick)
    assert [part.split(" (")[0] for part in both.split("; ")] == [
        "median time step 60.00 ms",
        "path length 5,000 px",
    ]
    assert none.endswith("though none of them alone")
    few = lines_for(None, [known], table, traits, strange, most=1)
    assert few[1] == both.split("; ")[0]


def test_what_lies_outside_by_less_than_is_shown_is_said_so(known):
    table, _ = rows(1)
    (distance,) = known.distances
    _, high = distance.range_of(1)
    traits = np.array([[16.0, np.nextafter(np.float32(high), np.float32(np.inf))]], np.float32)
    (line,) = lines_for(None, [known], table, traits, np.full(1, UNFAMILIAR), most=1)
    shown = re.fullmatch(r"path length just above ([\d,.]+) px \(known [\d,.]+…([\d,.]+)\)", line)
    assert shown is not None
    assert shown[1] == shown[2]
