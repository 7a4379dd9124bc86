"""Around every request: its line in the log, its place in the metrics, and no failure without an answer."""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from humouse.service import metrics
from humouse.service.failures import Refusal
from humouse.service.logs import said

_LOG = logging.getLogger("humouse.service")
_QUIET = ("/healthz", "/readyz", "/metrics")


class Watch:
    """Logs and counts requests.

    Args:
        app: What answers them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; one that fails is answered with 500, and its cause logged."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def send_watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_watched)
        except Exception as error:
            _LOG.error("request failed", extra={"error": said(error)})
            if not status:
                refusal = Refusal(500, "a mistake of the service; its log says where")
                await refusal.response()(scope, receive, send_watched)
        _note(scope, status, time.perf_counter() - began)


def _note(scope: Scope, status: int, seconds: float) -> None:
    # The route, not the path: a path may hold anything, and names sessions.
    route = getattr(scope.get("route"), "path", "none")
    method = "none" if route == "none" else scope["method"]
    metrics.REQUESTS.labels(method, route, str(status)).inc()
    metrics.SECONDS.labels(route).observe(seconds)
    if route in _QUIET:
        return
    fields = {"method": method, "route": route, "status": status}
    _LOG.info("request", extra=fields | {"ms": round(seconds * 1000, 1)})
