"""A run on disk: everything comes back from JSON, and what cannot be read is said in a line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.errors import InputError
from humouse.eval.metrics.copying import Neighbour
from humouse.eval.metrics.spectral import BandPower
from humouse.eval.result import Evaluation, FeatureComparison
from humouse.eval.run import FORMAT, SCORES, EvaluationRun, Finding
from humouse.eval.statistics.score import Replicates, Score
from humouse.features import feature_table

# The types are built in the tests: what enforces their annotations draws from `random`, which
# strategies must not.
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
COUNTS = st.integers(0, 2**53)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCORE = st.builds(Score, NUMBERS, *(st.none() | NUMBERS,) * 2, p_value=st.none() | st.floats(0, 1))
EVALUATIONS = st.fixed_dictionaries(
    {
        "real": WORDS,
        "fake": WORDS,
        "gestures": COUNTS,
        "users": COUNTS,
        "seed": st.integers(0, 2**32 - 1),
        "scores": st.dictionaries(WORDS, SCORE, max_size=3),
        "features": st.dictionaries(
            WORDS,
            st.builds(
                FeatureComparison,
                WORDS,
                WORDS,
                *(NUMBERS,) * 4,
                SCORE,
                importance=st.none() | NUMBERS,
            ),
            max_size=2,
        ),
        "spectra": st.dictionaries(
            WORDS, st.builds(BandPower, NUMBERS, NUMBERS, st.none() | SCORE), max_size=2
        ),
        "curves": st.dictionaries(
            WORDS, st.lists(st.tuples(NUMBERS, NUMBERS), max_size=3), max_size=2
        ),
        "neighbours": st.lists(
            st.builds(Neighbour, COUNTS, COUNTS, NUMBERS, NUMBERS), max_size=2
        ).map(tuple),
        "warnings": st.lists(WORDS, max_size=2).map(tuple),
    }
)
FINDINGS = st.lists(st.builds(Finding, WORDS, WORDS), max_size=3).map(tuple)


@given(EVALUATIONS)
@settings(deadline=None, max_examples=20)
def test_an_evaluation_comes_back_from_json(parts: dict[str, Any]):
    evaluation = Evaluation(**parts)
    content = json.loads(json.dumps(evaluation.as_dict()))
    assert Evaluation.from_dict(content) == evaluation


@given(EVALUATIONS, EVALUATIONS, st.booleans(), WORDS, FINDINGS)
@settings(deadline=None, max_examples=10)
def test_a_run_comes_back_from_its_folder(
    tmp_path_factory: pytest.TempPathFactory,
    judged_parts: dict[str, Any],
    baseline_parts: dict[str, Any],
    with_baseline: bool,
    headline: str,
    findings: tuple[Finding, ...],
):
    folder = tmp_path_factory.mktemp("run") / "a b, c"
    judged = Evaluation(**judged_parts)
    baseline = Evaluation(**baseline_parts) if with_baseline else None
    evaluations = {"generated": judged} | ({} if baseline is None else {"other_people": baseline})
    provenance = {"settings": {"n": 3, "ckpt": None}, "command": "humouse eval 'a b'"}
    EvaluationRun(folder, evaluations, headline, judged.scores, findings, provenance).save()
    assert [path.name for path in folder.iterdir()] == [SCORES]
    again = EvaluationRun.load(folder)
    assert again.folder == folder
    assert (again.evaluations, again.headline, again.findings) == (evaluations, headline, findings)
    assert (again.excess, again.provenance) == (judged.scores, provenance)
    assert (again.generated, again.baseline) == (judged, baseline)


@pytest.fixture
def run(tmp_path: Path) -> EvaluationRun:
    drawn = Score(0.5, 0.0, 1.0, replicates=Replicates((0.0, 1.0), 4))
    parts = {
        name: Evaluation("people", "model", 20, 4, 0, {"mmd": drawn})
        for name in ("generated", "other_people")
    }
    findings = (Finding("told_apart", "It is."),)
    one = EvaluationRun(tmp_path, parts, "told apart", {"mmd": drawn}, findings)
    one.save()
    return one


def test_the_draws_behind_an_interval_stay_out_of_the_file(run: EvaluationRun):
    """Some hundred numbers a score, which nobody reads."""
    content = json.loads((run.folder / SCORES).read_text())
    expected = {"value": 0.5, "low": 0.0, "high": 1.0, "p_value": None}
    assert content["excess"]["mmd"] == expected
    assert content["evaluations"]["generated"]["scores"]["mmd"] == expected
    assert EvaluationRun.load(run.folder).generated.scores["mmd"].replicates is None


def test_the_worst_features():
    def feature(distance: float, importance: float | None = None) -> FeatureComparison:
        return FeatureComparison("px", "", 0.0, 1.0, 0.0, 1.0, Score(distance), importance)

    features = {
        "far": feature(9.0, 0.0),
        "near": feature(0.1),
        "telling": feature(0.2, 0.3),
        "middling": feature(0.5, 0.0),
    }
    evaluation = Evaluation("people", "model", 20, 4, 0, {}, features)
    assert evaluation.ranked_features() == ["telling", "far", "middling", "near"]
    assert evaluation.worst_features() == ["telling"]  # the others give nothing away
    del features["telling"]
    assert evaluation.worst_features(2) == ["far", "middling"]  # nor does any: by their distance


def test_a_feature_that_does_not_vary_is_not_among_them():
    def feature(real_mean: float, std: float, fake_mean: float) -> FeatureComparison:
        return FeatureComparison("px", "", real_mean, std, fake_mean, std, Score(0.1))

    features = {
        "path": feature(1000.0, 0.02, 1000.1),  # of the canonical frame
        "zero": feature(0.0, 0.0, 0.0),
        "varying": feature(0.0, 0.01, 0.0),
        "shifted": feature(16.0, 0.0, 8.0),
    }
    evaluation = Evaluation("people", "model", 20, 4, 0, {}, features)
    assert set(evaluation.worst_features()) == {"varying", "shifted"}


def test_the_data_of_a_run(run: EvaluationRun, make_reaches):
    people = make_reaches(6, 0, users=2)
    people.save(run.folder / "data" / "people.parquet")
    table = feature_table(people)
    table.save(run.folder / "data" / "people_features.parquet")
    again = EvaluationRun.load(run.folder)
    assert torch.equal(again.movements("people").deltas, people.trimmed().deltas)
    assert again.movements("people").origin == people.origin
    assert np.array_equal(again.features("people").values, table.values)
    assert again.features("people").units == table.units
    for read in (again.movements, again.features):
        with pytest.raises(InputError, match=r"generated.*\.parquet: no such (file|table)"):
            read("generated")
    for name in ("people", "people_features"):
        whole = (run.folder / "data" / f"{name}.parquet").read_bytes()
        (run.folder / "data" / f"{name}.parquet").write_bytes(whole[: len(whole) // 2])
    for read in (again.movements, again.features):
        with pytest.raises(InputError, match=r"people.*\.parquet: not a"):
            read("people")


def test_no_run(tmp_path: Path):
    for folder in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(InputError, match=r"no evaluation \(no scores\.json\); humouse eval wr"):
            EvaluationRun.load(folder)
    (tmp_path / SCORES).mkdir()
    with pytest.raises(InputError, match="no evaluation"):
        EvaluationRun.load(tmp_path)


def test_another_format(run: EvaluationRun):
    path = run.folder / SCORES
    content = json.loads(path.read_text())
    for other in (FORMAT + 1, "1", None):
        path.write_text(json.dumps({**content, "format": other}))
        with pytest.raises(InputError, match=r"another version of humouse .*evaluate again"):
            EvaluationRun.load(run.folder)
    # What earlier versions wrote had no format.
    path.write_text(json.dumps({"generated": {}, "other_people": {}}))
    with pytest.raises(InputError, match=rf"format None, not {FORMAT}"):
        EvaluationRun.load(run.folder)


def test_a_file_cut_short(run: EvaluationRun):
    path = run.folder / SCORES
    whole = path.read_bytes()
    for keep in (0, 1, len(whole) // 3, len(whole) - 3):
        path.write_bytes(whole[:keep])
        with pytest.raises(InputError, match=r"scores\.json: not readable as JSON"):
            EvaluationRun.load(run.folder)
    path.write_bytes(b"\xff\xfe" + whole)
    with pytest.raises(InputError, match=r"scores\.json: not readable"):
        EvaluationRun.load(run.folder)
    path.write_text("[1, 2]")
    with pytest.raises(InputError, match="holds no JSON object"):
        EvaluationRun.load(run.folder)


def changed(content: Any, place: tuple[Any, ...], value: Any) -> Any:
    """Return the content with another value at a place, or without it where that is None."""
    if len(place) == 1 and value is None:
        return {key: part for key, part in content.items() if key != place[0]}
    if len(place) == 1:
        return {**content, place[0]: value}
    return {**content, place[0]: changed(content[place[0]], place[1:], value)}


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("evaluations",), None),
        (("evaluations",), []),
        (("evaluations", "generated"), None),
        (("evaluations", "generated"), 3),
        (("evaluations", "generated", "scores"), None),
        (("evaluations", "generated", "scores"), [0.5]),
        (("evaluations", "generated", "scores", "mmd"), 0.5),
        (("evaluations", "generated", "scores", "mmd"), {"low": 0.5}),
        (("evaluations", "generated", "scores", "mmd"), {"value": 0.5, "sure": 1}),
        (("evaluations", "generated", "gestures"), None),
        (("evaluations", "generated", "curves"), {"prd": [[1, 2, 3]]}),
        (("evaluations", "generated", "neighbours"), [{"fake": 1}]),
        (("evaluations", "generated", "nonsense"), 1),
        (("evaluations", "other_people", "features"), {"speed": {}}),
        (("headline",), None),
        (("excess",), None),
        (("excess", "mmd"), 0.5),
        (("findings",), None),
        (("findings",), [{"kind": "told_apart"}]),
        (("findings",), "none"),
        (("provenance",), None),
    ],
)
def test_what_was_changed_by_hand(run: EvaluationRun, place: tuple[str, ...], value: Any):
    path = run.folder / SCORES
    path.write_text(json.dumps(changed(json.loads(path.read_text()), place, value)))
    with pytest.raises(InputError) as caught:
        EvaluationRun.load(run.folder)
    assert str(caught.value) == f"{path}: damaged or changed by hand; evaluate again"


def test_a_folder_that_cannot_be_written(run: EvaluationRun, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        EvaluationRun(tmp_path / "file", run.evaluations, "").save()
