# SPDX-License-Identifier: Apache-2.0
"""Alembic's entry point; it is run by ``upgrade`` (or by a developer's ``alembic revision``) with an open connection.

The transaction is the caller's, so that all versions of one upgrade become durable together.
"""

from alembic import context

connection = context.config.attributes["connection"]
if not connection.in_transaction():
    connection.begin()  # for SQLAlchemy alone, so that Alembic leaves COMMIT to the caller

context.configure(
    connection=connection,
    target_metadata=context.config.attributes.get("metadata"),
    transactional_ddl=False,
)
context.run_migrations()
