"""Generated steps on the recorder's grid: what decoding makes of them, with the gradient let through."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.codec import CanonicalCodec, EventCodec, valid_steps
from humouse.gan.straight_through import on_grid
from humouse.trajectories import Trajectories


def fitted() -> EventCodec:
    g = torch.Generator().manual_seed(0)
    steps = torch.cat(
        [torch.randint(-40, 41, (50, 12, 2), generator=g), torch.randint(5, 30, (50, 12, 1))], 2
    )
    train = Trajectories(steps.float(), torch.full((50,), 12), torch.zeros(50, 2), None, "people")
    codec = EventCodec(sequence_length=12, merge_zero_moves=False)
    codec.fit(train)
    return codec


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_it_is_what_decoding_gives(seed: int):
    codec = fitted()
    x = torch.randn(4, 12, 3, generator=torch.Generator().manual_seed(seed))
    frame = codec.draw_frames(4, seed=0)
    mask = valid_steps(frame.lengths, 12)
    snapped = on_grid(x, mask, codec)
    torch.testing.assert_close(
        snapped, codec.encode(codec.decode(x, frame))[0], rtol=1e-4, atol=1e-5
    )
    torch.testing.assert_close(on_grid(snapped, mask, codec), snapped, rtol=1e-4, atol=1e-5)


def test_the_gradient_passes_as_if_it_were_not_there():
    x = torch.randn(2, 12, 3, generator=torch.Generator().manual_seed(1)).requires_grad_()
    mask = torch.ones(2, 12, dtype=torch.bool)
    weight = torch.randn(2, 12, 3, generator=torch.Generator().manual_seed(2))
    (slope,) = torch.autograd.grad((on_grid(x, mask, fitted()) * weight).sum(), x)
    assert torch.equal(slope, weight)


def test_the_canonical_codec_has_no_grid():
    x = torch.randn(2, 8, 2, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(2, 8, dtype=torch.bool)
    assert on_grid(x, mask, CanonicalCodec(sequence_length=8)) is x
