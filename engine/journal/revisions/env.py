"""Run by Alembic: the migrations work on the connection, and in the transaction, of `engine.journal.migrations`."""

from __future__ import annotations

from alembic import context

from engine.journal.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
