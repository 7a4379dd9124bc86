"""The loss and the cells: zero cost inside a pixel's cell, and what is right is what decodes right."""

import pytest
import torch

from humouse.codec import CanonicalCodec, EventCodec, valid_steps
from humouse.diffusion.training.autoencoder.cells import cells
from humouse.diffusion.training.autoencoder.objective import noisy, reconstruction_errors
from humouse.trajectories import Trajectories


@pytest.mark.parametrize("clock", ["quantile", "log"])
def test_a_cell_is_what_decodes_to_the_same_step(people: Trajectories, clock: str):
    codec = EventCodec(sequence_length=64, clock=clock).fit(people)
    x0, frame = codec.encode(people)
    mask = valid_steps(frame.lengths, 64)
    low, high = cells(codec, x0)
    assert bool(((low < x0) & (x0 < high))[mask].all())
    wide = (high - low).clamp(max=1.0)
    finite_low, finite_high = low.nan_to_num(neginf=-9.0), high.nan_to_num(posinf=9.0)
    for inside, outside in (
        (finite_low + 0.01 * wide, finite_low - 0.01 * wide),
        (finite_high - 0.01 * wide, finite_high + 0.01 * wide),
    ):
        assert torch.equal(codec.on_grid(inside)[mask], codec.on_grid(x0)[mask])
        bounded = low.isfinite() & high.isfinite() & mask[..., None]
        assert not (codec.on_grid(outside) == codec.on_grid(x0))[bounded].any()


def test_a_codec_without_a_grid_has_no_cells(people: Trajectories):
    codec = CanonicalCodec(sequence_length=64).fit(people)
    assert cells(codec, codec.encode(people[:2])[0]) is None


def test_the_cells_term_is_a_logistics_log_probability():
    x0, decoded = torch.zeros(1, 5, 1), torch.linspace(-0.2, 0.2, 5)[None, :, None]
    ends, s = (x0 - 0.03, x0 + 0.05), 0.02
    mask = torch.ones(1, 5, dtype=torch.bool)
    error = reconstruction_errors(decoded, x0, mask, ends, softness=s)
    low, high = (torch.sigmoid((end - decoded) / s).double() for end in ends)
    constant = torch.log1p(-torch.exp(torch.tensor(-0.08 / s)))
    expected = decoded.square() - s * ((high - low).log() - constant)
    torch.testing.assert_close(error, expected.to(error), rtol=1e-3, atol=1e-5)


def test_padding_costs_nothing_whatever_it_holds():
    x0, mask = torch.zeros(2, 4, 3), valid_steps(torch.tensor([4, 2]), 4)
    decoded = torch.ones(2, 4, 3)
    clean = reconstruction_errors(decoded, x0, mask, None, softness=0.01)
    decoded[1, 2:] = torch.nan
    assert torch.equal(reconstruction_errors(decoded, x0, mask, None, softness=0.01), clean)
    assert float(clean.sum()) == 6 * 3


def test_the_noise_is_a_share_of_each_channels_spread():
    g = torch.Generator().manual_seed(0)
    scale = torch.tensor([1.0, 10.0, 0.1])
    latents = (torch.randn(500, 8, 3, generator=g) * scale).requires_grad_()
    valid = valid_steps(torch.full((500,), 6), 8)
    noise = torch.randn(500, 8, 3, generator=g)
    changed = noisy(latents, valid, noise, 0.1)
    spread = (changed - latents)[valid].std(0) / scale
    torch.testing.assert_close(spread, torch.full((3,), 0.1), rtol=0.05, atol=0)
    (gradient,) = torch.autograd.grad(changed.sum(), latents)
    assert bool((gradient == 1).all())  # a greater scale buys no smaller noise
