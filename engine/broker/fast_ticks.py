"""Ticks under the client library's own objects, by tables: prices, sizes and the trades of generic tick 233.

Nine messages of ten are these. Each handler reads all fields first; whatever it does not know or can't read goes to the
handler that stood there before, untouched. What the ticker holds afterwards is the same, value by value: the property
test compares the two. Only for ib_insync, whose objects these tables were made for; ib_async keeps its own handlers.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

_PREFIX = 4  # bytes before each message that tell its length

Handler = Callable[[list[str]], None]

# text of the tick type -> number, value, value before, size, size before; an unchanged bid or ask is no tick
_QUOTES = {
    str(number): (number, value, f"prev{value.title()}", f"{value}Size", f"prev{value.title()}Size", value != "last")
    for value, numbers in {"bid": (1, 66), "ask": (2, 67), "last": (4, 68)}.items()
    for number in numbers
}
_VALUES = {
    str(number): (number, value)
    for value, numbers in {
        "high": (6, 72), "low": (7, 73), "close": (9, 75), "open": (14, 76), "markPrice": (37,),
    }.items()
    for number in numbers
}  # fmt: skip
_SIZES = {
    str(number): (number, value, f"{value}Size", f"prev{value.title()}Size", value == "last")
    for value, numbers in {"bid": (0, 69), "ask": (3, 70), "last": (5, 71)}.items()
    for number in numbers
}
_VOLUMES = {"8": 8, "74": 74}
_TRADES = {"48": (48, "rtVolume"), "77": (77, "rtTradeVolume")}
_SECOND_OF_TRADE = "45"  # the library keeps nothing of it; the ticker is told as changed


def quicken(decoder: Any, wrapper: Any, library: ModuleType) -> bool:
    """Put the tables before the handlers of ticks; False = the library's objects are others, nothing was touched."""
    tick_data = library.objects.TickData
    if library.__name__ != "ib_insync" or tick_data._fields != ("time", "tickType", "price", "size"):
        return False
    handlers = decoder.handlers
    handlers[1] = _prices(handlers[1], wrapper, tick_data)
    handlers[2] = _sizes(handlers[2], wrapper, tick_data)
    handlers[46] = _trades(handlers[46], wrapper, tick_data)
    return True


def take_in(client: Any, data: bytes) -> None:
    """The library's `_onSocketHasData` for a connection that is ready: frames cut by their place, not copied again.

    A handler may end the connection: what it leaves in the client's buffer counts then.
    """
    wrapper, decoder = client.wrapper, client.decoder
    _packet_begins(wrapper)
    buffer = client._data = client._data + data
    client._numBytesRecv += len(data)
    handlers, at, end = decoder.handlers, 0, len(buffer)
    while end - at > _PREFIX:
        stop = at + _PREFIX + int.from_bytes(buffer[at : at + _PREFIX], "big")
        if stop > end:
            break
        fields = buffer[at + _PREFIX : stop].decode(errors="backslashreplace").split("\0")
        fields.pop()
        at = stop
        client._numMsgRecv += 1
        try:
            handlers[int(fields[0])](fields)
        except Exception:  # as the library's decoder does
            decoder.logger.exception(f"Error handling fields: {fields}")
        if client._data is not buffer:
            buffer, at = client._data, 0
            break
    client._data = buffer[at:]
    _packet_ends(wrapper)


def _packet_begins(wrapper: Any) -> None:
    wrapper.lastTime = datetime.now(UTC)
    for ticker in wrapper.pendingTickers:
        ticker.ticks, ticker.tickByTicks, ticker.domTicks = [], [], []
    wrapper.pendingTickers = set()


def _packet_ends(wrapper: Any) -> None:
    """Events that nobody listens to are not told."""
    ib, moment, pending = wrapper.ib, wrapper.lastTime, wrapper.pendingTickers
    if len(ib.updateEvent):
        ib.updateEvent.emit()
    if pending:
        for ticker in pending:
            ticker.time = moment
            if len(ticker.updateEvent):
                ticker.updateEvent.emit(ticker)
        ib.pendingTickersEvent.emit(pending)


# In each handler: a ticker that has ticks of this packet is among the pending ones already.


def _prices(before: Handler, wrapper: Any, tick_data: Any) -> Handler:
    new, quotes, values = tuple.__new__, _QUOTES, _VALUES

    def handler(fields: list[str]) -> None:
        try:
            _, _, req_text, kind, price_text, size_text, *_ = fields
            price, size = float(price_text), float(size_text or 0)
            ticker = wrapper.reqId2Ticker[int(req_text)]
        except (ValueError, KeyError):
            before(fields)
            return
        if price == 0.0:
            before(fields)
            return
        now = ticker.__dict__
        if names := quotes.get(kind):
            number, value, value_before, sized, sized_before, is_quote = names
            old, old_size = now[value], now[sized]
            if price != old:
                now[value_before], now[value] = old, price
            elif is_quote and size == old_size:
                return
            if size != old_size:
                now[sized_before], now[sized] = old_size, size
        elif found := values.get(kind):
            number, value = found
            now[value] = price
        else:
            before(fields)
            return
        ticks = now["ticks"]
        if not ticks:
            wrapper.pendingTickers.add(ticker)
        ticks.append(new(tick_data, (wrapper.lastTime, number, price, size)))

    return handler


def _sizes(before: Handler, wrapper: Any, tick_data: Any) -> Handler:
    new, sizes, volumes = tuple.__new__, _SIZES, _VOLUMES

    def handler(fields: list[str]) -> None:
        try:
            _, _, req_text, kind, size_text, *_ = fields
            size = float(size_text or 0)
            ticker = wrapper.reqId2Ticker[int(req_text)]
        except (ValueError, KeyError):
            before(fields)
            return
        now = ticker.__dict__
        if names := sizes.get(kind):
            number, value, sized, sized_before, is_last = names
            price, old_size = now[value], now[sized]
            if size != old_size and not (is_last and price != price):  # noqa: PLR0124 - NaN: no trade yet
                now[sized_before], now[sized] = old_size, size
            elif not is_last or price != price:  # noqa: PLR0124
                return
        elif found := volumes.get(kind):
            number, now["volume"], price = found, size, -1.0
        else:
            before(fields)
            return
        if not (price or size):
            wrapper.pendingTickers.add(ticker)
            return
        ticks = now["ticks"]
        if not ticks:
            wrapper.pendingTickers.add(ticker)
        ticks.append(new(tick_data, (wrapper.lastTime, number, price, size)))

    return handler


def _trades(before: Handler, wrapper: Any, tick_data: Any) -> Handler:
    new, trades = tuple.__new__, _TRADES

    def handler(fields: list[str]) -> None:
        try:
            _, _, req_text, kind, text, *_ = fields
            if kind == _SECOND_OF_TRADE:
                wrapper.pendingTickers.add(wrapper.reqId2Ticker[int(req_text)])
                return
            number, name = trades[kind]
            price_text, size_text, time_text, volume_text, vwap_text, _ = text.split(";")
            price, size = float(price_text), float(size_text)
            volume, vwap = float(volume_text), float(vwap_text)
            moment = datetime.fromtimestamp(int(time_text) / 1000, UTC)
            ticker = wrapper.reqId2Ticker[int(req_text)]
        except (ValueError, KeyError, OverflowError, OSError):
            before(fields)
            return
        now = ticker.__dict__
        now[name], now["vwap"], now["rtTime"] = volume, vwap, moment
        if not (price and size):
            wrapper.pendingTickers.add(ticker)
            return
        last, last_size = now["last"], now["lastSize"]
        if now["prevLast"] != last:
            now["prevLast"], now["last"] = last, price
        if now["prevLastSize"] != last_size:
            now["prevLastSize"], now["lastSize"] = last_size, size
        ticks = now["ticks"]
        if not ticks:
            wrapper.pendingTickers.add(ticker)
        ticks.append(new(tick_data, (wrapper.lastTime, number, price, size)))

    return handler
