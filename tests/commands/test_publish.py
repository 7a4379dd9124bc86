"""Published models: small, as good, and without anybody's numbers."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from humouse.codec import LearnedPrior, condition_vector
from humouse.commands.publish import run
from humouse.data.prepared import load_split
from humouse.diffusion.model import load_model
from humouse.diffusion.sampling_rule import SamplingRule
from humouse.errors import InputError, OutOfRangeWarning
from humouse.gan.model import GAN
from humouse.generator import KINDS, load_generator
from humouse.settings import PublishSettings
from humouse.training import checkpoint
from humouse.training.checkpoint import PRETRAINED, Checkpoint, find_checkpoint

RULE = SamplingRule(steps=3)


@pytest.fixture(scope="module")
def published(event_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("published") / "model.safetensors"
    run(PublishSettings(ckpt=str(event_checkpoint), out=str(out), setup=None, people=None))
    return out


def test_it_samples_at_once(published: Path):
    made = load_model(published).with_rule(RULE).sample(5, seed=0)
    assert len(made) == 5
    assert made.deltas.isfinite().all()


def prior_of(published: Path) -> dict[str, Tensor]:
    with safe_open(published, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys() if "/prior/" in name}  # noqa: SIM118


def test_weights_are_the_averaged_ones_in_half_precision(published: Path, event_checkpoint: Path):
    whole, small = Checkpoint.load(event_checkpoint), Checkpoint.load(published)
    for name, weight in (whole.best or whole.ema).items():
        assert small.ema[name].dtype == torch.float16
        torch.testing.assert_close(small.ema[name].float(), weight, rtol=1e-3, atol=1e-6)
    assert small.model == small.optimizer == {}
    prior = sum(value.nbytes for value in prior_of(published).values())
    assert published.stat().st_size - prior < event_checkpoint.stat().st_size / 3


def test_it_holds_no_persons_numbers(published: Path, event_checkpoint: Path):
    small = Checkpoint.load(published)
    prior = load_model(published).codec.prior
    assert prior is not None
    assert all(isinstance(setup.conditions, LearnedPrior) for setup in prior.setups)
    assert str(event_checkpoint.parents[1]) not in repr((small.data, small.config["data"]))
    own = Checkpoint.load(event_checkpoint).codec["prior"]["setups"][0]["conditions"]["conditions"]
    long_paths = own[:, 3][own[:, 3] > own[:, 3].median()]

    def tensors(value):
        if isinstance(value, torch.Tensor):
            yield value
        for part in value.values() if isinstance(value, dict) else ():
            yield from tensors(part)
        for part in value if isinstance(value, list | tuple) else ():
            yield from tensors(part)

    kept = torch.cat([t.double().flatten() for t in tensors(small.codec["prior"])])
    assert not torch.isin(long_paths.double(), kept).any()


def test_a_published_model_is_not_published_again(published: Path, tmp_path: Path):
    with pytest.raises(InputError, match=r"published already.*or name people"):
        run(
            PublishSettings(
                ckpt=str(published),
                out=str(tmp_path / "again.safetensors"),
                setup=None,
                people=None,
            )
        )


def test_a_published_model_takes_the_conditions_of_other_people(
    published: Path, tiny_data: Path, tmp_path: Path
):
    """Of movements twice as long as those that it was trained on: it keeps its weights alone."""
    people = load_split(tiny_data / "train")
    slow = tmp_path / "slow.parquet"
    replace(people, deltas=people.deltas * torch.tensor([1.0, 1.0, 2.0])).save(slow)
    out = tmp_path / "slow.safetensors"
    run(PublishSettings(ckpt=str(published), out=str(out), setup=None, people=str(slow)))
    before, now = load_model(published), load_model(out)
    assert torch.equal(now.codec.mean, before.codec.mean)
    durations = [one.codec.draw_frames(400, seed=0).conditions[:, 2] for one in (before, now)]
    assert float(durations[1].median() / durations[0].median()) == pytest.approx(2, rel=0.25)
    with pytest.raises(InputError, match="nowhere"):
        run(PublishSettings(ckpt=str(published), out=str(out), setup=None, people="nowhere/train"))


def test_another_suffix_is_refused(event_checkpoint: Path, tmp_path: Path):
    with pytest.raises(
        InputError, match=r"out=.*small\.pt: give a name that ends with \.safetensors"
    ):
        run(
            PublishSettings(
                ckpt=str(event_checkpoint), out=str(tmp_path / "small.pt"), setup=None, people=None
            )
        )
    assert not list(tmp_path.iterdir())


def test_a_published_model_of_before_is_read(published: Path, tmp_path: Path):
    """One file of torch's, as publish wrote it: the same samples to the last bit."""
    Checkpoint.load(published).save(tmp_path / "before.pt")
    before, now = (
        load_generator(path, rule=RULE).sample(5, seed=0)
        for path in (tmp_path / "before.pt", published)
    )
    assert torch.equal(before.deltas, now.deltas)


def test_it_is_found_among_a_folders_checkpoints(published: Path, event_checkpoint: Path):
    assert find_checkpoint(None, *KINDS, folder=published.parent) == published


def test_without_a_checkpoint_the_pretrained_model_is_used(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("HUMOUSE_CKPT", raising=False)
    monkeypatch.setattr(checkpoint, "PRETRAINED", published)
    assert find_checkpoint(None, *KINDS, folder=tmp_path) == published
    with pytest.raises(InputError, match="no checkpoint"):
        find_checkpoint(None, GAN, folder=tmp_path)


@pytest.mark.slow
def test_the_model_that_comes_with_humouse():
    assert PRETRAINED.stat().st_size < 8e6
    model = load_generator(PRETRAINED, rule=SamplingRule(sampler="dpm", steps=2))
    made = model.sample(3, seed=0)
    assert bool((made.lengths > 0).all())
    far = condition_vector(goal_dx_px=10_000, goal_dy_px=0, duration_ms=1)
    with pytest.warns(OutOfRangeWarning) as warned:
        made = model.sample(2, cond=far, seed=0)
    assert {"goal_dx_px", "duration_ms"} <= {str(one.message).split()[1] for one in warned}
    assert torch.equal(made.net_px, torch.tensor([[10_000.0, 0.0]] * 2))
    assert bool(made.deltas.isfinite().all())


def test_a_file_with_a_prior_of_an_earlier_version_says_what_to_do(published: Path, tmp_path: Path):
    saved = Checkpoint.load(published)
    old = tmp_path / "old.safetensors"
    replace(saved, codec=saved.codec | {"prior_kind": "MixturePrior"}).save(old)
    with pytest.raises(
        InputError, match=r"old\.safetensors: .*MixturePrior; publish the model again"
    ):
        load_model(old)
