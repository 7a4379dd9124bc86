"""What `humouse.js` records in a page: its payload, the script itself, and the style that pages share."""

from pathlib import Path

WEB = Path(__file__).parent / "web"
"""Where the script, humouse.js, and the style, page.css, lie."""
