"""Self-attention over the valid steps (Vaswani et al. 2017, arXiv:1706.03762)."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from humouse.diffusion.models.normalisation import group_count, masked_group_norm
from humouse.diffusion.models.validity import Validity


class StepAttention(nn.Module):
    """Residual multi-head self-attention: x + W · attend(norm(x)), over valid steps only.

    Args:
        channels: Width C.
        heads: Number of heads; must divide C.

    Raises:
        ValueError: The heads do not divide the channels.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        if heads < 1 or channels % heads:
            raise ValueError(f"{heads} attention heads do not divide {channels} channels")
        self.heads = heads
        self.norm = nn.GroupNorm(
            group_count(channels), channels
        )  # holds gain and shift; the masked statistics are our own
        self.qkv = nn.Linear(channels, 3 * channels, bias=False)
        self.out = nn.Linear(channels, channels)

    def forward(self, x: Float[Tensor, "B T C"], validity: Validity) -> Float[Tensor, "B T C"]:
        """Return x + W · attend(norm(x)) [B, T, C], zero at padding."""
        normed = masked_group_norm(x, validity, self.norm.num_groups)
        normed = normed * self.norm.weight + self.norm.bias
        return validity.zeroed(x + self.attend(normed.to(x.dtype), validity))

    def attend(self, x: Float[Tensor, "B T C"], validity: Validity) -> Float[Tensor, "B T C"]:
        """Return multi-head attention of x [B, T, C] over its valid steps, without the residual."""
        q, k, v = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        valid = validity.mask.squeeze(2) > 0
        # A sequence without steps attends to everything, since a softmax over nothing is NaN.
        keys = valid | ~valid.any(1, keepdim=True)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=keys[:, None, None])
        return self.out(mixed.transpose(1, 2).flatten(2))

    def flops(self, T: int) -> int:
        """Return the operations over one sequence of T steps, two for each multiply-add."""
        channels = self.out.in_features
        return 2 * T * channels * (4 * channels + 2 * T)
