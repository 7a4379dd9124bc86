"""The benchmark as a whole, small; what it refuses; and that it finds nothing where nothing is."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from humouse.bots.families import FAMILIES
from humouse.commands.detect_benchmark import load_benchmark, run
from humouse.data.prepared import load_split
from humouse.data.preprocess import preprocess
from humouse.detection.benchmark.examples import FALSE_ALARMS, OF_EACH, REASONS
from humouse.detection.benchmark.result import BenchmarkResult
from humouse.detection.names import BLEND, HUMAN, MEAN
from humouse.detection.registry import REGISTRY
from humouse.detection.samples.labelled import concatenate_labelled, label_movements
from humouse.detection.samples.negatives import make_negatives, negative_counts
from humouse.detection.samples.people import (
    CALIBRATE,
    EVALUATE,
    FIT,
    split_by_user,
    subsample,
)
from humouse.detection.samples.sources import negative_sources
from humouse.detection.samples.views import FeatureViews
from humouse.errors import InputError
from humouse.gan.model import GAN
from humouse.settings import BenchmarkSettings
from humouse.settings.compose import settings_from
from humouse.training.checkpoint import Checkpoint
from humouse.trajectories import concatenate

_SMALL = (
    "families=[function,bezier,pid]",
    "detectors=[boosting,isolation]",
    "mixes=[bots]",
    "feature_mode=kinematic",
    "n=220",
    "calibration_share=0.4",
    "bots_per_family=60",
    "seeds=2",
    "replicates=20",
    "workers=1",
)


@pytest.fixture(scope="module")
def elsewhere(twelve_people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of other people, recorded elsewhere."""
    folder = tmp_path_factory.mktemp("elsewhere")
    replace(load_split(twelve_people / "val"), origin="elsewhere").save(folder / "val.parquet")
    return folder


@pytest.fixture(scope="module")
def small(many_gestures: Path, elsewhere: Path) -> Callable[..., BenchmarkSettings]:
    def settings(out_dir: Path, *more: str) -> BenchmarkSettings:
        places = [f"dir={many_gestures}", f"across={elsewhere}", f"out_dir={out_dir}"]
        overrides = [*places, *_SMALL, *more]
        return settings_from("detect/benchmark", BenchmarkSettings, overrides)

    return settings


@pytest.fixture(scope="module")
def done(small: Callable[..., BenchmarkSettings], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benchmark") / "run"
    run(small(folder))
    return folder


def test_every_cell_is_there(done):
    result = BenchmarkResult.load(done)
    for family in ("function", "bezier", "pid", MEAN):
        for detector in ("boosting", "isolation", BLEND):
            cell = result.cell(detector, family, "bots")
            assert cell is not None, (detector, family)
            auc = cell.scores["roc_auc"]
            assert auc.value == pytest.approx(np.mean(cell.by_seed["roc_auc"]))
            # People and bots of another draw give another area, except where all are separated.
            assert (auc.high - auc.low > 0) == (auc.value < 1)
            assert auc.high - auc.low < 0.4
            assert len(cell.by_seed["roc_auc"]) == 2
    assert result.cell(BLEND, "function", "bots").scores["roc_auc"].value > 0.8
    assert {one.detector for one in result.false_alarms} == {"boosting", "isolation", BLEND}
    assert {one.gestures for one in result.sessions} >= {1, 3}
    assert any("elsewhere" in sentence for sentence in result.findings)


def test_curves_go_through_the_shares_of_the_table(done):
    result = BenchmarkResult.load(done)
    assert {one.family for one in result.curves} == {"function", "bezier", "pid"}
    for curve in result.curves:
        assert curve.detector == BLEND
        shares = [one.value for one in curve.caught]
        assert shares == sorted(shares)
        assert (curve.rates[-1], shares[-1]) == (1.0, 1.0)
        assert curve.rates[0] * curve.human_gestures >= 1
        cell = result.cell(BLEND, curve.family, "bots").scores["tpr_at_1"]
        assert shares[curve.rates.index(0.01)] == pytest.approx(cell.value)


def test_examples_are_the_movements_that_were_scored(done, small):
    result = BenchmarkResult.load(done)
    data = load_benchmark(small(done)).data
    assert sum(len(one.examples) for one in result.groups) == len(result.movements)
    for family in ("function", "bezier", "pid"):
        caught, missed = (one for one in result.groups if one.family == family)
        assert (caught.flagged, missed.flagged) == (True, False)
        assert caught.count + missed.count == caught.total == missed.total == 60
        assert len(caught.examples) == min(OF_EACH, caught.count)
        assert len(missed.examples) == min(OF_EACH, missed.count)
        scored = data.load(EVALUATE, family, None)
        for one in (*caught.examples, *missed.examples):
            drawn = result.movements[one.row]
            same = np.flatnonzero(scored.movements.lengths.numpy() == int(drawn.lengths[0]))
            steps = int(drawn.lengths[0])
            assert any(
                (scored.movements.deltas[row, :steps] == drawn.deltas[0, :steps]).all()
                and scored.variant[row] == one.variant
                for row in same
            )
            assert len(one.reasons) == REASONS
    (people,) = (one for one in result.groups if one.family == HUMAN)
    assert len(people.examples) == min(FALSE_ALARMS, people.count)


def test_transfer_scores_the_other_datasets_people(done, elsewhere, many_gestures):
    (transfer,) = BenchmarkResult.load(done).transfers
    assert transfer.fitted_on == load_split(many_gestures / "train").origin
    assert transfer.evaluated_on == "elsewhere"
    people = preprocess(load_split(elsewhere / "val"))
    assert {one.detector for one in transfer.cells} == {"boosting", "isolation", BLEND}
    assert {one.family for one in transfer.cells} == {"function", "bezier", "pid"}
    for one in transfer.cells:
        assert one.people == len(set(people.user))
        assert one.human_gestures == len(people)
    assert transfer.false_alarm_rate.keys() == {"boosting", "isolation", BLEND}


def test_the_result_records_its_provenance(done):
    provenance = BenchmarkResult.load(done).provenance
    assert provenance["command"].startswith("humouse detect benchmark dir=")
    assert len(provenance["people"]) == 3
    assert all("sha256" in one for one in provenance["people"])
    assert (done / "benchmark.html").stat().st_size < 2e6
    assert (done / "held_out.png").is_file()


def test_no_person_is_in_two_roles_and_no_family_held_out_is_fitted_on(done, small):
    benchmark = load_benchmark(small(done))
    data = benchmark.data
    for fold in benchmark.folds:
        if fold.training is None:
            continue
        for role in (FIT, CALIBRATE):
            fitted_on = data.training(fold.training, role, fold.seed)
            assert not set(fold.held_out) & set(fitted_on.family)
            assert set(fitted_on.family) == {HUMAN, *fold.training.families(data.families)}
    for seed in range(2):
        roles = [
            set(data.load(role, HUMAN, own).movements.user)
            for role, own in ((FIT, seed), (CALIBRATE, seed), (EVALUATE, None))
        ]
        assert all(roles)
        assert not (roles[0] & (roles[1] | roles[2]))
        assert not (roles[1] & roles[2])


def test_an_interrupted_run_goes_on_to_the_same_numbers(done, small, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(done, copy)
    before = json.loads((copy / "benchmark.json").read_text())
    lost = [
        next((copy / "scores").rglob("bots without pid.parquet")),
        next((copy / "material").rglob("bezier/kinds.parquet")),
    ]
    kept = next((copy / "scores").rglob("people alone.parquet"))
    written = kept.stat().st_mtime_ns
    for path in lost:
        path.unlink()
    run(small(copy, "resume=true"))
    after = json.loads((copy / "benchmark.json").read_text())
    for part in ("cells", "curves", "reliability", "groups"):
        assert after[part] == before[part]
    assert kept.stat().st_mtime_ns == written


def test_another_run_is_not_resumed(done, small):
    with pytest.raises(InputError, match=r"holds a benchmark made in another way.*n: 220 → 221"):
        run(small(done, "resume=true", "n=221"))


def test_a_file_of_fewer_movements_than_asked_is_refused(many_gestures, small, tmp_path):
    theirs = tmp_path / "theirs.parquet"
    load_split(many_gestures / "val")[:30].save(theirs)
    few = ("families=[function,bezier]", "seeds=1", f"files={{acme:{theirs}}}")
    with pytest.raises(InputError, match=r"holds 30 movements .* 60 are needed") as caught:
        run(small(tmp_path / "out", *few))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out" / "benchmark.json").exists()


def test_users_on_both_sides_are_refused(many_gestures, small, tmp_path):
    mixed = tmp_path / "mixed"
    shutil.copytree(many_gestures, mixed)
    train, val = load_split(many_gestures / "train"), load_split(many_gestures / "val")
    one = train[np.flatnonzero(train.user == train.user[0])]
    theirs = [*val.user, *one.user]
    both = replace(concatenate([val, one]), user=np.array(theirs))
    both.save(mixed / "val.parquet")
    for override in (f"dir={mixed}", f"across={mixed}"):
        with pytest.raises(InputError, match=f"users: {train.user[0]} on both sides") as caught:
            run(small(tmp_path / "out", override))
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("families=[besier,function]", "did you mean bezier"),
        ("families=[bezier]", "at least two"),
        ("mixes=[bots+gan]", "gan_ckpt="),
        ("detectors=[denoising]", "diffusion_ckpt="),
        ("detectors=[boostin]", "did you mean boosting"),
        ("gan_ckpt=[nowhere.pt]", "nowhere.pt"),
        ("split=train", "split=train"),
        ("n=5", "n=5"),
        ("n=100", "takes 99"),
        ("model_share=0", "model_share=0"),
        ("dir=nowhere", "nowhere"),
        ("files={acme:nowhere.parquet}", "nowhere.parquet: "),
    ],
)
def test_bad_settings_are_one_clear_error(small, tmp_path, override, message):
    with pytest.raises(InputError, match=message) as caught:
        run(small(tmp_path / "out", override))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def of_each_kind(tiny_checkpoint, tmp_path_factory) -> dict[str, Path]:
    """Checkpoints that say they hold a diffusion model and a GAN."""
    gan = tmp_path_factory.mktemp("gan") / "gan.pt"
    replace(Checkpoint.load(tiny_checkpoint), kind=GAN.name).save(gan)
    return {"diffusion": tiny_checkpoint, "gan": gan}


@pytest.mark.parametrize(
    ("wanted", "given", "message"),
    [
        ("gan", "diffusion", "a humouse diffusion checkpoint where a humouse GAN"),
        ("diffusion", "gan", "a humouse GAN checkpoint where a humouse diffusion"),
    ],
)
def test_a_checkpoint_of_the_other_kind_is_refused(of_each_kind, wanted, given, message):
    checkpoints = {"gan": None, "diffusion": None, wanted: of_each_kind[given]}
    with pytest.raises(InputError, match=message) as caught:
        FeatureViews.load(**checkpoints)
    assert "\n" not in str(caught.value)


def test_shuffled_labels_give_chance_on_other_people(twelve_people):
    fit_people, others = split_by_user(preprocess(load_split(twelve_people / "train")), 0.4, seed=0)
    rng = np.random.default_rng(0)
    views = FeatureViews(feature_mode="kinematic")

    def shuffled(people, seed):
        people = subsample(people, 150, seed)
        sources = negative_sources()
        counts = negative_counts(list(sources), len(people), model_share=0.5)
        made = make_negatives(counts, sources, people, seed=seed)
        both = concatenate_labelled([label_movements(people, HUMAN, HUMAN), made])
        both = both.with_views(views.featurize(both.movements))
        label = rng.permutation(np.repeat([HUMAN, "bezier"], [len(people), len(made)]))
        return replace(both, family=label)

    fit, others = shuffled(fit_people, 1), shuffled(others, 2)
    n = len(others) / 2
    error = np.sqrt((2 * n + 1) / (12 * n * n))  # of the area where labels are random
    for name in ("boosting", "sequence", "isolation"):
        spec = REGISTRY[name]
        score = spec.score(spec.fit(fit, 0), others.inputs)
        assert abs(roc_auc_score(others.is_bot, score) - 0.5) < 3.5 * error, name


def test_the_default_settings_take_every_scripted_family():
    defaults = settings_from("detect/benchmark", BenchmarkSettings, [])
    assert list(negative_sources(defaults.families)) == list(FAMILIES)
