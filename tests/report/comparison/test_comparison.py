"""Several runs on one page."""

import re
from dataclasses import replace
from html import unescape

import numpy as np
import pytest

from humouse.errors import InputError
from humouse.eval.statistics.score import Score
from humouse.features.names import readable
from humouse.report import write_comparison


@pytest.fixture(scope="module")
def runs(make_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("compared")
    near = make_run(folder / "near", n=60, pace=1.0)
    return near, make_run(folder / "far", n=60, pace=1.5, origin="gan")


def with_scores(run, scores, baseline):
    """Return the run with these scores and this baseline, whose excess is exact where it is known."""
    sides = {"generated": replace(run.generated, scores=scores)}
    if baseline is not None:
        sides["other_people"] = replace(run.evaluations["other_people"], scores=baseline)
    excess = {
        name: Score(by := scores[name].value - one.value, by - 0.01, by + 0.01)
        for name, one in (baseline or {}).items()
        if name in scores
    }
    return replace(run, evaluations=sides, excess=excess)


def text_of(path):
    html = re.sub(r"<(style|script).*?</\1>|<wbr>", "", path.read_text(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html)))


def test_runs_stand_beside_each_other(runs, tmp_path):
    path = write_comparison(runs, tmp_path / "new" / "compare.html")
    text = text_of(path)
    assert "near is nearest to people, significantly nearer than far" in text
    for tag, run in zip("AB", runs, strict=True):
        assert f"{tag} {run.folder.name} {run.headline}" in text
    assert (
        "best 0.748 [0.728, 0.768] +0.108 worse [0.108, 0.108] "
        "0.872 [0.852, 0.892] +0.232 worse [0.232, 0.232]"
    ) in text
    assert (
        "best 0.802 [0.772, 0.822] −0.086 worse [−0.086, −0.086]" in text
    )  # recall: more is better
    assert "best 0.525" not in text  # who copies less is no nearer to people
    assert "Before you compare them" not in text
    for name in runs[1].generated.worst_features(5):
        assert readable(name) in text
    assert "http" not in re.sub(r"http-equiv", "", path.read_text())


def test_the_best_is_read_above_each_runs_own_baseline(runs, tmp_path):
    scores = [{"c2st_forest_auc": Score(0.8)}, {"c2st_forest_auc": Score(0.7)}]
    baselines = [{"c2st_forest_auc": Score(0.75)}, {"c2st_forest_auc": Score(0.52)}]
    pair = [with_scores(*parts) for parts in zip(runs, scores, baselines, strict=True)]
    assert "best 0.800 +0.050 worse [0.040, 0.060] 0.700 +0.180 worse [0.170, 0.190]" in text_of(
        write_comparison(pair, tmp_path / "c.html")
    )
    bare = [with_scores(run, one, None) for run, one in zip(runs, scores, strict=True)]
    assert "0.800 best? 0.700" in text_of(write_comparison(bare, tmp_path / "b.html"))


def test_a_score_that_a_run_lacks(runs, tmp_path):
    pair = [with_scores(runs[0], {"mmd": Score(0.1)}, None), with_scores(runs[1], {}, None)]
    text = text_of(write_comparison(pair, tmp_path / "c.html"))
    assert "0.1000 –" in text
    assert " best 0.1" not in text  # nothing to be better than


@pytest.mark.slow
def test_other_people_are_warned_of(runs, make_run, tmp_path):
    same, other_gestures = runs[0], make_run(tmp_path / "seed", n=60, seed=9)
    text = text_of(write_comparison([same, other_gestures], tmp_path / "c.html"))
    assert "A and B were compared with different gestures of the same people." in text
    people = other_gestures.movements("people")
    renamed = replace(people, user=people.user.astype(object) + " of Balabit")
    replace(renamed, user=renamed.user.astype(str)).save(
        other_gestures.folder / "data" / "people.parquet"
    )
    text = text_of(write_comparison([same, other_gestures], tmp_path / "c.html"))
    assert "A and B were compared with different people" in text
    fewer = make_run(tmp_path / "few", n=30)
    text = text_of(write_comparison([same, fewer], tmp_path / "c.html"))
    assert "movements per set (A 60, B 30)" in text


@pytest.mark.slow
def test_nothing_is_the_best_among_runs_against_different_people(runs, make_run, tmp_path):
    other = make_run(tmp_path / "other", n=60, pace=1.5)
    assert "best 0.748" in text_of(write_comparison([runs[0], other], tmp_path / "a.html"))
    people = other.movements("people")
    renamed = replace(people, user=np.char.add(people.user.astype(str), " of Balabit"))
    renamed.save(other.folder / "data" / "people.parquet")
    text = text_of(write_comparison([runs[0], other], tmp_path / "b.html"))
    assert "No run is called the best" in text
    assert not re.search(r"best\??\s[0-9−]", text)


def with_settings(run, **settings):
    return replace(run, provenance={**run.provenance, "settings": settings})


@pytest.mark.slow
def test_settings_that_change_the_scores_are_warned_of(runs, tmp_path):
    first = {"feature_mode": "neuromotor", "probes": ["forest", "mlp"], "group_by_user": True}
    second = {"feature_mode": "kinematic", "probes": ["forest"], "group_by_user": False}
    pair = with_settings(runs[0], **first), with_settings(runs[1], **second)
    text = text_of(write_comparison(pair, tmp_path / "a.html"))
    assert "The runs differ in feature_mode (A neuromotor; B kinematic), the features:" in text
    assert "The runs differ in probes (A forest, mlp; B forest), the probes:" in text
    assert "The runs differ in group_by_user (A True; B False), whether a probe" in text
    assert "No run is called the best" in text
    turned = first | {"probes": ["mlp", "forest"]}  # in another order the same
    pair = with_settings(runs[0], **first), with_settings(runs[1], **turned)
    text = text_of(write_comparison(pair, tmp_path / "b.html"))
    assert "The runs differ in" not in text
    one_unknown = with_settings(runs[0], **first), replace(runs[1], provenance={})
    assert "The runs differ in" not in text_of(write_comparison(one_unknown, tmp_path / "c.html"))


@pytest.mark.slow
def test_runs_of_one_name_are_named_by_their_path(runs, make_run, tmp_path):
    twin = make_run(tmp_path / "near", n=30)
    text = text_of(write_comparison([runs[0], twin], tmp_path / "c.html"))
    assert f"B {tmp_path.resolve() / 'near'}" in text


def test_what_cannot_be_compared(runs, tmp_path):
    with pytest.raises(InputError, match="at least two runs"):
        write_comparison(runs[:1], tmp_path / "c.html")
    again = replace(runs[0], folder=runs[0].folder / ".." / runs[0].folder.name)
    with pytest.raises(InputError, match="near: given twice"):
        write_comparison([runs[0], runs[1], again], tmp_path / "c.html")
    assert not (tmp_path / "c.html").exists()


def test_words_are_escaped(runs, tmp_path):
    evil = "<script>alert(1)</script>"
    named = replace(runs[0].generated, real=evil, fake=evil, warnings=(evil,))
    odd = replace(runs[0], evaluations={"generated": named}, headline=evil)
    html = write_comparison([odd, runs[1]], tmp_path / "c.html").read_text()
    assert "<script>alert" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4
