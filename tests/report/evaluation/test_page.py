"""A report is one file that holds everything, harms nobody, and says what is there."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from urllib.parse import unquote

import numpy as np
import polars as pl
import pytest
import torch

from humouse.errors import InputError
from humouse.eval.metrics.copying import Neighbour
from humouse.eval.run import SIDES, EvaluationRun, Finding
from humouse.eval.statistics.score import Score
from humouse.eval.verdict import verdict
from humouse.features import FeatureTable
from humouse.report import write_report
from humouse.trajectories import Trajectories

_VOID = {"meta", "link", "input", "br", "wbr"}


class Page(HTMLParser):
    """What a page consists of."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.open, self.words, self.headings = [], [], [], [], []
        self.feed(text)
        assert self.open == []  # every element that begins ends, in order

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.ids += [value for name, value in attributes if name == "id"]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", "".join(self.words))

    def named(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.fixture(scope="module")
def html(report):
    return report.read_text()


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def judged_alone(run, **parts):
    """Return the run with nothing but the judged side's scores, and `parts`."""
    bare = {"features": {}, "spectra": {}, "curves": {}, "neighbours": (), "warnings": ()}
    alone = replace(run.generated, **{**bare, **parts})
    return replace(run, evaluations={"generated": alone}, findings=(), provenance={})


@pytest.mark.slow
def test_it_goes_to_the_folder_of_the_run(make_run, tmp_path):
    run = judged_alone(make_run(tmp_path / "run", n=40))
    assert write_report(run) == tmp_path / "run" / "report.html"
    assert "sapimouse" in (tmp_path / "run" / "report.html").read_text()


@pytest.mark.slow
def test_a_page_of_long_movements_is_not_too_large(run, tmp_path):
    """As many movements, steps and features as users have, each step off the pixel grid."""
    rng = np.random.default_rng(0)
    sides = {}
    for name in ("people", "generated", "nearest"):
        steps = torch.from_numpy(rng.normal(2, 3, (2000, 200, 3)).astype(np.float32))
        steps[..., 2] = 5.0
        lengths = torch.full((2000,), 200)
        sides[name] = Trajectories(steps, lengths, torch.zeros(2000, 2), None, name)
        sides[name].save(tmp_path / "data" / f"{name}.parquet")
    names = tuple(run.generated.features)
    units = tuple(one.unit for one in run.generated.features.values())
    for name in ("people", "generated"):
        values = rng.standard_t(2, (2000, len(names))).astype(np.float32)
        FeatureTable(values, names, units).save(tmp_path / "data" / f"{name}_features.parquet")
    page = write_report(replace(run, folder=tmp_path))
    assert page.stat().st_size < 1_500_000


def test_it_loads_nothing(html, page):
    assert len(html.encode()) < 1_500_000
    assert "@import" not in html
    for tag, attributes in page.tags:
        assert tag not in ("iframe", "img", "object", "embed", "base", "form")
        for name in ("src", "href", "xlink:href", "srcset", "action", "poster"):
            assert attributes.get(name, "#").startswith(("#", "data:")), (tag, attributes)
    assert not re.search(r"url\((?!#)", html)
    policy = next(a["content"] for a in page.named("meta") if "http-equiv" in a)
    assert policy.startswith("default-src 'none'")


def test_ids_are_unique_and_every_reference_resolves(page):
    assert len(page.ids) == len(set(page.ids))
    for _, attributes in page.tags:
        for name in ("aria-labelledby", "aria-describedby"):
            assert set(attributes.get(name, "").split()) <= set(page.ids)
        if attributes.get("href", "").startswith("#"):
            assert attributes["href"][1:] in page.ids
        for target in re.findall(
            r"url\(#([^)]*)\)", " ".join(v or "" for v in attributes.values())
        ):
            assert target in page.ids


def test_everything_stands_in_its_order(run, page):
    places = [page.text.index(words) for words in (
        run.headline, "0.5 is guessing", "Replay at true speed", "What the numbers show",
        "Before you believe them", "People differ too", "Movements side by side",
        "Speed over a movement",
        "Features, the worst first", "Mean power by band; 1 is as people", "Precision and recall",
        "What each probe finds", "Nearest to the train set",
        "Every set against sapimouse, with 95% intervals (people resampled)", "The command:",
    )]  # fmt: skip
    assert places == sorted(places)
    for finding in run.findings:
        assert finding.text.replace("speed_mean_px_s", "mean speed") in page.text
    assert run.generated.warnings[0] in page.text
    assert run.provenance["command"] in page.text
    assert '"sampler": "ddim"' in page.text


def test_the_gauge_shows_what_the_verdict_rests_on(run, page):
    probe = verdict(run.generated, run.baseline).separation.probe
    (at,) = [k for k, (_, a) in enumerate(page.tags) if a.get("class") == "gauge"]
    picture = next(a for tag, a in page.tags[at:] if tag == "svg")
    assert f"C2ST AUC, {probe}" in picture["aria-label"]
    for side in (run.generated, run.baseline):
        assert f"{side.scores[f'c2st_{probe}_auc'].value:.3f}" in page.text


def test_all_numbers_can_be_taken_away(run, page):
    (link,) = [a for a in page.named("a") if "download" in a]
    table = pl.read_csv(unquote(link["href"].removeprefix("data:text/csv;charset=utf-8,")).encode())
    for side, evaluation in run.evaluations.items():
        rows = table.filter(pl.col("side") == side)
        assert rows["score"].to_list() == list(evaluation.scores)
        assert rows["value"].to_list() == [one.value for one in evaluation.scores.values()]


def test_the_canonical_frames_units_are_said_to_be_nominal(run, page, tmp_path):
    assert "canonical frame" not in page.text
    step = torch.tensor([[3.0, 4.0, 5.0]]).expand(30, 200, 3).clone()  # 1,000 px in 1,000 ms
    canonical = Trajectories(step, torch.full((30,), 200), torch.zeros(30, 2), None, "canonical")
    for name in ("people", "generated"):
        canonical.save(tmp_path / "data" / f"{name}.parquet")
    told = Page(write_report(replace(judged_alone(run), folder=tmp_path)).read_text()).text
    assert "These movements are in the canonical frame" in told
    assert "at true speed" not in told
    assert "(true)" not in told
    assert "median path" not in told
    assert "nominal px/s" in told
    assert not re.search(r"(?<!nominal )px/s", told)


def test_headings_go_down_one_step_at_a_time(page):
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(page.headings))


def test_a_score_stands_with_its_interval_beside_the_baseline(page):
    assert (
        "0.810 [0.790, 0.830] p = 0.005 0.640 [0.620, 0.660] +0.170 worse [0.170, 0.170]"
        in page.text
    )
    assert "0.752 [0.722, 0.772] 0.888 [0.858, 0.908] −0.136 worse [−0.136, −0.136]" in page.text
    assert "+0.017 worse [0.017, 0.017]" in page.text  # copying
    labels = [a.get("aria-label", "") for a in page.named("svg")]
    (auc,) = [label for label in labels if label.startswith("C2ST AUC, logistic")]
    assert auc == (
        "C2ST AUC, logistic: generated 0.810 [0.790, 0.830]; human–human baseline 0.640 [0.620, 0.660]; "
        "the same people, halved 0.515 [0.495, 0.535]; replayed train people 0.625 [0.605, 0.645]; "
        "straight line 0.995 [0.975, 1.000]; Bézier curve 0.975 [0.955, 0.995]"
    )


def test_pictures_have_words(run, page):
    drawn = [a for a in page.named("svg") if a.get("role") == "img"]
    assert len(drawn) == len(run.generated.scores) + len(run.generated.ranked_features()) + 5
    hidden = [a for a in page.named("svg") if a.get("role") != "img"]
    assert all(a["aria-hidden"] == "true" for a in hidden)
    assert all(a.get("aria-label") or a.get("aria-labelledby") for a in drawn)
    assert all(a["aria-label"] for tag, a in page.tags if tag != "svg" and a.get("role") == "img")
    speed = run.generated.features["speed_mean_px_s"]
    assert f"People: mean {speed.real_mean:.3g}, standard deviation" in page.text


def test_features_come_worst_first(run, html):
    names = re.findall(r'<figcaption><h3><abbr title="(\w+)">.*?</h3></figcaption>\s*<svg', html)
    assert names == run.generated.ranked_features()
    first, rest = html.split("<summary>The other ", 1)
    assert len(re.findall('class="feature"', first)) == 12
    assert rest.startswith(f"{len(names) - 12} features</summary>")


def test_the_replay_holds_the_movements(run, html):
    data = json.loads(re.search(r'id="replay-data">(.*?)</script>', html)[1])
    assert data["unit_px"] == 1
    assert len(data["people"]) == len(data["generated"]) == 36
    ends = {tuple(path[-3:]) for path in data["generated"]}
    generated = run.movements("generated")
    real = torch.cat([generated.net_px, generated.duration_ms[:, None]], 1)
    assert ends <= {tuple(row) for row in real.long().tolist()}
    assert all(path[:3] == [0, 0, 0] for path in data["people"])


@pytest.mark.slow
def test_the_same_run_gives_the_same_bytes(run, tmp_path):
    whole = run.generated
    some = {name: whole.features[name] for name in ("path_px", "dx_flips")}
    parts = {"spectra": whole.spectra, "curves": whole.curves, "neighbours": whole.neighbours}
    once, again = (
        write_report(judged_alone(run, features=some, **parts), tmp_path / f"{k}.html")
        for k in range(2)
    )
    assert once.read_bytes() == again.read_bytes()


@pytest.mark.slow
def test_words_are_escaped_wherever_they_come_from(make_run, tmp_path):
    evil = "<script>alert(1)</script>&\"'$x"
    run = make_run(tmp_path, n=40, origin=evil)
    generated = replace(
        run.generated, real=evil, warnings=(evil,), scores={evil: Score(0.5, 0.4, 0.6, 0.1)}
    )
    feature = run.generated.features["path_px"]
    generated = replace(
        generated, features={"path_px": replace(feature, definition=evil, unit=evil)}
    )
    run = EvaluationRun(
        tmp_path,
        {"generated": generated},
        evil,
        {evil: Score(0.1, 0.0, 0.2)},
        (Finding(evil, evil),),
        {"command": evil, evil: {evil: evil}},
    )
    html = write_report(run).read_text()
    assert "<script>alert" not in html
    page = Page(html)
    assert len(page.named("script")) == 2
    assert page.text.count(evil) >= 8


def test_what_is_missing_is_left_out(run, tmp_path):
    page = Page(write_report(judged_alone(run), tmp_path / "r.html").read_text())
    assert "This run has no human–human baseline" in page.text
    assert "This run does not record how it was made." in page.text
    for gone in ("findings", "features", "spectra", "curves", "nearest"):
        assert gone not in page.ids
    for kept in ("scores", "gestures", "replay", "profile", "table", "reproduce"):
        assert kept in page.ids
    targets = {a["href"][1:] for a in page.named("a") if "download" not in a}
    assert targets <= set(page.ids)


@pytest.mark.parametrize("part", ["features", "spectra", "curves", "neighbours"])
def test_each_part_stands_alone(run, tmp_path, part):
    content = getattr(run.generated, part)
    if part == "features":
        content = {name: content[name] for name in ("path_px", "dx_flips")}
    some = judged_alone(run, **{part: content})
    page = Page(write_report(some, tmp_path / "r.html").read_text())
    shown = {"neighbours": "nearest"}.get(part, part)
    assert [name for name in ("features", "spectra", "curves", "nearest") if name in page.ids] == [
        shown
    ]


def test_scores_without_interval_or_baseline(run, tmp_path):
    plain = {"mmd": Score(-0.0004), "something_new": Score(3.0)}
    some = judged_alone(run)
    some = replace(some, evaluations={"generated": replace(some.generated, scores=plain)})
    page = Page(write_report(some, tmp_path / "r.html").read_text())
    assert "−0.0004" in page.text
    assert "something new" in page.text
    none = replace(some, evaluations={"generated": replace(some.generated, scores={})})
    assert "scores" not in Page(write_report(none, tmp_path / "n.html").read_text()).ids


def test_movements_that_do_not_move(run, tmp_path):
    still = Trajectories(
        torch.zeros(3, 4, 3), torch.tensor([4, 0, 1]), torch.zeros(3, 2), None, "still"
    )
    (tmp_path / "data").mkdir()
    for name in ("people", "generated"):
        still.save(tmp_path / "data" / f"{name}.parquet")
    page = Page(write_report(replace(judged_alone(run), folder=tmp_path)).read_text())
    assert "0 generated movements" in " ".join(a.get("aria-label", "") for _, a in page.tags)
    assert "nan" not in page.text.lower()


def test_fractions_of_a_pixel_survive(run, tmp_path):
    rng = np.random.default_rng(0)
    steps = torch.from_numpy(rng.normal(0, 3, (30, 50, 3)).astype(np.float32)).abs()
    smooth = Trajectories(steps, torch.full((30,), 50), torch.zeros(30, 2), None, "smooth")
    for name in ("people", "generated"):
        smooth.save(tmp_path / "data" / f"{name}.parquet")
    html = write_report(replace(judged_alone(run), folder=tmp_path)).read_text()
    data = json.loads(re.search(r'id="replay-data">(.*?)</script>', html)[1])
    assert data["unit_px"] == 0.1
    nets = smooth.net_px.double().numpy()
    for path in data["people"]:  # no error adds up over the steps
        assert np.abs(nets - np.array(path[-3:-1]) * 0.1).max(1).min() < 0.06


def test_damaged_folders_are_named(make_run, tmp_path):
    run = make_run(tmp_path / "run", n=40)
    lost = (Neighbour(10_000, 0, 0.1, 0.1),)
    unknown = {"unheard_of": run.generated.features["path_px"]}
    for parts in ({"neighbours": lost}, {"features": unknown}):
        with pytest.raises(InputError, match="run: the files below data/ are not those"):
            write_report(judged_alone(run, **parts))
    (run.folder / "data" / "generated_features.parquet").write_bytes(b"PAR1 cut")
    with pytest.raises(InputError, match=r"generated_features\.parquet"):
        write_report(run)
    (run.folder / "data" / "people.parquet").unlink()
    with pytest.raises(InputError, match=r"people\.parquet: no such file"):
        write_report(run)
    assert not (run.folder / "report.html").exists()


def test_a_page_that_cannot_be_written(run, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_report(judged_alone(run), tmp_path / "file" / "report.html")


def test_every_set_is_in_the_full_table(run, page):
    assert set(run.evaluations) == set(SIDES)
    table = page.text[page.text.index("Every set against") :]
    for called in SIDES.values():
        assert called in table
