"""Loads the trained autoencoder in a checkpoint, and checks that a run can build on it."""

from collections.abc import Mapping
from pathlib import Path

from humouse.codec import codec_from_state
from humouse.codec.from_settings import codec_differences
from humouse.diffusion.latents.codec import LatentCodec, build_autoencoder
from humouse.errors import InputError
from humouse.settings import AutoencoderSettings, DataSettings
from humouse.training.checkpoint import Checkpoint, Kind
from humouse.training.data import TrainingData

AUTOENCODER = Kind("humouse autoencoder checkpoint", "humouse train autoencoder")
GOOD_AUC, WARNED_AUC = 0.52, 0.55
"""Separability of people from their reconstructions that is good, and above which users are warned."""


def load_autoencoder(path: str | Path) -> LatentCodec:
    """Return the codec of the autoencoder in a checkpoint; its latents are not standardised yet.

    Raises:
        InputError: There is no such checkpoint, or it holds something else.
    """
    saved = Checkpoint.load(path, AUTOENCODER)
    return _codec_in(saved, saved.settings(AutoencoderSettings, Path(path)), Path(path))


def _codec_in(saved: Checkpoint, settings: AutoencoderSettings, path: Path) -> LatentCodec:
    try:
        base = codec_from_state(saved.codec)
        autoencoder = build_autoencoder(settings.model, base)
        autoencoder.load_state_dict(saved.serving)
        return LatentCodec(base, autoencoder, gate=saved.history.get("gate"))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).split("\n")[0]
        raise InputError(f"{path}: does not fit this version of humouse ({reason})") from error


def latent_codec(settings: DataSettings, data: TrainingData) -> LatentCodec:
    """Return the codec of the autoencoder that a run's data settings name, fitted on its train split.

    Prints how well the autoencoder reconstructs, with a warning where it is bad.

    Args:
        settings: The run's data settings.
        data: The splits that they name.

    Raises:
        InputError: The autoencoder's checkpoint cannot be read, or was trained with another codec or
            on other data.
    """
    if settings.autoencoder is None:
        raise ValueError("the settings name no autoencoder")
    path = settings.autoencoder
    saved = Checkpoint.load(path, AUTOENCODER)
    theirs = saved.settings(AutoencoderSettings, Path(path))
    codec = _codec_in(saved, theirs, Path(path))
    if different := codec_differences(codec.base, settings):
        raise InputError(
            f"{path}: trained with another codec ({different}); give the same data settings, or "
            "train one with these"
        )
    if saved.data["sha256"] != data.prepared.sha256:
        raise InputError(
            f"{path}: trained on other data ({saved.data['origin']} of "
            f"{saved.data['folder']}) than {data.prepared.folder} holds; train it again on these: "
            "humouse train autoencoder"
        )
    if theirs.data.held_out_share != settings.held_out_share:
        raise InputError(
            f"{path}: trained with data.held_out_share={theirs.data.held_out_share}, here "
            f"{settings.held_out_share}: it must have seen the same gestures; give the same"
        )
    print(reconstruction_summary(codec.gate, path))
    codec.fit(data.train)
    return codec


def reconstruction_summary(gate: Mapping[str, float], path: str | Path) -> str:
    """Return one line about an autoencoder: its numbers, and a warning where they are bad.

    Args:
        gate: "gate_PROBE_auc" of each probe between people and the same people decoded and, of a
            codec with a grid, "exact_steps"; empty where the training was interrupted before it
            was measured.
        path: Its checkpoint.
    """
    areas = {name: value for name, value in gate.items() if name.startswith("gate_")}
    if not areas:
        return f"warning: {path} was not finished: its reconstruction was never measured"
    numbers = ", ".join(f"{name} {value:.3f}" for name, value in gate.items())
    if max(areas.values()) > WARNED_AUC:
        return (
            f"warning: {path}: a classifier separates people from their reconstructions ({numbers}; "
            f"at most {GOOD_AUC} is good), and will separate whatever a model on it makes; give it "
            "more epochs or more latent_channels"
        )
    return f"reconstruction of {path}: {numbers} (at most {GOOD_AUC} is good)"
