"""What statements add to fills; notes, tags, stops and links of round trips; positions as they were seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ASIDE = "fills_before_0003"
_INDEXES = {"fills_by_root": ["mode", "account", "root"], "fills_by_time": ["mode", "account", "market_time"]}


def _fills_before() -> list[sa.Column[object]]:
    return [
        *_own(),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("exec_id", sa.String(80), nullable=False),
        sa.Column("root", sa.String(80), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("superseded_by", sa.String(80)),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("con_id", sa.BigInteger, nullable=False),
        sa.Column("local_symbol", sa.String(64), nullable=False),
        sa.Column("sec_type", sa.String(16), nullable=False),
        sa.Column("currency", sa.String(8), nullable=False),
        sa.Column("multiplier", sa.Float(53)),
        sa.Column("magnifier", sa.Float(53)),
        sa.Column("side", sa.String(8), nullable=False),
        sa.Column("opening", sa.String(8)),
        sa.Column("quantity", sa.Float(53), nullable=False),
        sa.Column("price", sa.Float(53), nullable=False),
        sa.Column("cum_quantity", sa.Float(53)),
        sa.Column("exchange", sa.String(32), nullable=False),
        sa.Column("trade_date", sa.String(8), nullable=False),
        sa.Column("exchange_time", sa.String(64), nullable=False),
        sa.Column("exchange_zone", sa.String(64), nullable=False),
        sa.Column("time_kind", sa.String(16), nullable=False),
        sa.Column("commission", sa.Float(53)),
        sa.Column("commission_currency", sa.String(8), nullable=False),
        sa.Column("realized_pnl", sa.Float(53)),
        sa.Column("perm_id", sa.BigInteger),
        sa.Column("order_id", sa.BigInteger),
        sa.Column("client_id", sa.BigInteger),
        sa.Column("order_ref", sa.Text, nullable=False),
        sa.Column("liquidation", sa.Boolean, nullable=False),
        sa.Column("price_pending", sa.Boolean, nullable=False),
    ]


def _added() -> list[sa.Column[object]]:
    return [
        sa.Column("kind", sa.String(24)),
        sa.Column("state", sa.String(16)),
        sa.Column("order_level", sa.Boolean),
        sa.Column("taxes", sa.Float(53)),
        sa.Column("fx_rate_to_base", sa.Float(53)),
        sa.Column("base_currency", sa.String(8)),
        sa.Column("commission_rate_to_base", sa.Float(53)),
        sa.Column("codes", sa.String(128)),
        sa.Column("symbol", sa.String(64)),
        sa.Column("underlying_con_id", sa.BigInteger),
        sa.Column("underlying_symbol", sa.String(64)),
        sa.Column("expiry", sa.String(8)),
        sa.Column("strike", sa.Float(53)),
        sa.Column("put_call", sa.String(1)),
        sa.Column("transaction_id", sa.String(40)),
        sa.Column("trade_id", sa.String(40)),
        sa.Column("ib_order_id", sa.String(40)),
        sa.Column("orig_transaction_id", sa.String(40)),
        sa.Column("orig_trade_id", sa.String(40)),
        sa.Column("settle_date", sa.String(8)),
        sa.Column("report_date", sa.String(8)),
        sa.Column("statement_realized", sa.Float(53)),
        sa.Column("statement_id", sa.String(64)),
        sa.Column("remark", sa.Text),
        sa.Column("changed_at", sa.Float(53)),
    ]


def _own() -> list[sa.Column[object]]:
    return [
        sa.Column("row_id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("market_time", sa.Float(53), nullable=False),
        sa.Column("recorded_at", sa.Float(53), nullable=False),
    ]


_OF_TRIP = ("mode", "account", "model", "con_id", "root")


def upgrade() -> None:
    """All of it is there already where Alembic's note was lost."""
    there = sa.inspect(op.get_bind())
    if "kind" not in {column["name"] for column in there.get_columns("fills")}:
        _make_fills_anew([*_fills_before(), *_added()])
        op.execute("UPDATE fills SET changed_at = recorded_at")
    for name, columns in _tables().items():
        if not there.has_table(name):
            op.create_table(name, *_own(), *columns)


def downgrade() -> None:
    """What only statements told, and the trader's notes, have no place in the former tables."""
    for name in _tables():
        op.drop_table(name)
    op.execute("DELETE FROM fills WHERE source <> 'api'")
    _make_fills_anew(_fills_before())


def _tables() -> dict[str, list[sa.Column[object] | sa.UniqueConstraint]]:
    return {
        "trip_notes": [
            sa.Column("model", sa.String(64), nullable=False),
            sa.Column("con_id", sa.BigInteger, nullable=False),
            sa.Column("root", sa.String(80), nullable=False),
            sa.Column("note", sa.Text, nullable=False),
            sa.Column("tags", sa.JSON, nullable=False),
            sa.Column("changed_wall", sa.Float(53), nullable=False),
            sa.UniqueConstraint(*_OF_TRIP),
        ],
        "day_notes": [
            sa.Column("day", sa.String(8), nullable=False),
            sa.Column("note", sa.Text, nullable=False),
            sa.Column("tags", sa.JSON, nullable=False),
            sa.Column("changed_wall", sa.Float(53), nullable=False),
            sa.UniqueConstraint("mode", "account", "day"),
        ],
        "trip_stops": [
            sa.Column("model", sa.String(64), nullable=False),
            sa.Column("con_id", sa.BigInteger, nullable=False),
            sa.Column("root", sa.String(80), nullable=False),
            sa.Column("price", sa.Float(53)),
            sa.Column("noted_wall", sa.Float(53), nullable=False),
            sa.UniqueConstraint(*_OF_TRIP, "noted_wall"),
        ],
        "trip_links": [
            sa.Column("model", sa.String(64), nullable=False),
            sa.Column("closed_root", sa.String(80), nullable=False),
            sa.Column("opened_root", sa.String(80), nullable=False),
            sa.Column("joined", sa.Boolean, nullable=False),
            sa.Column("changed_wall", sa.Float(53), nullable=False),
            sa.UniqueConstraint("mode", "account", "model", "closed_root", "opened_root"),
        ],
        "positions_seen": [
            sa.Column("con_id", sa.BigInteger, nullable=False),
            sa.Column("local_symbol", sa.String(64), nullable=False),
            sa.Column("sec_type", sa.String(16), nullable=False),
            sa.Column("quantity", sa.Float(53), nullable=False),
            sa.Column("avg_cost", sa.Float(53)),
            sa.UniqueConstraint("mode", "account", "con_id", "market_time"),
        ],
    }


def _make_fills_anew(columns: list[sa.Column[object]]) -> None:
    """A new table, filled from the old one: added columns would stand behind the constraint, where no new file has
    them.
    """
    for index in _INDEXES:
        op.drop_index(index, "fills")
    op.rename_table("fills", _ASIDE)
    op.create_table("fills", *columns, sa.UniqueConstraint("mode", "account", "model", "exec_id"))
    # Without the rows' numbers: a server's counter would not know of them, and give them a second time.
    names = ", ".join(column.name for column in _fills_before() if column.name != "row_id")
    op.execute(f"INSERT INTO fills ({names}) SELECT {names} FROM {_ASIDE} ORDER BY row_id")  # noqa: S608 - our own names
    op.drop_table(_ASIDE)
    for index, over in _INDEXES.items():
        op.create_index(index, "fills", over)
