"""The scoring service, `humouse serve`: movements and sessions in over HTTP, verdicts out."""
