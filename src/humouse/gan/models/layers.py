"""Masked layers over time: [B, T, width], zero at padding before and after each."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


class TimeConv(nn.Conv1d):
    """Three-tap convolution over time of [B, T, width], zero beyond both ends.

    It computes what `torch.nn.Conv1d` does, as a 1×3 image convolution: [B, T, width] is the
    channels-last layout of an image, for which kernels are fastest and nothing is transposed.
    """

    def __init__(self, taken: int, given: int) -> None:
        super().__init__(taken, given, kernel_size=3, padding=1)

    def forward(self, x: Float[Tensor, "B T taken"]) -> Float[Tensor, "B T given"]:
        """Convolve [B, T, taken] to [B, T, given]."""
        image = x.unsqueeze(1).permute(0, 3, 1, 2)
        out = F.conv2d(image, self.weight.unsqueeze(2), self.bias, padding=(0, 1))
        return out.permute(0, 2, 3, 1).squeeze(1)


class StyledBlock(nn.Module):
    """Residual block of two convolutions, each scaled and shifted by the movement's style (FiLM).

    Each step is normalised by its own root mean square over channels, which padding cannot affect.

    Args:
        width: Channels in and out.
        style_dim: Size of the style.
    """

    def __init__(self, width: int, style_dim: int) -> None:
        super().__init__()
        self.films = nn.ModuleList(nn.Linear(style_dim, 2 * width) for _ in range(2))
        self.convs = nn.ModuleList(TimeConv(width, width) for _ in range(2))

    def forward(
        self,
        x: Float[Tensor, "B T W"],
        valid: Float[Tensor, "B T 1"],
        style: Float[Tensor, "B E"],
    ) -> Float[Tensor, "B T W"]:
        """Return [B, T, W]."""
        h = x
        for film, conv in zip(self.films, self.convs, strict=True):
            scale, shift = film(style)[:, None].chunk(2, 2)
            size = (h.square().mean(2, keepdim=True) + 1e-4).rsqrt()
            h = F.leaky_relu(h * size * (1 + scale) + shift, 0.2)
            h = conv(h * valid) * valid
        return (x + h) * 0.5**0.5


class PlainBlock(nn.Module):
    """Residual block of two convolutions, without normalisation.

    Args:
        width: Channels in and out.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(TimeConv(width, width) for _ in range(2))

    def forward(
        self, x: Float[Tensor, "B T W"], valid: Float[Tensor, "B T 1"]
    ) -> Float[Tensor, "B T W"]:
        """Return [B, T, W]."""
        h = x
        for conv in self.convs:
            h = conv(F.leaky_relu(h, 0.2)) * valid
        return (x + h) * 0.5**0.5


def halved(x: Float[Tensor, "B T W"], valid: Float[Tensor, "B T 1"]) -> Float[Tensor, "B t W"]:
    """Return the mean over the valid steps of each pair."""
    count = valid.unflatten(1, (-1, 2)).sum(2).clamp(min=1)
    return x.unflatten(1, (-1, 2)).sum(2) / count


def doubled(x: Float[Tensor, "B t W"], valid: Float[Tensor, "B T 1"]) -> Float[Tensor, "B T W"]:
    """Return each step twice, zero at padding."""
    return x.repeat_interleave(2, 1) * valid


def scales(valid: Float[Tensor, "B T 1"], count: int) -> list[Float[Tensor, "B t 1"]]:
    """Return the mask at `count` resolutions, the finest first; a pair is valid if its first step is."""
    return [valid[:, :: 2**level] for level in range(count)]
