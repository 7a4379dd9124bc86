"""What a session's verdict is made of: everything stored of it, judged again whenever a movement is new."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from humouse.detection.names import UNDECIDED, UNUSABLE
from humouse.gestures import GestureRules
from humouse.service import metrics
from humouse.service.failures import Refusal
from humouse.service.messages import Decision, Session
from humouse.service.recorded import MOVEMENT, Found, Stored, movements_in
from humouse.service.scorer import Judged, Scorer
from humouse.service.store import Change, Kept, Store
from humouse.service.together import Together

LOOKED_AT = 50
"""Movements that a session's verdict counts: its last ones."""
_TRIES = 20
"""How often a request is done again when others change its session meanwhile."""
_VERDICT = ("session", "verdict", "score", "movements", "events")


class Sessions:
    """The sessions, stored and judged.

    Args:
        store: Where they are kept.
        scorer: Who judges them.
        rules: What counts as a gesture in a stream of events.
        most_events: Events of one session.
        most_sessions: Sessions.
    """

    def __init__(
        self,
        store: Store,
        scorer: Scorer,
        rules: GestureRules,
        most_events: int,
        most_sessions: int,
    ) -> None:
        self._store, self._scorer, self._rules = store, scorer, rules
        self._most_events, self._most_sessions = most_events, most_sessions
        self._keeping = Together(store.keep)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def work(self) -> None:
        """Store what requests bring, until cancelled."""
        await self._keeping.work()

    async def add(self, session: str, batches: Sequence[Stored]) -> dict[str, Any]:
        """Store batches of a session, judge its movements, and return the answer to each batch by name.

        Of a batch that is stored already, it is the answer given then. To events the answer is the
        session's `Verdict`; to a movement given whole, its `Decision`, with that verdict as `session`.
        Nothing is answered before it is stored.

        Raises:
            Refusal: A batch of that name but other content is stored, the session is full, or the database
                does not answer.
        """
        lock = self._locks.setdefault(session, asyncio.Lock())
        async with lock:
            for _ in range(_TRIES):
                there = await asyncio.to_thread(self._there, session, batches)
                if not there.new:
                    return there.known
                answers = await self._keep(session, there)
                if answers is not None:
                    return there.known | answers
        raise Refusal(429, f"session {session}: too many requests change it at once", 1)

    def _there(self, session: str, batches: Sequence[Stored]) -> "_There":
        """Return what is stored of a session, and the movements in it with what the batches add."""
        kept = self._store.read(session)
        known = _known(kept, batches)
        new = [one for one in batches if one.name not in known]
        if not new:
            return _There(kept, known, [], [], [])
        self._check_room(kept, new)
        stored = [*kept.stored, *new]
        return _There(kept, known, new, stored, movements_in(stored, self._rules))

    async def _keep(self, session: str, there: "_There") -> dict[str, Any] | None:
        """Judge and store a session with new batches; None if others have changed it meanwhile."""
        kept, new, stored, found = there.kept, there.new, there.stored, there.found
        fresh = {one.name for one in found if kept.judged.get(one.name) != len(one.points)}
        older = [one for one in found[:-LOOKED_AT] if one.name in fresh]
        looked_at = [*older, *found[-LOOKED_AT:]] if fresh else []
        points = [one.points for one in looked_at]
        judged = await self._scorer.score(points, [session] * len(points))
        state = _state(session, kept, stored, len(found), judged)
        rows = [self._row(one, said) for one, said in zip(looked_at, judged, strict=True)]
        verdict = {key: state[key] for key in _VERDICT}
        decisions = {row["name"]: row["decision"] for row in rows}
        answers = {
            one.name: {**decisions[one.name], "session": verdict}
            if one.name in decisions
            else verdict
            for one in new
        }
        gone = list(kept.judged.keys() - {one.name for one in found})
        batches = [vars(one) | {"answer": answers[one.name]} for one in new]
        if not await self._keeping.done(Change(state, batches, rows, gone)):
            return None
        for name in fresh:
            metrics.VERDICTS.labels(decisions[name]["verdict"]).inc()
        return answers

    def _row(self, found: Found, said: Judged) -> dict[str, Any]:
        return {
            "name": found.name,
            "began_ms": found.began_ms,
            "points": len(found.points),
            "detector": self._scorer.detector,
            "decision": decision(found.name.removeprefix(MOVEMENT), said).model_dump(),
        }

    def _check_room(self, kept: Kept, new: Sequence[Stored]) -> None:
        stored = sum(one.count for one in kept.stored)
        if stored + sum(one.count for one in new) > self._most_events:
            raise Refusal(
                413, f"a session holds at most {self._most_events} events; begin another one"
            )
        if kept.state is None and kept.sessions >= self._most_sessions:
            raise Refusal(429, f"{kept.sessions} sessions are stored, as many as may be", 60)

    async def read(self, session: str) -> Session:
        """Return a session so far.

        Raises:
            Refusal: There is none of that name, or the database does not answer.
        """
        found = await asyncio.to_thread(self._store.decisions, session, LOOKED_AT)
        if found is None:
            raise Refusal(404, f"no session {session}")
        state, decisions = found
        return Session(
            **{key: state[key] for key in Session.model_fields if key in state},
            decisions=[Decision(**one) for one in decisions],
        )

    async def delete(self, session: str) -> None:
        """Delete all that is stored of a session.

        Raises:
            Refusal: There is none of that name, or the database does not answer.
        """
        if not await asyncio.to_thread(self._store.delete, session):
            raise Refusal(404, f"no session {session}")


@dataclass(frozen=True, eq=False)
class _There:
    """A session as stored, with what a request adds.

    Args:
        kept: As stored.
        known: Name → answer, of the request's batches that are stored already.
        new: The others.
        stored: All batches then.
        found: The movements in these.
    """

    kept: Kept
    known: dict[str, Any]
    new: list[Stored]
    stored: list[Stored]
    found: list[Found]


def decision(name: str, said: Judged) -> Decision:
    """Return what is answered of a movement."""
    return Decision(
        id=name,
        verdict=said.verdict,
        probability=said.probability,
        p_value=said.p_value,
        reasons=said.reasons,
    )


def _known(kept: Kept, batches: Sequence[Stored]) -> dict[str, Any]:
    """Return what was answered to those of the batches that are stored already.

    Raises:
        Refusal: A batch of events has the name of another one.
    """
    digests = {one.name: one.digest for one in kept.stored}
    known = {}
    for one in batches:
        if one.name not in digests:
            continue
        known[one.name] = kept.answers[one.name]
        if digests[one.name] == one.digest:
            continue
        name = one.name.removeprefix(MOVEMENT)
        if name == one.name:
            raise Refusal(409, f"batch {name}: another one of that name is stored in the session")
        known[one.name] = unusable(name, TWICE)
    return known


TWICE = "another movement of that id came before in its session"


def unusable(name: str | None, reason: str) -> dict[str, Any]:
    """Return the answer to a movement that cannot be judged."""
    return Decision(id=name, verdict=UNUSABLE, reasons=[reason]).model_dump()


def _state(
    session: str,
    kept: Kept,
    stored: Sequence[Stored],
    movements: int,
    judged: Sequence[Judged],
) -> dict[str, Any]:
    """Return the session's row after this request; where nothing is new, its verdict stays."""
    before: Mapping[str, Any] = kept.state or {}
    now = time.time()
    last = next((one for one in reversed(judged) if one.session_verdict is not None), None)
    verdict = last.session_verdict if last else before.get("verdict", UNDECIDED)
    return {
        "session": session,
        "version": before.get("version", 0) + 1,
        "began_at": before.get("began_at", now),
        "changed_at": now,
        "verdict": verdict,
        "score": last.session_score if last else before.get("score"),
        "movements": movements,
        "events": sum(one.count for one in stored),
    }
