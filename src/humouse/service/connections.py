"""How many may be connected at once: who comes when there are more is told so, and sent away."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from humouse.service.failures import Refusal

_ALIVE = "/healthz"
"""It is asked whether to start the process anew, which being busy is no reason for."""


class Connections:
    """Refuses requests while too many connections are open, and closes theirs.

    The server's own limit would answer in plain text.

    Args:
        app: What answers the others. The open connections are its `state.connections`.
        most: Connections.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http" or scope["path"] == _ALIVE or not self._too_many(scope):
            await self._app(scope, receive, send)
            return

        async def send_closing(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        refusal = Refusal(503, f"more than {self._most} connections are open; come again soon", 1)
        await refusal.response()(scope, receive, send_closing)

    def _too_many(self, scope: Scope) -> bool:
        return len(getattr(scope["app"].state, "connections", ())) > self._most
