# SPDX-License-Identifier: Apache-2.0
"""The driver of a connection, used directly where SQLAlchemy would take longer than the database."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa

Values = Sequence[Any]
"""The parameters of a statement, in order."""
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Written:
    """The result of a write: how many rows it matched, and the ``id`` of an INSERT."""

    rows: int
    id: int | None


class Session(Protocol):
    """Runs statements on one connection. Raises the driver's errors."""

    dialect: sa.Dialect
    """What SQLAlchemy's compiler has to write for it."""

    def rows(self, text: str, values: Values) -> Rows:
        """Run a SELECT."""

    def many(self, selects: Sequence[tuple[str, Values]]) -> list[Rows]:
        """Run several SELECTs."""

    def write(self, text: str, values: Values) -> Written:
        """Run any other statement."""

    def later(self, text: str, values: Values) -> None:
        """Run a statement at the latest before the next one; its error may come with that one."""

    def flush(self) -> None:
        """Run what is yet to be run."""

    def seal(self) -> None:
        """What is yet to be run is not of the next unit: if it fails, that is ``Overdue``."""

    def drop(self) -> None:
        """Forget what is yet to be run."""

    def begun(self) -> bool:
        """False if the database has not heard of the transaction yet."""


class CursorSession:
    """Runs each statement at once. Source: PEP 249."""

    def __init__(self, dialect: sa.Dialect, cursor: Any) -> None:
        self.dialect = dialect
        self._cursor = cursor

    def rows(self, text: str, values: Values) -> Rows:
        self._cursor.execute(text, values)
        return list(self._cursor.fetchall())

    def many(self, selects: Sequence[tuple[str, Values]]) -> list[Rows]:
        return [self.rows(text, values) for text, values in selects]

    def write(self, text: str, values: Values) -> Written:
        self._cursor.execute(text, values)
        return Written(self._cursor.rowcount, self._cursor.lastrowid)

    def later(self, text: str, values: Values) -> None:
        self._cursor.execute(text, values)

    def flush(self) -> None:
        pass

    def seal(self) -> None:
        pass

    def drop(self) -> None:
        pass

    def begun(self) -> bool:
        return True


class Lost(Exception):
    """A statement came after the loss of its connection."""


def keep(record: Any, session: Session) -> None:
    """Make it the session of a new connection, whose record in the pool this is."""
    record.info["session"] = session


def _session(connection: sa.Connection, text: str = "") -> Session:
    """The session that is to run a statement. Raises ``OperationalError`` if the connection was lost.

    SQLAlchemy would open another connection in its place, where statements would run outside of the transaction.
    """
    if connection.invalidated:
        raise sa.exc.OperationalError(text, (), Lost("the connection was lost before"), connection_invalidated=True)
    session: Session = connection.info["session"]
    return session


def dialect(connection: sa.Connection) -> sa.Dialect:
    """The dialect of texts for this connection's session."""
    return _session(connection).dialect


def rows(connection: sa.Connection, text: str, values: Values = ()) -> Rows:
    """Run a SELECT. Raises SQLAlchemy's errors."""
    session = _session(connection, text)
    try:
        return session.rows(text, values)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _explain(connection, text, values, error) from error


def many(connection: sa.Connection, selects: Sequence[tuple[str, Values]]) -> list[Rows]:
    """Run several SELECTs in one go. Raises SQLAlchemy's errors."""
    session = _session(connection)
    try:
        return session.many(selects)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _explain(connection, selects[-1][0], (), error) from error


def run(connection: sa.Connection, text: str, values: Values = ()) -> Written:
    """Run any other statement. Raises SQLAlchemy's errors."""
    session = _session(connection, text)
    try:
        return session.write(text, values)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _explain(connection, text, values, error) from error


def later(connection: sa.Connection, text: str, values: Values = ()) -> None:
    """Run a statement whose result nobody needs, at the latest with the next one. Raises SQLAlchemy's errors."""
    session = _session(connection, text)
    try:
        session.later(text, values)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _explain(connection, text, values, error) from error


def flush(connection: sa.Connection) -> None:
    """Run what is yet to be run. Raises SQLAlchemy's errors."""
    session = _session(connection)
    try:
        session.flush()
    except connection.dialect.loaded_dbapi.Error as error:
        raise _explain(connection, "", (), error) from error


def seal(connection: sa.Connection) -> None:
    """What is yet to be run is not of the next unit: if it fails, that is ``Overdue``."""
    _session(connection).seal()


@contextlib.contextmanager
def snapshot(connection: sa.Connection, *begin: str) -> Iterator[None]:
    """A transaction that only reads. Where nothing was read, the database may not hear of it."""
    with transaction(connection, *begin, end=None):
        yield
        _roll_back(connection)


@contextlib.contextmanager
def transaction(connection: sa.Connection, *begin: str, end: str | None = "COMMIT") -> Iterator[None]:
    """A transaction that these statements begin, and that one ends; an exception rolls it back."""
    try:
        for statement in begin:
            later(connection, statement)
        yield
        if end is not None:
            if not _session(connection, end).begun():
                flush(connection)  # so that a connection that was dead is not found by its COMMIT, which leaves doubts
            run(connection, end)
    except BaseException:
        if not connection.invalidated:
            try:
                _roll_back(connection)
            except sa.exc.DBAPIError:
                connection.invalidate()
        raise


def _roll_back(connection: sa.Connection) -> None:
    session = _session(connection)
    session.drop()
    if session.begun():
        run(connection, "ROLLBACK")


def _explain(connection: sa.Connection, text: str, values: Values, error: Any) -> sa.exc.DBAPIError:
    """The driver's error as SQLAlchemy's. A connection that is lost does not go back to the pool; nor are those used
    that are in the pool, since what cut one has mostly cut all.
    """
    dialect = connection.dialect
    lost = dialect.is_disconnect(error, connection.connection.driver_connection, None)
    if lost:
        connection.invalidate(error)
        connection.engine.dispose()
    base = dialect.loaded_dbapi.Error
    told = sa.exc.DBAPIError.instance(text, values, error, base, connection_invalidated=lost, dialect=dialect)
    assert isinstance(told, sa.exc.DBAPIError)
    return told
