"""The recorder's server: its page, the batches that the page sends, and the report at the end."""

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Request, Response
from fastapi import Path as InPath
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.trustedhost import TrustedHostMiddleware

from humouse.capture import WEB
from humouse.capture.faults import sentence_of
from humouse.capture.payload import Batch, Name
from humouse.files import reason_of
from humouse.recorder.store import Store

HOST = "127.0.0.1"
MOST_BYTES = 2_000_000
"""Of one batch: some four times what the script's largest has."""

_WEB = Path(__file__).parent / "web"
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",  # another version of the page may be served here next time
}

Session = Annotated[Name, InPath()]


def make_app(store: Store) -> FastAPI:
    """Return the application that keeps what it is sent in a store."""
    app = FastAPI(title="humouse record", openapi_url=None)
    # Another site's page in the same browser may neither post here nor read, under whatever name.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])

    @app.middleware("http")
    async def guard(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        size = request.headers.get("content-length", "")
        if request.method == "POST" and not (size.isdecimal() and int(size) <= MOST_BYTES):
            return _said(413, f"a batch has at most {MOST_BYTES:,} bytes, and says how many")
        response = await answer(request)
        response.headers.update(_HEADERS)
        return response

    @app.exception_handler(RequestValidationError)
    async def refused(request: Request, error: RequestValidationError) -> Response:
        return _said(422, sentence_of(error.errors()))

    @app.exception_handler(OSError)
    async def unwritten(request: Request, error: OSError) -> Response:
        return _said(507, f"{store.folder}: cannot be written ({reason_of(error)})")

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        print(f"humouse: {request.url.path}: {error!r}", file=sys.stderr)
        return _said(500, f"an error of the recorder's own: {error!r}")

    @app.post("/v1/sessions/{session}/events")
    def events(session: Session, batch: Batch) -> dict[str, bool]:
        return {"stored": store.add(session, batch)}

    @app.get("/v1/sessions/{session}/report")
    def report(session: Session) -> Any:
        from humouse.recorder.own import own_report  # models and detector: seconds to import

        path = store.path(session)
        return own_report(path) if path.is_file() else {"movements": 0}

    @app.get("/about.json")
    def about() -> dict[str, str]:
        return {"folder": str(store.folder)}

    @app.get("/humouse.js")
    def script() -> FileResponse:
        return FileResponse(WEB / "humouse.js", media_type="text/javascript")

    @app.get("/page.css")
    def style() -> FileResponse:
        return FileResponse(WEB / "page.css")

    app.mount("/", StaticFiles(directory=_WEB, html=True))
    return app


def _said(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"error": sentence}, status)
