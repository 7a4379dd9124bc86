"""The two players' losses, and the penalty that keeps the discriminator smooth.

| loss    | discriminator                                   | generator        |
|---------|-------------------------------------------------|------------------|
| "hinge" | max(0, 1 − D(real)) + max(0, 1 + D(fake))       | −D(fake)         |
| "bce"   | softplus(−D(real)) + softplus(D(fake))          | softplus(−D(fake)) |

("hinge": Lim & Ye 2017, arXiv:1705.02894; "bce": binary cross-entropy with the non-saturating
generator of Goodfellow et al. 2014, arXiv:1406.2661.) All are sums over movements: divided by the
number in the whole batch, the losses of its parts add up to its mean.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from humouse.gan.models import Discriminator


def discriminator_loss(
    real: Float[Tensor, "B"], fake: Float[Tensor, "B"], loss: str
) -> Float[Tensor, ""]:
    """Return the discriminator's loss of its scores on recorded and on generated movements."""
    if loss == "hinge":
        return F.relu(1 - real).sum() + F.relu(1 + fake).sum()
    return F.softplus(-real).sum() + F.softplus(fake).sum()


def generator_loss(fake: Float[Tensor, "B"], loss: str) -> Float[Tensor, ""]:
    """Return the generator's loss of the discriminator's scores on generated movements."""
    return -fake.sum() if loss == "hinge" else F.softplus(-fake).sum()


def gradient_penalty(
    discriminator: Discriminator,
    x: Float[Tensor, "B T C"],
    mask: Bool[Tensor, "B T"],
    cond: Float[Tensor, "B K"] | None,
) -> tuple[Float[Tensor, "B"], Float[Tensor, ""]]:
    """Return the scores of recorded movements, and R1: Σ ‖∇ₓ D(x)‖² / 2 over them.

    (Mescheder et al. 2018, arXiv:1801.04406, equation 9 with γ = 1; the gradient at padding is 0.)
    """
    x = x.detach().requires_grad_()
    scores = discriminator(x, mask, cond)
    (slope,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
    return scores, slope.square().sum() / 2
