import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.codec import CanonicalCodec, EventCodec, codec_from_state, merge_zero_moves
from humouse.codec.event import rounded_to_sum
from humouse.errors import InputError
from humouse.trajectories import Trajectories

FEW = settings(deadline=None, max_examples=40)


def movements(rows, T=None):
    """Trajectories from lists of (dx, dy, dt)."""
    T = T or max(len(row) for row in rows)
    deltas = torch.zeros(len(rows), T, 3)
    for i, row in enumerate(rows):
        deltas[i, : len(row)] = torch.tensor(row, dtype=torch.float32).reshape(-1, 3)
    lengths = torch.tensor([len(row) for row in rows])
    start = torch.arange(2.0 * len(rows)).reshape(-1, 2)
    return Trajectories(deltas, lengths, start, None, "test")


step = st.tuples(st.integers(-300, 300), st.integers(-300, 300), st.integers(1, 500))
batches = st.lists(st.lists(step, min_size=1, max_size=20), min_size=1, max_size=5).map(movements)


@FEW
@given(
    st.lists(
        st.lists(st.floats(-30, 30, width=32), min_size=1, max_size=12), min_size=1, max_size=4
    ),
)
def test_rounding_keeps_the_sum_and_moves_no_step_by_a_pixel(rows):
    moves = torch.zeros(len(rows), 12, 2)
    for i, row in enumerate(rows):
        moves[i, : len(row)] = torch.tensor(row)[:, None]
        moves[i, 0] += moves[i].sum(0).round() - moves[i].sum(0)
    mask = torch.arange(12) < torch.tensor([len(row) for row in rows])[:, None]
    whole = rounded_to_sum(moves, mask)
    assert torch.equal(whole, whole.round())
    torch.testing.assert_close(whole.sum(1), moves.sum(1), rtol=0, atol=1e-3)
    assert (whole - moves).abs().max() <= 1.001
    assert whole[~mask].eq(0).all()


class TestGoals:
    def codec(self):
        return EventCodec(sequence_length=24).fit(random_movements())

    @pytest.mark.parametrize("goal", [(0.0, 0.0), (37.0, -250.0), (10_000.0, 1.0)])
    def test_decoding_reaches_the_goal_to_the_pixel(self, goal):
        codec, people = self.codec(), random_movements(seed=3)
        x0, frame = codec.encode(people)
        x0 = x0 + 0.1 * torch.randn(x0.shape, generator=torch.Generator().manual_seed(0))
        cond = torch.tensor([goal]).expand(len(people), 2)
        made = codec.decode(x0, codec.frame_given(frame, cond, x0))
        assert torch.equal(made.net_px, cond)

    def test_movements_without_a_goal_are_unchanged(self):
        codec, people = self.codec(), random_movements(seed=3)
        x0, frame = codec.encode(people)
        cond = torch.full((len(people), 2), torch.nan)
        cond[0] = torch.tensor([5.0, 5.0])
        free, bound = (codec.decode(x0, f) for f in (frame, codec.frame_given(frame, cond, x0)))
        assert torch.equal(free.deltas[1:], bound.deltas[1:])
        assert torch.equal(bound.net_px[0], cond[0])

    def test_answers_are_moved_to_the_goal_before_rounding(self):
        codec, people = self.codec(), random_movements(seed=4)
        x0, frame = codec.encode(people)
        mask = torch.arange(x0.shape[1]) < frame.lengths[:, None]
        goal = people.net_px + torch.tensor([3.0, -8.0])
        moved = codec.reaching(x0, mask, goal)
        d = torch.sinh((moved * codec.std + codec.mean)[..., :2]) * codec.companding_px
        torch.testing.assert_close((d * mask[..., None]).sum(1), goal, rtol=1e-3, atol=0.02)
        assert torch.equal(moved[..., 2], x0[..., 2])
        there = codec.reaching(x0, mask, people.net_px)
        torch.testing.assert_close(there, x0, rtol=1e-3, atol=1e-3)


def random_movements(n=50, T=24, seed=0):
    rng = np.random.default_rng(seed)
    return movements(
        [
            np.column_stack([rng.integers(-40, 60, (k, 2)), rng.integers(1, 60, k)]).tolist()
            for k in rng.integers(3, T + 1, n)
        ],
        T,
    )


@FEW
@given(batches)
def test_event_codec_inverts_exactly_on_whole_pixels(batch):
    codec = EventCodec(sequence_length=20).fit(random_movements(T=20))
    batch = batch[codec.fits(batch)]
    merged = codec.canonicalize(batch)
    decoded = codec.decode(*codec.encode(batch))
    assert torch.equal(decoded.lengths, merged.lengths)
    T = decoded.deltas.shape[1]
    assert torch.equal(
        decoded.deltas[:, :T], torch.nn.functional.pad(merged.deltas, (0, 0, 0, T))[:, :T]
    )
    assert torch.equal(decoded.start, batch.start)


@FEW
@given(batches)
def test_canonical_codec_with_time_inverts_native_steps(batch):
    codec = CanonicalCodec(sequence_length=20, canonicalize_duration=False)
    codec.fit(random_movements(T=20))
    batch = batch[codec.fits(batch)]
    decoded = codec.decode(*codec.encode(batch))
    T = batch.deltas.shape[1]
    scale = float(batch.deltas.abs().max()) if len(batch) else 1.0
    torch.testing.assert_close(decoded.deltas[:, :T], batch.deltas, rtol=1e-4, atol=1e-5 * scale)


@FEW
@given(batches, st.integers(2, 40), st.integers(2, 40))
@pytest.mark.parametrize("companding", [0.0, 0.1])
def test_canonical_codec_inverts_on_its_own_output(companding, batch, T, modes):
    codec = CanonicalCodec(sequence_length=T, modes=modes, companding=companding)
    codec.fit(random_movements())
    own = codec.decode(*codec.encode(batch[codec.fits(batch)]))
    own = own[codec.fits(own)]
    again = codec.decode(*codec.encode(own))
    scale = float(own.path_px.max()) if len(own) else 1.0
    torch.testing.assert_close(again.deltas, own.deltas, rtol=1e-3, atol=2e-5 * scale)


def test_canonical_frame_is_recentred_rotated_and_of_unit_path_and_duration():
    codec = CanonicalCodec(sequence_length=50, normalize=False)
    batch = random_movements()
    x, frame = codec.fit(batch).encode(batch)
    assert x.shape == (50, 24, 2)
    x = codec.expanded(x, frame)
    assert x.shape == (50, 50, 2)
    net = x.sum(1)
    assert (net[:, 0] > 0).all()
    torch.testing.assert_close(net[:, 1], torch.zeros(50), atol=1e-5, rtol=0)
    torch.testing.assert_close(x.norm(dim=-1).sum(1), torch.ones(50))
    angle = torch.atan2(batch.net_px[:, 1], batch.net_px[:, 0])
    assert (torch.remainder(frame.angle - angle + 1e-3, 2 * math.pi) < 2e-3).all()
    torch.testing.assert_close(frame.duration_ms, batch.duration_ms)


def test_companding_changes_nothing_but_the_scale_of_moves():
    batch = random_movements()
    linear, companded = (
        CanonicalCodec(sequence_length=50, companding=unit, normalize=False).fit(batch)
        for unit in (0, 0.1)
    )
    (x, frame), (y, _) = linear.encode(batch), companded.encode(batch)
    torch.testing.assert_close(y, torch.asinh(x * 50 / 0.1), rtol=1e-4, atol=1e-4)
    for seen in (y, companded.expanded(y, frame)):
        back = companded.decode(seen, frame)
        torch.testing.assert_close(
            back.deltas, linear.decode(x, frame).deltas, rtol=1e-3, atol=1e-2
        )
    goal = torch.tensor([[30.0, 40.0]]).expand(len(batch), 2)
    reached = companded.decode(y, companded.frame_given(frame, goal, y)).net_px
    torch.testing.assert_close(reached, goal, rtol=1e-3, atol=1e-2)
    with pytest.raises(InputError, match=r"data\.companding=-1"):
        CanonicalCodec(companding=-1)


def test_each_canonical_step_can_be_switched_off():
    batch = random_movements()
    plain = CanonicalCodec(
        sequence_length=30, canonicalize_path=False, rotate_to_plus_x=False, normalize=False
    ).fit(batch)
    x, frame = plain.encode(batch)
    torch.testing.assert_close(plain.expanded(x, frame).sum(1), batch.net_px, rtol=1e-4, atol=1e-3)


@FEW
@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(-2, 2), st.integers(-2, 2), st.integers(1, 9)),
            min_size=1,
            max_size=12,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_merging_zero_moves_keeps_path_and_times_of_points(rows):
    merged = merge_zero_moves(movements(rows))
    for i, row in enumerate(rows):
        kept, waited = [], 0
        for dx, dy, dt in row:
            waited += dt
            if dx or dy:
                kept.append((dx, dy, waited))
                waited = 0
        k = int(merged.lengths[i])
        assert merged.deltas[i, :k].tolist() == [list(map(float, s)) for s in kept]
        assert (merged.deltas[i, k:] == 0).all()


@pytest.mark.parametrize(
    "codec",
    [
        CanonicalCodec(sequence_length=24),
        CanonicalCodec(sequence_length=24, canonicalize_duration=False),
        EventCodec(sequence_length=24),
    ],
    ids=["canonical", "canonical with dt", "event"],
)
class TestConformance:
    def test_train_split_is_standardised_over_valid_steps_only(self, codec):
        batch = random_movements()
        wide = Trajectories(
            torch.nn.functional.pad(batch.deltas, (0, 0, 0, 30)),
            batch.lengths, batch.start, None, "padded",
        )  # fmt: skip
        x, frame = codec.fit(wide).encode(wide)
        mask = torch.arange(x.shape[1]) < frame.lengths[:, None]
        torch.testing.assert_close(x[mask].mean(0), torch.zeros(codec.channels), atol=1e-4, rtol=0)
        torch.testing.assert_close(
            x[mask].std(0, correction=0), torch.ones(codec.channels), atol=1e-3, rtol=0
        )
        assert (x[~mask] == 0).all()

    def test_state_makes_an_equal_codec(self, codec, tmp_path):
        batch = random_movements()
        codec.fit(batch)
        torch.save(codec.state_dict(), tmp_path / "codec.pt")
        again = codec_from_state(torch.load(tmp_path / "codec.pt", weights_only=True))
        assert torch.equal(again.encode(batch)[0], codec.encode(batch)[0])
        first, second = (c.draw_frames(5, seed=1) for c in (codec, again))
        assert torch.equal(first.path_px, second.path_px)

    @pytest.mark.slow  # the format gate says the same of fewer movements
    def test_decoded_recordings_are_not_separable_from_the_originals(self, codec):
        """Real movements through encode → decode, then as they are compared, against themselves."""
        from humouse.data.gestures import cut_gestures, to_trajectories
        from humouse.data.sources import make_source
        from humouse.eval.evaluate import evaluate
        from humouse.eval.rule import EvaluationRule
        from humouse.gestures import GestureRules

        source = make_source("humouse_default", users=8, gestures_per_user=60)
        events = [source.events(file).table for file in source.files()]
        people = to_trajectories([cut_gestures(e, GestureRules()) for e in events], "synthetic")
        codec = type(codec)(**codec.settings() | {"sequence_length": 200}).fit(people)
        people = people[codec.fits(people)]
        decoded = codec.decode(*codec.encode(people))
        half = torch.randperm(len(people), generator=torch.Generator().manual_seed(0))
        first, second = half[: len(half) // 2], half[len(half) // 2 :]
        rule = EvaluationRule(
            metrics=("c2st",),
            feature_mode="kinematic",
            probes=("logistic", "boosting"),
            replicates=0,
            permutations=0,
            importance=False,
        )
        sides = codec.canonicalize(people[first]), codec.canonicalize(decoded[second])
        scores = evaluate(*sides, rule=rule).scores
        # 230 per set: an AUC is uncertain by about 0.027 under the null
        for probe in rule.probes:
            assert scores[f"c2st_{probe}_auc"].value <= 0.52 + 0.054

    def test_canonicalize_is_idempotent(self, codec):
        batch = random_movements()
        codec.fit(batch)
        once = codec.canonicalize(batch)
        twice = codec.canonicalize(once)
        torch.testing.assert_close(twice.deltas, once.deltas, rtol=1e-3, atol=3e-2)

    def test_frames_come_from_the_train_split_and_do_not_depend_on_how_many(self, codec):
        batch = random_movements()
        codec.fit(batch)
        frames = codec.draw_frames(20, seed=3)
        assert set(frames.duration_ms.round().tolist()) <= set(batch.duration_ms.tolist())
        assert torch.equal(codec.draw_frames(5, seed=3).path_px, frames.path_px[:5])
        assert len(frames.duration_ms.unique()) > 5
        assert (codec.draw_frames(4, seed=3, seq_len=9).lengths == 9).all()

    def test_conditions_keep_what_is_not_given(self, codec):
        codec.fit(random_movements())
        cond = torch.tensor([[100.0, math.nan, 300.0], [math.nan] * 3])
        encoded = codec.encode_condition(cond)
        assert encoded.shape == (2, 3)
        assert encoded[1].isnan().all()
        assert not encoded[0, 2].isnan()

    def test_movements_that_do_not_fit_are_refused(self, codec):
        codec.fit(random_movements())
        still = movements([[(0, 0, 5)]])
        assert not codec.fits(still).any()
        with pytest.raises(ValueError, match="does not fit"):
            codec.encode(still)
        with pytest.raises(InputError, match=r"test: no gesture fits.*sequence_length=24"):
            codec.fit(still)


def test_a_movement_may_be_written_in_any_number_of_steps():
    codec = CanonicalCodec().fit(random_movements())
    x, frame = codec.encode(random_movements(n=6, seed=5))
    whole = codec.decode(x, frame)
    for steps in (400, 64, 100):
        other = replace(frame, lengths=torch.full_like(frame.lengths, steps))
        made = codec.decode(x, other)
        assert made.lengths.tolist() == [steps] * 6
        torch.testing.assert_close(made.net_px, whole.net_px, rtol=1e-3, atol=1e-2)
        torch.testing.assert_close(made.duration_ms, whole.duration_ms)
        # Samples of that many steps, as the public functions return them, are the same movement.
        again = codec.decode(codec.expanded(x, other), other)
        torch.testing.assert_close(again.deltas, made.deltas, rtol=1e-3, atol=1e-3)
        there = codec.canonicalize(made).positions_px()
        torch.testing.assert_close(
            there, codec.canonicalize(whole).positions_px(), rtol=0, atol=8.0
        )


def test_a_goal_sets_direction_and_size_of_a_canonical_movement():
    codec = CanonicalCodec(sequence_length=24).fit(random_movements())
    x, frame = codec.encode(random_movements(n=6, seed=5))
    cond = torch.tensor([[120.0, -50.0, 700.0]]).expand(6, 3)
    decoded = codec.decode(x, codec.frame_given(frame, cond, x))
    torch.testing.assert_close(decoded.net_px, cond[:, :2], rtol=1e-3, atol=1e-2)
    torch.testing.assert_close(decoded.duration_ms, cond[:, 2])


def test_impossible_settings_are_errors():
    with pytest.raises(InputError, match="sequence_length=1"):
        EventCodec(sequence_length=1)
    with pytest.raises(InputError, match="companding_px=0"):
        EventCodec(companding_px=0.0)
    with pytest.raises(InputError, match=r"data\.modes=1"):
        CanonicalCodec(modes=1)


@pytest.mark.realdata
def test_recordings_survive_encoding_and_decoding(recordings):
    from humouse.data.gestures import cut_gestures, to_trajectories
    from humouse.data.sources import make_source
    from humouse.gestures import GestureRules

    source = make_source("sapimouse", root=str(recordings / "sapimouse"))
    events = [source.events(file).table for file in source.files()[:6]]
    batch = to_trajectories([cut_gestures(e, GestureRules()) for e in events], "sapimouse")
    codec = EventCodec(sequence_length=200).fit(batch)
    batch = batch[codec.fits(batch)]
    assert len(batch) > 300
    decoded, merged = codec.decode(*codec.encode(batch)), codec.canonicalize(batch)
    T = merged.deltas.shape[1]
    assert torch.equal(decoded.deltas[:, :T], merged.deltas)
