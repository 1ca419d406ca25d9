"""What statements book beside trades, as rows: cash, transfers, and what became of options. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.format import redacted, signed
from app.rows.journal_query import Chosen, is_within, shown_day
from engine.journal.rows import CashRow, OptionEvent, TransferRow
from engine.trades.flows import Flow, transfers_of

ROWS_MOST = 5_000


def cash_rows(
    cash: Sequence[CashRow], transfers: Sequence[TransferRow], chosen: Chosen, account: str, labels: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Bookings of the accounts, days, symbol and currency asked for, oldest first; transfers where no symbol is."""
    booked = [
        {
            "day": shown_day(row.day), "account": row.account, "what": row.kind, "sort": row.sort, "sym": row.symbol,
            "con": row.con_id, "text": row.description, "amount": float(row.amount), "cur": row.currency,
            "base": _in_base(row.amount, row.fx_rate), "base_cur": row.base_currency, "ex": shown_day(row.ex_date),
        }
        for row in cash
        if _is_asked(row.day, row.account, row.symbol, row.currency, chosen, account)
    ]  # fmt: skip
    moved = [
        _moved(flow)
        for flow in transfers_of(cash, transfers)
        if not chosen.symbol and _is_asked(flow.day, flow.account, "", flow.currency, chosen, account)
    ]
    found = sorted([*booked, *moved], key=lambda row: str(row["day"]))
    return [{**row, "id": f"b{n}", "account": labels.get(str(row["account"]), redacted(str(row["account"])))}
            for n, row in enumerate(found)]  # fmt: skip


def _moved(flow: Flow) -> dict[str, Any]:
    amount = flow.amount
    return {
        "day": shown_day(flow.day), "account": flow.account, "what": flow.what, "sort": "transfer", "sym": "",
        "con": None, "text": "", "amount": _number(amount), "cur": flow.currency,
        "base": None if amount is None else _in_base(amount, flow.fx_rate), "base_cur": flow.base_currency, "ex": "",
    }  # fmt: skip


def option_rows(
    events: Iterable[OptionEvent], chosen: Chosen, account: str, labels: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Assignments, exercises, expiries and cash settlements."""
    found = [
        each for each in events
        if _is_asked(each.day, each.account, each.symbol, each.currency, chosen, account, each.underlying_symbol)
    ]  # fmt: skip
    return [
        {
            "id": f"o{n}",
            "day": shown_day(each.day),
            "account": labels.get(each.account, redacted(each.account)),
            "what": each.kind,
            "sym": each.symbol,
            "con": each.con_id,
            "under": each.underlying_symbol,
            "expiry": shown_day(each.expiry),
            "strike": _number(each.strike),
            "right": {"C": "call", "P": "put"}.get(each.put_call, each.put_call),
            "qty": float(each.quantity),
            "price": _number(each.price),
            "proceeds": _number(each.proceeds),
            "ib": _number(each.realized),
            "cur": each.currency,
        }
        for n, each in enumerate(found)
    ]


def sums_in_words(rows: Iterable[Mapping[str, Any]]) -> str:
    """ "dividend +24.00 USD, withholding tax −3.60 USD": each kind in each currency."""
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for row in rows:
        if row["amount"] is not None:
            sums[str(row["sort"]), str(row["cur"])] += row["amount"]
    return ", ".join(f"{sort} {signed(round(total, 2))} {cur}".strip() for (sort, cur), total in sorted(sums.items()))


def _is_asked(
    day: str, whose: str, symbol: str, currency: str, chosen: Chosen, account: str, under: str = ""
) -> bool:  # fmt: skip
    return (
        is_within(day, chosen)
        and account in ("", whose)
        and (not chosen.symbol or chosen.symbol in (symbol, under))
        and chosen.currency in ("", currency)
    )


def _in_base(amount: Decimal, rate: Decimal | None) -> float | None:
    return None if rate is None else float(round(amount * rate, 2))


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
