"""Outages, each with its beginning, the moment it was red, and its end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table of its own; nothing else changes. It is there already where Alembic's note was lost."""
    if sa.inspect(op.get_bind()).has_table("incidents"):
        return
    op.create_table(
        "incidents",
        sa.Column("row_id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("market_time", sa.Float(53), nullable=False),
        sa.Column("recorded_at", sa.Float(53), nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("cause", sa.String(64), nullable=False),
        sa.Column("con_id", sa.BigInteger),
        sa.Column("symbol", sa.String(64), nullable=False),
        sa.Column("began_wall", sa.Float(53), nullable=False),
        sa.Column("red_wall", sa.Float(53)),
        sa.Column("ended_wall", sa.Float(53)),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("seen", sa.Boolean, nullable=False),
        sa.UniqueConstraint("mode", "account", "key", "began_wall"),
    )


def downgrade() -> None:
    """A program of before has no use for it."""
    op.drop_table("incidents")
