"""Who may ask, and how often: tokens and a rate for each client, before a body is read."""

import hmac
import ipaddress
import os
import re
import time
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from humouse.errors import InputError
from humouse.service.demo import PAGE, SCRIPT
from humouse.service.failures import Refusal

TOKENS = "HUMOUSE_TOKENS"
"""The environment variable with tokens, separated by blanks."""

_OPEN = ("/healthz", "/readyz", "/openapi.json")
_FILES = re.compile(rf"{PAGE}(/[^/]+)?|{SCRIPT}")
_EVENTS = re.compile(r"/v1/sessions/[^/]+/events")
_SHORTEST = 16
_CLIENTS = 10_000
"""Clients whose rate is remembered: those that asked last."""


def read_tokens(path: str | None, host: str) -> list[str]:
    """Return the tokens in a file, one a line, and in the environment.

    Args:
        path: The file, or None.
        host: The address that is served; one that others reach needs a token.

    Raises:
        InputError: The file cannot be read or holds none, a token is too short to be a secret, or there is
            none where one is needed.
    """
    tokens = os.environ.get(TOKENS, "").split()
    if path is not None:
        try:
            own = Path(path).read_text(encoding="utf-8").split()
        except (OSError, ValueError) as error:
            raise InputError(f"tokens_file={path}: cannot be read ({error})") from error
        if not own:
            raise InputError(f"tokens_file={path}: holds no token; write one a line")
        tokens += own
    if any(len(token) < _SHORTEST for token in tokens):
        raise InputError(
            f"a token has fewer than {_SHORTEST} characters; openssl rand -hex 24 makes one"
        )
    if not (tokens or _own(host)):
        raise InputError(
            f"host={host}: others can reach it, and no token is set; write one into a file and name it in "
            f"tokens_file=FILE, or set {TOKENS}"
        )
    return tokens


def _own(host: str) -> bool:
    """Return whether only this machine reaches an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Access:
    """Refuses who has no token, and who asks too often.

    Args:
        app: What answers the others.
        tokens: Any of these opens; none for no lock.
        public_events: Whether events are taken without one.
        per_second: Requests of one client.
    """

    def __init__(
        self, app: ASGIApp, tokens: Sequence[str], public_events: bool, per_second: float
    ) -> None:
        self._app, self._public_events, self._rate = app, public_events, per_second
        self._tokens = [token.encode() for token in tokens]
        self._clients: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http" or scope["path"] in _OPEN:
            await self._app(scope, receive, send)
            return
        try:
            self._count(scope["client"][0] if scope.get("client") else "")
            scope.setdefault("state", {})["trusted"] = self._check(scope)
        except Refusal as refusal:
            await refusal.response()(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> bool:
        """Return whether a request has a token, where one is needed, or may do without.

        Raises:
            Refusal: It may not.
        """
        if not self._tokens or _FILES.fullmatch(scope["path"]):
            return True
        given = dict(scope["headers"]).get(b"authorization", b"")
        kind, _, token = given.partition(b" ")
        # Each is compared, so that the time says nothing of which one is near.
        right = [hmac.compare_digest(token.strip(), one) for one in self._tokens]
        if kind.lower() == b"bearer" and any(right):
            return True
        if self._public_events and not given and _EVENTS.fullmatch(scope["path"]):
            return False
        what = "the token is not one that opens" if given else "a token is needed"
        raise Refusal(401, f"{what}: send it as Authorization: Bearer TOKEN")

    def _count(self, client: str) -> None:
        """Take a request from what a client may do: a second's worth at once, then by and by."""
        now = time.monotonic()
        left, since = self._clients.pop(client, (self._rate, now))
        left = min(max(self._rate, 1.0), left + (now - since) * self._rate)
        refused = left < 1
        self._clients[client] = (left if refused else left - 1, now)
        if len(self._clients) > _CLIENTS:
            self._clients.popitem(last=False)
        if refused:
            raise Refusal(429, f"more than {self._rate:g} requests a second; slow down", 1)
