"""Checkpoints that were changed after they were written, by chance or on purpose."""

import json
import random
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest
import torch

from examples.limits import at_once, check_refusal
from examples.mutation import flipped, mutated, scrambled
from humouse.diffusion.model import DIFFUSION
from humouse.errors import InputError
from humouse.files import sha256
from humouse.generator import load_generator
from humouse.training.checkpoint import PRETRAINED, Checkpoint, find_checkpoint
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


def bomb(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint whose parts are compressed, and unpack to much more."""
    torch.save({**content, "ema": {"w": torch.zeros(2**28)}}, path.with_suffix(".whole"))
    with (
        ZipFile(path.with_suffix(".whole")) as whole,
        ZipFile(path, "w", ZIP_DEFLATED, compresslevel=1) as packed,
    ):
        for one in whole.infolist():
            packed.writestr(one.filename, whole.read(one))
    path.with_suffix(".whole").unlink()
    assert path.stat().st_size < 2**24


def larger_than_stored(path: Path, content: dict[str, Any]) -> None:
    torch.save({**content, "ema": {"w": torch.zeros(1).expand(2**30)}}, path)


def many_times_the_same(path: Path, content: dict[str, Any]) -> None:
    """Ten lists of ten lists of ten …: some bytes each, 10^12 values together."""
    laughs: list[Any] = [0]
    for _ in range(12):
        laughs = [laughs] * 10
    torch.save({**content, "history": {"best": laughs}}, path)


def of_torchs_earlier_format(path: Path, content: dict[str, Any]) -> None:
    torch.save(content, path, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(bomb, marks=pytest.mark.slow),  # writes a gigabyte
        larger_than_stored,
        many_times_the_same,
        of_torchs_earlier_format,
    ],
)
def test_sizes_are_checked_before_memory_is_taken(
    write: Callable[[Path, dict[str, Any]], None], event_checkpoint: Path, tmp_path: Path
):
    path, content = tmp_path / "large.pt", torch.load(event_checkpoint, weights_only=True)
    write(path, content)
    del content
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with at_once(), pytest.raises(InputError, match=r"large\.pt: not a readable check") as caught:
        Checkpoint.load(path)
    check_refusal(caught.value, str(path))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000
    assert find_checkpoint(None, DIFFUSION, folder=tmp_path) == path  # who loads it says so


def headers(content: bytes) -> dict[str, bytes]:
    """Return files of tensors whose header says what is not so."""
    size = int.from_bytes(content[:8], "little")
    said, rest = json.loads(content[8 : 8 + size]), content[8 + size :]
    name = next(one for one in said if one != "__metadata__")

    def with_header(text: str, length: int | None = None) -> bytes:
        header = text.encode()
        return (len(header) if length is None else length).to_bytes(8, "little") + header + rest

    def with_entry(**other: Any) -> bytes:
        return with_header(json.dumps({**said, name: {**said[name], **other}}))

    whole = json.dumps(said)
    return {
        "a header of 2^60": with_header(whole, 2**60),
        "a header of everything": with_header(whole, len(content)),
        "no header": with_header("", 0),
        "another type": with_entry(dtype="I64"),
        "no such type": with_entry(dtype="F128"),
        "a shape of 2^60": with_entry(shape=[2**60]),
        "a shape below 0": with_entry(shape=[-1]),
        "beyond the end": with_entry(data_offsets=[0, 2**60]),
        "backwards": with_entry(data_offsets=[64, 0]),
        "a name twice": with_header(whole[:-1] + "," + whole[1:]),
        "deep": with_header("[" * 100_000 + "]" * 100_000),
        "an integer of 5,000 figures": with_entry(shape=[int("9" * 4000)]),
    }


def test_headers_of_tensors_that_say_what_is_not_so(tmp_path: Path):
    """With a hash in the JSON that is right, as whoever gives such files away can write."""
    path = tmp_path / "model.safetensors"
    content, beside = (
        PRETRAINED.read_bytes(),
        json.loads(PRETRAINED.with_suffix(".json").read_text()),
    )
    own = stored(PRETRAINED)
    for what, changed in headers(content).items():
        path.write_bytes(changed)
        beside["tensors_sha256"] = sha256(path)
        path.with_suffix(".json").write_text(json.dumps(beside))
        with at_once():
            found = stored(path)
        assert found in (own, "refused"), what


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"kind": ' * 50_000,
        '{"step": ' + "9" * 5000 + "}",
        '{"kind": NaN}',
        "{}" * 9,
    ],
)
def test_json_of_a_stranger_is_a_line(text: str, tmp_path: Path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(PRETRAINED.read_bytes())
    path.with_suffix(".json").write_text(text)
    with at_once(), pytest.raises(InputError) as caught:
        Checkpoint.load(path)
    check_refusal(caught.value, str(tmp_path))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e38])
def test_weights_that_are_no_numbers_are_refused(
    value: float, event_checkpoint: Path, tmp_path: Path
):
    content = torch.load(event_checkpoint, weights_only=True)
    name = next(name for name, tensor in content["ema"].items() if tensor.is_floating_point())
    content["ema"][name] = torch.full_like(content["ema"][name], value)
    if content["best"]:
        content["best"] = content["ema"]
    content["digest"] = content_digest({k: v for k, v in content.items() if k != "digest"})
    torch.save(content, tmp_path / "none.pt")
    with at_once(), pytest.raises(InputError) as caught:
        load_generator(tmp_path / "none.pt").sample(2, seed=0)
    check_refusal(caught.value, "none.pt")


def test_tensors_without_elements_have_a_digest():
    empty = [torch.zeros(shape, dtype=torch.float64) for shape in ((0,), (0, 2))]
    numpy = torch.from_numpy(np.zeros(0))
    digests = [content_digest({"rate": one}) for one in (*empty, numpy)]
    assert digests[0] == digests[2] != digests[1]
