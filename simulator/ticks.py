"""Quotes to tick messages: what a line sends first, and what changed since. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.model import QuoteState
from simulator.wire import encode_ticks as tk
from simulator.wire.fields import number, price, size

NO_QUOTE = "-1"  # times the magnifier


@dataclass(frozen=True, slots=True)
class TickFormat:
    """How one line writes its ticks. `divisor` is the shares a unit of sizes, `volume_divisor` of volumes."""

    req_id: int
    decimals: int
    divisor: int
    volume_divisor: int
    delayed: bool
    fractional: bool
    magnifier: int = 1
    size_decimals: int = 2

    def price(self, tick_type: int, value: float | None, amount: float | None, mask: int = 0) -> str:
        text = self._none() if value is None else price(value, self.decimals)
        return tk.tick_price(self.req_id, self._type(tick_type), text, self.size_text(amount), mask)

    def size(self, tick_type: int, amount: float | None) -> str:
        return tk.tick_size(self.req_id, self._type(tick_type), self.size_text(amount))

    def volume(self, tick_type: int, amount: float | None) -> str:
        return tk.tick_size(self.req_id, self._type(tick_type), self.volume_text(amount))

    def size_text(self, amount: float | None) -> str:
        """In the client's unit; a size of a few shares is one lot, never none."""
        return self._text(amount, self.divisor)

    def volume_text(self, amount: float | None) -> str:
        return self._text(amount, self.volume_divisor)

    def _text(self, amount: float | None, divisor: int) -> str:
        if amount is None:
            return "0"
        if divisor == 1:
            return size(amount, self.fractional, self.size_decimals)
        return str(max(int(amount // divisor), 1 if amount > 0 else 0))

    def mark(self, value: float) -> str:
        """Tick 37: half ticks and more decimals than the grid has."""
        return tk.tick_price(self.req_id, tk.MARK_PRICE, number(value), "0", 0)

    def _none(self) -> str:
        return NO_QUOTE if self.magnifier == 1 else str(-self.magnifier)

    def timestamp(self, epoch_s: float) -> str:
        return tk.tick_string(self.req_id, self._type(tk.LAST_TIMESTAMP), str(int(epoch_s)))

    def halted(self, halted: bool) -> str:
        return tk.tick_generic(self.req_id, self._type(tk.HALTED), "1.0" if halted else "0.0")

    def _type(self, tick_type: int) -> int:
        return tk.DELAYED.get(tick_type, tick_type) if self.delayed else tick_type


def first_group(quote: QuoteState, fmt: TickFormat) -> list[str]:
    """Last with its time, halted, volume, high and low of the day: what a line says first."""
    messages = []
    if quote.last is not None:
        messages += [fmt.timestamp(quote.time), fmt.price(tk.LAST, quote.last, quote.last_size)]
    messages.append(fmt.halted(quote.halted))
    if quote.volume is not None:
        messages.append(fmt.volume(tk.VOLUME, quote.volume))
    pairs = ((tk.HIGH, quote.high), (tk.LOW, quote.low))
    return messages + [fmt.price(kind, value, None) for kind, value in pairs if value is not None]


def second_group(quote: QuoteState, fmt: TickFormat) -> list[str]:
    """Close, open, bid and ask. A side without a quote is sent as price -1, size 0."""
    pairs = ((tk.CLOSE, quote.close), (tk.OPEN, quote.open))
    messages = [fmt.price(kind, value, None) for kind, value in pairs if value is not None]
    messages.append(fmt.price(tk.BID, quote.bid, _side_size(quote.bid, quote.bid_size), 1))
    messages.append(fmt.price(tk.ASK, quote.ask, _side_size(quote.ask, quote.ask_size), 1))
    return messages


def changes(old: QuoteState, new: QuoteState, fmt: TickFormat) -> list[str]:
    """Only what differs, in the order that TWS uses."""
    messages = _side(old.bid, old.bid_size, new.bid, new.bid_size, tk.BID, tk.BID_SIZE, fmt)
    messages += _side(old.ask, old.ask_size, new.ask, new.ask_size, tk.ASK, tk.ASK_SIZE, fmt)
    messages += _trade(old, new, fmt)
    if new.high is not None and new.high != old.high:
        messages.append(fmt.price(tk.HIGH, new.high, None))
    if new.low is not None and new.low != old.low:
        messages.append(fmt.price(tk.LOW, new.low, None))
    if new.halted != old.halted:
        messages.append(fmt.halted(new.halted))
    if new.open != old.open or new.close != old.close:
        messages += _new_day(old, new, fmt)
    return messages


def _trade(old: QuoteState, new: QuoteState, fmt: TickFormat) -> list[str]:
    messages = []
    if new.last is not None and new.volume != old.volume:
        messages.append(fmt.timestamp(new.time))
    if new.last is not None and new.last != old.last:
        messages.append(fmt.price(tk.LAST, new.last, new.last_size))
    elif new.last_size is not None and new.last_size != old.last_size:
        messages.append(fmt.size(tk.LAST_SIZE, new.last_size))
    if new.volume is not None and new.volume != old.volume:
        messages.append(fmt.volume(tk.VOLUME, new.volume))
    return messages


def _new_day(old: QuoteState, new: QuoteState, fmt: TickFormat) -> list[str]:
    pairs = ((tk.CLOSE, old.close, new.close), (tk.OPEN, old.open, new.open))
    return [fmt.price(kind, now, None) for kind, was, now in pairs if now is not None and now != was]


def _side(
    old_price: float | None,
    old_size: float | None,
    new_price: float | None,
    new_size: float | None,
    price_type: int,
    size_type: int,
    fmt: TickFormat,
) -> list[str]:
    if new_price != old_price:
        return [fmt.price(price_type, new_price, _side_size(new_price, new_size), 1)]
    if new_price is not None and new_size != old_size:
        return [fmt.size(size_type, new_size)]
    return []


def _side_size(side: float | None, amount: float | None) -> float | None:
    return None if side is None else amount


def rt_volume(quote: QuoteState, vwap: float | None, fmt: TickFormat) -> str:
    """Generic tick 233: `price;size;ms;volume;vwap;single`."""
    last = "" if quote.last is None else price(quote.last, fmt.decimals)
    average = "" if vwap is None else f"{vwap:.8f}"
    fields = (last, fmt.size_text(quote.last_size), str(int(quote.time * 1000)), fmt.volume_text(quote.volume))
    return tk.tick_string(fmt.req_id, tk.RT_VOLUME, ";".join((*fields, average, "true")))
