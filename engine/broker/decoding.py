"""Under the client library's decoder: it drops a whole message over one field that it can't read.

A name that ends in a backslash, an empty number, a field too few: mended before the library sees them. Money that is
not set is `unset`'s affair, lists of rows are `list_messages`'. Engine loop only.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from engine.broker.sanitise import number
from engine.broker.wire_text import escaped, readable

_DELAYED_HALTED = "90"
_MARKS = frozenset({37, 79})
_FIRST_WITHOUT_VERSION = 164  # server version; before it details carry a version and a size multiplier

Handler = Callable[[list[str]], None]


def mend(decoder: Any, wrapper: Any, library: ModuleType) -> None:
    """Put our handlers before the decoder's own."""
    handlers = decoder.handlers
    handlers[1] = _prices(wrapper, library)
    handlers[4] = _error(handlers[4])
    handlers[45] = _generics(handlers[45], wrapper, library)
    handlers[10] = _details(handlers[10], decoder, wrapper, library)
    handlers[18] = _bond_details(handlers[18], decoder, wrapper, library)


# --- numbers --------------------------------------------------------------------------------------------------


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _whole(text: str) -> str:
    """The text of a whole number, "" where it is none: the library reads that as its default."""
    try:
        return str(int(text))
    except ValueError:
        return str(int(float(text))) if _is_number(text) and abs(float(text)) < 1e15 else ""


def _decimal(text: str) -> str:
    return text if _is_number(text) else ""


def _magnifier(text: str) -> float:
    """Details that name none, or none that can be one, mean 1."""
    value = number(float(text)) if _is_number(text) else None
    return value if value is not None and value > 0.0 else 1.0


def _prices(wrapper: Any, library: ModuleType) -> Handler:
    """Price ticks. The library tells no tick of a mark of 0.0: what is worth nothing would look unpriced."""
    tick_data = library.objects.TickData

    def handler(fields: list[str]) -> None:
        _, _, req_text, kind_text, price_text, size_text, *_ = fields
        if not price_text:
            return
        req_id, kind, price, size = int(req_text), int(kind_text), float(price_text), float(size_text or 0)
        wrapper.priceSizeTick(req_id, kind, price, size)
        if price == 0.0 and kind in _MARKS and not size and (ticker := wrapper.reqId2Ticker.get(req_id)):
            ticker.ticks.append(tick_data(wrapper.lastTime, kind, 0.0, 0.0))

    return handler


def _generics(handler: Handler, wrapper: Any, library: ModuleType) -> Handler:
    """Generic ticks. One library keeps no delayed halt (90), the other refuses the tick."""
    tick_data = library.objects.TickData

    def mended(fields: list[str]) -> None:
        if fields[3] != _DELAYED_HALTED:
            handler(fields)
        elif ticker := wrapper.reqId2Ticker.get(int(fields[2])):
            ticker.ticks.append(tick_data(wrapper.lastTime, int(_DELAYED_HALTED), float(fields[4] or 0), 0.0))
            wrapper.pendingTickers.add(ticker)

    return mended


# --- texts ----------------------------------------------------------------------------------------------------


def _error(handler: Handler) -> Handler:
    """Errors and notices, also those without a request, a code or the field that newer servers add."""

    def mended(fields: list[str]) -> None:
        fields = fields + [""] * (6 - len(fields))
        handler([*fields[:2], _whole(fields[2]) or "-1", _whole(fields[3]) or "0", readable(fields[4]), *fields[5:]])

    return mended


def _details(handler: Handler, decoder: Any, wrapper: Any, library: ModuleType) -> Handler:
    """Contract details: a name in any bytes, a number left empty; at worst what is needed to ask for its prices.

    The library reads the magnifier as a whole number, which 0.01 is not: it is set once the details are made.
    """
    take = wrapper.contractDetails
    magnifier = 1.0

    def with_magnifier(req_id: int, details: Any) -> None:
        details.priceMagnifier = magnifier
        take(req_id, details)

    wrapper.contractDetails = with_magnifier

    def mended(fields: list[str]) -> None:
        nonlocal magnifier
        old = decoder.serverVersion < _FIRST_WITHOUT_VERSION
        head, tail = (1, 2) if old else (0, 0)
        fields = fields + [""] * (34 + tail - len(fields))
        name = 19 + tail
        fields[name] = escaped(readable(fields[name], fields[8 + head]))
        for at in (5 + head, 13 + head):
            fields[at] = _decimal(fields[at])
        magnifier = _magnifier(fields[17 + tail])
        fields[17 + tail] = "1"
        for at in (12 + head, 18 + tail):
            fields[at] = _whole(fields[at])
        fields[30 + tail] = _whole(fields[30 + tail]) or "0"
        try:
            handler(list(fields))
        except (ValueError, TypeError, IndexError, AttributeError):
            contract = library.Contract(
                conId=int(fields[12 + head] or 0),
                symbol=fields[2 + head],
                secType=fields[3 + head],
                lastTradeDateOrContractMonth=(fields[4 + head].split() or [""])[0],
                strike=float(fields[5 + head] or 0),
                right=fields[6 + head],
                exchange=fields[7 + head],
                currency=fields[8 + head],
                localSymbol=fields[9 + head],
                tradingClass=fields[11 + head],
                multiplier=fields[14 + tail],
                primaryExchange=fields[20 + tail],
            )
            details = library.ContractDetails(
                contract=contract,
                minTick=float(fields[13 + head] or 0),
                validExchanges=fields[16 + tail],
                longName=readable(fields[19 + tail]),
            )
            wrapper.contractDetails(int(fields[1 + head]), details)

    return mended


def _bond_details(handler: Handler, decoder: Any, wrapper: Any, library: ModuleType) -> Handler:
    def mended(fields: list[str]) -> None:
        old = decoder.serverVersion < _FIRST_WITHOUT_VERSION
        head, tail = (1, 2) if old else (0, 0)
        fields = fields + [""] * (31 + tail - len(fields))
        fields[19 + head] = _whole(fields[19 + head])
        fields[20 + head] = _decimal(fields[20 + head])
        fields[30 + tail] = _whole(fields[30 + tail]) or "0"
        try:
            handler(list(fields))
        except (ValueError, TypeError, IndexError, AttributeError):
            contract = library.Contract(
                conId=int(fields[19 + head] or 0),
                symbol=fields[2 + head],
                secType=fields[3 + head],
                exchange=fields[15 + head],
                currency=fields[16 + head],
                tradingClass=fields[18 + head],
            )
            details = library.ContractDetails(
                contract=contract,
                minTick=float(fields[20 + head] or 0),
                validExchanges=fields[22 + tail],
                longName=fields[27 + tail],
            )
            wrapper.bondContractDetails(int(fields[1 + head]), details)

    return mended
