"""Where a training's weights start: at random, or at another model's, which is then fine-tuned."""

from torch import nn

from humouse.diffusion.model import DECODER, DIFFUSION
from humouse.errors import InputError
from humouse.training.checkpoint import Checkpoint, find_checkpoint


def start_from(network: nn.Module, ckpt: str | None, *, decoder: bool) -> None:
    """Give a network a trained model's averaged weights.

    Args:
        network: A denoiser's network or a decoder, changed in place.
        ckpt: The model's checkpoint, or "pretrained"; None leaves the network as it is.
        decoder: Whether the network is a decoder; a model without one leaves it as it is.

    Raises:
        InputError: There is no such checkpoint, or its network is another one.
    """
    if ckpt is None:
        return
    path = find_checkpoint(ckpt, DIFFUSION)
    saved = Checkpoint.load(path, DIFFUSION)
    own = {
        name.removeprefix(DECODER): value.float()
        for name, value in saved.serving.items()
        if name.startswith(DECODER) == decoder
    }
    if decoder and not own:
        return
    try:
        network.load_state_dict(own)
    except RuntimeError as error:
        section = "decoder" if decoder else "model"
        raise InputError(
            f"start_from={ckpt}: its network is another one; give the settings {section}.* and data.codec "
            "that it was trained with, or start_from=null"
        ) from error
