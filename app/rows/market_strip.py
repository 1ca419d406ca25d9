"""The market strip: a few contracts of the user's choice with price and change, honest where there is none. Pure.

The part "market": place -> {name, sym, con, last, dec, chg, word, why, at}. `word` = what the price is where it is no
live one, "" = it is; `at` = when it came, wall seconds, where its age is to be told. "lost" -> of what this gateway
knows no contract, in words: it has no place of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.rows.fresh import quotes_of
from app.rows.states import dated_quote, is_live, lines_of
from app.snapshots import Snapshots
from engine.domain import Quote
from engine.prices.decimals import contract_decimals
from engine.state.watchlist_sections import StripEntry

SESSION_WORDS = {"closed": "closed", "weekend": "closed"}


def market_part(s: Snapshots) -> dict[str, Any]:
    """Every entry in the user's order; {} = none is chosen."""
    entries = s.watchlists.strip if s.watchlists else ()
    lost = [entry for entry in entries if entry.contract is None and entry.problem]
    found = {str(place): _entry(s, place, entry) for place, entry in enumerate(entries) if entry not in lost}
    return {**found, **({"lost": _lost_words(lost)} if lost else {})}


def _lost_words(lost: Sequence[StripEntry]) -> list[str]:
    """ "VIX not found", and why in a tooltip."""
    names = ", ".join(_name(entry) for entry in lost)
    return [f"{names} not found", f"{lost[0].problem}. Settings > Market strip names what is shown here."]


def _name(entry: StripEntry) -> str:
    return entry.name.partition(",")[0]


def _entry(s: Snapshots, place: int, entry: StripEntry) -> dict[str, Any]:
    contract = entry.contract
    quote = quotes_of(s).get(contract.con_id) if contract else None
    price = quote.price if quote else None
    decimals = contract_decimals(None, price, contract.sec_type) if contract else 2
    word, why, is_aged = _said(s, entry, quote)
    change = quote.change_pct if quote else None
    return {
        "order": place,
        "name": _name(entry),
        "sym": contract.local_symbol if contract else None,
        "con": contract.con_id if contract else None,
        "last": None if price is None else round(price, decimals),
        "dec": decimals,
        "chg": None if change is None else round(change, 2),
        "word": word,
        "why": why,
        "at": round(quote.received_wall, 1) if quote and is_aged else None,
    }


def _said(s: Snapshots, entry: StripEntry, quote: Quote | None) -> tuple[str, str, bool]:
    """What the price is in a word, why, and whether its age is told."""
    contract = entry.contract
    if contract is None:
        return "looking up", "Not looked up yet", False
    line = lines_of(s).get(contract.con_id)
    if quote is None or quote.price is None:
        return "no data", _why_none(s, contract.con_id), False
    dated = dated_quote(quote, line)
    if is_live(s, dated):
        return "", "", False
    if quote.data_type != "live":
        return quote.data_type, "As the market data of this account are", True
    phase = s.broker.session if s.broker else "unknown"
    if quote.price_kind == "close":
        return "prior close", "No trade and no quote came yet", False
    if phase in SESSION_WORDS and line is not None:
        return SESSION_WORDS[phase], "The last session's price", True
    if line is None:
        return "no line", _why_none(s, contract.con_id), True
    return "last price", "No tick for more than a minute", True


def _why_none(s: Snapshots, con_id: int) -> str:
    """Why there is no price of now."""
    if s.broker is not None and not s.broker.connected:
        return "There is no connection to the broker"
    refused = next((each.reason for each in s.lines.refused if each.con_id == con_id), "") if s.lines else ""
    line = lines_of(s).get(con_id)
    if refused:
        return refused
    if line is not None:
        return line.message or "A line is open, and no price has come"
    return "The line budget has no place for it: the strip takes an eighth of the lines at most"
