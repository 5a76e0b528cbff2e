# SPDX-License-Identifier: Apache-2.0
"""Statements for PostgreSQL, prepared once per connection; those that nobody waits for travel with the next one.

psycopg's own cursors take twice as long for a small statement. Source:
https://www.postgresql.org/docs/current/libpq-pipeline-mode.html and https://www.psycopg.org/psycopg3/docs/api/pq.html.
"""

from __future__ import annotations

import select
from collections.abc import Sequence

import psycopg
import sqlalchemy as sa
from psycopg import errors, pq
from psycopg.adapt import Transformer
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from orca.store.driver import Rows, Values, Written
from orca.store.errors import Overdue

DIALECT: sa.Dialect = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
STATEMENTS = 500
"""Most statements that a connection keeps prepared when a transaction begins; each takes some memory of the database's
server.
"""
WAITING = 100
"""Most statements that wait for the next one."""

OK = frozenset({pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK})

Parameters = list[bytes | None]


class Pipeline:
    """The session of one connection (``orca.store.driver.Session``)."""

    dialect = DIALECT

    def __init__(self, connection: psycopg.Connection) -> None:
        self._libpq = connection.pgconn
        self._values = Transformer(connection)
        self._names: dict[str, bytes] = {}
        self._waiting: list[tuple[bytes, Parameters]] = []
        self._sealed = 0
        """How many of them are of units that have ended."""
        self._socket = select.poll()
        self._socket.register(self._libpq.socket)

    def rows(self, text: str, values: Values) -> Rows:
        return self._rows(self._run(text, values))

    def many(self, selects: Sequence[tuple[str, Values]]) -> list[Rows]:
        self._waiting += [(self._prepared(text), _parameters(values)) for text, values in selects]
        return [self._rows(result) for result in self._exchange()[-len(selects) :]]

    def _rows(self, result: pq.abc.PGresult) -> Rows:
        self._values.set_pgresult(result)
        return self._values.load_rows(0, result.ntuples, tuple)

    def write(self, text: str, values: Values) -> Written:
        result = self._run(text, values)
        returned = result.get_value(0, 0) if result.ntuples else None
        return Written(result.command_tuples or 0, int(returned) if returned is not None else None)

    def later(self, text: str, values: Values) -> None:
        if len(self._names) >= STATEMENTS and not self._waiting and not self.begun():
            # Only here, between two transactions, is no name in use, and no transaction failed.
            self._checked(self._libpq.exec_(b"DEALLOCATE ALL"))
            self._names.clear()
        self._waiting.append((self._prepared(text), _parameters(values)))
        if len(self._waiting) >= WAITING:
            self.flush()

    def flush(self) -> None:
        if self._waiting:
            self._exchange()

    def seal(self) -> None:
        self._sealed = len(self._waiting)

    def drop(self) -> None:
        self._waiting.clear()
        self._sealed = 0

    def begun(self) -> bool:
        return self._libpq.transaction_status != pq.TransactionStatus.IDLE

    def _run(self, text: str, values: Values) -> pq.abc.PGresult:
        name, parameters = self._prepared(text), _parameters(values)
        if not self._waiting:
            # The annotation forgets that a parameter may be NULL.
            return self._checked(self._libpq.exec_prepared(name, parameters))  # type: ignore[arg-type]
        self._waiting.append((name, parameters))
        return self._exchange()[-1]

    def _prepared(self, text: str) -> bytes:
        """The name of a statement."""
        name = self._names.get(text)
        if name is None:
            name = f"orca_{len(self._names)}".encode()
            self._checked(self._libpq.prepare(name, text.encode()))
            self._names[text] = name
        return name

    def _exchange(self) -> list[pq.abc.PGresult]:
        """Send all that waits at once; the results. Raises the first error, after which nothing more was run."""
        statements, self._waiting = self._waiting, []
        sealed, self._sealed = self._sealed, 0
        self._libpq.enter_pipeline_mode()
        for name, parameters in statements:
            self._libpq.send_query_prepared(name, parameters)
        self._libpq.pipeline_sync()
        while self._libpq.flush():
            # Results are read meanwhile, or both sides might wait for each other.
            self._wait(select.POLLIN | select.POLLOUT)
        results: list[pq.abc.PGresult] = []
        while (result := self._next()) is None or result.status != pq.ExecStatus.PIPELINE_SYNC:
            if result is not None:
                results.append(result)
            elif self._libpq.status == pq.ConnStatus.BAD:
                raise psycopg.OperationalError("the connection is lost")
        self._libpq.exit_pipeline_mode()
        for number, result in enumerate(results):
            try:
                self._checked(result)
            except psycopg.Error as error:
                if number < sealed:
                    raise Overdue from error
                raise
        return results

    def _next(self) -> pq.abc.PGresult | None:
        """The next result; None after each statement's last one."""
        while self._libpq.is_busy():
            self._wait(select.POLLIN)
        return self._libpq.get_result()

    def _wait(self, events: int) -> None:
        """Wait for the socket; other threads run meanwhile."""
        self._socket.modify(self._libpq.socket, events)
        self._socket.poll()
        self._libpq.consume_input()

    def _checked(self, result: pq.abc.PGresult) -> pq.abc.PGresult:
        if result.status not in OK:
            raise errors.error_from_result(result)
        return result


def _parameters(values: Values) -> Parameters:
    """Values as text; the statement says of which type each is. Raises ``DataError`` as psycopg does."""
    found: Parameters = []
    for value in values:
        if isinstance(value, str):
            if "\0" in value:
                raise psycopg.DataError("PostgreSQL text cannot contain NUL (0x00) bytes")
            found.append(value.encode())
        elif value is None:
            found.append(None)
        else:
            found.append(str(value).encode())
    return found
