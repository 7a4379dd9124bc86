"""The detector that comes with the package: what it knows, and how often it takes people for bots."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import humouse as hm
from humouse.data.movement_file import read_movements
from humouse.data.prepared import load_split
from humouse.detection.detector import PACKAGED
from humouse.detection.names import BOT, UNFAMILIAR
from humouse.detection.samples.views import look
from oracles.features import movements as winding

_MOST = {"sapimouse": 0.015, "kh2017": 0.015}


def test_it_loads_and_is_small():
    detector = hm.Detector.load()
    assert [one.name for one in detector.setups] == ["sapimouse", "kh2017", "balabit"]
    assert sum(path.stat().st_size for path in PACKAGED.iterdir()) < 5e6
    assert "/home" not in (PACKAGED / "detector.json").read_text()


def test_it_tells_composed_bots_from_synthetic_people(many_gestures):
    from humouse.bots.composed import compose

    people = load_split(many_gestures / "val")
    detector = hm.Detector.load()
    person, bot = (detector.scored(one)[0] for one in (people, compose(people, 100, seed=1)))
    assert np.median(bot) > np.median(person)


def test_its_answers_stay_and_do_not_depend_on_the_batch():
    """How features are computed may change, but not by what a tree can tell."""
    detector = hm.Detector.load()
    movements = winding(8, 7, shortest=8)
    views, _ = look(movements.as_steps(), detector.clock)
    together = detector.member_scores(views)
    expected = {
        "sequence": [5.73492, 4.32455, 4.50279, 7.72546, 5.99594, 7.78794, 5.92675, 2.87821],
        "boosting": [3.97184, 4.54649, 4.94756, 6.13651, 3.70745, 3.91355, 4.26048, 2.42912],
    }
    for name, answers in zip(detector.members, together.T, strict=True):
        np.testing.assert_allclose(answers, expected[name], atol=1e-4)
    for row, answers in enumerate(together):
        alone, _ = look(movements[[row]].trimmed().as_steps(), detector.clock)
        np.testing.assert_allclose(detector.member_scores(alone)[0], answers, atol=1e-5)


_WITHOUT = """
import sys

for name in ("torch", "sklearn", "matplotlib"):
    sys.modules[name] = None  # as if it were not installed
from humouse.detection.detector import Detector
from humouse.point_cells import PointColumns
from humouse.points import movements_of
from humouse.steps import Steps

points = {"t": [0, 16, 33, 50, 66], "x": [0, 9, 40, 70, 80], "y": [0, 1, 5, 8, 8], "m": [1] * 5}
found = movements_of(points, PointColumns(t="t", x="x", y="y", movement="m", user=None))
answer = Detector.load().score(Steps.from_found(found, named=False), reasons=2)
print(answer["verdict"].item(), "|", answer["reasons"].item())
"""


def test_it_scores_without_torch(call: Callable):
    """What a service needs: ONNX Runtime and numpy, and reasons too."""
    done = call("-c", _WITHOUT, PYTHONPATH=str(Path(hm.__file__).parents[1]))
    assert done.returncode == 0, done.stderr
    verdict, reasons = done.stdout.strip().split(" | ")
    assert verdict in ("human", "bot", "unfamiliar")
    assert len(reasons) > 5


@pytest.fixture(scope="module")
def strangers(recordings: Path, once: Callable[..., Path]) -> Callable[[str], hm.Trajectories]:
    """Test people of a public dataset: nobody of them was fitted or calibrated on."""
    from humouse.commands.dataset import prepare_dataset
    from humouse.settings import PrepareSettings
    from humouse.settings.compose import settings_from

    rules = ("gestures.min_events=5", "gestures.max_events=2000", "gestures.min_distance_px=10")
    halves = {"kh2017": ("split.val_fraction=0.1", "split.test_fraction=0.5")}

    def people(name: str) -> hm.Trajectories:
        def prepare(folder: Path) -> Path:
            places = (f"source={name}", f"root={recordings / name}", f"out_dir={folder / 'data'}")
            words = [*places, *rules, *halves.get(name, ())]
            prepare_dataset(settings_from("prepare", PrepareSettings, words), shown=False)
            return folder / "data"

        return load_split(once(f"strangers {name}", prepare) / "test")

    return people


@pytest.mark.realdata
@pytest.mark.parametrize("name", list(_MOST))
def test_people_are_not_taken_for_bots(strangers, name):
    said = hm.Detector.load().score(strangers(name))
    by_person = said.group_by("user").agg(n=pl.len(), bot=(pl.col("verdict") == BOT).mean())
    assert (said["verdict"] == BOT).mean() <= _MOST[name]
    assert (said["verdict"] == UNFAMILIAR).mean() <= 0.05
    assert by_person.filter(pl.col("n") >= 100)["bot"].max() in (None, pytest.approx(0, abs=0.1))
    ends = said.group_by("user").agg(pl.last("session_verdict"))["session_verdict"]
    assert (ends == BOT).mean() <= 0.05


@pytest.fixture(scope="module")
def human(strangers: Callable[[str], hm.Trajectories]) -> np.ndarray:
    """Scores of every third movement of SapiMouse's test people."""
    people = strangers("sapimouse")
    return hm.Detector.load().scored(people[np.arange(0, len(people), 3)])[0]


@pytest.mark.realdata
@pytest.mark.parametrize(
    "library",
    ["ghost_cursor_puppeteer", "ghost_cursor_timestamps", "humancursor", "pyclick", "windmouse"],
)
def test_libraries_that_it_never_saw_rank_above_people(recordings, human, library):
    from sklearn.metrics import roc_auc_score

    for timing in ("", "_60hz"):
        moves = read_movements(recordings / "bot_libraries" / f"{library}{timing}.csv")
        moves = moves[(moves.lengths >= 4).nonzero()[:, 0]]
        bot = hm.Detector.load().scored(moves)[0]
        label = np.arange(len(human) + len(bot)) >= len(human)
        assert roc_auc_score(label, np.concatenate([human, bot])) > 0.985, timing
