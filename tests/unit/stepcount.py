# SPDX-License-Identifier: Apache-2.0
"""Cost in steps of SQLite's machine and in statements, which say the same on every machine and at every load."""

import contextlib
import threading

import sqlalchemy as sa


@contextlib.contextmanager
def counting(every=1):
    """Counts the steps of all connections that are made meanwhile, so many at a time.

    Yields a function that gives and clears the sum.
    """
    steps = 0

    def count():
        nonlocal steps
        steps += every

    def taken():
        nonlocal steps
        found, steps = steps, 0
        return found

    with _for_new_connections(lambda connection: connection.set_progress_handler(count, every)):
        yield taken


CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


@contextlib.contextmanager
def statements():
    """Counts what units of writing ask of connections that are made meanwhile, however many share a transaction.

    Yields a function that gives and clears the number.
    """
    number = 0

    def count(text):
        nonlocal number
        if threading.current_thread().name == "orca-writer" and not text.startswith(CONTROL):
            number += " event " not in text

    def taken():
        nonlocal number
        found, number = number, 0
        return found

    with _for_new_connections(lambda connection: connection.set_trace_callback(count)):
        yield taken


@contextlib.contextmanager
def _for_new_connections(prepare):
    """Prepares each connection that a pool makes meanwhile."""

    def connected(connection, record):
        prepare(connection)

    sa.event.listen(sa.pool.Pool, "connect", connected)
    try:
        yield
    finally:
        sa.event.remove(sa.pool.Pool, "connect", connected)
