"""A trade of a statement as the journal's fills say it: signs, codes, kinds, units. Pure."""

from __future__ import annotations

from datetime import datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any

from engine.bars.hours import UNKNOWN_HOURS
from engine.bars.trading_day import trade_date
from engine.clock import NEW_YORK
from engine.domain import revision_of, root_of
from engine.statements.dates import Moment, label
from engine.statements.fields import Refused, Values

_NOT_FIFO = frozenset({"LI", "HC", "ML", "MLG", "MLL", "MSG", "MSL", "SL"})
_ZERO, _ONE, _HUNDRED = Decimal(0), Decimal(1), Decimal(100)
_PER_HUNDRED = frozenset({"BOND", "BILL"})  # priced in percent, in pieces that API and statement count differently
_CLOSE_ENOUGH = Decimal("0.02")
_WHOLE = Decimal("0.002")  # money is rounded to cents
_NO_TIME_HOUR = 16


def completed(values: Values, text: str, moment: Moment, zone: tzinfo, base: str, source: str) -> Values:
    """The columns of `fills` out of the attributes of a trade. Raises Refused: they contradict each other."""
    out: dict[str, Any] = dict(values)
    codes = _codes(out["codes"] or "")
    side, kind_of_row = str(out.pop("side") or "").upper(), str(out.pop("transaction_type") or "")
    if kind_of_row == "TradeCorrect" and "Co" not in codes:
        codes += ("Co",)  # kept, so that it is known when the trade comes that it corrects
    is_cancel = "(CA" in side or "Ca" in codes or kind_of_row in ("TradeCancel", "FracShareCancel")
    signed = _signed(out["quantity"], side, is_cancel)
    at = moment.at
    if at is None:
        out["no time"] = True
        at = _afternoon(moment)
    out.update(
        source=source,
        model=out["model"] or "",
        sec_type=out["sec_type"] or "",
        side="BOT" if signed > 0 else "SLD",
        quantity=abs(signed),
        signed=signed,
        codes=codes,
        is_cancel=is_cancel,
        is_correction=not is_cancel and "Co" in codes,
        kind=_kind(out, codes, kind_of_row),
        market_time=at,
        exchange_time=text[:64],
        exchange_zone=str(zone),
        opening=_opening(str(out["opening"] or ""), codes),
        commission=_cost(out["commission"]),
        commission_currency=out["commission_currency"] or out["currency"],
        taxes=_cost(out["taxes"]),
        exchange=out["exchange"] or "",
        order_ref=out["order_ref"] or "",
        base_currency=base,
        symbol=out["underlying_symbol"] or out["local_symbol"],
        put_call=str(out["put_call"] or "")[:1],
        liquidation="L" in codes or "LF" in codes,
    )
    if out["order_level"]:  # an order has several of them, or none
        out.update(exec_id=None, transaction_id=None, trade_id=None)
    out["trade_date"] = out["trade_date"] or label(trade_date(out["sec_type"], UNKNOWN_HOURS, "", at))
    out["multiplier"], out["magnifier"] = _units(out)
    out["root"], out["revision"] = root_of(out["exec_id"] or ""), revision_of(out["exec_id"] or "")
    return out


def is_other_tax_method(codes: tuple[str, ...]) -> bool:
    """Whether IB matched the lots by another method than first in, first out."""
    return not _NOT_FIFO.isdisjoint(codes)


def _signed(quantity: Decimal, side: str, is_cancel: bool) -> Decimal:
    if quantity == 0:
        raise Refused("quantity is 0; a trade has one")
    if is_cancel or not side:
        return quantity
    if side.startswith("SELL"):
        return -abs(quantity)
    if not side.startswith("BUY"):
        raise Refused(f"buySell is {side[:20]!r}; must be BUY or SELL")
    if quantity < 0:
        raise Refused(f"buySell is BUY, quantity is {quantity}: one of the two is wrong")
    return quantity


def _cost(amount: Decimal | None) -> Decimal | None:
    """Statements say costs as negative amounts, the journal as positive ones."""
    return None if amount is None else _ZERO - amount


def _kind(values: Values, codes: tuple[str, ...], kind_of_row: str) -> str:
    if "A" in codes:
        return "assignment"
    if not {"Ex", "AEx", "MEx"}.isdisjoint(codes):
        return "exercise"
    if "Ep" in codes:
        return "cash settlement" if values["sec_type"] == "FUT" else "expiry"
    if kind_of_row == "BookTrade" and values["expiry"] and values["price"] == 0:
        return "expiry"
    return "trade"


@lru_cache(maxsize=4096)
def _codes(text: str) -> tuple[str, ...]:
    return tuple(code for code in text.replace(",", ";").replace(" ", "").split(";") if code)


@lru_cache(maxsize=4096)
def _opening(indicator: str, codes: tuple[str, ...]) -> str | None:
    said = {part.strip() for part in indicator.replace(",", ";").split(";")} & {"O", "C"}
    said = said or {"O", "C"} & set(codes)
    return {frozenset("O"): "open", frozenset("C"): "close", frozenset("OC"): "flip"}.get(frozenset(said))


def _units(values: Values) -> tuple[Decimal | None, Decimal]:
    """What a point is worth, by the row's own money where it is not told; and how many times its money a price stands
    there: 100 where pence or cents are quoted.
    """
    money, proceeds = values.pop("trade_money", None), values.pop("proceeds", None)
    money, multiplier = money if money is not None else proceeds, values["multiplier"]
    if not money or values["sec_type"] in _PER_HUNDRED:
        return multiplier, _ONE
    plain = values["quantity"] * values["price"] * (multiplier or 1)
    if not plain:
        return multiplier, _ONE
    points = abs(money / plain)
    if abs(points * 100 - 1) < _CLOSE_ENOUGH:
        return multiplier or _ONE, _HUNDRED
    whole = points.to_integral_value()
    if multiplier is None and whole and abs(points / whole - 1) < _WHOLE:
        multiplier = whole
    return multiplier, _ONE


def _afternoon(moment: Moment) -> float:
    day = moment.day
    return datetime(day.year, day.month, day.day, _NO_TIME_HOUR, tzinfo=NEW_YORK).timestamp()
