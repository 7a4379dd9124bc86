"""`humouse publish`: a trained model → two small files without any person's numbers."""

from dataclasses import replace
from pathlib import Path

from torch import Tensor

from humouse.codec import SetupPrior
from humouse.diffusion.model import DIFFUSION, model_in
from humouse.errors import InputError
from humouse.files import set_aside_in, versions
from humouse.settings import PublishSettings
from humouse.training.checkpoint import Checkpoint, find_checkpoint
from humouse.training.published_file import SUFFIX


def published(saved: Checkpoint, setup: str | None = None) -> Checkpoint:
    """Return what sampling needs of a checkpoint, its averaged weights in half precision.

    The codec's prior, which in a checkpoint is the train split's own lengths and conditions, becomes
    a distribution learned from them. What only training needs (optimiser, raw weights) is left out.

    Args:
        saved: The checkpoint.
        setup: The one set-up, of several, whose movements it is to draw; None for all.

    Raises:
        InputError: There is no such set-up.
    """
    codec = dict(saved.codec)
    prior = SetupPrior.from_state(codec["prior"], codec["prior_kind"])
    prior = (prior if setup is None else prior.only(setup)).learned()
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


def _half(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: weight.half() for name, weight in weights.items()}


def run(settings: PublishSettings) -> None:
    """Publish as the settings say; print where the file is, and what to write beside it."""
    out = Path(settings.out)
    if out.suffix != SUFFIX:
        raise InputError(f"out={out}: give a name that ends with {SUFFIX}; its JSON goes beside it")
    path = find_checkpoint(settings.ckpt, DIFFUSION)
    saved = Checkpoint.load(path, DIFFUSION)
    model_in(saved, path)  # says what is wrong with it, if anything is
    if not saved.model:
        raise InputError(f"{path}: published already; copy it and its JSON")
    small = published(saved, settings.setup)
    set_aside_in(out.parent, [out.name, out.with_suffix(".json").name])
    small.save(out)
    size_mb = out.stat().st_size / 1e6
    count = sum(weight.numel() for weight in small.ema.values())
    print(f"{out}: {count:,} parameters in half precision, {size_mb:.1f} MB")
    print(f"{out.with_suffix('.json')}: all the rest; the two belong together")
    print(
        "write a model card beside them: data, people left out, scores with their human–human baselines"
    )
