"""One stage of the UNet: two convolutions with normalisation, FiLM, SiLU and dropout."""

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

from jaxtyping import Float
from torch import Tensor, nn

from humouse.diffusion.models.convolution import StepConv
from humouse.diffusion.models.normalisation import group_count, norm_film_silu
from humouse.diffusion.models.validity import Validity


class Stage(nn.Module):
    """2 × (conv(3) → GroupNorm → SiLU → dropout), FiLM between the first norm and its SiLU.

    Args:
        widths: Channels in, after the first convolution, after the second if there is one, ….
        embed_dim: Size E of FiLM's input.
        dropout: Probability that an entry is dropped in training.
    """

    def __init__(self, widths: Sequence[int], embed_dim: int, dropout: float) -> None:
        super().__init__()
        self.widths, self.dropout = tuple(widths), dropout
        self.convs = nn.ModuleList(StepConv(a, b) for a, b in pairwise(widths))
        # These modules hold gains and shifts; the masked statistics are our own.
        self.norms = nn.ModuleList(nn.GroupNorm(group_count(width), width) for width in widths[1:])
        self.film = nn.Linear(embed_dim, 2 * sum(widths[1:]))

    def forward(
        self,
        x: Float[Tensor, "B T Cin"],
        validity: Validity,
        embedded: Float[Tensor, "B E"],
    ) -> Float[Tensor, "B T Cout"]:
        """Return [B, T, Cout], zero at padding; x must be zero there too."""
        widths = [width for width in self.widths[1:] for _ in ("gain", "shift")]
        film = self.film(embedded).split(widths, 1)
        dropout = self.dropout if self.training else 0.0
        for index, (conv, module) in enumerate(zip(self.convs, self.norms, strict=True)):
            norm = cast(nn.GroupNorm, module)
            # (1 + f) γ n and (γ + f) n are equivalent, as f is learned; the second is one operation.
            gain, shift = norm.weight + film[2 * index], norm.bias + film[2 * index + 1]
            x = norm_film_silu(conv(x), validity, gain, shift, norm.num_groups, dropout)
        return x

    def flops(self, T: int) -> int:
        """Return the operations over one sequence of T steps, two for each multiply-add."""
        film = 2 * self.film.in_features * self.film.out_features
        return film + sum(cast(StepConv, conv).flops(T) for conv in self.convs)
