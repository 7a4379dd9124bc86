"""Sessions in a database: SQLite or PostgreSQL, each request whole or not at all."""

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import (
    ArgumentError,
    DisconnectionError,
    IntegrityError,
    ProgrammingError,
    SQLAlchemyError,
)

from humouse.errors import InputError
from humouse.service import metrics
from humouse.service.failures import Refusal
from humouse.service.recorded import Stored

_LOG = logging.getLogger("humouse.service")
_WAIT_S = 5
"""For a lock, or a connection."""

_TABLES = sa.MetaData()
_NAME, _PREFIXED = sa.String(64), sa.String(80)
SESSIONS = sa.Table(
    "sessions",
    _TABLES,
    sa.Column("session", _NAME, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("began_at", sa.Double, nullable=False),
    sa.Column("changed_at", sa.Double, nullable=False, index=True),
    sa.Column("verdict", sa.String(16), nullable=False),
    sa.Column("score", sa.Double),
    sa.Column("movements", sa.Integer, nullable=False),
    sa.Column("events", sa.Integer, nullable=False),
)
BATCHES = sa.Table(
    "batches",
    _TABLES,
    sa.Column("session", _NAME, primary_key=True),
    sa.Column("name", _PREFIXED, primary_key=True),
    sa.Column("digest", _NAME, nullable=False),
    sa.Column("began_ms", sa.Double, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("events", sa.LargeBinary, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("answer", sa.JSON, nullable=False),
)
DECISIONS = sa.Table(
    "decisions",
    _TABLES,
    sa.Column("session", _NAME, primary_key=True),
    sa.Column("name", _PREFIXED, primary_key=True),
    sa.Column("began_ms", sa.Double, nullable=False),
    sa.Column("points", sa.Integer, nullable=False),
    sa.Column("detector", _NAME, nullable=False),
    sa.Column("decision", sa.JSON, nullable=False),
)
_STORED = [BATCHES.c[field.name] for field in fields(Stored)]


@dataclass(frozen=True, eq=False)
class Kept:
    """What is stored of a session.

    Args:
        sessions: How many sessions are stored, if this one is not.
        state: Its row in `SESSIONS`; None for a new session.
        stored: Its batches.
        answers: Name → what was answered to it.
        judged: Name → number of points, of the movements that were judged.
    """

    sessions: int
    state: Mapping[str, Any] | None
    stored: list[Stored]
    answers: Mapping[str, Any]
    judged: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Change:
    """What a request brought to a session and what was said to it.

    Args:
        state: The session's row, its version one above what was read; 1 for a new one.
        batches: New rows of `BATCHES`.
        decisions: Rows of `DECISIONS`, in the place of those of the same name.
        gone: Names of movements that there are no longer.
    """

    state: Mapping[str, Any]
    batches: Sequence[Mapping[str, Any]]
    decisions: Sequence[Mapping[str, Any]]
    gone: Sequence[str]

    @property
    def session(self) -> str:
        """The session's name."""
        return str(self.state["session"])


class Store:
    """The database of sessions.

    Args:
        url: SQLAlchemy's: sqlite:///FILE or postgresql+psycopg://….

    Raises:
        InputError: The URL cannot be read.
    """

    def __init__(self, url: str) -> None:
        try:
            made = sa.make_url(url)
            lite = made.get_backend_name() == "sqlite"
            wait = {"timeout": _WAIT_S} if lite else {"connect_timeout": _WAIT_S}
            if lite and made.database in (None, "", ":memory:"):
                raise ValueError("no file")
            self._engine = sa.create_engine(made, pool_pre_ping=not lite, connect_args=wait)
        except (ArgumentError, ImportError, ValueError) as error:
            raise InputError(
                f"database={url.partition('://')[0]}://…: no database that is known; give "
                "sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME"
            ) from error
        if lite:
            _keep_to_its_file(self._engine)
        self._made, self._making = False, threading.Lock()

    def open(self) -> None:
        """Make the tables, where there are none.

        Raises:
            Refusal: The database cannot be reached.
        """
        with self._transaction() as connection:
            connection.execute(sa.select(1))

    def read(self, session: str) -> Kept:
        """Return what is stored of a session."""
        with self._transaction() as db:
            state = db.execute(_of(SESSIONS, session)).mappings().one_or_none()
            if state is None:
                count = sa.select(sa.func.count()).select_from(SESSIONS)
                return Kept(db.execute(count).scalar_one(), None, [], {}, {})
            rows = db.execute(_of(BATCHES, session)).mappings().all()
            names = [column.name for column in _STORED]
            stored = [Stored(**{name: row[name] for name in names}) for row in rows]
            columns = (DECISIONS.c.name, DECISIONS.c.points)
            judged = db.execute(sa.select(*columns).where(DECISIONS.c.session == session)).all()
        return Kept(
            0,
            dict(state),
            stored,
            {row["name"]: row["answer"] for row in rows},
            dict(map(tuple, judged)),
        )

    def keep(self, changes: Sequence[Change]) -> list[bool]:
        """Store changes, each whole or not at all, in one transaction: the disk is waited for once.

        Args:
            changes: Of different sessions.

        Returns:
            Whether each was stored; otherwise somebody else has changed its session since it was read.
        """
        kept = {}
        with self._transaction() as db:
            # In one order, so that two processes do not wait for each other.
            for one in sorted(changes, key=lambda change: change.session):
                kept[one.session] = _keep(db, one)
        return [kept[one.session] for one in changes]

    def decisions(self, session: str, most: int) -> tuple[dict[str, Any], list[Any]] | None:
        """Return a session's row and its last decisions, in the order of time; None if there is none."""
        with self._transaction() as db:
            state = db.execute(_of(SESSIONS, session)).mappings().one_or_none()
            if state is None:
                return None
            last = (
                sa.select(DECISIONS.c.decision)
                .where(DECISIONS.c.session == session)
                .order_by(DECISIONS.c.began_ms.desc())
                .limit(most)
            )
            return dict(state), list(db.execute(last).scalars())[::-1]

    def delete(self, session: str) -> bool:
        """Delete all that is stored of a session; return whether there was any."""
        with self._transaction() as db:
            return bool(_delete(db, lambda table: table.c.session == session))

    def forget(self, before: float) -> int:
        """Delete the sessions that have not changed since (s since 1970); return how many."""
        old = sa.select(SESSIONS.c.session).where(SESSIONS.c.changed_at < before)
        with self._transaction() as db:
            return _delete(db, lambda table: table.c.session.in_(old))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _make_tables(self) -> None:
        with self._making:
            if self._made:
                return
            with suppress(IntegrityError, ProgrammingError):  # another process makes them just now
                _TABLES.create_all(self._engine)
            _TABLES.create_all(self._engine)
            self._made = True

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        """Yield a connection whose changes are committed at the end of the block, or not at all.

        Raises:
            Refusal: The database cannot be reached, or cannot write; ask again later.
        """
        try:
            self._make_tables()
            with self._engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            # Nothing of it may be trusted: it is opened anew, and its tables are made if need be.
            self._made = False
            self._engine.dispose()
            metrics.STORE_FAILURES.inc()
            _LOG.error("database failed", extra={"error": _said(error)})
            raise Refusal(503, "the database does not answer; send it again", _WAIT_S) from error


def opened(url: str) -> Store:
    """Return a database that answers, with its tables.

    Raises:
        InputError: The URL cannot be read, or the database cannot be opened.
    """
    store = Store(url)
    try:
        store.open()
    except Refusal as refusal:
        raise InputError(
            "database: cannot be opened; see that its server runs, or its folder is there"
        ) from refusal
    return store


def _keep_to_its_file(engine: sa.Engine) -> None:
    """Make connections to SQLite ones whose commits outlast the process and the power, and stay findable.

    SQLite itself would go on writing to a file that was moved away or deleted.
    """
    path = str(engine.url.database)

    def opened(connection: Any, record: Any) -> None:
        # Python's sqlite3 would begin transactions by rules of its own, which know no savepoints.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        record.info["file"] = _identity(path)

    def taken(_: Any, record: Any, __: Any) -> None:
        if record.info["file"] != _identity(path):
            raise DisconnectionError("another file, or none")

    sa.event.listen(engine, "connect", opened)
    sa.event.listen(engine, "checkout", taken)
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))


def _identity(path: str) -> tuple[int, int] | None:
    with suppress(OSError):
        found = os.stat(path)
        return found.st_dev, found.st_ino
    return None


def _keep(db: sa.Connection, change: Change) -> bool:
    """Store a change; return whether its session was as it had been read."""
    session, state = change.session, change.state
    names = [*change.gone, *(one["name"] for one in change.decisions)]
    try:
        with db.begin_nested():
            if state["version"] == 1:
                db.execute(sa.insert(SESSIONS), [dict(state)])
            else:
                this = (SESSIONS.c.session == session) & (
                    SESSIONS.c.version == state["version"] - 1
                )
                if not db.execute(sa.update(SESSIONS).where(this).values(**state)).rowcount:
                    return False
                of_those = (DECISIONS.c.session == session) & DECISIONS.c.name.in_(names)
                db.execute(sa.delete(DECISIONS).where(of_those))
            for table, rows in ((BATCHES, change.batches), (DECISIONS, change.decisions)):
                if rows:
                    db.execute(sa.insert(table), [{"session": session, **one} for one in rows])
    except IntegrityError:
        return False
    return True


def _of(table: sa.Table, session: str) -> sa.Select:
    return sa.select(table).where(table.c.session == session)


def _delete(db: sa.Connection, where: Callable[[sa.Table], sa.ColumnElement[bool]]) -> int:
    """Delete rows of all tables, those of the sessions last; return how many of these."""
    for table in (DECISIONS, BATCHES):
        db.execute(sa.delete(table).where(where(table)))
    return db.execute(sa.delete(SESSIONS).where(where(SESSIONS))).rowcount


def _said(error: BaseException) -> str:
    """Return the database's own words: SQLAlchemy's would print rows."""
    said = str(getattr(error, "orig", None) or type(error).__name__).splitlines()
    return f"{type(error).__name__}: {said[0] if said else ''}"[:200]
