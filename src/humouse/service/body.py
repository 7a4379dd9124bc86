"""Bodies: bounded before and while they are read, unpacked where they are in gzip."""

import asyncio
import zlib

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from humouse.service.failures import Refusal


class Body:
    """Reads each body whole, within bounds.

    Args:
        app: What is given the body.
        most_bytes: Of a body, as sent and as unpacked.
        within_s: How long a client may take to send it.
    """

    def __init__(self, app: ASGIApp, most_bytes: int, within_s: float) -> None:
        self._app, self._most, self._within_s = app, most_bytes, within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it for its body."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        try:
            self._check_length(headers.get(b"content-length", b"0"))
            async with asyncio.timeout(self._within_s):
                sent = await self._read(receive)
            body = self._unpacked(sent, headers.get(b"content-encoding", b"").strip().lower())
        except TimeoutError:
            refusal = Refusal(408, f"the body did not come within {self._within_s:g} s")
            await refusal.response()(scope, receive, send)
            return
        except Refusal as refusal:
            await refusal.response()(scope, receive, send)
            return
        given: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_read() -> Message:
            return given.pop() if given else await receive()

        await self._app(scope, receive_read, send)

    def _check_length(self, said: bytes) -> None:
        if not said.isdigit():
            raise Refusal(400, "Content-Length is no number")
        if len(said) > 18 or int(said) > self._most:
            raise self._too_large()

    async def _read(self, receive: Receive) -> bytes:
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Refusal(400, "the body ends early")
            body += message.get("body", b"")
            if len(body) > self._most:
                raise self._too_large()
            if not message.get("more_body"):
                return bytes(body)

    def _unpacked(self, body: bytes, encoding: bytes) -> bytes:
        if encoding in (b"", b"identity"):
            return body
        if encoding != b"gzip":
            raise Refusal(415, "Content-Encoding: send plain JSON, or gzip")
        unpack = zlib.decompressobj(wbits=31)
        try:
            plain = unpack.decompress(body, self._most + 1)
        except zlib.error as error:
            raise Refusal(400, "the body is no gzip") from error
        if len(plain) > self._most:
            raise self._too_large()
        if not unpack.eof or unpack.unused_data:
            raise Refusal(400, "the body is gzip that ends early, or goes on after its end")
        return plain

    def _too_large(self) -> Refusal:
        return Refusal(413, f"the body is larger than {self._most:,} bytes; send it in parts")
