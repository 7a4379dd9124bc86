from dataclasses import replace

import pytest
import torch
from torch import nn

from humouse.codec import CONDITIONS
from humouse.codec.style import EXACT_MS, STYLE_SHARES, style_of
from humouse.diffusion.decoder.network import (
    DRAWS_PER_EVENT,
    Conditioning,
    EventDecoder,
    StepState,
    progress,
)

CHANNELS = 3


def decoder(seed=0):
    """A small decoder that uses all it knows (a new one's heads read nothing yet)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = EventDecoder(CHANNELS, hidden=32, style=4, dropout=0.1)
        for move in (made.move_x, made.move_y):
            nn.init.normal_(move.out.weight, std=0.1)
    return made.eval()


def movements(lengths, T=None, seed=0, most_px=30):
    """Random events of these lengths, none at rest, and what a decoder is conditioned on."""
    g = torch.Generator().manual_seed(seed)
    B, T = len(lengths), T or max(lengths)
    mask = torch.arange(T) < torch.tensor(lengths)[:, None]
    moves = torch.randint(-most_px, most_px + 1, (B, T, 2), generator=g)
    moves[..., 0] += (moves == 0).all(2).long()
    dt_ms = torch.randint(1, 120, (B, T, 1), generator=g)
    events = torch.cat([moves, dt_ms], 2).float() * mask[..., None]
    given = Conditioning(
        x_t=torch.randn(B, T, CHANNELS, generator=g) * mask[..., None],
        level=torch.rand(B, 2, generator=g),
        cond=torch.randn(B, len(CONDITIONS), generator=g),
        ends=progress(events).sum(1).round(),
        mask=mask,
        style=style_of(torch.randint(0, 5, (B, STYLE_SHARES), generator=g).float()),
    )
    return events, given


def test_progress_is_displacement_time_and_path():
    events = torch.tensor([[[3.0, 4, 17], [-6, 8, 16], [0, 0, 0]]])
    assert torch.equal(progress(events).sum(1), torch.tensor([[-3.0, 12, 33, 15]]))


def test_the_detour_grows_with_the_path_beyond_the_distance():
    zeros = torch.zeros(3, 3)
    remaining = torch.tensor([[30.0, 40, 100, 50], [30, 40, 100, 500], [30, 40, 100, -7]])
    state = StepState(zeros, zeros, remaining, torch.tensor([4.0, 4, 4]), zeros)
    straight, winding, overdue = state.state_features()[:, 8]
    assert straight.abs() < 1e-6
    assert overdue < straight < winding
    assert state.state_features().isfinite().all()


def uniforms(B, T, seed=0):
    return torch.rand(B, T, DRAWS_PER_EVENT, generator=torch.Generator().manual_seed(seed))


def row(given, i):
    return Conditioning(*(part[i : i + 1] for part in vars(given).values()))


def longer(given, more):
    pad = nn.functional.pad
    return replace(given, x_t=pad(given.x_t, (0, 0, 0, more)), mask=pad(given.mask, (0, more)))


@torch.no_grad()
def by_step(network, events, given):
    """[B, T, 3] log-likelihoods, NaN at padding."""
    spread = torch.full_like(events, torch.nan)
    spread[given.mask] = network(events, given)
    return spread


def same(a, b):
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4, equal_nan=True)


@pytest.mark.parametrize("i", [0, 1, 4, 7])
def test_later_events_do_not_change_what_was_likely_before(i):
    events, given = movements([8, 8, 8])
    other = events.clone()
    other[:, i:] = movements([8, 8, 8], seed=1)[0][:, i:]
    before, after = by_step(decoder(), events, given), by_step(decoder(), other, given)
    same(after[:, :i], before[:, :i])
    assert ((after - before)[:, i:].abs() > 1e-3).any(2).all()


@pytest.mark.parametrize(("part", "before"), [(1, [0, 2]), (0, [2]), (2, [])])
def test_within_an_event_dt_comes_first_then_dx_then_dy(part, before):
    events, given = movements([6, 6])
    other = events.clone()
    other[:, 3, part] += 7
    change = (by_step(decoder(), other, given) - by_step(decoder(), events, given)).abs()
    assert (change[:, 3, before] < 1e-4).all()
    after = [k for k in range(3) if k not in before]
    assert (change[:, 3, after] > 1e-4).all()


def test_every_step_of_x_t_is_read_from_the_start():
    events, given = movements([8])
    x_t = given.x_t.clone()
    x_t[:, -1] += 1
    change = by_step(decoder(), events, replace(given, x_t=x_t)) - by_step(decoder(), events, given)
    assert (change[0, 0].abs() > 0).any()


def test_likelihoods_come_row_by_row():
    events, given = movements([5, 2, 4])
    found = decoder()(events, given)
    assert found.shape == (11, 3)
    alone = [decoder()(events[i : i + 1], row(given, i)) for i in range(3)]
    same(found, torch.cat(alone))


def test_padding_changes_nothing():
    events, given = movements([5, 2, 4])
    network, share = decoder(), uniforms(3, 9)
    same(network(nn.functional.pad(events, (0, 0, 0, 4)), longer(given, 4)), network(events, given))
    short, long = network.draw(given, share[:, :5]), network.draw(longer(given, 4), share)
    assert torch.equal(long[:, :5], short)
    assert (long[:, 5:] == 0).all()


def test_draws_of_a_row_do_not_depend_on_the_others():
    _, given = movements([5, 2, 4])
    network, share = decoder(), uniforms(3, 5)
    together = network.draw(given, share)
    for i in range(3):
        assert torch.equal(network.draw(row(given, i), share[i : i + 1]), together[i : i + 1])


def test_draws_do_not_depend_on_the_mode():
    _, given = movements([6, 6])
    network, share = decoder(), uniforms(2, 6)
    assert torch.equal(network.draw(given, share), network.train().draw(given, share))


@pytest.mark.parametrize("seed", [0, 1])
def test_draws_are_events(seed):
    _, given = movements([12, 7, 1] * 60, seed=seed, most_px=2)
    network = decoder(seed)
    with torch.no_grad():
        # At rest and at once, as often as it can be.
        for move in (network.move_x, network.move_y):
            move.out.bias[-4] += 4
        network.clock[-1].bias[:2] += 6
    drawn = network.draw(given, uniforms(180, 12, seed))
    valid = drawn[given.mask]
    assert (valid[:, 0] == 0).float().mean() > 0.3
    assert (valid[:, 2] == 1).float().mean() > 0.3
    assert torch.equal(drawn, drawn.round())
    assert (valid[:, :2] != 0).any(1).all()
    assert (valid[:, 2] >= 1).all()
    assert (drawn[~given.mask] == 0).all()
    assert decoder(seed)(drawn, given).isfinite().all()


def test_no_draw_is_longer_than_the_longest_on_its_axis():
    _, given = movements([12, 7, 1] * 20)
    network = decoder()
    with torch.no_grad():
        for move in (network.move_x, network.move_y):
            move.out.bias[:].view(-1)[1::8] = 3.0
    assert (network.draw(given, uniforms(60, 12))[..., :2].abs().amax((0, 1)) > 20).all()
    network.longest_px[:] = torch.tensor([9.0, 4.0])
    found = network.draw(given, uniforms(60, 12))[..., :2].abs().amax((0, 1))
    assert found.tolist() == [9, 4]


def test_the_same_uniform_numbers_give_the_same_events():
    _, given = movements([9] * 4)
    first = decoder().draw(given, uniforms(4, 9))
    assert torch.equal(first, decoder().draw(given, uniforms(4, 9)))
    assert not torch.equal(first, decoder().draw(given, uniforms(4, 9, seed=1)))


class Recording(EventDecoder):
    """Keeps the log-likelihood of each event as it was drawn."""

    def _draw_event(self, hidden, state, seen, uniform):
        event = super()._draw_event(hidden, state, seen, uniform)
        dx_px, dy_px, dt_ms = event.unbind(1)
        dt_bin = self.clock_bins.of(dt_ms)
        of_dt = self._clock(hidden, seen).gather(1, dt_bin[:, None])[:, 0]
        x, y = self._moves(hidden, state, dt_bin, dt_ms)
        drawn = torch.stack([x.log_prob(dx_px), y(dx_px).log_prob(dy_px), of_dt], 1)
        self.log_prob.append(drawn)
        return event


def test_events_are_drawn_with_the_likelihood_that_forward_returns(monkeypatch):
    # In bfloat16 they differ by a thousandth.
    monkeypatch.setattr("humouse.diffusion.decoder.cell._fastest", lambda weights: torch.float32)
    _, given = movements([12, 7, 1] * 20, most_px=4)
    recording = Recording(CHANNELS, hidden=32, style=4, dropout=0.1)
    recording.load_state_dict(decoder().state_dict())
    recording.log_prob = []
    events = recording.eval().draw(given, uniforms(60, 12))
    # The longest come first, and rows that have ended are left out.
    order = given.mask.sum(1).argsort(descending=True, stable=True)
    drawn = torch.zeros_like(events)
    for i, part in enumerate(recording.log_prob):
        drawn[order[: len(part)], i] = part
    assert [len(part) for part in recording.log_prob] == given.mask.sum(0).tolist()
    same(drawn[given.mask], decoder()(events, given))


def close(found, expected, n):
    """Whether frequencies among n draws are what five deviations and the cut tails allow."""
    deviation = (expected * (1 - expected) / n).sqrt()
    assert ((found - expected).abs() < 5 * deviation + 0.01).all(), (found, expected)


def test_draws_are_as_frequent_as_the_likelihood_says():
    n = 20_000
    network = decoder()
    with torch.no_grad():
        network.clock[-1].bias[torch.tensor([7, 8, 16, 90])] += torch.tensor([5.0, 6, 5, 5])
        network.move_x.out.bias[-4] += 2
    _, one = movements([1], most_px=9)
    given = Conditioning(
        *(part.expand(n, *part.shape[1:]).contiguous() for part in vars(one).values())
    )
    drawn = network.draw(given, uniforms(n, 1))[:, 0]

    def likelihood(events, part):
        few = Conditioning(*(value[: len(events)] for value in vars(given).values()))
        return network(events[:, None], few).detach().exp()[:, part]

    dt_bin = network.clock_bins.of(drawn[:, 2])
    counts = dt_bin.bincount(minlength=len(network.clock_bins))
    common = counts.topk(4).indices
    asked = torch.stack([drawn[dt_bin == k][0] for k in common])
    close(counts[common] / n, likelihood(asked, 2), n)

    at_once = drawn[drawn[:, 2] == 8]
    dx_px, counts = at_once[:, 0].unique(return_counts=True)
    common = counts.topk(5).indices
    asked = torch.stack([at_once[at_once[:, 0] == dx_px[k]][0] for k in common])
    close(counts[common] / len(at_once), likelihood(asked, 0), len(at_once))

    upright = at_once[at_once[:, 0] == 0]
    assert len(upright) > 1000
    dy_px, counts = upright[:, 1].unique(return_counts=True)
    common = counts.topk(5).indices
    asked = torch.stack([upright[upright[:, 1] == dy_px[k]][0] for k in common])
    close(counts[common] / len(upright), likelihood(asked, 1), len(upright))


def test_a_style_of_zeros_is_none_at_all():
    events, given = movements([12, 7, 1])
    network = decoder()
    none = network(events, replace(given, style=None))
    same(network(events, replace(given, style=torch.zeros_like(given.style))), none)
    assert not torch.allclose(network(events, given), none)


def test_a_decoder_without_styles_takes_none():
    events, given = movements([5, 3])
    network = EventDecoder(CHANNELS, hidden=32).eval()
    assert torch.equal(network(events, given), network(events, replace(given, style=None)))


def test_a_clock_that_no_training_had_is_copied_from_the_style():
    """A new decoder, which has learned nothing, reports on the clock of the style."""
    _, given = movements([12] * 40)
    counts = torch.zeros(40, STYLE_SHARES)
    counts[:, -EXACT_MS + 22] = 3  # 23 ms
    counts[:, -EXACT_MS + 45] = 1  # 46 ms
    drawn = decoder().draw(replace(given, style=style_of(counts)), uniforms(40, 12))
    dt_ms = drawn[..., 2]
    assert float(((dt_ms == 23) | (dt_ms == 46)).float().mean()) > 0.6
    assert 2 < float((dt_ms == 23).sum() / (dt_ms == 46).sum()) < 4.5
    anyhow = decoder().draw(replace(given, style=None), uniforms(40, 12))[..., 2]
    assert float(((anyhow == 23) | (anyhow == 46)).float().mean()) < 0.05


@pytest.mark.slow
def test_a_trained_decoder_learns_to_reach_the_goal():
    events, given = movements([2, 3, 4, 5] * 48, most_px=300)
    # Only what is left tells the last step.
    given = replace(given, x_t=torch.zeros_like(given.x_t))
    network = decoder().train()
    adam = torch.optim.Adam(network.parameters(), lr=1e-2)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for _ in range(80):
            adam.zero_grad()
            (-network(events, given).sum(1).mean()).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            adam.step()
    _, asked = movements([2, 3, 4, 5] * 16, seed=1, most_px=300)
    asked = replace(asked, x_t=torch.zeros_like(asked.x_t))
    network.draw_least = 0.05  # as it is used
    there = network.draw(asked, uniforms(64, 5))[..., :2].sum(1)
    reached = (there == asked.ends[:, :2]).all(1).float().mean()
    assert reached > 0.9
    untrained = decoder().draw(asked, uniforms(64, 5))[..., :2].sum(1)
    assert (untrained == asked.ends[:, :2]).all(1).float().mean() < 0.3


def test_the_gradient_reaches_every_parameter():
    events, given = movements([6, 3])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = EventDecoder(CHANNELS, hidden=32, dropout=0.0)
    sgd = torch.optim.SGD(network.parameters(), lr=1e-3)
    # A new head's hidden layer gets its first gradient once its output layer has left zero.
    for _ in range(2):
        sgd.zero_grad()
        (-network(events, given).mean()).backward()
        sgd.step()
    for name, weights in network.named_parameters():
        assert weights.grad.isfinite().all(), name
        assert weights.grad.abs().sum() > 0, name
