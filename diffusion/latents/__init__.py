"""The specification's import path; the code is in `humouse.diffusion.latents`."""
