"""Alerts: rules, what they found, what is on its way to a channel, and what a service has taken."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _common() -> list[sa.Column[object]]:
    return [
        sa.Column("row_id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("market_time", sa.Float(53), nullable=False),
        sa.Column("recorded_at", sa.Float(53), nullable=False),
    ]


def upgrade() -> None:
    """Four tables; nothing else changes. They may be there already where Alembic's note was lost."""
    there = set(sa.inspect(op.get_bind()).get_table_names())
    if "alert_rules" not in there:
        op.create_table(
            "alert_rules",
            *_common(),
            sa.Column("rule_id", sa.BigInteger, nullable=False),
            sa.Column("version", sa.Integer, nullable=False),
            sa.Column("kind", sa.String(32), nullable=False),
            sa.Column("deleted", sa.Boolean, nullable=False),
            sa.Column("body", sa.JSON, nullable=False),
            sa.UniqueConstraint("mode", "account", "rule_id", "version"),
        )
    if "alert_occurrences" not in there:
        op.create_table(
            "alert_occurrences",
            *_common(),
            sa.Column("occurrence_id", sa.BigInteger, nullable=False),
            sa.Column("rule_id", sa.BigInteger, nullable=False),
            sa.Column("kind", sa.String(32), nullable=False),
            sa.Column("state", sa.String(16), nullable=False),
            sa.Column("raised_wall", sa.Float(53), nullable=False),
            sa.Column("body", sa.JSON, nullable=False),
            sa.UniqueConstraint("mode", "account", "occurrence_id"),
        )
        op.create_index("alert_occurrences_by_state", "alert_occurrences", ["mode", "account", "state"])
    if "alert_deliveries" not in there:
        op.create_table(
            "alert_deliveries",
            *_common(),
            sa.Column("occurrence_id", sa.BigInteger, nullable=False),
            sa.Column("channel", sa.String(32), nullable=False),
            sa.Column("event", sa.String(16), nullable=False),
            sa.Column("state", sa.String(16), nullable=False),
            sa.Column("body", sa.JSON, nullable=False),
            sa.UniqueConstraint("mode", "account", "occurrence_id", "channel", "event"),
        )
        op.create_index("alert_deliveries_by_state", "alert_deliveries", ["mode", "account", "state"])
    if "alert_receipts" not in there:
        op.create_table(
            "alert_receipts",
            *_common(),
            sa.Column("occurrence_id", sa.BigInteger, nullable=False),
            sa.Column("channel", sa.String(32), nullable=False),
            sa.Column("event", sa.String(16), nullable=False),
            sa.Column("accepted_wall", sa.Float(53), nullable=False),
            sa.Column("tries", sa.Integer, nullable=False),
            sa.Column("words", sa.Text, nullable=False),
            sa.UniqueConstraint("mode", "account", "occurrence_id", "channel", "event"),
        )


def downgrade() -> None:
    """A program of before has no use for them."""
    for name in ("alert_receipts", "alert_deliveries", "alert_occurrences", "alert_rules"):
        op.drop_table(name)
