"""Denoising errors against a closed form, and what they must not depend on."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from humouse.codec import CanonicalCodec, EventCodec, coerce_to_codec
from humouse.detection.samples.denoising_errors import denoising_table
from humouse.diffusion.denoiser import Denoiser
from humouse.diffusion.model import DiffusionModel
from humouse.diffusion.models.unet1d import UNet1D
from humouse.diffusion.noise.schedule import make_schedule
from humouse.errors import InputError
from humouse.randomness import generator
from humouse.settings import TrainModelSettings
from humouse.settings.compose import settings_from
from humouse.trajectories import Trajectories, concatenate


def walk(n, seed, steps=(3, 20), origin="walk"):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(steps[0], steps[1] + 1, n)
    deltas = np.zeros((n, steps[1], 3), np.float32)
    deltas[..., :2] = rng.normal(0, 5, (n, steps[1], 2)).round() + 0.0
    deltas[..., 2] = rng.integers(1, 20, (n, steps[1]))
    deltas[..., 0] += deltas[..., 0] == 0
    return Trajectories(
        torch.from_numpy(deltas), torch.from_numpy(lengths), torch.zeros(n, 2), None, origin
    )


class Guess(torch.nn.Module):
    """Answers x̂0 = 0, whatever it is shown."""

    def __init__(self):
        super().__init__()
        self.unused = torch.nn.Parameter(torch.zeros(1))

    def forward(self, x_t, t, mask, cond, x0_prev):
        return torch.zeros_like(x_t)


@dataclass
class Made:
    model: DiffusionModel
    people: Trajectories


def model_of(network, codec, objective="v", cond_dim=0):
    denoiser = Denoiser(network, make_schedule("cosine", 1000), objective).eval()
    names = [
        "experiment=train",
        "experiment_name=made",
        f"model.cond_dim={cond_dim}",
        "model.self_condition=true",
    ]
    settings = settings_from("diffusion/train", TrainModelSettings, names)
    return DiffusionModel(codec=codec, settings=settings, denoiser=denoiser.requires_grad_(False))


@pytest.fixture(scope="module")
def made():
    people = walk(80, 0)
    codec = EventCodec(sequence_length=20)
    codec.fit(people)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = UNet1D(3, base_channels=16, self_condition=True)
        for parameter in network.parameters():  # the last layers start at 0: say something
            torch.nn.init.normal_(parameter, std=0.1) if not parameter.any() else None
    return Made(model_of(network, codec), people)


def test_a_denoiser_that_returns_zero_has_the_movement_as_its_error():
    people = walk(30, 1)
    codec = EventCodec(sequence_length=20)
    codec.fit(people)
    table = denoising_table(model_of(Guess(), codec, "x0"), people, levels=(1.0, 0.0), draws=3)
    x0, frame = codec.encode(people)
    schedule = make_schedule("cosine", 1000)
    for number, level in enumerate((1.0, 0.0)):
        _, sigma = schedule(schedule.times(1, lambda_min=level)[:1])
        for place, channel in enumerate(("dx", "dy", "dt")):
            for row in (0, 7, 29):
                n = int(frame.lengths[row])
                expected = float((x0[row, :n, place] ** 2).mean() / sigma**2)
                assert float(table[f"denoising_error_{channel}_{number}"][row]) == pytest.approx(
                    expected, rel=1e-4
                )


def test_the_denoiser_gets_the_noise_of_the_seed():
    """A denoiser that answers x_t leaves |(α−1) x0 + σ ε|² / σ²: about 1 at little noise."""

    class Echo(Guess):
        def forward(self, x_t, t, mask, cond, x0_prev):
            return x_t

    people = walk(200, 1, steps=(20, 20))
    codec = EventCodec(sequence_length=20)
    codec.fit(people)
    table = denoising_table(model_of(Echo(), codec, "x0"), people, levels=(3.0,), draws=50)
    assert table.values.mean(0).numpy() == pytest.approx(np.ones(3), abs=0.15)


def test_columns_and_people(made):
    people = replace(made.people, user=np.repeat(["a", "b"], 40))
    table = denoising_table(made.model, people, levels=(2.0, 1.0), draws=1)
    assert table.names == tuple(
        f"denoising_error_{channel}_{level}" for level in (0, 1) for channel in ("dx", "dy", "dt")
    )
    assert set(table.units) == {"1"}
    assert (table.values > 0).all()
    np.testing.assert_array_equal(table.user, people.user)


def test_a_row_does_not_depend_on_its_neighbours(made):
    both = concatenate([made.people[:5], walk(130, 3, steps=(1, 4))])
    together = denoising_table(made.model, both).values
    for rows in ([0], [3, 100], [134, 2]):
        alone = denoising_table(made.model, both[rows]).values
        torch.testing.assert_close(together[rows], alone, rtol=1e-3, atol=1e-4)


def test_the_seed_decides_the_noise_and_the_global_generator_nothing(made):
    state = torch.get_rng_state()
    some = made.people[:6]
    first = denoising_table(made.model, some, seed=1).values
    assert torch.equal(state, torch.get_rng_state())
    torch.testing.assert_close(first, denoising_table(made.model, some, seed=1).values)
    assert (first != denoising_table(made.model, some, seed=2).values).all()


def test_more_draws_are_the_mean_of_single_ones(made):
    some = made.people[:6]
    x0, frame = made.model.codec.encode(some)
    table = denoising_table(made.model, some, levels=(1.0,), draws=3).values
    schedule, mask = made.model.denoiser.schedule, some.mask[:, :20]
    t = schedule.times(1, lambda_min=1.0)[:1].float()
    alpha, sigma = schedule(t)
    expected = torch.zeros(6, 3)
    for draw in range(3):
        eps = torch.randn(20, 3, generator=generator(0, "denoising", 0, draw))
        x_t = (alpha * x0 + sigma * eps) * mask[..., None]
        v = made.model.denoiser.network(x_t, t.expand(6), mask, None, None)
        answer = (alpha * x_t - sigma * v) * mask[..., None]
        squared = (answer - x0).square().sum(1) / sigma**2
        expected += squared / frame.lengths[:, None] / 3
    torch.testing.assert_close(table, expected, rtol=1e-4, atol=1e-5)


def test_conditions_are_the_movements_own():
    people = walk(40, 0)
    codec = EventCodec(sequence_length=20)
    codec.fit(people)
    shown = []

    class Watching(Guess):
        def forward(self, x_t, t, mask, cond, x0_prev):
            shown.append(cond)
            return torch.zeros_like(x_t)

    denoising_table(model_of(Watching(), codec, cond_dim=2), people[:1], levels=(1.0,), draws=1)
    expected = codec.encode_condition(people.net_px[:1])
    torch.testing.assert_close(shown[0], expected)


def test_progress_is_called_once_a_batch(made):
    calls = []
    many = concatenate([made.people, made.people])
    denoising_table(made.model, many, levels=(1.0,), draws=1, progress=lambda: calls.append(1))
    assert len(calls) == 2
    assert denoising_table(made.model, many[:0]).values.shape == (0, 12)


def odd(deltas, lengths):
    deltas = torch.tensor(deltas, dtype=torch.float32)
    return Trajectories(deltas, torch.tensor(lengths), torch.zeros(len(deltas), 2), None, "odd")


ODD = {
    "zero time": [[3, 0, 0], [2, 1, 0.0], [1, 0, 5]],
    "zero moves": [[3, 0, 8], [0, 0, 8.0], [1, 0, 8]],
    "still": [[0, 0, 8], [0, 0, 8.0], [0, 0, 8]],
    "still and timeless": [[0, 0, 0], [0, 0, 0.0], [0, 0, 0]],
    "a fraction of a millisecond": [[1, 0, 0.3], [4, 0, 0.2], [1, 2, 0.1]],
}


@pytest.mark.parametrize("codec", ["event", "event as recorded", "canonical", "native canonical"])
@pytest.mark.parametrize("steps", ODD.values(), ids=ODD)
def test_any_movement_is_accepted(codec, steps):
    made = {
        "event": EventCodec(sequence_length=8),
        "event as recorded": EventCodec(sequence_length=8, merge_zero_moves=False),
        "canonical": CanonicalCodec(sequence_length=8),
        "native canonical": CanonicalCodec(sequence_length=8, canonicalize_duration=False),
    }[codec]
    one = odd([steps, *[[[1, 1, 8.0]] * 3]], [3, 2])
    long = walk(3, 0, steps=(12, 20))
    for movements in (one, concatenate([one, long])):
        taken = coerce_to_codec(movements, made)
        assert made.fits(taken).all()
        assert (taken.lengths >= 1).all()
        x0, _ = made.encode(taken)
        assert x0.isfinite().all()


def test_what_fits_is_left_alone():
    people = walk(30, 2)
    for codec in (EventCodec(sequence_length=20), CanonicalCodec(sequence_length=20)):
        taken = coerce_to_codec(people, codec)
        torch.testing.assert_close(taken.deltas, people.deltas)
        assert torch.equal(taken.lengths, people.lengths)


def test_long_movements_are_cut_to_their_first_steps():
    long = walk(2, 0, steps=(20, 20))
    taken = coerce_to_codec(long, EventCodec(sequence_length=8))
    assert taken.lengths.tolist() == [8, 8]
    torch.testing.assert_close(taken.deltas, long.deltas[:, :8])


def test_zero_moves_add_their_time_to_the_next_step():
    one = odd([ODD["zero moves"]], [3])
    taken = coerce_to_codec(one, EventCodec(sequence_length=8))
    assert taken.lengths.tolist() == [2]
    assert taken.deltas[0, :2].tolist() == [[3, 0, 8], [1, 0, 16]]


def test_a_movement_of_one_point_is_named(made):
    pointlike = odd([ODD["still"], ODD["still"]], [3, 0])
    with pytest.raises(InputError, match=r"odd.*row 1 has one point"):
        denoising_table(made.model, pointlike)
