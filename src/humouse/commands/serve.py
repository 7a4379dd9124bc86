"""`humouse serve`: the scoring service."""

from humouse.service.server import serve
from humouse.settings import ServeSettings


def run(settings: ServeSettings) -> None:
    """Serve until told to stop."""
    serve(settings)
