"""The movements that an evaluation compares, from settings: people, train people, a model's samples."""

import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from humouse.data.prepared import load_split, origin_of
from humouse.data.splits import held_out_gestures
from humouse.errors import InputError
from humouse.eval.pair import chosen
from humouse.files import sha256, versions
from humouse.progress import progress_bar
from humouse.trained_model import TrainedModel
from humouse.trajectories import Trajectories


@dataclass(frozen=True, eq=False)
class People:
    """The people that movements are compared with, and those that a model may have been trained on.

    Args:
        held_out: People of the validation split.
        train: People of the train split.
        source: What identifies the file of the first; see `origin_of`.
    """

    held_out: Trajectories
    train: Trajectories
    source: dict[str, Any]

    @classmethod
    def load(
        cls,
        val_split: str | None,
        train_split: str | None,
        model: TrainedModel | None,
        *,
        train_needed: bool = True,
        unseen: str = "people",
    ) -> "People":
        """Return the splits that settings name, or else the model's own.

        Args:
            val_split: The people to compare with; None for the model's own.
            train_split: Other people; None for the train split beside those.
            model: The model, if there is one.
            train_needed: Whether to do without where there is no train split, and none is named.
            unseen: Compare with whom the model has not seen: "people" of the validation split, or
                "gestures" of the train people that training held out.

        Raises:
            InputError: A split is missing, damaged or not named, or a person is in both; or no
                gestures were held out.
        """
        if unseen == "gestures":
            return cls._of_train_people(train_split, model)
        path = Path(val_split or _own_split(model, "val"))
        held_out = load_split(path)
        train = _train(train_split, path) if train_needed or _has_train(train_split, path) else None
        train = held_out[:0] if train is None else train
        people = cls(held_out, train[_known(train, model)[0]], origin_of(path))
        people._check()
        if model is not None and people.held_out.origin != model.data["origin"]:
            print(
                f"note: {model.path} was trained on {model.data['origin']}, and is compared with "
                f"people of {people.held_out.origin}: part of the difference is between the datasets",
                file=sys.stderr,
            )
        return people

    @classmethod
    def _of_train_people(cls, train_split: str | None, model: TrainedModel | None) -> "People":
        path = Path(train_split or _own_split(model, "train"))
        train = load_split(path)
        learned, held_out = _known(train, model)
        if not len(held_out):
            raise InputError(
                "unseen=gestures: the model held out none of its people's gestures; train with "
                "data.held_out_share=0.15, or leave unseen=people"
            )
        return cls(train[held_out], train[learned], origin_of(path))

    def _check(self) -> None:
        held_out, train = self.held_out, self.train
        if held_out.user is None or train.user is None or held_out.origin != train.origin:
            return
        both = np.intersect1d(held_out.user, train.user)
        if len(both):
            some = f"{', '.join(both[:3])}{' …' if len(both) > 3 else ''}"
            raise InputError(
                f"{self.source['path']}: {some}: among the train people too; a score on people that the "
                "model knows says nothing: name disjoint splits"
            )

    def of_setup(self, name: str) -> "People":
        """Return both without the people of other set-ups.

        Raises:
            InputError: Nobody is of this one.
        """
        mine = self.held_out.setup == name
        if not mine.any():
            known = ", ".join(sorted(set(filter(None, self.held_out.setup.tolist()))))
            remedy = (
                f"choose one of {known}" if known else "the people are of one alone: leave it out"
            )
            raise InputError(
                f"setup={name}: {self.source['path']} has nobody of this set-up; {remedy}"
            )
        return replace(
            self, held_out=self.held_out[mine], train=self.train[self.train.setup == name]
        )

    def in_codec_frame(self, model: TrainedModel | None) -> "People":
        """Return both as the model's codec sees them."""
        return replace(
            self,
            held_out=in_codec_frame(self.held_out, model),
            train=in_codec_frame(self.train, model),
        )


def _own_split(model: TrainedModel | None, name: str) -> Path:
    if model is None:
        raise InputError("val_split: name the people to compare the samples with, e.g. data/val")
    return Path(model.data["folder"]) / name


def _known(train: Trajectories, model: TrainedModel | None) -> tuple[np.ndarray, np.ndarray]:
    """Return which train gestures the model learned from, and which it held out."""
    share = 0.0 if model is None else model.settings.data.held_out_share
    return held_out_gestures(len(train), share)


def _has_train(train_split: str | None, val_path: Path) -> bool:
    return train_split is not None or val_path.with_name("train.parquet").is_file()


def _train(train_split: str | None, val_path: Path) -> Trajectories:
    if train_split is not None:
        return load_split(train_split)
    beside = val_path.with_name("train.parquet")
    if not beside.is_file():
        raise InputError(
            f"{beside}: no train split beside val_split; name other people, for the human–human "
            "baseline, with train_split=…, or leave out the references that need them"
        )
    return load_split(beside)


def provenance(settings: Any, model: TrainedModel | None, people: People) -> dict[str, Any]:
    """Return what made an evaluation: settings, people, versions, and the model if there is one."""
    content = {
        "settings": asdict(settings),
        "people": people.source,
        "versions": versions(),
    }
    if model is not None:
        content["checkpoint"] = {"path": str(model.path), "sha256": sha256(model.path)}
        content["trained_on"] = model.data
    return content


def in_codec_frame(movements: Trajectories, model: TrainedModel | None) -> Trajectories:
    """Return what fits the model's codec, as the codec sees it: the same for every set."""
    if model is None:
        return movements
    return model.codec.canonicalize(movements[model.codec.fits(movements)])


def samples(model: TrainedModel, n: int, *, like: Trajectories | None, seed: int) -> Trajectories:
    """Return n samples of the model, as its codec sees them.

    Args:
        model: The trained model.
        n: How many.
        like: Draw them on the lengths and conditions of these movements: of the n that an evaluation
            under this seed compares, where more fit. None draws from the train split's.
        seed: Of the samples.
    """
    if like is not None:
        like = chosen(like[model.codec.fits(like)], n, seed)
        n = len(like)
    with progress_bar("sampling", model.calls(n)) as advance:
        made = model.sample(n, like=like, seed=seed, progress=advance)
    return in_codec_frame(made, model)
