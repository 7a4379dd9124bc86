"""Showing a page in the user's browser."""

import sys
import webbrowser
from pathlib import Path


def show(page: Path) -> None:
    """Open a page in the browser; where there is none, say on standard error where the page lies."""
    address = page.resolve().as_uri()
    try:
        opened = webbrowser.open(address)
    except webbrowser.Error:
        opened = False
    if not opened:
        print(f"note: found no browser to open; the page is {address}", file=sys.stderr)
