"""Runs the recorder's server until Ctrl-C."""

import socket

import uvicorn

from humouse.errors import InputError
from humouse.recorder.app import HOST, make_app
from humouse.recorder.store import Store

_LAST_ANSWERS_S = 3


def listen(port: int) -> socket.socket:
    """Return a socket of the loopback interface; port 0 takes any free one.

    Raises:
        InputError: The port is none, is taken, or may not be used.
    """
    if not 0 <= port <= 65535:
        raise InputError(f"port={port}: must lie between 0 and 65,535")
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((HOST, port))
        found.listen()
    except OSError as error:
        found.close()
        raise InputError(
            f"port={port}: cannot be used ({error.strerror}); choose another, or port=0 for any free one"
        ) from error
    return found


def address_of(listening: socket.socket) -> str:
    """Return the address of the page."""
    return f"http://{HOST}:{listening.getsockname()[1]}/"


def server_of(store: Store) -> uvicorn.Server:
    """Return a server that is not yet running."""
    settings = uvicorn.Config(
        make_app(store),
        log_level="critical",  # the application says itself what went wrong
        access_log=False,
        timeout_graceful_shutdown=_LAST_ANSWERS_S,
        server_header=False,
    )
    return uvicorn.Server(settings)


def serve(store: Store, listening: socket.socket) -> None:
    """Answer until the process is interrupted; what is being stored then is stored.

    Raises:
        KeyboardInterrupt: It was.
    """
    server_of(store).run(sockets=[listening])
