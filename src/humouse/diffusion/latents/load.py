"""The trained autoencoder, as it comes out of a checkpoint, and whether a run may build on it."""

from pathlib import Path

import torch

from humouse.codec import Codec, codec_from_state
from humouse.codec.from_settings import make_codec
from humouse.data.dataset import dataset
from humouse.data.splits import held_out_gestures
from humouse.diffusion.latents.codec import LatentCodec, build_autoencoder
from humouse.diffusion.latents.gate import verdict
from humouse.errors import InputError
from humouse.settings import DataSettings
from humouse.training.checkpoint import AUTOENCODER, Checkpoint


def load_autoencoder(path: str | Path) -> LatentCodec:
    """Return the codec that the autoencoder in a checkpoint makes; its latents are not standardised.

    Raises:
        InputError: There is no such checkpoint, or it holds something else.
    """
    return _codec_in(Checkpoint.load(path, AUTOENCODER), Path(path))


def _codec_in(saved: Checkpoint, path: Path) -> LatentCodec:
    try:
        base = codec_from_state(saved.codec)
        autoencoder = build_autoencoder(saved.config, base)
        autoencoder.load_state_dict(saved.best or saved.ema)
        return LatentCodec(base, autoencoder, gate=saved.history.get("gate"))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).split("\n")[0]
        raise InputError(f"{path}: does not fit this version of humouse ({reason})") from error


def latent_codec(data: DataSettings) -> LatentCodec:
    """Return the codec of the autoencoder that a run's data settings name, fitted on its train split.

    Says so where the autoencoder's own gate was not passed.

    Raises:
        InputError: The autoencoder's checkpoint cannot be read, or was trained with another codec or
            on other data.
    """
    if data.autoencoder is None:
        raise ValueError("the settings name no autoencoder")
    saved = Checkpoint.load(data.autoencoder, AUTOENCODER)
    codec = _codec_in(saved, Path(data.autoencoder))
    _check_same_codec(data, codec.base)
    prepared = dataset(data, shown=False)
    if saved.data["sha256"] != prepared.sha256:
        raise InputError(
            f"{data.autoencoder}: trained on other data ({saved.data['origin']} of "
            f"{saved.data['folder']}) than {prepared.folder} holds; train it anew on these: humouse "
            "train autoencoder"
        )
    theirs = saved.config["data"]["held_out_share"]
    if theirs != data.held_out_share:
        raise InputError(
            f"{data.autoencoder}: trained with data.held_out_share={theirs}, here "
            f"{data.held_out_share}: it must have seen the same gestures; give the same"
        )
    print(verdict(codec.gate, data.autoencoder))
    train = prepared.split("train")
    kept, _ = held_out_gestures(len(train), data.held_out_share)
    codec.fit(train[torch.from_numpy(kept)])
    return codec


def _check_same_codec(data: DataSettings, base: Codec) -> None:
    wanted = make_codec(data)
    theirs = {"codec": base.name, **base.settings()}
    ours = {"codec": wanted.name, **wanted.settings()}
    different = [key for key in ours if theirs.get(key) != ours[key]]
    if different:
        told = "; ".join(f"{key}: {theirs.get(key)}, here {ours[key]}" for key in different)
        raise InputError(
            f"{data.autoencoder}: trained with another codec ({told}); give the same data settings, or "
            "train one with these"
        )
