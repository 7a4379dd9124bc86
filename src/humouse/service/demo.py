"""`/demo`: a page on which a visitor moves the mouse and is judged, beside bots that are played."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from humouse.capture import WEB
from humouse.service.failures import Refusal

PAGE, SCRIPT = "/demo", "/humouse.js"
"""The page, what lies below it, and the script that records a page's mouse."""

_OWN = Path(__file__).parent / "web"
_FILES = {
    "demo.js": _OWN,
    "movements.json": _OWN,
    "page.css": WEB,
    "style.css": _OWN,
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",  # another version may be served here next time
}


def demo() -> APIRouter:
    """Return the routes of the page; they are no part of the interface, and stand in no document of it."""
    router = APIRouter(include_in_schema=False)

    @router.get(PAGE)
    async def page() -> FileResponse:
        return FileResponse(_OWN / "index.html", headers=_HEADERS)

    @router.get(f"{PAGE}/{{name}}")
    async def part(name: str) -> FileResponse:
        if name not in _FILES:
            raise Refusal(404, "nothing is here; the page is /demo")
        return FileResponse(_FILES[name] / name, headers=_HEADERS)

    @router.get(SCRIPT)
    async def script() -> FileResponse:
        # Another site's page may import it.
        headers = _HEADERS | {"Access-Control-Allow-Origin": "*"}
        return FileResponse(WEB / "humouse.js", media_type="text/javascript", headers=headers)

    return router
