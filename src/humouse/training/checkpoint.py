"""Checkpoints: everything that a run needs to resume, and that a sampler needs.

Plain values and tensors only. A run's checkpoint is one file of torch's, NAME.pt, which
`torch.load(weights_only=True)` reads; a published model is NAME.safetensors with NAME.json beside
it. Only this file knows that there are two forms: whoever opens a checkpoint gives its path.
"""

import os
import re
from contextlib import suppress
from dataclasses import KW_ONLY, Field, dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar, get_origin
from zipfile import ZIP_STORED, ZipFile

import torch
from omegaconf import OmegaConf
from torch import Tensor

from humouse.codec import of_earlier_frame
from humouse.errors import InputError
from humouse.files import atomic_write
from humouse.settings.renamed import upgraded
from humouse.settings.typed import typed
from humouse.training.digest import content_digest
from humouse.training.published_file import (
    SUFFIX,
    published_kind,
    read_published,
    write_published,
)

_VERSION = 3
_WITHOUT_DIGEST = 2
"""The format before, which is read as it is: nothing tells whether it was changed."""
Settings = TypeVar("Settings")

_MOST_TIMES = 4
"""Tensors may share what is stored, but not so many times the file."""

_WEIGHTS = ("model", "ema", "best")
_DIGEST = "digest"
_PACKAGED = "pretrained"
PRETRAINED = Path(__file__).parents[1] / "pretrained" / f"sapimouse_events{SUFFIX}"
"""The model that comes with humouse; beside it stand its JSON and its model card."""

# What only training needs, and what it is in a model that is for sampling and scoring alone.
_UNPUBLISHED: dict[str, Any] = {
    "model": {},
    "optimizer": {},
    "scaler": {},
    "history": {},
    "best": None,
}


@dataclass(frozen=True)
class Kind:
    """What a checkpoint can hold; each model says its own.

    Args:
        name: As the file has it, "humouse … checkpoint".
        command: The command that writes such checkpoints.
    """

    name: str
    command: str


@dataclass
class Checkpoint:
    """The state of a training run after `step` optimiser steps.

    Args:
        config: The resolved configuration (plain dictionaries).
        versions: Versions of Python and the packages that trained it.
        data: The prepared dataset: id, folder, manifest hash, whether it is synthetic.
        codec: `Codec.state_dict` of the fitted codec.
        step: Optimiser steps done.
        model: The weights.
        ema: Their moving average.
        optimizer: State of the optimiser, or of each of them.
        scaler: State of the gradient scaler, empty without one.
        history: Validation so far: best score, rounds without a better one.
        best: The averaged weights of the best validation score, or None before the first.
        kind: Name of its `Kind`.
    """

    config: dict[str, Any]
    versions: dict[str, str]
    data: dict[str, Any]
    codec: dict[str, Any]
    step: int
    model: dict[str, Tensor]
    ema: dict[str, Tensor]
    optimizer: dict[str, Any]
    scaler: dict[str, Any]
    history: dict[str, Any]
    best: dict[str, Tensor] | None = None
    _: KW_ONLY
    kind: str

    def save(self, path: str | Path) -> None:
        """Write the checkpoint, whole or not at all.

        Args:
            path: NAME.safetensors for a published model, which has nothing that only training needs.

        Raises:
            InputError: The file cannot be written; what was there before is unchanged.
            ValueError: It is to be a published model, and holds the state of a training run.
        """
        content = {field.name: getattr(self, field.name) for field in fields(self)}
        content = {"kind": content.pop("kind"), "version": _VERSION, **content}
        published = Path(path).suffix == SUFFIX
        if published and any(content[name] for name in _UNPUBLISHED):
            raise ValueError(f"{path}: the state of a training run is not published")
        content[_DIGEST] = content_digest(content)
        if not published:
            save_tensors(path, content)
            return
        write_published(
            Path(path), {name: part for name, part in content.items() if name not in _UNPUBLISHED}
        )

    @classmethod
    def load(cls, path: str | Path, kind: Kind | None = None) -> "Checkpoint":
        """Read a checkpoint.

        Args:
            path: The file.
            kind: What it must hold; None for whatever it does.

        Raises:
            InputError: There is none, or it is cut short, of another kind or version, or something
                else.
        """
        content = _read(Path(path))
        found = str(content.get("kind")) if isinstance(content, dict) else ""
        if not re.fullmatch(r"humouse \w+ checkpoint", found):
            raise InputError(f"{path}: not a humouse checkpoint; humouse train writes them")
        if kind is not None and found != kind.name:
            raise InputError(
                f"{path}: a {found} where a {kind.name} is needed; {kind.command} writes those"
            )
        if content.get("version") not in (_VERSION, _WITHOUT_DIGEST):
            raise InputError(
                f"{path}: a checkpoint of format {content.get('version')}, this humouse reads format "
                f"{_VERSION}; train it again or use the humouse that wrote it"
            )
        missing = [field.name for field in fields(cls) if field.name not in content]
        if missing:
            raise InputError(f"{path}: damaged, it lacks {', '.join(missing)}; train it again")
        said = content.pop(_DIGEST, None)
        if (said or content["version"] == _VERSION) and not _has_digest(content, said):
            raise InputError(
                f"{path}: changed after it was written (its weights and settings do not fit its digest); "
                "restore it, or train it again"
            )
        wrong = [field.name for field in fields(cls) if not _can_be(field, content[field.name])]
        if wrong:
            raise InputError(
                f"{path}: damaged, it holds something else as {', '.join(wrong)}; train it again"
            )
        if not all(map(_is_finite, (content["ema"], content["best"] or {}))):
            raise InputError(f"{path}: damaged, a weight is NaN or infinite; train it again")
        if of_earlier_frame(content["codec"]):
            raise InputError(f"{path}: {_of_earlier_frame(content, kind)}")
        content["config"] = upgraded(content["config"])
        return cls(**{field.name: content[field.name] for field in fields(cls)})

    @property
    def serving(self) -> dict[str, Tensor]:
        """The weights that sampling and scoring use: the best averages of the run, else the last."""
        return self.best or self.ema

    def for_sampling(self) -> "Checkpoint":
        """Return what sampling and scoring need: the weights that serve, and no state of training."""
        return replace(self, **_UNPUBLISHED, ema=self.serving)

    def settings(self, schema: type[Settings], path: Path) -> Settings:
        """Return the configuration as an object of its schema.

        Args:
            schema: The schema of the runs that write such checkpoints.
            path: Where the checkpoint lies, for messages.

        Raises:
            InputError: It has other settings than the schema, or of other types.
        """
        try:
            return typed(OmegaConf.create(self.config), schema)
        except InputError as error:
            raise InputError(f"{path}: does not fit this version of humouse ({error})") from error


def _has_digest(content: dict[str, Any], said: Any) -> bool:
    """Whether a checkpoint's content has the digest that it says; what has none was not written so."""
    with suppress(ValueError):
        return content_digest(content) == said
    return False


def _is_finite(weights: dict[str, Tensor]) -> bool:
    return all(bool(one.isfinite().all()) for one in weights.values() if one.is_floating_point())


def _can_be(field: Field[Any], value: Any) -> bool:
    """Whether a value is of the kind that a field of a checkpoint has."""
    if value is None:
        return field.default is None
    if field.name in _WEIGHTS:
        return isinstance(value, dict) and all(isinstance(part, Tensor) for part in value.values())
    kind: Any = get_origin(field.type) or field.type
    return isinstance(value, kind)


def _of_earlier_frame(content: dict[str, Any], kind: Kind | None) -> str:
    """Return what is wrong with a checkpoint of the earlier canonical frame, and how to train it anew."""
    command = "humouse train" if kind is None else kind.command
    how = "experiment=train" if command == "humouse train" else "data.codec=canonical"
    dataset = content["config"].get("data", {}).get("dataset_id", "NAME")
    return (
        "trained in the earlier canonical frame, whose movements had corners and no limit to their modes; "
        f"this version has another. Train it anew: {command} {how} data={dataset}"
    )


def save_tensors(path: str | Path, content: dict[str, Any]) -> None:
    """Write plain values and tensors with `torch.save`, whole or not at all.

    Raises:
        InputError: The file cannot be written; what was there before is unchanged.
    """
    with atomic_write(path) as temporary:
        try:
            torch.save(content, temporary)
        except RuntimeError as error:  # torch's writer reports a full disk in its own way
            raise OSError(f"writing failed, most likely a full disk: {error}") from error


def _kind(path: Path) -> str | None:
    """Return what a checkpoint holds, without reading its tensors; None where that is unknown."""
    try:
        if path.suffix == SUFFIX:
            return published_kind(path)
        _check_sizes(path)
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)["kind"]
    except Exception:  # whoever loads it says what is wrong with it
        return None


def _read(path: Path) -> Any:
    if not path.is_file():
        raise InputError(f"{path}: no such checkpoint; humouse train makes one")
    if path.suffix == SUFFIX:
        return {**_UNPUBLISHED, **read_published(path)}
    try:
        _check_sizes(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
        if not _within(content, _MOST_TIMES * path.stat().st_size):
            raise ValueError("more than the file can hold")
        return content
    except Exception as error:  # torch raises whatever its readers meet in a damaged file
        raise InputError(
            f"{path}: not a readable checkpoint (cut short, or not one); train it again or restore it"
        ) from error


def _check_sizes(path: Path) -> None:
    """Raise an error for a file whose parts take more memory than it has bytes, before that is taken.

    What torch writes is an archive whose parts are stored as they are: what is compressed can unpack to a
    thousand times its size. Torch's format of before 2020 is none, and says sizes that nothing bounds.

    Raises:
        ValueError: A part is compressed, or they are larger than the file.
        BadZipFile: It is no archive.
    """
    with ZipFile(path) as archive:
        parts = archive.infolist()
    if any(one.compress_type != ZIP_STORED or one.file_size != one.compress_size for one in parts):
        raise ValueError("compressed")
    if sum(one.file_size for one in parts) > path.stat().st_size:
        raise ValueError("parts that lie over one another")


def _within(content: Any, most: int) -> bool:
    """Return whether content has no more values, nor its tensors more bytes, than a number.

    A tensor may say a shape beyond what is stored of it, and a list may hold itself many times over.
    """
    left, values, size = [content], 0, 0
    while left:
        value = left.pop()
        values += 1
        if isinstance(value, Tensor):
            size += value.numel() * value.element_size()
        elif isinstance(value, dict):
            left.extend(value.values())
        elif isinstance(value, list | tuple):
            left.extend(value)
        if values > most or size > most:
            return False
    return True


def find_checkpoint(
    path: str | Path | None, *kinds: Kind, folder: str | Path = "checkpoints"
) -> Path:
    """Return `path`, else what HUMOUSE_CKPT names, else the newest in `folder`, else `PRETRAINED`.

    Args:
        path: Taken as it is, but for "pretrained": the model that comes with humouse.
        kinds: What to look for.
        folder: Where to look.

    Raises:
        InputError: There is none.
    """
    if path := path or os.environ.get("HUMOUSE_CKPT"):
        return PRETRAINED if str(path) == _PACKAGED else Path(path)
    files = [file for suffix in (".pt", SUFFIX) for file in Path(folder).glob(f"*{suffix}")]
    files.sort(key=lambda file: file.stat().st_mtime, reverse=True)
    wanted = {kind.name for kind in kinds}
    newest = next((file for file in files if _kind(file) in {*wanted, None}), None)
    if newest is None and _kind(PRETRAINED) in wanted:
        return PRETRAINED
    if newest is None:
        raise InputError(
            f"no checkpoint: none in {folder}/, none given (ckpt=…) and HUMOUSE_CKPT is not set; "
            "train one with: humouse train data=NAME"
        )
    return newest
