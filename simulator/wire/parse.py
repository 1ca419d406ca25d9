"""Fields of a request to a value of `simulator.wire.requests`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from simulator.wire import requests as rq
from simulator.wire.messages import PROTOCOL, request_id

UNSET_FLOAT = 1e300
UNSET_INTEGER = 2147483647


class ParseError(ValueError):
    """The message has too few fields, a field of the wrong kind, or a number that the protocol does not have."""


class Fields:
    """A cursor over the fields of one message."""

    def __init__(self, fields: list[str]) -> None:
        self._next = iter(fields)

    def text(self) -> str:
        try:
            return next(self._next)
        except StopIteration:
            raise ParseError("message ends early") from None

    def optional_whole(self) -> int | None:
        text = self.text()
        try:
            value = int(text) if text else None
        except ValueError:
            raise ParseError(f"{text!r} is not a whole number") from None
        return None if value == UNSET_INTEGER else value

    def whole(self) -> int:
        return self.optional_whole() or 0

    def optional_float(self) -> float | None:
        text = self.text()
        if text == "Infinite":
            return None
        try:
            value = float(text) if text else None
        except ValueError:
            raise ParseError(f"{text!r} is not a number") from None
        return None if value is not None and abs(value) > UNSET_FLOAT else value

    def flag(self) -> bool:
        return self.text().strip().lower() in ("1", "true")

    def skip(self, count: int) -> None:
        for _ in range(count):
            self.text()

    def rest(self) -> list[str]:
        return list(islice(self._next, 200))

    def contract(self) -> rq.ContractSpec:
        return rq.ContractSpec(
            con_id=self.whole(),
            symbol=self.text(),
            sec_type=self.text(),
            last_trade_date=self.text(),
            strike=self.optional_float() or 0.0,
            right=self.text(),
            multiplier=self.text(),
            exchange=self.text(),
            primary_exchange=self.text(),
            currency=self.text(),
            local_symbol=self.text(),
            trading_class=self.text(),
        )

    def legs(self, contract: rq.ContractSpec) -> None:
        if contract.sec_type == "BAG":
            self.skip(4 * self.whole())


def tag_values(text: str) -> tuple[tuple[str, str], ...]:
    """`a=b;c=d;` as pairs; parts without `=` are dropped."""
    pairs = (part.split("=", 1) for part in text.split(";") if "=" in part)
    return tuple((tag.strip(), value.strip()) for tag, value in pairs)


def parse(fields: list[str]) -> rq.Request:
    """The request in `fields` (message id first). Raises ParseError."""
    cursor = Fields(fields)
    message_id = cursor.whole()
    if parser := PARSERS.get(message_id):
        return parser(cursor)
    if message_id not in PROTOCOL:
        raise ParseError(f"Unknown message id {fields[0]!r}")
    return rq.Other(request_id(fields), message_id, tuple(fields))


def _market_data(f: Fields) -> rq.Request:
    f.skip(1)
    req_id, contract = f.whole(), f.contract()
    f.legs(contract)
    if f.flag():
        f.skip(3)
    ticks = tuple(tick.strip() for tick in f.text().split(",") if tick.strip())
    return rq.MarketData(req_id, contract, ticks, f.flag(), f.flag())


def _contract_details(f: Fields) -> rq.Request:
    f.skip(1)
    return rq.ContractDetails(f.whole(), f.contract(), f.flag())


def _historical_data(f: Fields) -> rq.Request:
    req_id, contract, expired = f.whole(), f.contract(), f.flag()
    end, bar_size, duration = f.text(), f.text(), f.text()
    rth, what, format_date = f.flag(), f.text(), f.whole()
    f.legs(contract)
    return rq.HistoricalData(req_id, contract, expired, end, bar_size, duration, rth, what, format_date, f.flag())


def _head_timestamp(f: Fields) -> rq.Request:
    return rq.HeadTimestamp(f.whole(), f.contract(), f.flag(), f.flag(), f.text(), f.whole())


def _realtime_bars(f: Fields) -> rq.Request:
    f.skip(1)
    return rq.RealTimeBars(f.whole(), f.contract(), f.whole(), f.text(), f.flag())


def _scanner(f: Fields) -> rq.Request:
    req_id, rows = f.whole(), f.optional_whole()
    instrument, location, scan_code = f.text(), f.text(), f.text()
    above_price, below_price, above_volume = f.optional_float(), f.optional_float(), f.optional_float()
    cap_above, cap_below = f.optional_float(), f.optional_float()
    f.skip(11)  # ratings, maturities, coupons, convertibles, option volume, setting pairs
    stock_type = f.text()
    return rq.ScannerSubscription(
        req_id, rows, instrument, location, scan_code, above_price, below_price, above_volume,
        cap_above, cap_below, stock_type, tag_values(f.text()),
    )  # fmt: skip


def _account_updates(f: Fields) -> rq.Request:
    f.skip(1)
    return rq.AccountUpdates(-1, f.flag(), f.text())


def _account_summary(f: Fields) -> rq.Request:
    f.skip(1)
    req_id, group = f.whole(), f.text()
    return rq.AccountSummary(req_id, group, tuple(tag.strip() for tag in f.text().split(",") if tag.strip()))


def _account_multi(f: Fields) -> rq.Request:
    f.skip(1)
    return rq.AccountUpdatesMulti(f.whole(), f.text(), f.text())


def _positions_multi(f: Fields) -> rq.Request:
    f.skip(1)
    return rq.PositionsMulti(f.whole(), f.text(), f.text())


def _executions(f: Fields) -> rq.Request:
    f.skip(1)
    req_id, client_id = f.whole(), f.optional_whole()
    return rq.Executions(req_id, client_id, *[f.text() for _ in range(6)])


def _pnl(f: Fields) -> rq.Request:
    return rq.Pnl(f.whole(), f.text(), f.text())


def _pnl_single(f: Fields) -> rq.Request:
    return rq.Pnl(f.whole(), f.text(), f.text(), f.whole())


def _start_api(f: Fields) -> rq.Request:
    f.skip(1)
    return rq.StartApi(client_id=f.whole())


def _data_type(f: Fields) -> rq.Request:
    f.skip(1)
    return rq.MarketDataType(data_type=f.whole())


def _matching(f: Fields) -> rq.Request:
    return rq.MatchingSymbols(f.whole(), f.text())


def _tick_by_tick(f: Fields) -> rq.Request:
    return rq.TickByTick(f.whole(), f.contract())


def _plain(message_id: int, skip: int | None = None) -> Callable[[Fields], rq.Request]:
    """`skip` = fields before the reqId; None = the message has no reqId."""

    def parser(f: Fields) -> rq.Request:
        if skip is None:
            return rq.Plain(message_id=message_id)
        f.skip(skip)
        return rq.Plain(f.whole(), message_id)

    return parser


def _order(message_id: int, skip: int | None) -> Callable[[Fields], rq.Request]:
    def parser(f: Fields) -> rq.Request:
        if skip is None:
            return rq.OrderMessage(message_id=message_id)
        f.skip(skip)
        return rq.OrderMessage(f.whole(), message_id)

    return parser


CANCEL_MARKET_DATA, OPEN_ORDERS, NEXT_ID = 2, 5, 8
AUTO_OPEN_ORDERS, ALL_OPEN_ORDERS, MANAGED_ACCOUNTS = 15, 16, 17
CANCEL_SCANNER, SCANNER_PARAMETERS, CANCEL_HISTORY = 23, 24, 25
CURRENT_TIME, CANCEL_REALTIME_BARS, POSITIONS, CANCEL_SUMMARY, CANCEL_POSITIONS = 49, 51, 61, 63, 64
CANCEL_ACCOUNT_MULTI, CANCEL_HEAD, CANCEL_PNL, CANCEL_PNL_SINGLE = 77, 90, 93, 95
CANCEL_POSITIONS_MULTI, COMPLETED_ORDERS = 75, 99
PLACE_ORDER_ID, CANCEL_ORDER_ID, EXERCISE_ID, GLOBAL_CANCEL_ID = 3, 4, 21, 58
ORDER_MESSAGES = frozenset({PLACE_ORDER_ID, CANCEL_ORDER_ID, EXERCISE_ID, GLOBAL_CANCEL_ID})

PARSERS: dict[int, Callable[[Fields], rq.Request]] = {
    1: _market_data,
    6: _account_updates,
    7: _executions,
    9: _contract_details,
    20: _historical_data,
    22: _scanner,
    50: _realtime_bars,
    59: _data_type,
    62: _account_summary,
    71: _start_api,
    74: _positions_multi,
    76: _account_multi,
    81: _matching,
    87: _head_timestamp,
    92: _pnl,
    94: _pnl_single,
    97: _tick_by_tick,
    PLACE_ORDER_ID: _order(PLACE_ORDER_ID, 0),
    CANCEL_ORDER_ID: _order(CANCEL_ORDER_ID, 1),
    EXERCISE_ID: _order(EXERCISE_ID, 1),
    GLOBAL_CANCEL_ID: _order(GLOBAL_CANCEL_ID, None),
    **{
        message_id: _plain(message_id, 1)
        for message_id in (
            CANCEL_MARKET_DATA,
            CANCEL_SCANNER,
            CANCEL_HISTORY,
            CANCEL_REALTIME_BARS,
            CANCEL_SUMMARY,
            CANCEL_ACCOUNT_MULTI,
            CANCEL_POSITIONS_MULTI,
        )
    },
    **{message_id: _plain(message_id, 0) for message_id in (CANCEL_HEAD, CANCEL_PNL, CANCEL_PNL_SINGLE)},
    **{
        message_id: _plain(message_id)
        for message_id in (
            OPEN_ORDERS,
            NEXT_ID,
            AUTO_OPEN_ORDERS,
            ALL_OPEN_ORDERS,
            MANAGED_ACCOUNTS,
            SCANNER_PARAMETERS,
            CURRENT_TIME,
            POSITIONS,
            CANCEL_POSITIONS,
            COMPLETED_ORDERS,
        )
    },
}
