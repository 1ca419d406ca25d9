"""Where Alembic begins: takes over the files of before, each as it is found."""

from __future__ import annotations

from alembic import op

from engine.journal import baseline

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From any older file."""
    baseline.take_over(op.get_bind())


def downgrade() -> None:
    """To the last program of before: it has the same tables, and only Alembic's note goes."""
