"""One step of an LSTM, for sampling: its product in bfloat16 where the CPU multiplies that natively."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class LSTMStep:
    """Takes the steps of a one-layer LSTM one by one.

    The step is one product of [B, 2 H] and [2 H, 4 H], which is most of a decoder's work. In bfloat16 a
    CPU with AVX512-BF16 or AMX computes it two to three times as fast; sums stay in float32.

    Args:
        lstm: Of one layer and one direction.
    """

    def __init__(self, lstm: nn.LSTM) -> None:
        of_inputs, of_hidden, bias, more_bias = lstm.all_weights[0]
        weights = torch.cat([of_inputs, of_hidden], 1)
        self.dtype = _fastest(weights)
        self.weights = weights.to(self.dtype)
        self.bias = bias + more_bias

    def __call__(
        self, inputs: Float[Tensor, "B D"], memory: tuple[Tensor, Tensor]
    ) -> tuple[Float[Tensor, "B H"], Float[Tensor, "B H"]]:
        """Return the hidden state and the cell's state after a step.

        Args:
            inputs: [B, D] of the step.
            memory: Both states before it, each [B, H].
        """
        hidden, cell = memory
        both = torch.cat([inputs, hidden], 1).to(self.dtype)
        gates = nn.functional.linear(both, self.weights).float() + self.bias
        enter, forget, new, out = gates.chunk(4, 1)
        cell = forget.sigmoid() * cell + enter.sigmoid() * new.tanh()
        return out.sigmoid() * cell.tanh(), cell


def _fastest(weights: Tensor) -> torch.dtype:
    """Return the type in which products with these weights are fastest."""
    if weights.device.type != "cpu":
        return weights.dtype
    able = torch.cpu.get_capabilities()
    return torch.bfloat16 if able.get("avx512_bf16") or able.get("amx_bf16") else weights.dtype
