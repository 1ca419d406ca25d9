"""Between the library's objects and the values of the domain. Pure; nothing of the library leaves this room."""

from __future__ import annotations

import datetime as dt
from types import ModuleType
from typing import Any

from msgspec.structs import replace

from engine.broker.sanitise import HUGE, is_garbage, number, price, quantity
from engine.broker.wire_text import LONG_NAME_MOST, NAME_MOST, WireFloat, readable, wire_number
from engine.domain import Bar, ContractInfo, ContractRef, DataType, TickUpdate

_STOCK = "STK"
_OPTIONS = frozenset({"OPT", "FOP", "WAR", "IOPT"})
_MAY_BE_NEGATIVE = frozenset({"FUT", "FOP", "BAG", "CONTFUT", "OPT", "IND"})  # IND: breadth, spreads
_MAY_BE_ZERO = _MAY_BE_NEGATIVE | {"WAR", "IOPT"}  # knocked out: worth nothing, never less
_DATA_TYPES: dict[int, DataType] = {1: "live", 2: "frozen", 3: "delayed", 4: "delayed frozen"}
_TRADE_TICKS = frozenset({4, 5, 68, 71, 48, 77})
_DELAYED_TICKS = frozenset(range(66, 77))
_MARK_TICKS = frozenset({37, 79})  # mark price; the slower one of the credit system
_HALTED, _DELAYED_HALTED = 49, 90
_HALTS = (1.0, 2.0)  # general, volatility; 0 = none, -1 = not known


def to_contract(library: ModuleType, ref: ContractRef, *, names: bool = False) -> Any:
    """The library's contract for a request: con_id and exchange, because any other field could only contradict them.

    `names`: symbol, type and currency beside them, for a gateway that insists.
    """
    if not ref.con_id:
        return _described(library, ref)
    if not names:
        return library.Contract(conId=ref.con_id, exchange=ref.exchange)
    return library.Contract(
        conId=ref.con_id, symbol=ref.symbol, secType=ref.sec_type, exchange=ref.exchange, currency=ref.currency
    )


def _described(library: ModuleType, ref: ContractRef) -> Any:
    """A contract whose con_id is to be found. A multiplier of 1 is left empty, as TWS writes it."""
    return library.Contract(
        symbol=ref.symbol,
        secType=ref.sec_type,
        lastTradeDateOrContractMonth=ref.last_trade_date,
        strike=WireFloat(ref.strike),
        right=ref.right,
        multiplier="" if ref.multiplier == 1.0 else wire_number(ref.multiplier),
        exchange=ref.exchange,
        primaryExchange="" if ref.primary_exchange == ref.exchange else ref.primary_exchange,
        currency=ref.currency,
        localSymbol=ref.local_symbol,
        tradingClass=ref.trading_class,
    )


def to_ref(
    contract: Any, *, exchange: str | None = None, multiplier: float | None = None, magnifier: float | None = None
) -> ContractRef:
    """`exchange` None: what requests must name, SMART for stocks, else the contract's own ("" = unknown)."""
    listing = contract.exchange or ""
    primary = contract.primaryExchange or (listing if listing != "SMART" else "")
    if exchange is None:
        exchange = "SMART" if contract.secType == _STOCK else listing
    return ContractRef(
        con_id=contract.conId,
        symbol=readable(contract.symbol, contract.currency or "", NAME_MOST),
        local_symbol=readable(contract.localSymbol or contract.symbol, contract.currency or "", NAME_MOST),
        sec_type=contract.secType,
        exchange=exchange,
        primary_exchange=primary,
        currency=contract.currency or "USD",
        multiplier=multiplier if multiplier is not None else (multiplier_of(contract) or 1.0),
        last_trade_date=(contract.lastTradeDateOrContractMonth or "").split(" ")[0],
        trading_class=contract.tradingClass or "",
        strike=number(contract.strike) or 0.0,
        right=contract.right if contract.right not in ("0", "?") else "",
        price_magnifier=magnifier,
    )


def magnifier_of(details: Any) -> float:
    """How many times the money prices the quotes are; details that name none mean 1."""
    value = number(details.priceMagnifier)
    return float(value) if value is not None and value > 0 else 1.0


def multiplier_of(contract: Any) -> float | None:
    """The contract's multiplier; None when the gateway left it empty."""
    try:
        value = number(float(contract.multiplier))
    except (TypeError, ValueError):
        return None
    return value if value is not None and value > 0 else None


def to_info(details: Any) -> ContractInfo:
    contract = details.contract
    exchange = None
    if contract.secType == _STOCK and details.validExchanges and "SMART" not in details.validExchanges.split(","):
        exchange = contract.exchange
    currency = contract.currency or ""
    increment = number(details.sizeIncrement)
    return ContractInfo(
        contract=to_ref(contract, exchange=exchange, magnifier=magnifier_of(details)),
        long_name=readable(details.longName or "", currency, LONG_NAME_MOST),
        stock_type=details.stockType or "",
        industry=readable(details.industry or "", currency, NAME_MOST),
        category=readable(details.category or "", currency, NAME_MOST),
        subcategory=readable(details.subcategory or "", currency, NAME_MOST),
        contract_month=(details.contractMonth or "")[:6],
        size_increment=increment if increment is not None and increment > 0.0 else None,
        min_tick=number(details.minTick) or None,
        time_zone=details.timeZoneId or "",
        trading_hours=details.tradingHours or "",
        liquid_hours=details.liquidHours or "",
    )


def to_bar(row: Any, sec_type: str, magnifier: float | None = None, *, has_volume: bool = True) -> Bar | None:
    """One historical bar; None when its prices are not. A daily bar's time is its date at 00:00 UTC.

    `has_volume` false: the kind of bars has none, whatever number stands there.
    """
    volume = quantity(row.volume) if has_volume else None
    if _is_plain(row.low, row.high, row.open, row.close):  # nearly all
        return Bar(epoch(row.date), row.open, row.high, row.low, row.close, volume, "history", True)
    negative, zero = sec_type in _MAY_BE_NEGATIVE, sec_type in _MAY_BE_ZERO
    # A bar that nothing traded in may hold placeholders; one whose prices differ, or with a volume, does not.
    size = volume or float(not row.open == row.high == row.low == row.close)
    o = price(row.open, size, may_be_negative=negative, may_be_zero=zero, magnifier=magnifier)
    h = price(row.high, size, may_be_negative=negative, may_be_zero=zero, magnifier=magnifier)
    low = price(row.low, size, may_be_negative=negative, may_be_zero=zero, magnifier=magnifier)
    c = price(row.close, size, may_be_negative=negative, may_be_zero=zero, magnifier=magnifier)
    if o is None or h is None or low is None or c is None:
        return None
    return Bar(epoch(row.date), o, h, low, c, volume, "history", True)


def _is_plain(low: object, high: object, first: object, last: object) -> bool:
    """Ordinary prices, as they are; whatever else a gateway may put there is looked at one by one."""
    if type(low) is not float or type(high) is not float or type(first) is not float or type(last) is not float:
        return False
    return 0.0 < low <= high < HUGE and 0.0 < first < HUGE and 0.0 < last < HUGE


def epoch(moment: Any) -> float:
    """UTC epoch seconds of the library's date or time; a time without zone is UTC."""
    if isinstance(moment, dt.datetime) and moment.tzinfo is dt.UTC:  # a bar's: thousands in an answer
        return moment.timestamp()
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001 - the zone is set below
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return float(moment.timestamp())


class TickCopier:
    """Copies one line's values out of the library's ticker, keeping the last good ones.

    A garbage value (NaN, infinity, unset) says nothing, so it never blanks a price that was known; a placeholder on a
    bid or ask says "no quote" and does. For one request only: a new request starts from nothing. Prices are told in
    the contract's own unit.
    """

    __slots__ = (
        "_ask", "_avg_volume", "_bid", "_close", "_day", "_delayed", "_delayed_halt", "_has_unit", "_high", "_last",
        "_last_size", "_late_mark", "_late_trade", "_low", "_magnifier", "_mark", "_negative", "_open", "_refused_mark",
        "_scale", "_tells_more", "_volume", "_zero", "has_sizes", "req_id",
    )  # fmt: skip

    def __init__(self, req_id: int, sec_type: str, magnifier: float | None = None) -> None:
        self.req_id = req_id
        self._tells_more = sec_type in _OPTIONS  # than every line's values, or in another unit
        self.has_sizes = True  # false: they are another contract's, in a unit that nothing tells
        self._has_unit = True
        self._scale: tuple[float, float] | None = None  # (own magnifier, that of the ticks) where they differ
        self._negative, self._zero = sec_type in _MAY_BE_NEGATIVE, sec_type in _MAY_BE_ZERO
        self._magnifier = magnifier
        self._delayed = False
        self._delayed_halt = False
        self._last_size: float | None = None
        self._volume: float | None = None
        self._avg_volume: float | None = None
        self._late_trade = self._late_mark = False  # came before the rules that they are read by
        self._forget_prices()

    def _forget_prices(self) -> None:
        self._bid: float | None = None
        self._ask: float | None = None
        self._last: float | None = None
        self._mark: float | None = None
        self._refused_mark: float | None = None  # the latest mark that was none by the rules then known
        self._open: float | None = None
        self._high: float | None = None
        self._low: float | None = None
        self._close: float | None = None
        self._day: tuple[Any, ...] = ()  # the day's values as the ticker had them

    # --- whose ticks they are -----------------------------------------------------------------------------------

    def hold_back(self) -> None:
        """The ticks are another contract's from now on, in a unit that is not known: no price until `follow`."""
        self.has_sizes = self._has_unit = False
        self._forget_prices()

    def follow(self, sec_type: str, magnifier: float, own_magnifier: float) -> None:
        """The other contract is known: its ticks are read by its rules and told in the own contract's unit."""
        self._has_unit = True
        self._scale = None if magnifier == own_magnifier else (own_magnifier, magnifier)
        self._tells_more = self._tells_more or self._scale is not None
        self._negative, self._zero = sec_type in _MAY_BE_NEGATIVE, sec_type in _MAY_BE_ZERO
        self.learn(magnifier)

    def learn(self, magnifier: float) -> bool:
        """Details came later than the line: what was refused or taken without them is judged again.

        The next `copy` tells the outcome; false = details make no difference to it.
        """
        self._magnifier = magnifier
        self._last = self._read(self._last, self._last_size)
        self._open, self._high = self._read(self._open), self._read(self._high)
        self._low, self._close = self._read(self._low), self._read(self._close)
        self._day = ()
        if self._mark is not None and self._mark != 0.0:
            self._mark = self._read(self._mark)
        if self._refused_mark is not None and self._keep_mark(self._refused_mark):
            self._late_mark = True
        return self._negative

    def _read(self, value: float | None, size: float | None = None) -> float | None:
        return price(value, size, may_be_negative=self._negative, may_be_zero=self._zero, magnifier=self._magnifier)

    # --- a packet -----------------------------------------------------------------------------------------------

    def copy(self, ticker: Any, now_mono: float) -> TickUpdate:
        if not self._has_unit:
            return self._without_prices(ticker, now_mono)
        negative, zero, magnifier = self._negative, self._zero, self._magnifier
        bid_size, ask_size, last_size = quantity(ticker.bidSize), quantity(ticker.askSize), quantity(ticker.lastSize)
        bid, ask, last = ticker.bid, ticker.ask, ticker.last
        if 0.0 < bid < HUGE:  # nearly all; `price` would say the same
            self._bid = bid
        elif not is_garbage(bid):
            self._bid = price(bid, bid_size, may_be_negative=negative, may_be_zero=zero, magnifier=magnifier)
        if 0.0 < ask < HUGE:
            self._ask = ask
        elif not is_garbage(ask):
            self._ask = price(ask, ask_size, may_be_negative=negative, may_be_zero=zero, magnifier=magnifier)
        if not 0.0 < last < HUGE:
            last = price(last, last_size, may_be_negative=negative, may_be_zero=zero, magnifier=magnifier)
        if last is not None:
            self._last = last
            self._last_size = last_size
        self._keep_day(ticker)
        volume, avg_volume, trade_size = self._volume, self._avg_volume, self._last_size
        if not self.has_sizes:
            bid_size = ask_size = trade_size = volume = avg_volume = None
        has_trade, has_mark = self._look_at_types(ticker.ticks)
        if self._late_trade or self._late_mark:
            has_trade, has_mark = has_trade or self._late_trade, has_mark or self._late_mark
            self._late_trade = self._late_mark = False
        update = TickUpdate(
            self.req_id,
            now_mono,
            self._bid,
            self._ask,
            bid_size if self._bid is not None else None,
            ask_size if self._ask is not None else None,
            self._last,
            trade_size,
            volume,
            self._open,
            self._high,
            self._low,
            self._close,
            avg_volume,
            ticker.halted in _HALTS or self._delayed_halt,
            self._data_type(ticker.marketDataType),
            has_trade,
            self._mark,
            has_mark,
        )
        return self._more(update, ticker) if self._tells_more else update

    def _more(self, update: TickUpdate, ticker: Any) -> TickUpdate:
        update = _with_model(update, ticker.modelGreeks)
        return update if self._scale is None else _scaled(update, *self._scale)

    def _without_prices(self, ticker: Any, now_mono: float) -> TickUpdate:
        has_trade, _ = self._look_at_types(ticker.ticks)
        self._late_trade = self._late_trade or has_trade
        return TickUpdate(
            self.req_id,
            now_mono,
            halted=ticker.halted in _HALTS or self._delayed_halt,
            data_type=self._data_type(ticker.marketDataType),
        )

    def _keep_day(self, ticker: Any) -> None:
        """Values of the day: a bad one never replaces a good one. Most packets change none of them."""
        day = (ticker.volume, ticker.high, ticker.low, ticker.open, ticker.close, ticker.avVolume)
        if day == self._day:
            return
        self._day = day
        if (value := quantity(ticker.volume)) is not None:
            self._volume = value
        if (value := self._read(ticker.high)) is not None:
            self._high = value
        if (value := self._read(ticker.low)) is not None:
            self._low = value
        if (value := self._read(ticker.open)) is not None:
            self._open = value
        if (value := self._read(ticker.close)) is not None:
            self._close = value
        if (value := quantity(ticker.avVolume)) is not None:
            self._avg_volume = value

    def _look_at_types(self, ticks: list[Any]) -> tuple[bool, bool]:
        """Whether a trade, and whether a mark price, was in the packet."""
        has_trade = has_mark = False
        for tick in ticks:
            kind = tick.tickType
            if kind in _TRADE_TICKS:
                has_trade = True
            if kind in _DELAYED_TICKS:
                self._delayed = True
            elif kind in _MARK_TICKS:
                has_mark = self._keep_mark(tick.price) or has_mark
            elif kind == _HALTED or kind == _DELAYED_HALTED:  # the library keeps the former only
                self._delayed_halt = kind == _DELAYED_HALTED and tick.price in _HALTS
        return has_trade, has_mark

    def _keep_mark(self, value: float) -> bool:
        """A mark has no size; 0 is one where the market has it (an option that is worth nothing)."""
        mark = self._read(value, 1.0 if value == 0.0 else None) if self._has_unit else None
        if mark is None:
            self._refused_mark = value
            return False
        self._mark, self._refused_mark = mark, None
        return True

    def _data_type(self, market_data_type: int) -> DataType:
        """What message 58 says; delayed tick types speak for themselves where it was not sent."""
        known = _DATA_TYPES.get(market_data_type, "live")
        return "delayed" if self._delayed and known in ("live", "frozen") else known


def _with_model(update: TickUpdate, model: Any) -> TickUpdate:
    """With an option's delta and the underlying's price that its model counts with; what is none stays None."""
    if model is None:
        return update
    delta, under = number(model.delta), number(model.undPrice)
    if delta is None or abs(delta) > 1.0 or under is None or under <= 0.0:
        return update
    return replace(update, delta=delta, under_price=under)


def _scaled(update: TickUpdate, own: float, other: float) -> TickUpdate:
    """Prices of a contract with the magnifier `other` in the unit of one with the magnifier `own`."""

    def told(value: float | None) -> float | None:
        return None if value is None else value * own / other

    return replace(
        update, bid=told(update.bid), ask=told(update.ask), last=told(update.last), open=told(update.open),
        high=told(update.high), low=told(update.low), close=told(update.close), mark=told(update.mark),
    )  # fmt: skip
