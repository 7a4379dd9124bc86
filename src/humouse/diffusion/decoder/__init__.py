"""From a half-denoised movement to whole events: an autoregressive decoder of the reverse process.

Ho et al. (2006.11239, section 3.3) end the reverse process with a discrete decoder p(x₀ | x₁) that
takes each value by itself. Here the decoder takes over earlier, at a noise time of one's choice, and
writes event after event: what people and their devices do from one event to the next (rounding, ticks,
smoothness, the last step onto the target) is discrete and exact, and cheaper to learn so than as the
low-noise end of a diffusion; where a movement goes, how, and in what variety is the diffusion's.
"""

from humouse.diffusion.decoder.network import EventDecoder

__all__ = ["EventDecoder"]
