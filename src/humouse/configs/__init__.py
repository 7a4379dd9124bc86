"""Hydra configuration files; `humouse.settings` holds their schemas."""
