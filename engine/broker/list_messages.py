"""Messages that list rows - history bars (17), rows of a scan (20), found symbols (79) - row by row. Pure.

The client library reads such a message whole or not at all: one bad date would lose 400 bars, one bad con_id a scan,
and whoever asked would wait for nothing until the time-out. Here a row that can't be read is lost alone and named;
a count that doesn't fit is no reason to lose what came. For server versions 157-178.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import partial
from operator import gt
from typing import Generic, NamedTuple, TypeVar, overload

from engine.clock import zone_of

BAR_FIELDS = 8  # date, open, high, low, close, volume, average, count
SCAN_FIELDS = 16
SYMBOL_FIELDS = 5  # con_id, symbol, type, primary exchange, currency; then the count of derivative types
_NAMES_SYMBOLS = 176  # from this version on a symbol ends with description and issuer
_EPOCH = re.compile(r"\d{9,10}(?:\.\d+)?$", re.ASCII)
_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})$", re.ASCII)
_MOMENT = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})[ T-]+(\d{2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?(?:\s+(\S.*))?$", re.ASCII)
_EARLIEST = datetime(1970, 6, 1, tzinfo=UTC).date()
_NAN = float("nan")

_MOMENT_OF = partial(datetime.fromtimestamp, tz=UTC)

Row = TypeVar("Row")


class BarRow(NamedTuple):
    """One bar as it stands on the wire; a number that is none is NaN."""

    date: datetime | date
    open: float
    high: float
    low: float
    close: float
    volume: float


class PlainBars(Sequence[BarRow]):
    """The bars of an answer as columns, each row made at a look: answers come some at once, and a row of objects takes
    five times as much. `columns`: epoch seconds, open, high, low, close, volume."""

    __slots__ = ("_columns",)

    def __init__(self, columns: Iterable[Iterable[float]]) -> None:
        self._columns = [array("d", column) for column in columns]

    def __len__(self) -> int:
        return len(self._columns[0])

    @overload
    def __getitem__(self, place: int) -> BarRow: ...
    @overload
    def __getitem__(self, place: slice) -> list[BarRow]: ...
    def __getitem__(self, place: int | slice) -> BarRow | list[BarRow]:
        if isinstance(place, slice):
            return list(PlainBars(column[place] for column in self._columns))
        return next(iter(self[place : place + 1 or None]))

    def __iter__(self) -> Iterator[BarRow]:
        times, *numbers = self._columns
        return map(BarRow._make, zip(map(_MOMENT_OF, times), *numbers, strict=True))


class Listed(NamedTuple, Generic[Row]):
    """The rows of a message; `lost` says of each row that is missing what was found."""

    req_id: int
    rows: Sequence[Row]
    lost: list[str]


class ScanFields(NamedTuple):
    """One row of a scan, of its contract what a request needs."""

    rank: int
    con_id: int
    symbol: str
    sec_type: str
    expiry: str
    strike: float
    right: str
    exchange: str
    currency: str
    local_symbol: str
    trading_class: str


class SymbolFields(NamedTuple):
    con_id: int
    symbol: str
    sec_type: str
    primary_exchange: str
    currency: str


def bar_date(text: str) -> datetime | date | None:
    """A bar's time with its zone, or its date; None = neither. A time without a zone is UTC, as was asked for."""
    text = text.strip()
    try:
        if _EPOCH.match(text):
            return datetime.fromtimestamp(float(text), UTC)
        if match := _DATE.match(text):
            day = date(int(match[1]), int(match[2]), int(match[3]))
            return day if day >= _EARLIEST else None
        match = _MOMENT.match(text)
        if match is None:
            return None
        zone = zone_of(match[7].strip()) if match[7] else UTC
        year, month, day_of_month, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
        moment = datetime(year, month, day_of_month, hour, minute, second, tzinfo=zone) if zone is not None else None
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment is not None and moment.date() >= _EARLIEST else None


def history_bars(fields: Sequence[str]) -> Listed[BarRow]:
    """Message 17: id, request, start, end, count, bars. Raises ValueError without a request."""
    req_id, rest = _whole(fields[1]), fields[5:]
    plain = _plain_bars(rest)
    if plain is not None:
        return Listed(req_id, plain, _miscounted(fields[4], len(plain), "bars"))
    rows: list[BarRow] = []
    lost: list[str] = []
    at = 0
    while at < len(rest):
        end = _bar_end(rest, at)
        chunk = rest[at:end]
        moment = bar_date(chunk[0]) if len(chunk) == BAR_FIELDS else None
        if len(chunk) != BAR_FIELDS:
            lost.append(f"a bar of {len(chunk)} fields, {BAR_FIELDS} expected, at {chunk[0]!r:.40}")
        elif moment is None:
            lost.append(f"a bar's date {chunk[0]!r:.40}")
        else:
            row = BarRow(moment, *map(_number, chunk[1:6]))
            if row.low > row.high:
                lost.append(f"a bar's low {row.low} above its high {row.high} at {chunk[0]!r:.40}")
            else:
                rows.append(row)
        at = end
    return Listed(req_id, rows, lost + _miscounted(fields[4], len(rows) + len(lost), "bars"))


def _plain_bars(rest: Sequence[str]) -> PlainBars | None:
    """All bars a column at a time, a third of the cost, where every one is as it should be; None = look at each."""
    dates = rest[::BAR_FIELDS]
    if len(rest) % BAR_FIELDS or not all(map(_EPOCH.match, dates)):
        return None
    try:
        columns = [list(map(float, rest[place::BAR_FIELDS])) for place in range(1, 6)]
    except ValueError:
        return None
    if not math.isfinite(sum(map(sum, columns))):
        return None
    _, highs, lows, _, _ = columns
    if any(map(gt, lows, highs)):
        return None
    return PlainBars([map(float, dates), *columns])


def _bar_end(rest: Sequence[str], at: int) -> int:
    """Where the bar that begins at `at` ends: after its fields, or before the next date when it has more or fewer."""
    usual = at + BAR_FIELDS
    if usual >= len(rest) or bar_date(rest[usual]) is not None:
        return min(usual, len(rest))
    if usual + BAR_FIELDS >= len(rest) or bar_date(rest[usual + BAR_FIELDS]) is not None:
        return usual  # the next one's date is the bad field
    for other in range(at + 1, min(usual + BAR_FIELDS, len(rest))):
        following = other + BAR_FIELDS
        if bar_date(rest[other]) is not None and (following >= len(rest) or bar_date(rest[following]) is not None):
            return other
    return usual


def scan_rows(fields: Sequence[str]) -> Listed[ScanFields]:
    """Message 20: id, version, request, count, rows. Raises ValueError without a request."""
    req_id, rest = _whole(fields[2]), fields[4:]
    rows: list[ScanFields] = []
    lost: list[str] = []
    for place, at in enumerate(range(0, len(rest), SCAN_FIELDS)):
        chunk = rest[at : at + SCAN_FIELDS]
        con_id = _con_id(chunk[1]) if len(chunk) == SCAN_FIELDS else None
        if con_id is None:
            lost.append(f"row {place} of a scan: {' '.join(chunk[:5])!r:.80}")
            continue
        _, _, symbol, sec_type, expiry, strike, right, exchange, currency, local, _, trading_class, *_ = chunk
        rank = _whole(chunk[0]) if _is_count(chunk[0]) else place
        number = _number(strike)
        rows.append(
            ScanFields(
                rank, con_id, symbol, sec_type, expiry, number if number == number else 0.0, right, exchange, currency,
                local, trading_class,
            )
        )  # fmt: skip
    return Listed(req_id, rows, lost + _miscounted(fields[3], len(rows) + len(lost), "rows"))


def found_symbols(fields: Sequence[str], server_version: int) -> Listed[SymbolFields]:
    """Message 79: id, request, count, symbols. Raises ValueError without a request."""
    req_id, rest = _whole(fields[1]), fields[3:]
    tail = 2 if server_version >= _NAMES_SYMBOLS else 0
    rows: list[SymbolFields] = []
    lost: list[str] = []
    at = 0
    while at < len(rest):
        chunk = rest[at : at + SYMBOL_FIELDS + 1]
        if len(chunk) <= SYMBOL_FIELDS or not _is_count(chunk[-1]):
            lost.append(f"symbols from {' '.join(chunk)!r:.80} on")
            break  # where the next one begins can't be told
        con_id = _con_id(chunk[0])
        if con_id is None:
            lost.append(f"a symbol's con_id {chunk[0]!r:.40}")
        else:
            rows.append(SymbolFields(con_id, *chunk[1:SYMBOL_FIELDS]))
        at += SYMBOL_FIELDS + 1 + int(chunk[-1]) + tail
    return Listed(req_id, rows, lost)


def _miscounted(said: str, found: int, what: str) -> list[str]:
    return [] if said.strip() == str(found) else [f"the answer says {said!r:.20} {what} and has {found}"]


def _whole(text: str) -> int:
    return int(text)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def _con_id(text: str) -> int | None:
    return int(text) if _is_count(text) and int(text) > 0 else None


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return _NAN
    return value if math.isfinite(value) else _NAN
