"""From a half-denoised movement to whole events: an autoregressive decoder of the reverse process.

Ho et al. (2006.11239, section 3.3) end the reverse process with a discrete decoder p(x₀ | x₁) that
predicts each value independently. Here the decoder takes over earlier, at a chosen noise time, and
makes one event after another. What happens from one event to the next (rounding, clock ticks,
smoothness, the last step onto the goal) is discrete and exact, and learned at less cost this way than
at the low-noise end of a diffusion. The diffusion decides where a movement goes and how.
"""

from humouse.diffusion.decoder.network import EventDecoder

__all__ = ["EventDecoder"]
