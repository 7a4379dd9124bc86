import pytest
import torch
from diffusers.guiders.guider_utils import rescale_noise_cfg

from humouse.diffusion.guidance import Guided, rescaled


def denoise(x_t, t, mask, cond, x0_prev):
    """Answers the condition where given, else 10."""
    value = torch.where(cond.isnan(), torch.full_like(cond, 10.0), cond)
    return x_t * 0 + value[:, :1, None]


def call(scale, cond):
    x = torch.zeros(3, 4, 2)
    mask = torch.ones(3, 4, dtype=torch.bool)
    return Guided(denoise, scale=scale)(x, torch.full((3,), 0.5), mask, cond, None)


@pytest.mark.parametrize(("scale", "expected"), [(0.0, 10.0), (1.0, 4.0), (2.0, -2.0)])
def test_the_answer_moves_from_null_through_the_condition(scale, expected):
    assert (call(scale, torch.full((3, 1), 4.0)) == expected).all()


def test_without_a_condition_nothing_is_guided():
    guided = Guided(lambda x_t, t, mask, cond, x0_prev: x_t + 1, scale=3.0)
    x = torch.zeros(1, 2, 1)
    mask = torch.ones(1, 2, dtype=torch.bool)
    assert (guided(x, torch.zeros(1), mask, None, None) == 1).all()


@pytest.mark.parametrize("rescale", [0.0, 0.5, 1.0])
def test_rescale_is_that_of_diffusers(rescale):
    g = torch.Generator().manual_seed(0)
    guided, given = torch.randn(2, 5, 8, 2, generator=g).unbind()
    mask = torch.ones(5, 8, dtype=torch.bool)
    oracle = rescale_noise_cfg(guided * 3, given, guidance_rescale=rescale)
    torch.testing.assert_close(rescaled(guided * 3, given, mask, rescale), oracle)


def test_padding_has_no_part_in_the_spread():
    g = torch.Generator().manual_seed(0)
    guided, given = torch.randn(2, 1, 8, 2, generator=g).unbind()
    mask = torch.arange(8)[None] < 5
    padded = rescaled(guided.where(mask[..., None], torch.tensor(1e4)), given, mask, 1.0)
    alone = rescaled(guided[:, :5], given[:, :5], mask[:, :5], 1.0)
    torch.testing.assert_close(padded[:, :5], alone)
