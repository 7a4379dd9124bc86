"""A convolution over time on [B, T, C], in the layout of the fastest kernels."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


class StepConv(nn.Conv1d):
    """Three-tap convolution over time of [B, T, C], zero beyond both ends.

    It computes what `torch.nn.Conv1d` does, with the same weights, as a 1×3 image convolution in
    channels-last layout: [B, T, C] *is* that layout, so nothing is transposed, and the kernel is
    nearly as fast as a plain matrix product.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, kernel_size=3, padding=1)
        # Same values and shape, in the kernel's memory order, which otherwise is made on every pass.
        ordered = self.weight.detach().transpose(1, 2).contiguous().transpose(1, 2)
        self.weight = nn.Parameter(ordered)

    def forward(self, x: Float[Tensor, "B T Cin"]) -> Float[Tensor, "B T Cout"]:
        """Convolve [B, T, Cin] to [B, T, Cout]."""
        image = x.unsqueeze(1).permute(0, 3, 1, 2)  # [B, Cin, 1, T], channels last in memory
        out = F.conv2d(image, self.weight.unsqueeze(2), self.bias, padding=(0, 1))
        return out.permute(0, 2, 3, 1).squeeze(1)

    def flops(self, T: int) -> int:
        """Return the operations over one sequence of T steps, two for each multiply-add."""
        return 2 * T * self.weight.numel()
