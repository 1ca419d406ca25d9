"""A number for each change of what round trips are made of; ex-dates; openings are read from positions now."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_BY_CHANGE = "fills_by_change"
_PARTS = {
    "fills": ("fills",),
    "words": ("trip_notes", "day_notes", "trip_stops", "trip_links"),
    "positions": ("positions_seen",),
    "statements": ("statements",),
}
Columns = list[sa.Column[object]]


def upgrade() -> None:
    """All of it is there already where Alembic's note was lost."""
    there = sa.inspect(op.get_bind())
    if "change_number" not in {column["name"] for column in there.get_columns("fills")}:
        op.execute("DELETE FROM fills WHERE kind = 'opening'")
        _make_anew("fills", lambda columns: [*_but("changed_at", columns), sa.Column("change_number", sa.Integer)])
        op.execute("UPDATE fills SET change_number = 1")
        op.create_index(_BY_CHANGE, "fills", ["mode", "account", "change_number"])
    if "ex_date" not in {column["name"] for column in there.get_columns("cash_transactions")}:
        _make_anew("cash_transactions", _with_ex_date)
    if not there.has_table("book_changes"):
        op.create_table(
            "book_changes",
            sa.Column("mode", sa.String(16), nullable=False),
            sa.Column("account", sa.String(32), nullable=False),
            sa.Column("part", sa.String(16), nullable=False),
            sa.Column("number", sa.Integer, nullable=False),
            sa.PrimaryKeyConstraint("mode", "account", "part"),
        )
        for part, tables in _PARTS.items():
            for table in tables:
                op.execute(
                    "INSERT INTO book_changes (mode, account, part, number)"  # noqa: S608 - our own names
                    f" SELECT DISTINCT mode, account, '{part}', 1 FROM {table} WHERE true ON CONFLICT DO NOTHING"
                )


def downgrade() -> None:
    op.drop_table("book_changes")
    _make_anew("cash_transactions", lambda columns: _but("ex_date", columns))
    op.drop_index(_BY_CHANGE, "fills")
    _make_anew("fills", lambda columns: [*_but("change_number", columns), sa.Column("changed_at", sa.Float(53))])
    op.execute("UPDATE fills SET changed_at = recorded_at")


def _but(name: str, columns: Columns) -> Columns:
    return [column for column in columns if column.name != name]


def _with_ex_date(columns: Columns) -> Columns:
    place = next(n for n, column in enumerate(columns) if column.name == "settle_date") + 1
    return [*columns[:place], sa.Column("ex_date", sa.String(8)), *columns[place:]]


def _make_anew(name: str, changed: Callable[[Columns], Columns]) -> None:
    """Of a file a new table, filled from the old one: added columns would stand behind the constraint, where no new
    file has them. The rows are numbered anew, in their order.
    """
    bind, aside = op.get_bind(), f"{name}_before_0007"
    there = sa.inspect(bind)
    before: Columns = [
        sa.Column(each.name, each.type, primary_key=each.primary_key, nullable=each.nullable)
        for each in sa.Table(name, sa.MetaData(), autoload_with=bind).columns
    ]
    after = changed(before)
    names_before, names_after = {each.name for each in before}, {each.name for each in after}
    if bind.dialect.name == "postgresql":  # where a column stands means nothing there, and the rows stay as they are
        for gone in sorted(names_before - names_after):
            op.drop_column(name, gone)
        for added in (each for each in after if each.name not in names_before):
            op.add_column(name, added)
        return
    unique = [each["column_names"] for each in there.get_unique_constraints(name)]
    indexes = [(str(each["name"]), [str(over) for over in each["column_names"]]) for each in there.get_indexes(name)]
    for index, _ in indexes:
        op.drop_index(index, name)
    op.rename_table(name, aside)
    op.create_table(name, *after, *(sa.UniqueConstraint(*over) for over in unique))
    both = [column.name for column in after if column.name in names_before - {"row_id"}]
    names = ", ".join(f'"{each}"' for each in both)
    op.execute(f"INSERT INTO {name} ({names}) SELECT {names} FROM {aside} ORDER BY row_id")  # noqa: S608 - our own names
    op.drop_table(aside)
    for index, over in indexes:
        op.create_index(index, name, over)
