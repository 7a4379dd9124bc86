"""The server: a socket, the application, and an end that loses nothing."""

import gc
import socket
import sys

import uvicorn

from humouse.errors import InputError
from humouse.service.app import create_app
from humouse.service.logs import log_to_stderr
from humouse.settings import ServeSettings
from humouse.settings.checks import check_above_zero, check_at_least

_WAITING_CONNECTIONS = 2048
_LAST_PORT = 65_535
_SWITCH_S = 0.0005
"""How long the thread that scores may keep the others waiting; each answer waits for it several times."""


def serve(settings: ServeSettings) -> None:
    """Serve until told to stop (SIGTERM, or Ctrl-C): requests that came are answered first.

    SIGHUP loads the detector anew.

    Raises:
        InputError: A setting is out of range; the port is taken; the detector or the database cannot be
            used; the address is not this machine's own, and there are no tokens.
    """
    s = settings
    _check(s)
    server = server_of(s)
    with listening(s.host, s.port) as opened:
        log_to_stderr()
        sys.setswitchinterval(_SWITCH_S)
        # What is loaded by now stays. Looking through it for garbage would hold all answers up for 50 ms.
        gc.freeze()
        host = f"[{s.host}]" if ":" in s.host else s.host
        print(f"humouse serves at http://{host}:{opened.getsockname()[1]}", flush=True)
        server.run(sockets=[opened])


def server_of(settings: ServeSettings) -> uvicorn.Server:
    """Return the server that these settings ask for; it serves the sockets that `run` is given.

    Raises:
        InputError: The detector, the tokens or the database cannot be used, or the tokens are missing.
    """
    s = settings
    app = create_app(s)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_keep_alive=s.timeouts.keep_alive_s,
        timeout_graceful_shutdown=s.timeouts.stop_s,
    )
    server = uvicorn.Server(config)
    app.state.connections = server.server_state.connections
    return server


def _check(s: ServeSettings) -> None:
    check_above_zero({f"limits.{key}": value for key, value in vars(s.limits).items()})
    check_above_zero({f"timeouts.{key}": value for key, value in vars(s.timeouts).items()})
    check_at_least({"reasons": (s.reasons, 0), "port": (s.port, 0)})
    if s.port > _LAST_PORT:
        raise InputError(f"port={s.port}: must be at most {_LAST_PORT}")
    if s.retention_days is not None:
        check_above_zero({"retention_days": s.retention_days})


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that the server can be given.

    Raises:
        InputError: There can be none at that address.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        made = socket.create_server((host, port), family=family, backlog=_WAITING_CONNECTIONS)
    except OSError as error:
        raise InputError(f"host={host} port={port}: cannot be served at ({error})") from error
    # Its connections inherit it. An answer goes out in two pieces, and the second one would otherwise wait
    # until the client has acknowledged the first, which clients put off for 40 ms.
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made
