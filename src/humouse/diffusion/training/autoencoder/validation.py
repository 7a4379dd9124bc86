"""Validation of an autoencoder: loss, exact steps, separability of reconstructions."""

from dataclasses import dataclass

import torch
from matplotlib.figure import Figure

from humouse.codec import valid_steps
from humouse.diffusion.latents.codec import LatentCodec
from humouse.diffusion.training.autoencoder.cells import cells
from humouse.diffusion.training.autoencoder.objective import reconstruction_errors
from humouse.eval.format_gate import round_trip_areas
from humouse.features.modes import FEATURE_MODES
from humouse.figures import gesture_gallery
from humouse.training.validation import SampleCheck


@dataclass(frozen=True)
class RoundTrip(SampleCheck):
    """A fixed set of validation gestures to encode and decode."""

    @torch.no_grad()
    def numbers(self, codec: LatentCodec, *, softness: float) -> dict[str, float]:
        """Return the masked loss without noise, and the share of steps that come back exactly."""
        x0, frame = codec.base.encode(self.people)
        mask = valid_steps(codec.base.steps(frame.lengths), x0.shape[1])
        decoded = codec.reconstructed(codec.encode(self.people)[0], frame)
        ends = cells(codec.base, x0)
        errors = reconstruction_errors(decoded, x0, mask, ends, softness=softness)
        loss = float(errors.sum()) / (int(mask.sum()) * x0.shape[2])
        if ends is None:
            return {"val_loss": loss}
        right = ((decoded > ends[0]) & (decoded < ends[1])).all(2)[mask]
        return {"val_loss": loss, "exact_steps": float(right.float().mean())}

    def gate(self, codec: LatentCodec) -> tuple[dict[str, float], str]:
        """Return the AUC of each probe between people and the same decoded, and what moved most."""
        groups = FEATURE_MODES[self.feature_mode]
        areas, moved = round_trip_areas(self.people, codec, groups=groups, seed=self.seed)
        return {f"gate_{probe}_auc": area for probe, area in areas.items()}, moved

    def picture(self, codec: LatentCodec) -> Figure:
        """Return people's gestures beside the same ones decoded."""
        decoded = codec.decode(*codec.encode(self.people), origin="decoded")
        return gesture_gallery(codec.canonicalize(self.people), decoded)
