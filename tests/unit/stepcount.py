# SPDX-License-Identifier: Apache-2.0
"""Cost in steps of SQLite's machine, which say the same on every machine and at every load."""

import contextlib

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

    def connected(connection, record):
        connection.set_progress_handler(count, every)

    def taken():
        nonlocal steps
        found, steps = steps, 0
        return found

    sa.event.listen(sa.pool.Pool, "connect", connected)
    try:
        yield taken
    finally:
        sa.event.remove(sa.pool.Pool, "connect", connected)
