"""The calls that other code makes, with exactly the specification's signature."""

import inspect
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import diffusion.api
from humouse.codec import EmpiricalPrior
from humouse.data.prepared import load_split
from humouse.diffusion import api
from humouse.diffusion.api import canonicalize, denormalize, generate_diffusion_samples
from humouse.diffusion.model import load_model
from humouse.errors import InputError
from humouse.eval.evaluate import evaluate
from humouse.eval.rule import EvaluationRule
from humouse.training.checkpoint import Checkpoint
from humouse.trajectories import Trajectories

CPU = torch.device("cpu")


def test_the_specifications_signature():
    parameters = list(inspect.signature(generate_diffusion_samples).parameters.values())
    positional = [(p.name, p.default) for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert positional == [
        ("n", inspect.Parameter.empty),
        ("seq_len", inspect.Parameter.empty),
        ("cond", None),
        ("device", torch.device("cuda")),
        ("steps", 20),
        ("seed", None),
    ]
    assert [p.name for p in parameters if p.kind is p.KEYWORD_ONLY] == ["ckpt"]
    assert parameters[-1].default is None
    assert inspect.signature(generate_diffusion_samples).return_annotation is torch.Tensor


def test_the_specifications_import_path():
    assert diffusion.api.generate_diffusion_samples is generate_diffusion_samples
    assert diffusion.api.denormalize is denormalize
    assert diffusion.api.canonicalize is canonicalize


def test_shape_and_type(tiny_checkpoint: Path, event_checkpoint: Path):
    made = generate_diffusion_samples(3, 32, None, CPU, 2, 0, ckpt=tiny_checkpoint)
    assert (made.shape, made.dtype, made.device) == ((3, 32, 2), torch.float32, CPU)
    made = generate_diffusion_samples(2, 40, device=CPU, steps=2, seed=0, ckpt=event_checkpoint)
    assert (made.shape, made.dtype) == ((2, 40, 3), torch.float32)


def test_the_default_device_falls_back(tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    made = generate_diffusion_samples(1, 32, steps=1, seed=0, ckpt=tiny_checkpoint)
    assert made.device == CPU


def test_a_device_by_name(tiny_checkpoint: Path):
    made = generate_diffusion_samples(1, 32, device="cpu", steps=1, seed=0, ckpt=tiny_checkpoint)
    assert made.device == CPU
    for device in ("meta", torch.device("meta")):
        with pytest.raises(InputError, match="device=meta"):
            generate_diffusion_samples(1, 32, device=device, ckpt=tiny_checkpoint)


def test_seeds(tiny_checkpoint: Path):
    def made(seed: int | None, n: int = 2) -> torch.Tensor:
        return generate_diffusion_samples(n, 32, None, CPU, 2, seed, ckpt=tiny_checkpoint)

    assert torch.equal(made(7), made(7))
    torch.testing.assert_close(made(7, 5)[:2], made(7), rtol=1e-4, atol=1e-4)
    assert not torch.allclose(made(7), made(8))
    assert not torch.allclose(made(None), made(None))


def test_the_checkpoint_of_the_environment(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HUMOUSE_CKPT", raising=False)
    # Nothing at hand: the model that comes with humouse, in pixels and milliseconds.
    assert generate_diffusion_samples(1, 32, device=CPU, steps=2, seed=0).shape == (1, 32, 3)
    monkeypatch.setenv("HUMOUSE_CKPT", str(tiny_checkpoint))
    assert generate_diffusion_samples(1, 32, device=CPU, steps=1, seed=0).shape == (1, 32, 2)


def test_what_cannot_be_asked(tiny_checkpoint: Path):
    for arguments in ((0, 32), (1, 321), (1, 32, torch.zeros(1))):
        with pytest.raises(InputError):
            generate_diffusion_samples(*arguments, device=CPU, ckpt=tiny_checkpoint)
    with pytest.raises(InputError, match="seed=-1"):
        generate_diffusion_samples(1, 32, device=CPU, seed=-1, ckpt=tiny_checkpoint)
    with pytest.raises(InputError, match="steps"):
        generate_diffusion_samples(1, 32, device=CPU, steps=0, ckpt=tiny_checkpoint)


def test_a_changed_checkpoint_is_read_anew(tiny_checkpoint: Path, tmp_path: Path):
    path = tmp_path / "model.pt"
    path.write_bytes(tiny_checkpoint.read_bytes())
    first = generate_diffusion_samples(1, 32, None, CPU, 2, 0, ckpt=path)
    assert api._model(path, CPU) is api._model(path, CPU)  # but not each time
    checkpoint = Checkpoint.load(path)
    assert checkpoint.best is not None
    checkpoint.best = {name: value + 0.1 for name, value in checkpoint.best.items()}
    checkpoint.save(path)
    os.utime(path, (2e9, 2e9))
    assert not torch.equal(generate_diffusion_samples(1, 32, None, CPU, 2, 0, ckpt=path), first)


def test_denormalize_gives_px_and_ms(tiny_checkpoint: Path):
    made = generate_diffusion_samples(4, 32, None, CPU, 2, 0, ckpt=tiny_checkpoint)
    movements = denormalize(made, ckpt=tiny_checkpoint)
    assert movements.lengths.tolist() == [32] * 4
    assert movements.user is None
    prior = load_model(tiny_checkpoint).codec.prior
    assert prior is not None
    seen = prior.setups[0].conditions
    assert isinstance(seen, EmpiricalPrior)
    # Sizes and durations are the train people's, in px and ms.
    for duration_ms in movements.duration_ms:
        assert float((seen.conditions[:, 2] - duration_ms).abs().min()) < 1e-2
    assert float(movements.path_px.min()) > 1
    again = denormalize(made, ckpt=tiny_checkpoint)
    assert torch.equal(again.deltas, movements.deltas)
    assert not torch.equal(denormalize(made, seed=1, ckpt=tiny_checkpoint).deltas, again.deltas)


def test_denormalize_inverts_the_event_codec(event_checkpoint: Path, tiny_data: Path):
    codec = load_model(event_checkpoint).codec
    people = load_split(tiny_data / "train")
    people = people[codec.fits(people)]
    x0, frame = codec.encode(people)
    merged = codec.canonicalize(people)
    for row in range(10):
        n = int(frame.lengths[row])
        back = denormalize(x0[row : row + 1, :n], ckpt=event_checkpoint)
        assert torch.equal(back.deltas[0], merged.deltas[row, :n])


@pytest.mark.slow
def test_denormalize_follows_the_conditions(
    tiny_settings, tmp_path_factory: pytest.TempPathFactory
):
    from humouse.commands.train import run as train

    folder = tmp_path_factory.mktemp("goal")
    path = train(tiny_settings(folder, "model.cond_dim=3", "optim.max_steps=1"))
    cond = torch.tensor([[200.0, 100.0, 500.0], [-50.0, 10.0, 900.0]])
    made = generate_diffusion_samples(2, 32, cond, CPU, 2, 0, ckpt=path)
    movements = denormalize(made, cond=cond, ckpt=path)
    torch.testing.assert_close(movements.net_px, cond[:, :2], rtol=1e-3, atol=1e-2)
    torch.testing.assert_close(movements.duration_ms, cond[:, 2], rtol=1e-4, atol=1e-2)


def test_canonicalize_puts_both_sides_on_one_clock(tiny_checkpoint: Path, tiny_data: Path):
    """The same people, native and as the codec gives them back, must not be separable."""
    people = load_split(tiny_data / "train")
    codec = load_model(tiny_checkpoint).codec
    x0, frame = codec.encode(people[codec.fits(people)])
    decoded = codec.decode(x0, frame)
    rule = EvaluationRule(
        metrics=("c2st",),
        feature_mode="kinematic",
        probes=("logistic",),
        replicates=0,
        permutations=0,
    )

    def auc(*sides: Trajectories) -> float:
        return evaluate(*sides, rule=rule).scores["c2st_logistic_auc"].value

    assert auc(people, decoded) > 0.95
    both = [canonicalize(side, ckpt=tiny_checkpoint) for side in (people, decoded)]
    torch.testing.assert_close(both[0].deltas, both[1].deltas, rtol=1e-4, atol=0.03)
    assert both[0].lengths.unique().tolist() == [32]
    assert both[0].origin == people.origin
    assert auc(*both) < 0.7


def test_canonicalize_drops_what_does_not_fit(event_checkpoint: Path, tiny_data: Path):
    people = load_split(tiny_data / "train")[:5]
    still = replace(people, deltas=people.deltas * torch.tensor([0.0, 0.0, 1.0]))
    assert len(canonicalize(still, ckpt=event_checkpoint)) == 0
    assert len(canonicalize(people, ckpt=event_checkpoint)) == 5


def test_conditions_that_denormalize_cannot_follow(event_checkpoint: Path):
    for cond in (torch.ones(3, 2), torch.ones(5), torch.tensor([1.0, torch.nan])):
        with pytest.raises(InputError, match="cond: "):
            denormalize(torch.zeros(2, 32, 3), cond=cond, ckpt=event_checkpoint)


def test_other_models_samples_are_refused(event_checkpoint: Path):
    with pytest.raises(InputError, match=r"2 channels, but .* makes 3"):
        denormalize(torch.zeros(1, 32, 2), ckpt=event_checkpoint)


@pytest.mark.slow  # starts a process
def test_importing_it_needs_neither_scikit_learn_nor_what_only_training_needs():
    heavy = ("sklearn", "hydra", "accelerate", "matplotlib")
    ask = f"import humouse.diffusion.api, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr
