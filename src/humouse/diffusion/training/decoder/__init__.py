"""Training and tuning the decoder."""
