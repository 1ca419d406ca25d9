"""What an imported text asks for: a TWS export, a CSV with a head, TradingView's lists, or plain symbols. Pure.

TWS exports lines that begin with their kind: `DES,symbol,type,exchange,expiry,strike,right,multiplier`,
`SYM,symbol,exchange` and `CON,con_id,exchange`, between lines of its own (`COLUMN,0`, headings). What stands behind a
slash, as in `SMART/AMEX`, names a listing exchange, and not always the true one: it decides only between several.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from engine.domain import con_id_of
from engine.state.watchlist_sections import IMPORT_MAX

LINES_MAX = 1_000
_SHOWN = 60
NOT_ONE = "A combination has no single price: it can't be watched"

_OWN_LINES = ("COLUMN", "HED", "HEADING", "HEADER", "PAGE", "GROUP", "BAR", "ORD")
_PLACES = {
    "DES": ("symbol", "sec_type", "exchange", "expiry", "strike", "right"),
    "SYM": ("symbol", "exchange"),
    "CON": ("con_id", "exchange"),
}
_TYPES = {
    "STK": "STK", "STOCK": "STK", "STOCKS": "STK", "ETF": "STK", "EQUITY": "STK", "COMMON": "STK",
    "FUT": "FUT", "FUTURE": "FUT", "FUTURES": "FUT", "OPT": "OPT", "OPTION": "OPT", "OPTIONS": "OPT",
    "FOP": "FOP", "IND": "IND", "INDEX": "IND", "CASH": "CASH", "FOREX": "CASH", "FX": "CASH", "CFD": "CFD",
    "WAR": "WAR", "WARRANT": "WAR", "BOND": "BOND", "FUND": "FUND", "CMDTY": "CMDTY", "CRYPTO": "CRYPTO",
    "CONTFUT": "CONTFUT", "BAG": "BAG", "COMB": "BAG",
}  # fmt: skip
# Heads of other programs' files, without blanks and signs.
_HEADS = {
    "con_id": ("conid", "contractid", "ibconid", "contractidentifier"),
    "symbol": ("symbol", "ticker", "tickersymbol", "financialinstrument", "instrument", "underlying", "code", "name"),
    "sec_type": ("sectype", "securitytype", "type", "assetclass", "assettype", "instrumenttype", "product"),
    "exchange": ("exchange", "exch", "market", "exchangesymbol", "routing"),
    "primary": ("primaryexchange", "primaryexch", "listingexchange", "listingexch", "primary"),
    "currency": ("currency", "ccy", "curr", "tradingcurrency"),
    "expiry": ("expiry", "expiration", "lasttradedate", "lasttradingday", "lasttradedateorcontractmonth", "maturity"),
    "strike": ("strike", "strikeprice"),
    "right": ("right", "putcall", "pc", "callput"),
}
_ANY_SYMBOL_HEAD = frozenset(_HEADS["symbol"]) - {"name", "code"} | frozenset(_HEADS["con_id"])
_NAME = re.compile(r"[A-Z0-9][A-Z0-9 .\-/&'=+$^]{0,39}")
_EXCHANGE = re.compile(r"[A-Z0-9][A-Z0-9.\-]{0,19}")
_DATE = re.compile(r"(\d{4})-?(\d{2})(?:-?(\d{2}))?")


class Wanted(Struct, frozen=True):
    """One contract as it was written; what is "" (0) was not said. `expiry` YYYYMM or YYYYMMDD, `right` C or P."""

    line: int
    text: str
    con_id: int = 0
    symbol: str = ""
    sec_type: str = ""
    exchange: str = ""
    primary: str = ""
    currency: str = ""
    expiry: str = ""
    strike: float = 0.0
    right: str = ""


class RefusedLine(Struct, frozen=True):
    """One that can't be read, and why in words."""

    line: int
    text: str
    why: str


class Reading(Struct, frozen=True):
    """All of a text; what it says twice is wanted once."""

    wanted: tuple[Wanted, ...] = ()
    refused: tuple[RefusedLine, ...] = ()


class _Unreadable(Exception):
    """The words for the user."""


def read(text: str) -> Reading:
    """What the text asks for, in its order. Never raises: what can't be read is refused by line."""
    body = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if len(body) > IMPORT_MAX:
        why = f"The text has {len(body):,} characters; at most {IMPORT_MAX:,} are read. Import it in parts."
        return Reading(refused=(RefusedLine(1, body[:_SHOWN], why),))
    wanted: dict[tuple[object, ...], Wanted] = {}
    refused: list[RefusedLine] = []
    for number, (line, found) in enumerate(_entries(body)):
        if number >= LINES_MAX:
            refused.append(RefusedLine(line, "…", f"At most {LINES_MAX:,} symbols are read; the rest is left out."))
            break
        if isinstance(found, RefusedLine):
            refused.append(found)
        else:
            wanted.setdefault(_identity(found), found)
    return Reading(tuple(wanted.values()), tuple(refused))


def _identity(wanted: Wanted) -> tuple[object, ...]:
    if wanted.con_id:
        return (wanted.con_id,)
    return (
        wanted.symbol,
        wanted.sec_type,
        wanted.exchange,
        wanted.currency,
        wanted.expiry,
        wanted.strike,
        wanted.right,
    )


def _entries(body: str) -> Iterator[tuple[int, Wanted | RefusedLine]]:
    heads: dict[int, str] | None = None
    is_first = True
    for line, raw in enumerate(body.split("\n"), 1):
        text = raw.strip()
        if not text.strip(",;\t ") or text.startswith(("#", "//")):
            continue
        cells = _cells(text)
        if is_first:
            is_first = False
            heads = _heads(cells)
            if heads is not None:
                continue
        for shown, cell in _of_line(cells, heads, text):
            yield line, _tried(line, shown, cell)


def _tried(line: int, shown: str, cells: Mapping[str, str]) -> Wanted | RefusedLine:
    try:
        return _wanted(line, shown[:_SHOWN], cells)
    except _Unreadable as why:
        return RefusedLine(line, shown[:_SHOWN], str(why))


def _cells(text: str) -> list[str]:
    """Of one line, by the sign that separates it."""
    sign = next((each for each in ("\t", ";", ",") if each in text), ",")
    try:
        return [cell.strip() for cell in next(csv.reader([text], delimiter=sign))]
    except (csv.Error, StopIteration):
        return [cell.strip() for cell in text.split(sign)]


def _heads(cells: Sequence[str]) -> dict[int, str] | None:
    """Which column says what; None = the first line is no head."""
    keys = [re.sub(r"[^a-z]", "", cell.lower()) for cell in cells]
    if not _ANY_SYMBOL_HEAD.intersection(keys):
        return None
    return {i: name for i, key in enumerate(keys) for name, words in _HEADS.items() if key in words}


def _of_line(cells: list[str], heads: dict[int, str] | None, text: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """What a line asks for: one contract, or one a cell where it is a row of plain symbols."""
    kind = cells[0].upper()
    places = _PLACES.get(kind)
    if kind in _OWN_LINES:
        return
    if places is not None and len(cells) > 1:
        yield text, dict(zip(places, cells[1:], strict=False))
    elif heads is not None:
        yield text, _by_head(cells, heads)
    elif len(cells) >= 3 and cells[1].upper() in _TYPES:
        yield text, dict(zip(("symbol", "sec_type", "exchange", "currency"), cells, strict=False))
    else:
        for word in (word for cell in cells for word in _plain(cell)):
            yield word, {"symbol": word}


def _by_head(cells: Sequence[str], heads: Mapping[int, str]) -> dict[str, str]:
    named: dict[str, str] = {}
    for i, cell in enumerate(cells):
        if i in heads and cell:
            named.setdefault(heads[i], cell)
    return named


def _plain(cell: str) -> list[str]:
    """A cell of plain symbols: with blanks between them where that can't be one name ("BRK B" is one)."""
    words = cell.split()
    if len(words) == 2 and len(words[1]) == 1 and words[1].isalpha():
        return [" ".join(words)]
    return words


def _wanted(line: int, text: str, cells: Mapping[str, str]) -> Wanted:
    exchange, primary = _exchange(cells.get("exchange", ""))
    symbol = " ".join(cells.get("symbol", "").upper().split())
    if ":" in symbol:  # NASDAQ:AAPL
        where, _, symbol = (part.strip() for part in symbol.partition(":"))
        primary = primary or where
    con_id = _con_id(cells.get("con_id", ""))
    if not con_id and not symbol:
        raise _Unreadable("It names no symbol")
    if symbol and not _NAME.fullmatch(symbol):
        raise _Unreadable(f"{symbol[:_SHOWN]!r} can't be the name of a symbol")
    sec_type = _type(cells.get("sec_type", ""))
    return Wanted(
        line=line,
        text=text,
        con_id=con_id,
        symbol=symbol,
        sec_type=sec_type,
        exchange=exchange,
        primary=primary or cells.get("primary", "").upper().partition(".")[0],
        currency=_currency(cells.get("currency", "")),
        expiry=_expiry(cells.get("expiry", "")),
        strike=_strike(cells.get("strike", "")),
        right=_right(cells.get("right", "")),
    )


def _con_id(text: str) -> int:
    if not text:
        return 0
    found = con_id_of(text)
    if found is None:
        raise _Unreadable(f"{text!r} is no contract number")
    return found


def _type(text: str) -> str:
    word = text.upper().strip()
    if not word:
        return ""
    found = _TYPES.get(word)
    if found is None:
        raise _Unreadable(f"{text!r} is no type of contract that is known here (STK, FUT, OPT, IND, CASH ...)")
    if found == "BAG":
        raise _Unreadable(NOT_ONE)
    return found


def _exchange(text: str) -> tuple[str, str]:
    """ "SMART/NASDAQ.NMS" -> ("SMART", "NASDAQ")."""
    word = text.upper().strip().removeprefix("@")
    if not word:
        return "", ""
    first, _, second = word.partition("/")
    if not _EXCHANGE.fullmatch(first) or (second and not _EXCHANGE.fullmatch(second)):
        raise _Unreadable(f"{text!r} is no name of an exchange")
    return first.partition(".")[0], second.partition(".")[0]


def _currency(text: str) -> str:
    word = text.upper().strip()
    if word and not re.fullmatch(r"[A-Z]{3}", word):
        raise _Unreadable(f"{text!r} is no currency: three letters like USD")
    return word


def _expiry(text: str) -> str:
    if not text:
        return ""
    found = _DATE.fullmatch(text)
    if found is None or not 1 <= int(found[2]) <= 12 or not 1 <= int(found[3] or 1) <= 31:
        raise _Unreadable(f"{text!r} is no expiry: YYYYMM or YYYYMMDD")
    return "".join(part for part in found.groups() if part)


def _strike(text: str) -> float:
    if not text:
        return 0.0
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value < 1e9:
        raise _Unreadable(f"{text!r} is no strike")
    return value


def _right(text: str) -> str:
    word = text.upper().strip()
    if word not in ("", "C", "P", "CALL", "PUT"):
        raise _Unreadable(f"{text!r} is neither CALL nor PUT")
    return word[:1]
