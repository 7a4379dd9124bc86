"""The application: its routes, what stands around them, and what lives while it runs."""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from humouse.capture.faults import sentence_of
from humouse.files import versions
from humouse.gestures import GestureRules
from humouse.service.access import Access, read_tokens
from humouse.service.body import Body
from humouse.service.connections import Connections
from humouse.service.demo import demo
from humouse.service.failures import Refusal
from humouse.service.routes import routes
from humouse.service.scorer import Scorer
from humouse.service.sessions import Sessions
from humouse.service.store import Store, opened
from humouse.service.watch import Watch
from humouse.settings import ServeSettings

_SWEEP_S = 3600
_DAY_S = 86_400
_ABOUT = """Movements of a mouse in, verdicts on who made them out. Every refusal is a status and one
sentence, `{"error": "..."}`; 429 and 503 say in `Retry-After` when to ask again."""


def create_app(settings: ServeSettings) -> FastAPI:
    """Return the application that these settings ask for.

    Raises:
        InputError: The detector, the tokens or the database cannot be used, or the tokens are missing.
    """
    s = settings
    tokens = read_tokens(s.tokens_file, s.host)
    store = opened(s.database)
    folder = None if s.detector is None else Path(s.detector)
    scorer = Scorer(folder, s.false_positive_rate, s.reasons, s.limits.waiting)
    rules = GestureRules(**vars(s.gestures))
    sessions = Sessions(store, scorer, rules, s.limits.session_events, s.limits.sessions)

    app = FastAPI(
        title="humouse serve",
        version=versions().get("humouse", "0"),
        description=_ABOUT,
        lifespan=_living(scorer, sessions, store, s.retention_days),
        docs_url=None,  # pages that fetch scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={
            Refusal: _refused,
            RequestValidationError: _unreadable,
            HTTPException: _no_route,
        },
    )
    app.include_router(routes(scorer, sessions, store, s.limits))
    app.include_router(demo())
    _surround(app, s, tokens)
    return app


def _surround(app: FastAPI, s: ServeSettings, tokens: Sequence[str]) -> None:
    """Put around the routes what refuses, logs and counts; the last one stands outermost."""
    app.add_middleware(Body, most_bytes=s.limits.body_bytes, within_s=s.timeouts.body_s)
    app.add_middleware(
        Access,
        tokens=tokens,
        public_events=s.public_events,
        per_second=s.limits.requests_per_second,
    )
    app.add_middleware(
        CORSMiddleware,
        allow_origins=s.cors,
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Content-Encoding"],
    )
    app.add_middleware(Connections, most=s.limits.connections)
    app.add_middleware(Watch)


def _living(
    scorer: Scorer, sessions: Sessions, store: Store, retention_days: float | None
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return what runs beside the requests: scoring, storing, SIGHUP's loading, and forgetting."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = {asyncio.create_task(one.work()) for one in (scorer, sessions)}
        if retention_days is not None:
            tasks.add(asyncio.create_task(_forget(store, retention_days * _DAY_S)))

        def reload() -> None:
            tasks.add(task := asyncio.create_task(scorer.reload()))
            task.add_done_callback(tasks.discard)

        # Signals are the main thread's, and there is no such one on Windows.
        with contextlib.suppress(ValueError, RuntimeError, AttributeError, NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)
        yield
        ending = list(tasks)
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        store.close()

    return lifespan


async def _forget(store: Store, after_s: float) -> None:
    """Delete what is older than it may become, now and every hour."""
    while True:
        with contextlib.suppress(Refusal):  # logged; the next hour will do
            await asyncio.to_thread(store.forget, time.time() - after_s)
        await asyncio.sleep(_SWEEP_S)


async def _refused(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    return refusal.response()


async def _unreadable(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = error.errors()
    if errors[0]["loc"] == ("body",):
        said = "the body is no JSON object in UTF-8, sent as Content-Type: application/json"
        return Refusal(422, said).response()
    status = 400 if errors[0]["type"] == "json_invalid" else 422
    return Refusal(status, sentence_of(errors)).response()


async def _no_route(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    said = {
        400: "the body cannot be read: no JSON, or nested too deep",
        404: "nothing is here; /openapi.json lists what there is",
        405: "this address takes no such method; /openapi.json lists what there is",
    }
    return Refusal(error.status_code, said.get(error.status_code, str(error.detail))).response()
