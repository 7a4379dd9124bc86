"""What can be asked: movements, sessions, and how the service is."""

import asyncio
import hashlib
import time
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Path, Request, Response
from jaxtyping import Float64
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from humouse.capture.payload import Batch, Name
from humouse.service import metrics
from humouse.service.failures import Refusal
from humouse.service.messages import (
    Failure,
    MovementsAnswer,
    MovementsRequest,
    Session,
    Taken,
    Unusable,
    Verdict,
)
from humouse.service.recorded import (
    MOVEMENT,
    Stored,
    as_events,
    fault_of_batch,
    packed,
    points_of,
)
from humouse.service.scorer import Scorer
from humouse.service.sessions import TWICE, Sessions, decision, unusable
from humouse.service.store import Store
from humouse.settings import LimitSettings

_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Failure} for status in (400, 401, 408, 413, 415, 422, 429, 503)
}
_BATCH_EXAMPLE = {
    "version": 1,
    "batch": "page-1-0",
    "number": 0,
    "page": {
        "time_origin_ms": 1764400000000.0,
        "device_pixel_ratio": 1.25,
        "width_px": 1280,
        "height_px": 720,
    },
    "events": {
        "t_ms": [812.4, 820.5, 828.4],
        "kind": ["move", "move", "down"],
        "x_px": [200, 204, 204],
        "y_px": [300, 301, 301],
        "buttons": [0, 0, 1],
        "pointer": ["mouse", "mouse", "mouse"],
    },
}
SessionName = Annotated[Name, Path(description="The session's name: letters, digits, - and _.")]


def routes(scorer: Scorer, sessions: Sessions, store: Store, limits: LimitSettings) -> APIRouter:
    """Return the routes, at work with these."""
    router = APIRouter()
    _add_movements(router, scorer, sessions, limits)
    _add_events(router, sessions)
    _add_sessions(router, sessions)
    _add_health(router, scorer, store)
    return router


def _add_movements(
    router: APIRouter, scorer: Scorer, sessions: Sessions, limits: LimitSettings
) -> None:
    @router.post("/v1/movements", responses=_REFUSALS)
    async def judge_movements(asked: MovementsRequest) -> MovementsAnswer:
        """Judge movements, each for itself, or with its session where it names one.

        One that cannot be used is answered with `unusable` and the reason. Movements of a session are kept
        with it, and one that is sent twice gets the same answer; of others nothing is kept.
        """
        if len(asked.movements) > limits.movements:
            raise Refusal(413, f"more than {limits.movements} movements; send them in parts")
        detector = scorer.detector
        answers = await _Judging(asked, scorer, sessions, limits.points).answers()
        return MovementsAnswer.model_validate({"detector": detector, "movements": answers})


def _add_events(router: APIRouter, sessions: Sessions) -> None:
    @router.post(
        "/v1/sessions/{session}/events",
        responses=_REFUSALS | {409: {"model": Failure}},
        openapi_extra={
            "requestBody": {"content": {"application/json": {"example": _BATCH_EXAMPLE}}}
        },
    )
    async def add_events(session: SessionName, batch: Batch, request: Request) -> Verdict | Taken:
        """Add events of a page to a session, and judge the movements in it.

        A batch that is sent twice is stored once and gets the same answer. Batches may come in any order.
        The movement that the last event belongs to waits for more. Who has no token is told no verdict.
        """
        if fault := fault_of_batch(batch, time.time() * 1000):
            raise Refusal(422, fault)
        events = packed(batch.events)
        digest = hashlib.sha256(batch.model_dump_json().encode()).hexdigest()
        origin_ms = batch.page.time_origin_ms
        one = Stored(batch.batch, digest, origin_ms, batch.number, events, len(batch.events))
        verdict = Verdict(**(await sessions.add(session, [one]))[batch.batch])
        if request.state.trusted:
            return verdict
        return Taken(session=session, batch=batch.batch, events=verdict.events)


def _add_sessions(router: APIRouter, sessions: Sessions) -> None:
    gone: dict[int | str, dict[str, Any]] = {404: {"model": Failure}}

    @router.get("/v1/sessions/{session}", responses=_REFUSALS | gone)
    async def read_session(session: SessionName) -> Session:
        """Return a session so far."""
        return await sessions.read(session)

    @router.delete("/v1/sessions/{session}", status_code=204, responses=_REFUSALS | gone)
    async def delete_session(session: SessionName) -> None:
        """Delete all that is stored of a session."""
        await sessions.delete(session)


def _add_health(router: APIRouter, scorer: Scorer, store: Store) -> None:
    @router.head("/healthz", include_in_schema=False)  # what some checkers of uptime send
    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Say that the process answers."""
        return {"status": "alive"}

    @router.head("/readyz", include_in_schema=False)
    @router.get("/readyz", responses={503: {"model": Failure}})
    async def readyz() -> dict[str, str]:
        """Say that the detector is loaded and the database answers."""
        await asyncio.to_thread(store.open)
        return {"status": "ready", "detector": scorer.detector}

    @router.get("/metrics", response_class=Response)
    async def prometheus() -> Response:
        """Return counts and times for Prometheus."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


class _Judging:
    """The answers to one request for movements."""

    def __init__(
        self, asked: MovementsRequest, scorer: Scorer, sessions: Sessions, most_points: int
    ) -> None:
        self._asked, self._scorer, self._sessions = asked.movements, scorer, sessions
        self._most_points = most_points
        self._answers: list[dict[str, Any]] = [{}] * len(self._asked)

    async def answers(self) -> list[dict[str, Any]]:
        """Return an answer to each movement, in their order."""
        alone: dict[int, np.ndarray] = {}
        of_session: dict[str, dict[int, Stored]] = {}
        for k, one in enumerate(self._asked):
            if isinstance(one, Unusable):
                self._refuse(k, one.id, one.reason)
            elif isinstance(points := points_of(one, self._most_points), str):
                self._refuse(k, one.id, points)
            elif one.session is None:
                alone[k] = points
            else:
                of_session.setdefault(one.session, {})[k] = _stored(one.id, points, k)
        await asyncio.gather(
            self._judge_alone(alone),
            *(self._judge_session(session, given) for session, given in of_session.items()),
        )
        return self._answers

    def _refuse(self, number: int, name: str | None, reason: str) -> None:
        self._answers[number] = unusable(name, reason)
        metrics.VERDICTS.labels("unusable").inc()

    async def _judge_alone(self, given: dict[int, np.ndarray]) -> None:
        judged = await self._scorer.score(list(given.values()), [""] * len(given))
        for number, said in zip(given, judged, strict=True):
            self._answers[number] = decision(self._asked[number].id, said).model_dump()
            metrics.VERDICTS.labels(said.verdict).inc()

    async def _judge_session(self, session: str, given: dict[int, Stored]) -> None:
        first: dict[str, Stored] = {}
        for number, one in given.items():
            if first.setdefault(one.name, one).digest != one.digest:
                self._refuse(number, one.name.removeprefix(MOVEMENT), TWICE)
        answers = await self._sessions.add(session, list(first.values()))
        for number, one in given.items():
            self._answers[number] = self._answers[number] or answers[one.name]


def _stored(name: str, points: Float64[np.ndarray, "N 3"], number: int) -> Stored:
    """Return a movement in the form in which it is kept; it began now, after those before it."""
    digest = hashlib.sha256(np.ascontiguousarray(points).tobytes()).hexdigest()
    came_ms = time.time() * 1000 + number / 100
    return Stored(f"{MOVEMENT}{name}", digest, came_ms, 0, as_events(points), len(points))
