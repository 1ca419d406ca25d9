"""The words of rules and of what they find: sentences for the page, titles and texts for messages. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine.alerts.kinds import EVERY_ACCOUNT, MONEY, OWN_LISTS, PRICE, Field, Kind
from engine.alerts.looks import AWAY, Look
from engine.domain import ALL_ACCOUNTS
from engine.logs.redaction import redact
from engine.prices.decimals import exact_decimals, level_decimals
from engine.state.alert_sections import Occurrence

MINUS = "−"
TEXT_MOST = 500
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def clean(text: str, most: int = TEXT_MOST) -> str:
    """One line without control characters, account ids shortened, cut where it is too long."""
    line = " ".join(redact(_CONTROL.sub(" ", text)).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def plain_number(value: float, decimals: int | None = None) -> str:
    """ "−1,250.50"; without `decimals` as many as the number has, eight at most."""
    text = f"{abs(value):,.{8 if decimals is None else decimals}f}"
    text = text.rstrip("0").rstrip(".") if decimals is None and "." in text else text
    return f"{MINUS}{text}" if value < 0 and any(c in "123456789" for c in text) else text


def money(value: float, currency: str, decimals: int | None = 2) -> str:
    return f"{plain_number(value, decimals)} {currency}".strip()


def sentence(
    kind: Kind,
    values: Mapping[str, Any],
    symbols: Mapping[int, str],
    currency: str = "",
    list_name: str = "",
    decimals: int | None = None,
) -> str:
    """What follows "Tell me when". `symbols` names contracts, `currency` is that of amounts, `list_name` a list's;
    `decimals` = those of the contract's prices, None = not known.
    """
    shown = {}
    for field in kind.fields:
        value = values.get(field.key, field.default)
        if field.type == "list" and list_name:
            shown[field.key] = list_name
        elif field.unit == PRICE:
            shown[field.key] = level_text(value, decimals)
        else:
            shown[field.key] = _shown(field, value, symbols, currency)
    return kind.sentence.format(**shown)


def level_text(level: float, decimals: int | None) -> str:
    """A price that somebody chose, as prices of its contract are written."""
    return plain_number(level, level_decimals(level, decimals))


def _shown(field: Field, value: Any, symbols: Mapping[int, str], currency: str) -> str:
    if field.type == "number":
        return f"{plain_number(value)} {currency}".strip() if field.unit == MONEY else plain_number(value)
    if field.type == "symbol":
        return symbols.get(value, f"contract {value}") if value else field.blank or "a symbol"
    if field.type == "account":
        return redact(value) if value else field.blank
    words = dict(field.choices if field.type == "choice" else OWN_LISTS)
    return words.get(value, str(value))


def titled(kind: Kind, values: Mapping[str, Any], look: Look, decimals: int | None = None) -> tuple[str, str]:
    """Title and text of what was found, as of that moment. `decimals` of its contract's prices, None = not known."""
    if kind.name in _PRICE_WORDS:
        title, text = _PRICE_WORDS[kind.name](values, look, decimals)
    else:
        title, text = _WORDS[kind.name](values, look)
    return clean(title, 120), clean(text)


def briefly(kind: Kind, occurrence: Occurrence) -> str:
    """For the log: the kind and what it is about, without prices or amounts."""
    about = [occurrence.symbol, redact(occurrence.account) if occurrence.account != ALL_ACCOUNTS else ""]
    return clean(", ".join([kind.title, *(each for each in about if each)]))


def _whose(look: Look) -> str:
    return EVERY_ACCOUNT if not look.account or look.account == ALL_ACCOUNTS else redact(look.account)


def _direction(values: Mapping[str, Any]) -> str:
    return "below" if values["side"] == "below" else "above"


def _pnl(name: str, values: Mapping[str, Any], look: Look) -> tuple[str, str]:
    amount, value = money(values["amount"], look.unit, None), money(look.value or 0.0, look.unit)
    return f"{name} {_direction(values)} {amount}", f"{name} is {value}, {_whose(look)}."


def _day_pnl(values: Mapping[str, Any], look: Look) -> tuple[str, str]:
    return _pnl("Day P&L", values, look)


def _account_pnl(values: Mapping[str, Any], look: Look) -> tuple[str, str]:
    return _pnl("Unrealised P&L", values, look)


def _position_pnl(values: Mapping[str, Any], look: Look) -> tuple[str, str]:
    name = "day P&L" if values["measure"] == "day" else "unrealised P&L"
    return _pnl(f"{look.symbol} {name}", values, look)


def _price(values: Mapping[str, Any], look: Look, decimals: int | None) -> tuple[str, str]:
    price = look.value or 0.0
    level = level_text(values["level"], decimals)
    last = plain_number(price, exact_decimals(price) if decimals is None else decimals)
    if look.detail == AWAY:
        return (
            f"{look.symbol} crossed {level} while QTrade was not running",
            f"At QTrade's first look after its start {look.symbol} was on the other side of {level}; it trades at"
            f" {last}.",
        )
    if values["often"] == "close":
        return f"{look.symbol} ended a minute beyond {level}", f"{look.symbol} stood at {last} at its end."
    return f"{look.symbol} at {level}", f"{look.symbol} has reached {level}; it trades at {last}."


def _signal(values: Mapping[str, Any], look: Look, decimals: int | None) -> tuple[str, str]:
    said = f"{look.symbol} {look.detail} at {level_text(look.level or 0.0, decimals)}"
    return said, f"{said}, score at signal {plain_number(look.value or 0.0, 2)}."


def _no_price(values: Mapping[str, Any], look: Look) -> tuple[str, str]:
    return f"{look.symbol} has no live price", f"Position {look.symbol} of {_whose(look)}: {look.detail}."


def _refused(values: Mapping[str, Any], look: Look) -> tuple[str, str]:
    return (
        f"{look.symbol} gets no market-data line",
        f"Position {look.symbol} of {_whose(look)} is valued by IB's portfolio updates alone.",
    )


def _feed_dead(values: Mapping[str, Any], look: Look) -> tuple[str, str]:
    return "No quotes come", "TWS answers, but no price comes on any line. All that is shown stands still."


def _link(values: Mapping[str, Any], look: Look) -> tuple[str, str]:
    minutes = values["minutes"]
    return "TWS can't be reached", f"QTrade has not been connected to TWS for {minutes} min. Nothing is up to date."


def _cushion(values: Mapping[str, Any], look: Look) -> tuple[str, str]:
    limit, pct = plain_number(values["pct"]), plain_number(look.value or 0.0, 1)
    return f"Cushion below {limit} %", f"Excess liquidity is {pct} % of the net liquidation, {_whose(look)}."


def _expiry(values: Mapping[str, Any], look: Look) -> tuple[str, str]:
    left = int(look.value or 0)
    when = "today" if left == 0 else f"{left} trading day{'' if left == 1 else 's'} left" if left > 0 else "past"
    return f"{look.symbol}: {look.detail.partition(' on ')[0]} {when}", f"{look.symbol} has its {look.detail}: {when}."


def _disk(values: Mapping[str, Any], look: Look) -> tuple[str, str]:
    return (
        f"Less than {plain_number(values['gb'])} GB free",
        f"{plain_number(look.value or 0.0, 1)} GB are free on the disk of the data folder.",
    )


def _channel(values: Mapping[str, Any], look: Look) -> tuple[str, str]:
    return f"Channel {look.subject} takes nothing any more", f"Alerts to {look.subject} wait: {look.detail}."


_PRICE_WORDS = {"price": _price, "signal": _signal}
_WORDS = {
    "day_pnl": _day_pnl,
    "account_pnl": _account_pnl,
    "position_pnl": _position_pnl,
    "no_price": _no_price,
    "refused": _refused,
    "feed_dead": _feed_dead,
    "link": _link,
    "cushion": _cushion,
    "expiry": _expiry,
    "disk": _disk,
    "channel": _channel,
}
