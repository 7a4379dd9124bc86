"""A web server on this machine that serves bytes, resumes (HTTP Range) and breaks off when told."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class RangeServer:
    """What it serves, and what it was asked for.

    Attributes:
        files: Content by path, "/a.zip".
        tag: The ETag of all of them; None for none.
        cuts: After how many bytes the next answers break off, one an answer.
        asked: The Range of each request, "" where it had none.
        stall_after: After how many bytes an answer waits until this is None; None for never.
        resumes: Whether it knows ranges at all.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.tag: str | None = '"1"'
        self.cuts: list[int] = []
        self.asked: list[str] = []
        self.stall_after: int | None = None
        self.resumes = True
        self.address = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        asked = request.headers.get("Range", "")
        self.asked.append(asked)
        content = self.files.get(request.path)
        if content is None:
            request.send_error(404)
            return
        first = int(asked.removeprefix("bytes=").partition("-")[0]) if asked else 0
        if not self.resumes or request.headers.get("If-Range", self.tag) != self.tag:
            first = 0
        if first and first >= len(content):
            request.send_error(416)
            return
        request.send_response(206 if first else 200)
        if first:
            request.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        request.send_header("Content-Length", str(len(content) - first))
        if self.tag:
            request.send_header("ETag", self.tag)
        request.end_headers()
        until = first + self.cuts.pop(0) if self.cuts else len(content)
        pause = until if self.stall_after is None else self.stall_after
        request.wfile.write(content[first:pause])
        while self.stall_after is not None:
            time.sleep(0.01)
        request.wfile.write(content[pause:until])


@contextmanager
def range_server() -> Iterator[RangeServer]:
    """Run a server in a thread."""
    state = RangeServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(ConnectionError):  # whoever asked may be gone
                state.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
