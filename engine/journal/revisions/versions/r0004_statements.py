"""What statements tell beside trades: what was read, cash, corporate actions, values, positions, rates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Tables of their own; they are there already where Alembic's note was lost."""
    there = sa.inspect(op.get_bind())
    for name, columns in _tables().items():
        if not there.has_table(name):
            op.create_table(name, *_own(), *columns)


def downgrade() -> None:
    """A program of before has no use for them."""
    for name in _tables():
        op.drop_table(name)


def _own() -> list[sa.Column[object]]:
    return [
        sa.Column("row_id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("market_time", sa.Float(53), nullable=False),
        sa.Column("recorded_at", sa.Float(53), nullable=False),
    ]


def _tables() -> dict[str, list[sa.Column[object] | sa.UniqueConstraint]]:
    return {
        "statements": [
            sa.Column("statement_id", sa.String(64), nullable=False),
            sa.Column("kind", sa.String(40), nullable=False),
            sa.Column("query_name", sa.String(200), nullable=False),
            sa.Column("from_day", sa.String(8), nullable=False),
            sa.Column("to_day", sa.String(8), nullable=False),
            sa.Column("generated", sa.Float(53)),
            sa.Column("base_currency", sa.String(8), nullable=False),
            sa.Column("sections", sa.JSON, nullable=False),
            sa.Column("file", sa.String(255), nullable=False),
            sa.Column("sha256", sa.String(64), nullable=False),
            sa.Column("read_wall", sa.Float(53), nullable=False),
            sa.UniqueConstraint("mode", "account", "statement_id"),
        ],
        "import_reports": [
            sa.Column("report_id", sa.BigInteger, nullable=False),
            sa.Column("at_wall", sa.Float(53), nullable=False),
            sa.Column("file", sa.String(255), nullable=False),
            sa.Column("sha256", sa.String(64), nullable=False),
            sa.Column("status", sa.String(16), nullable=False),
            sa.Column("body", sa.JSON, nullable=False),
            sa.UniqueConstraint("mode", "account", "report_id"),
        ],
        "account_aliases": [
            sa.Column("alias", sa.String(64), nullable=False),
            sa.Column("means", sa.String(32), nullable=False),
            sa.Column("changed_wall", sa.Float(53), nullable=False),
            sa.UniqueConstraint("mode", "account", "alias"),
        ],
        "cash_transactions": [
            sa.Column("row_key", sa.String(160), nullable=False),
            sa.Column("day", sa.String(8), nullable=False),
            sa.Column("model", sa.String(64), nullable=False),
            sa.Column("con_id", sa.BigInteger),
            sa.Column("symbol", sa.String(64)),
            sa.Column("sec_type", sa.String(16)),
            sa.Column("currency", sa.String(8)),
            sa.Column("description", sa.Text),
            sa.Column("kind", sa.String(80), nullable=False),
            sa.Column("sort", sa.String(24), nullable=False),
            sa.Column("amount", sa.String(40), nullable=False),
            sa.Column("fx_rate_to_base", sa.String(40)),
            sa.Column("settle_date", sa.String(8)),
            sa.Column("transaction_id", sa.String(40)),
            sa.Column("action_id", sa.String(40)),
            sa.Column("trade_id", sa.String(40)),
            sa.Column("code", sa.String(80)),
            sa.Column("statement_id", sa.String(64), nullable=False),
            sa.Column("withdrawn_by", sa.String(64)),
            sa.UniqueConstraint("mode", "account", "row_key"),
        ],
        "corporate_actions": [
            sa.Column("row_key", sa.String(160), nullable=False),
            sa.Column("day", sa.String(8), nullable=False),
            sa.Column("model", sa.String(64), nullable=False),
            sa.Column("con_id", sa.BigInteger),
            sa.Column("symbol", sa.String(64)),
            sa.Column("sec_type", sa.String(16)),
            sa.Column("currency", sa.String(8)),
            sa.Column("description", sa.Text),
            sa.Column("kind", sa.String(16)),
            sa.Column("effective", sa.Float(53)),
            sa.Column("quantity", sa.String(40), nullable=False),
            sa.Column("amount", sa.String(40)),
            sa.Column("proceeds", sa.String(40)),
            sa.Column("value", sa.String(40)),
            sa.Column("multiplier", sa.String(40)),
            sa.Column("statement_realized", sa.String(40)),
            sa.Column("fx_rate_to_base", sa.String(40)),
            sa.Column("transaction_id", sa.String(40)),
            sa.Column("action_id", sa.String(40)),
            sa.Column("code", sa.String(80)),
            sa.Column("statement_id", sa.String(64), nullable=False),
            sa.Column("withdrawn_by", sa.String(64)),
            sa.UniqueConstraint("mode", "account", "row_key"),
        ],
        "transfers": [
            sa.Column("row_key", sa.String(160), nullable=False),
            sa.Column("day", sa.String(8), nullable=False),
            sa.Column("model", sa.String(64), nullable=False),
            sa.Column("con_id", sa.BigInteger),
            sa.Column("symbol", sa.String(64)),
            sa.Column("sec_type", sa.String(16)),
            sa.Column("currency", sa.String(8)),
            sa.Column("description", sa.Text),
            sa.Column("kind", sa.String(40)),
            sa.Column("direction", sa.String(8), nullable=False),
            sa.Column("quantity", sa.String(40)),
            sa.Column("price", sa.String(40)),
            sa.Column("amount", sa.String(40)),
            sa.Column("cash", sa.String(40)),
            sa.Column("multiplier", sa.String(40)),
            sa.Column("fx_rate_to_base", sa.String(40)),
            sa.Column("transaction_id", sa.String(40)),
            sa.Column("statement_id", sa.String(64), nullable=False),
            sa.Column("withdrawn_by", sa.String(64)),
            sa.UniqueConstraint("mode", "account", "row_key"),
        ],
        "option_events": [
            sa.Column("row_key", sa.String(160), nullable=False),
            sa.Column("day", sa.String(8), nullable=False),
            sa.Column("model", sa.String(64), nullable=False),
            sa.Column("con_id", sa.BigInteger),
            sa.Column("symbol", sa.String(64)),
            sa.Column("sec_type", sa.String(16)),
            sa.Column("currency", sa.String(8)),
            sa.Column("description", sa.Text),
            sa.Column("kind", sa.String(40), nullable=False),
            sa.Column("underlying_symbol", sa.String(64)),
            sa.Column("expiry", sa.String(8)),
            sa.Column("strike", sa.String(40)),
            sa.Column("put_call", sa.String(1)),
            sa.Column("quantity", sa.String(40), nullable=False),
            sa.Column("price", sa.String(40)),
            sa.Column("proceeds", sa.String(40)),
            sa.Column("statement_realized", sa.String(40)),
            sa.Column("trade_id", sa.String(40)),
            sa.Column("statement_id", sa.String(64), nullable=False),
            sa.Column("withdrawn_by", sa.String(64)),
            sa.UniqueConstraint("mode", "account", "row_key"),
        ],
        "nav_days": [
            sa.Column("row_key", sa.String(160), nullable=False),
            sa.Column("day", sa.String(8), nullable=False),
            sa.Column("model", sa.String(64), nullable=False),
            sa.Column("currency", sa.String(8)),
            sa.Column("total", sa.String(40), nullable=False),
            sa.Column("cash", sa.String(40)),
            sa.Column("stock", sa.String(40)),
            sa.Column("options", sa.String(40)),
            sa.Column("told_by", sa.String(40), nullable=False),
            sa.Column("statement_id", sa.String(64), nullable=False),
            sa.Column("withdrawn_by", sa.String(64)),
            sa.UniqueConstraint("mode", "account", "row_key"),
        ],
        "positions_at": [
            sa.Column("row_key", sa.String(160), nullable=False),
            sa.Column("day", sa.String(8), nullable=False),
            sa.Column("model", sa.String(64), nullable=False),
            sa.Column("con_id", sa.BigInteger),
            sa.Column("symbol", sa.String(64)),
            sa.Column("sec_type", sa.String(16)),
            sa.Column("currency", sa.String(8)),
            sa.Column("description", sa.Text),
            sa.Column("side", sa.String(8), nullable=False),
            sa.Column("quantity", sa.String(40), nullable=False),
            sa.Column("multiplier", sa.String(40)),
            sa.Column("mark_price", sa.String(40)),
            sa.Column("value", sa.String(40)),
            sa.Column("cost_price", sa.String(40)),
            sa.Column("cost_money", sa.String(40)),
            sa.Column("fx_rate_to_base", sa.String(40)),
            sa.Column("statement_id", sa.String(64), nullable=False),
            sa.Column("withdrawn_by", sa.String(64)),
            sa.UniqueConstraint("mode", "account", "row_key"),
        ],
        "conversion_rates": [
            sa.Column("row_key", sa.String(160), nullable=False),
            sa.Column("day", sa.String(8), nullable=False),
            sa.Column("from_currency", sa.String(8), nullable=False),
            sa.Column("to_currency", sa.String(8), nullable=False),
            sa.Column("rate", sa.String(40), nullable=False),
            sa.Column("statement_id", sa.String(64), nullable=False),
            sa.Column("withdrawn_by", sa.String(64)),
            sa.UniqueConstraint("mode", "account", "row_key"),
        ],
    }
