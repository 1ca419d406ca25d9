"""On a server: points and spans of lines in partitions by month, and numbers of rows that do not end at 2^31.

In a file nothing changes: it is one account's, and thinned.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TABLES: dict[str, tuple[str, list[sa.Column[Any]], tuple[str, ...]]] = {
    "pnl_points": (
        "t",
        [
            sa.Column("t", sa.Float(53), nullable=False),
            sa.Column("unrealized", sa.Float(53)),
            sa.Column("realized", sa.Float(53)),
            sa.Column("daily", sa.Float(53)),
        ],
        ("mode", "account", "t"),
    ),
    "line_spans": (
        "to_market",
        [
            sa.Column("con_id", sa.BigInteger, nullable=False),
            sa.Column("local_symbol", sa.String(64), nullable=False),
            sa.Column("line_class", sa.String(16), nullable=False),
            sa.Column("from_market", sa.Float(53), nullable=False),
            sa.Column("to_market", sa.Float(53), nullable=False),
            sa.Column("why", sa.Text, nullable=False),
            sa.Column("end", sa.Text, nullable=False),
            sa.Column("by", sa.String(64), nullable=False),
        ],
        ("mode", "account", "to_market", "con_id"),
    ),
}
_ASIDE = "{}_before_0006"
_NUMBERED = (
    "signals", "shadow_signals", "signal_outcomes", "setting_changes", "connection_events", "fills", "notices",
    "incidents", "trip_notes", "day_notes", "trip_stops", "trip_links", "positions_seen", "statements",
    "import_reports", "account_aliases", "cash_transactions", "corporate_actions", "transfers", "option_events",
    "nav_days", "positions_at", "conversion_rates", "alert_rules", "alert_occurrences", "alert_deliveries",
    "alert_receipts",
)  # fmt: skip


def upgrade() -> None:
    """A server's tables made anew, month by month; they are there already where Alembic's note was lost."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for name, (by, columns, key) in _TABLES.items():
        if not _is_partitioned(name):
            _move(name, columns, key, by)
    there = sa.inspect(op.get_bind())
    for name in _NUMBERED:
        kind = next(column["type"] for column in there.get_columns(name) if column["name"] == "row_id")
        if not isinstance(kind, sa.BigInteger):
            op.execute(f'ALTER TABLE "{name}" ALTER COLUMN row_id TYPE BIGINT')
            asked = sa.text("SELECT pg_get_serial_sequence(:name, 'row_id')")
            op.execute(f"ALTER SEQUENCE {op.get_bind().execute(asked, {'name': name}).scalar()} AS BIGINT")


def downgrade() -> None:
    """One table of each again; their numbers stay long."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for name, (_, columns, key) in _TABLES.items():
        if _is_partitioned(name):
            _move(name, columns, key, None)


def _move(name: str, columns: list[sa.Column[Any]], key: tuple[str, ...], by: str | None) -> None:
    """Make the table anew, partitioned by the months of `by` or in one, and fill it from the old one."""
    bind = op.get_bind()
    old = _ASIDE.format(name)
    months = _months(name, by) if by else []
    op.rename_table(name, old)
    for constraint in sa.inspect(bind).get_unique_constraints(old):
        op.drop_constraint(str(constraint["name"]), old)
    own: list[sa.Column[Any]] = [
        sa.Column("row_id", sa.BigInteger, sa.Identity(always=False), nullable=False, primary_key=by is None),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("market_time", sa.Float(53), nullable=False),
        sa.Column("recorded_at", sa.Float(53), nullable=False),
    ]
    made: list[sa.Column[Any]] = [column._copy() for column in columns]
    layout: dict[str, Any] = {"postgresql_partition_by": f"RANGE ({by})"} if by else {}
    op.create_table(name, *own, *made, sa.UniqueConstraint(*key), **layout)
    for year, month in months:
        begin, end = _bounds(year, month)
        op.execute(
            f'CREATE TABLE "{name}_{year:04d}_{month:02d}" PARTITION OF "{name}"'
            f" FOR VALUES FROM ({begin:.1f}) TO ({end:.1f})"
        )
    # Without the rows' numbers: the new counter would give them a second time.
    names = ", ".join(f'"{column.name}"' for column in (*own[1:], *made))
    op.execute(f'INSERT INTO "{name}" ({names}) SELECT {names} FROM "{old}" ORDER BY row_id')  # noqa: S608 - our own names
    op.drop_table(old)


def _months(name: str, by: str) -> list[tuple[int, int]]:
    found = op.get_bind().execute(
        sa.text(
            f"SELECT DISTINCT to_char(to_timestamp({by}) AT TIME ZONE 'UTC', 'YYYY-MM') FROM \"{name}\" ORDER BY 1"  # noqa: S608
        )
    )
    return [(int(year), int(month)) for year, month in (each.split("-") for each in found.scalars())]


def _bounds(year: int, month: int) -> tuple[float, float]:
    after = (year + 1, 1) if month == 12 else (year, month + 1)
    return datetime(year, month, 1, tzinfo=UTC).timestamp(), datetime(*after, 1, tzinfo=UTC).timestamp()


def _is_partitioned(name: str) -> bool:
    asked = sa.text("SELECT relkind = 'p' FROM pg_class WHERE relname = :name AND pg_table_is_visible(oid)")
    return bool(op.get_bind().execute(asked, {"name": name}).scalar())
