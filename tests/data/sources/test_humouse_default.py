import numpy as np
import pytest

from humouse.data.gestures import cut_gestures, to_trajectories
from humouse.data.sources import EVENT_SCHEMA, make_source
from humouse.data.sources.synthetic import Person, move
from humouse.errors import InputError
from humouse.gestures import GestureRules


@pytest.fixture(scope="module")
def people():
    source = make_source("humouse_default", users=30, gestures_per_user=60)
    return [(file.user, source.events(file)) for file in source.files()]


def test_streams_look_like_recordings(people):
    for user, events in people:
        table = events.table
        assert table.schema == EVENT_SCHEMA
        assert table["user"].unique().to_list() == [user]
        assert (table["t_ms"].diff().drop_nulls() >= 0).all()
        assert table["x_px"].min() >= 0
        assert table["x_px"].max() < 2560
        states = table["state"].to_list()
        assert states.count("press") == pytest.approx(states.count("release"), abs=1)
        held = np.cumsum([(s == "press") - (s == "release") for s in states])
        assert set(held) <= {0, 1}  # no press while pressed
        drags = np.array(states) == "drag"
        assert (held[drags] == 1).all()


def test_the_gesture_rules_keep_most_and_people_differ(people):
    cuts = [cut_gestures(events.table, GestureRules()) for _, events in people]
    kept = [len(cut.lengths) for cut in cuts]
    assert min(kept) >= 50
    clocks = {int(np.median(cut.steps[:, 2])) for cut in cuts}
    assert clocks >= {8, 17}
    still = [float((cut.steps[:, :2] == 0).all(1).mean()) for cut in cuts]
    assert 0 < sum(share > 0.05 for share in still) < 10  # a trait of some devices
    assert sum(share == 0 for share in still) > 20
    batch = to_trajectories(cuts, "synthetic")
    efficiency = batch.net_px.norm(dim=-1) / batch.path_px
    assert 0.9 < float(efficiency.median()) < 0.995


def test_a_person_depends_on_the_seed_and_not_on_the_number_of_people():
    def session(**options):
        source = make_source("humouse_default", gestures_per_user=5, **options)
        return source.events(source.files()[1]).table

    assert session(users=2).equals(session(users=9))
    assert not session(users=2).equals(session(users=2, seed=1))


def test_movements_go_from_waypoint_to_waypoint_with_a_bell_of_speed():
    steady = Person(
        (1920, 1080), 8.0, 0.0, False, (150.0, 100.0), 0.25, 1.0, 0.0, 0.3, 0.0, 10.0, 1.0, 0.0
    )
    waypoints_px = np.array([100 + 100j, 900 + 400j, 200 + 800j])
    motion = move(steady, waypoints_px, np.random.default_rng(0))
    assert np.abs(motion.position_px[:, 0] - waypoints_px[:-1]).max() < 3
    assert np.abs(motion.position_px[:, -1] - waypoints_px[1:]).max() < 3
    speed = np.abs(np.diff(motion.position_px, axis=1))
    peak = speed.argmax(1)
    for row, at in zip(speed, peak, strict=True):
        assert (np.diff(row[: at + 1]) >= 0).all()  # one stroke: up to the peak, then down
        assert (np.diff(row[at:]) <= 0).all()


@pytest.mark.parametrize("setting", ["users", "gestures_per_user"])
def test_an_empty_population_is_an_error(setting):
    with pytest.raises(InputError, match=f"{setting}=0"):
        make_source("humouse_default", **{setting: 0})


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(InputError, match=rf"source\.seed={seed}"):
        make_source("humouse_default", seed=seed)
