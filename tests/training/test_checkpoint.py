"""Checkpoints that were changed after they were written, by chance or on purpose."""

import random
from pathlib import Path
from typing import Any

import pytest
import torch

from examples.mutation import flipped, mutated, scrambled
from humouse.errors import InputError
from humouse.generator import load_generator
from humouse.training.checkpoint import PRETRAINED, Checkpoint
from humouse.training.digest import content_digest


def damaged(content: bytes, draw: random.Random) -> bytes:
    return draw.choice((flipped, flipped, scrambled))(content, draw)


def stored(path: Path) -> str:
    """Return the digest of what a checkpoint says, or "refused" where an error says so in one line."""
    try:
        return content_digest(vars(Checkpoint.load(path)))
    except InputError as error:
        return ending(error)


def ending(error: InputError) -> str:
    return "refused" if "\n" not in str(error) else f"refused in several lines: {error}"


def try_bytes(path: Path, folder: Path, count: int, seed: int) -> int:
    """Damage a checkpoint's files, one at a time; return how many were read as if nothing had happened."""
    own = stored(path)
    draw, unharmed = random.Random(seed), 0
    files = [path] if path.suffix == ".pt" else [path, path.with_suffix(".json")]
    contents = {file: file.read_bytes() for file in files}
    for _ in range(count):
        hit = draw.choice(files)
        for file, content in contents.items():
            changed = damaged(content, draw) if file == hit else content
            (folder / file.name).write_bytes(changed)
        found = stored(folder / path.name)
        assert found in (own, "refused")
        unharmed += found == own
    return unharmed


def test_a_damaged_checkpoint_is_refused_or_reads_the_same(event_checkpoint: Path, tmp_path: Path):
    # What a change may leave: a blank or a name that nobody reads, in an archive or in JSON.
    assert try_bytes(event_checkpoint, tmp_path, 40, 0) < 20
    assert try_bytes(PRETRAINED, tmp_path, 12, 1) < 6


@pytest.mark.slow
def test_many_damaged_checkpoints(event_checkpoint: Path, tiny_checkpoint: Path, tmp_path: Path):
    for seed, path in enumerate((event_checkpoint, tiny_checkpoint, PRETRAINED)):
        try_bytes(path, tmp_path, 1700, seed)


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_one_weight_and_one_setting_are_noticed(
    event_checkpoint: Path, tmp_path: Path, suffix: str
):
    saved = Checkpoint.load(event_checkpoint).for_sampling()
    path = tmp_path / f"x{suffix}"
    saved.save(path)
    assert stored(path) != "refused"
    if suffix == ".pt":
        content = torch.load(path, weights_only=True)
        name = next(iter(content["ema"]))
        content["ema"][name].view(-1)[0] += 1e-3
        torch.save(content, path)
    else:
        text = path.with_suffix(".json").read_text()
        assert '"dropout": 0.' in text
        path.with_suffix(".json").write_text(text.replace('"dropout": 0.', '"dropout": 0.1', 1))
    with pytest.raises(
        InputError, match=r"changed after it was written .* restore it, or train it again"
    ):
        Checkpoint.load(path)


def test_the_format_before_is_read_as_it_is(event_checkpoint: Path, tmp_path: Path):
    content = torch.load(event_checkpoint, weights_only=True)
    assert content.pop("digest")
    torch.save({**content, "version": 2}, tmp_path / "before.pt")
    assert load_generator(tmp_path / "before.pt").sample(2, seed=0).deltas.isfinite().all()
    torch.save(content, tmp_path / "without.pt")
    with pytest.raises(InputError, match="changed after it was written"):
        Checkpoint.load(tmp_path / "without.pt")


def test_what_is_no_plain_value_or_tensor_is_refused(event_checkpoint: Path, tmp_path: Path):
    content = torch.load(event_checkpoint, weights_only=True)
    torch.save({**content, "history": {"best": torch.eye(2).to_sparse()}}, tmp_path / "sparse.pt")
    with pytest.raises(InputError, match="changed after it was written"):
        Checkpoint.load(tmp_path / "sparse.pt")


def try_values(path: Path, folder: Path, count: int, seed: int) -> dict[str, int]:
    """Change what a checkpoint says, as whoever writes another's can; return how it ended, counted."""
    content, draw = torch.load(path, weights_only=True), random.Random(seed)
    ended: dict[str, int] = {}
    for _ in range(count):
        changed = changed_value(content, draw)
        changed["digest"] = content_digest({k: v for k, v in changed.items() if k != "digest"})
        torch.save(changed, folder / "strange.pt")
        try:
            samples = load_generator(folder / "strange.pt").sample(2, seed=0)
            end = "sampled" if bool(samples.deltas.isfinite().all()) else "not finite"
        except InputError as error:
            end = ending(error)
        ended[end] = ended.get(end, 0) + 1
    assert ended.keys() <= {"sampled", "refused"}
    return ended


def changed_value(content: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    """Return a checkpoint's content with something else in one place; tensors stay tensors."""
    section = draw.choice(("config", "codec", "data", "step", "ema", "versions", "best", "history"))
    return {**content, section: mutated(content[section], draw)}


def test_what_a_stranger_wrote_is_refused_or_sampled_from(event_checkpoint: Path, tmp_path: Path):
    ended = try_values(event_checkpoint, tmp_path, 20, 0)
    assert ended.get("refused", 0) > 4


@pytest.mark.slow
def test_much_that_strangers_wrote(event_checkpoint: Path, tmp_path: Path):
    Checkpoint.load(PRETRAINED).save(tmp_path / "packaged.pt")
    for seed, path in enumerate((event_checkpoint, tmp_path / "packaged.pt")):
        try_values(path, tmp_path, 1000, seed)
