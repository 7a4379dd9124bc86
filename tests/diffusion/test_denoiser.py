import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from humouse.diffusion.denoiser import Denoiser, min_snr_weight
from humouse.diffusion.noise.schedule import make_schedule
from humouse.diffusion.noisy_batch import NoisyBatch
from humouse.errors import InputError


class Linear(nn.Module):
    """A network small enough to reason about; it says what it was given."""

    def __init__(self, gain=0.3):
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(gain))
        self.previous = []

    def forward(self, x, t, mask, cond=None, x0_prev=None):
        self.previous.append(x0_prev)
        return self.gain * x * (1 + t[:, None, None])


def batch(B=6, T=10, seed=0, self_condition=False):
    g = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, T + 1, (B,), generator=g)
    mask = torch.arange(T) < lengths[:, None]
    return NoisyBatch(
        torch.randn(B, T, 2, generator=g) * mask[..., None],
        mask,
        None,
        torch.rand(B, generator=g).clamp(0.05, 0.95),
        torch.randn(B, T, 2, generator=g),
        torch.full((B,), self_condition),
    )


@pytest.mark.parametrize("objective", ["v", "eps", "x0"])
@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 1000))
def test_the_target_as_prediction_gives_back_x0(objective, seed):
    data = batch(seed=seed)
    denoiser = Denoiser(Linear(), make_schedule("cosine", 0), objective)
    target = denoiser.target(data.x0, data.eps, data.t)
    alpha, sigma = (part[:, None, None] for part in denoiser.schedule(data.t))
    denoiser.network.forward = lambda *_: target
    x_t = alpha * data.x0 + sigma * data.eps
    x0, _ = denoiser.predict(x_t, data.t, data.mask)
    torch.testing.assert_close(x0, data.x0, rtol=1e-3, atol=1e-4)


def test_the_loss_is_the_masked_mean_of_a_plain_loop():
    data, schedule = batch(), make_schedule("cosine", 0)
    denoiser = Denoiser(Linear(), schedule, "v")
    total = 0.0
    for b in range(len(data)):
        a, s = (float(part) for part in schedule(data.t[b]))
        for i in range(int(data.mask[b].sum())):
            x_t = a * data.x0[b, i] + s * data.eps[b, i]
            v = a * data.eps[b, i] - s * data.x0[b, i]
            total += float((0.3 * x_t * (1 + data.t[b]) - v).square().sum())
    assert denoiser.loss(data).item() == pytest.approx(total, rel=1e-4)


@pytest.mark.parametrize("garbage", [1e6, float("inf"), float("nan")])
def test_padding_changes_neither_loss_nor_gradient(garbage):
    clean = batch(self_condition=True)

    def results(data):
        denoiser = Denoiser(Linear(), make_schedule("cosine", 0), "v")
        loss = denoiser.loss(data, min_snr_gamma=5.0)
        loss.backward()
        return loss.item(), denoiser.network.gain.grad.item()

    pad = torch.where(clean.mask[..., None], clean.eps, torch.tensor(garbage))
    dirty = NoisyBatch(
        clean.x0,
        clean.mask,
        None,
        clean.t,
        torch.nan_to_num(pad, nan=1e9, posinf=1e9),
        clean.self_condition,
    )
    assert results(clean) == results(dirty)


def test_sums_over_parts_add_up_to_the_whole():
    data = batch(B=8)
    denoiser = Denoiser(Linear(), make_schedule("cosine", 0), "v")
    parts = sum(denoiser.loss(data[i : i + 2]).item() for i in range(0, 8, 2))
    assert parts == pytest.approx(denoiser.loss(data).item(), rel=1e-5)


def test_self_conditioning_gives_chosen_rows_a_detached_first_answer():
    data = batch(B=4)
    chosen = torch.tensor([True, False, True, False])
    data = NoisyBatch(data.x0, data.mask, None, data.t, data.eps, chosen)
    denoiser = Denoiser(Linear(), make_schedule("cosine", 0), "v")
    denoiser.loss(data)
    first, second = denoiser.network.previous
    assert first is None
    assert not second.requires_grad
    assert (second[~chosen] == 0).all()
    assert (second[chosen] != 0).any((1, 2)).all()


@pytest.mark.parametrize("objective", ["v", "eps"])
def test_min_snr_weight_is_the_x0_weight_on_every_objective(objective):
    """w_obj · error_obj² = min(SNR, γ) · error_x0², whatever is predicted (2303.09556)."""
    schedule = make_schedule("cosine", 0)
    t = torch.linspace(0.05, 0.95, 19).double()
    alpha, sigma = schedule(t)
    error_x0 = torch.rand(19, generator=torch.Generator().manual_seed(0)).double()
    # dx0/dv = −σ, dx0/dε = −σ/α
    error = error_x0 / sigma if objective == "v" else error_x0 * alpha / sigma
    ours = min_snr_weight(schedule.snr(t), objective, 5.0) * error**2
    torch.testing.assert_close(ours, schedule.snr(t).clamp(max=5.0) * error_x0**2)


def test_an_unknown_objective_is_an_error():
    with pytest.raises(InputError, match=r"diffusion.objective=flow.*v, eps, x0"):
        Denoiser(Linear(), make_schedule("cosine", 0), "flow")
