"""`humouse publish`: a trained model → two small files without any person's numbers."""

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from humouse.codec import SetupPrior
from humouse.data.prepared import load_split
from humouse.data.splits import held_out_gestures
from humouse.diffusion.model import DIFFUSION, model_in
from humouse.errors import InputError
from humouse.files import set_aside_in, versions
from humouse.settings import PublishSettings
from humouse.training.checkpoint import Checkpoint, find_checkpoint
from humouse.training.published_file import SUFFIX
from humouse.trajectories import Trajectories


def published(saved: Checkpoint, prior: SetupPrior) -> Checkpoint:
    """Return what sampling needs of a checkpoint, its averaged weights in half precision.

    What only training needs (optimiser, raw weights) is left out.

    Args:
        saved: The checkpoint.
        prior: The lengths and conditions of people; a distribution that is learned from them takes their
            place.
    """
    codec, prior = dict(saved.codec), prior.learned()
    codec |= {"prior": prior.state(), "prior_kind": type(prior).__name__}
    # The file does not reveal where the data lay; the default folder finds the reader's own copy.
    folder = f"data/{saved.config['data']['dataset_id']}"
    serving = saved.for_sampling()
    return replace(
        serving,
        config=saved.config | {"data": saved.config["data"] | {"dir": folder}},
        versions=saved.versions | {"published_with": versions()["humouse"]},
        data=saved.data | {"folder": folder},
        codec=codec,
        ema=_half(serving.ema),
    )


def _people(split: str, saved: Checkpoint) -> Trajectories:
    """Return the people of a split, without the share of gestures that scores need unseen."""
    people = load_split(split)
    kept, _ = held_out_gestures(len(people), saved.config["data"]["held_out_share"])
    return people[torch.from_numpy(kept)]


def _half(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: weight.half() for name, weight in weights.items()}


def run(settings: PublishSettings) -> None:
    """Publish as the settings say; print where the file is, and what to write beside it."""
    out = Path(settings.out)
    if out.suffix != SUFFIX:
        raise InputError(f"out={out}: give a name that ends with {SUFFIX}; its JSON goes beside it")
    path = find_checkpoint(settings.ckpt, DIFFUSION)
    saved = Checkpoint.load(path, DIFFUSION)
    if settings.people is None and not saved.model:
        raise InputError(
            f"{path}: published already, so copy it and its JSON; or name people, whose conditions it is "
            "to draw, as in people=data/train"
        )
    codec = model_in(saved, path).codec  # says what is wrong with it, if anything is
    if settings.people is not None:
        codec = codec.with_people(_people(settings.people, saved))
    prior = codec.prior
    assert prior is not None
    small = published(saved, prior if settings.setup is None else prior.only(settings.setup))
    set_aside_in(out.parent, [out.name, out.with_suffix(".json").name])
    small.save(out)
    size_mb = out.stat().st_size / 1e6
    count = sum(weight.numel() for weight in small.ema.values())
    print(f"{out}: {count:,} parameters in half precision, {size_mb:.1f} MB")
    print(f"{out.with_suffix('.json')}: all the rest; the two belong together")
    print(
        "write a model card beside them: data, people left out, scores with their human–human baselines"
    )
