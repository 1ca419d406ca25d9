"""The journal's executions and changes of settings as rows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.format import redacted
from app.rows.journal_query import shown_day
from app.rows.thresholds import label_of
from engine.journal.rows import SettingChange
from engine.prices.decimals import contract_decimals
from engine.trades.execution import Execution

ROWS_MOST = 5_000
SOURCE_WORDS = {"api": "API", "flex": "Flex statement", "csv": "CSV statement"}
KIND_WORDS = {
    "assignment": "assigned",
    "exercise": "exercised",
    "expiry": "expired",
    "cash settlement": "settled in cash",
    "transfer": "transferred",
    "opening": "there before",
    "split": "split",
    "corporate action": "corporate action",
}


def execution_row(e: Execution, labels: Mapping[str, str]) -> dict[str, Any]:
    """One execution, in force or not; `labels` = accounts as they are shown."""
    return {
        "id": e.id,
        "at": round(e.time),
        "account": labels.get(e.account, redacted(e.account)),
        "sym": e.name,
        "con": e.con_id or None,
        "what": what(e),
        "state": e.state,
        "liquidation": e.liquidation,
        "qty": float(abs(e.quantity)),
        "price": float(e.price),
        "dec": decimals_of(e),
        "price_pending": e.price_pending,
        "value": None if e.value is None else float(abs(e.value)),
        "cur": e.currency,
        "fee": None if e.commission is None else float(e.commission),
        "fee_cur": e.commission_currency or e.currency,
        "taxes": float(e.taxes),
        "ib": None if e.ib_realized is None else float(e.ib_realized),
        "day": shown_day(e.trade_date),
        "venue": e.exchange,
        "source": SOURCE_WORDS.get(e.source, e.source),
        "order": e.order,
        "ref": e.order_ref,
    }


def what(e: Execution) -> str:
    """ "bought", "sold", or what else changed the position."""
    dealt = "bought" if e.quantity > 0 else "sold"
    return dealt if e.kind == "trade" else f"{KIND_WORDS.get(e.kind, e.kind)} ({dealt})"


def decimals_of(e: Execution) -> int:
    """Of its price: as many as it has, at least those of its kind."""
    exponent = e.price.normalize().as_tuple().exponent
    own = -exponent if isinstance(exponent, int) else 2
    return max(contract_decimals(None, float(e.price), e.sec_type), min(8, own))


def change_rows(changes: Iterable[SettingChange]) -> list[dict[str, Any]]:
    return [
        {
            "id": str(change.id),
            "at": round(change.at_market),
            "name": label_of(change.key),
            "old": _plain(change.old),
            "new": _plain(change.new),
            "who": change.who,
            "reverted": "taken back" if change.reverted else "",
        }
        for change in changes
    ]


def _plain(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(_plain(each) for each in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(each)}" for key, each in value.items())
    return str(value)
