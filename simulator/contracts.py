"""Which instrument a client's contract means, with TWS' refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date

from simulator import texts
from simulator.model import Instrument
from simulator.wire.requests import ContractSpec

_ALIASES = {"ISLAND": "NASDAQ", "GLOBEX": "CME"}
_SEC_TYPES = frozenset("STK FUT CONTFUT IND CASH OPT BAG WAR CFD CMDTY FOP BOND FUND CRYPTO".split())


class Refusal(Exception):
    """TWS refuses the request; carries the code and the text to send."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text


def validation(cause: str) -> Refusal:
    return Refusal(321, texts.VALIDATION.format(cause=cause))


@dataclass(frozen=True, slots=True)
class Match:
    """An instrument and the exchange under which it was asked for ("" = any)."""

    instrument: Instrument
    exchange: str
    sec_type: str


class Directory:
    """Finds instruments by every field that identifies one. `today` is the market date."""

    def __init__(self, instruments: Iterable[Instrument], today: Callable[[], date]) -> None:
        self._today = today
        self._by_id = {instrument.con_id: instrument for instrument in instruments}
        self._by_symbol: dict[tuple[str, str], list[Instrument]] = {}
        self._by_local: dict[str, list[Instrument]] = {}
        self._index()

    def rename(self, con_id: int, symbol: str | None, local_symbol: str | None, long_name: str | None) -> None:
        """Other words for an instrument from now on; None = as it was. Raises KeyError for an unknown con_id."""
        it = self._by_id[con_id]
        self._by_id[con_id] = replace(
            it,
            symbol=it.symbol if symbol is None else symbol,
            local_symbol=it.local_symbol if local_symbol is None else local_symbol,
            long_name=it.long_name if long_name is None else long_name,
        )
        self._index()

    def _index(self) -> None:
        self._by_symbol.clear()
        self._by_local.clear()
        for instrument in self._by_id.values():
            key = (instrument.symbol.upper(), instrument.sec_type)
            self._by_symbol.setdefault(key, []).append(instrument)
            self._by_local.setdefault(instrument.local_symbol.upper(), []).append(instrument)

    def get(self, con_id: int) -> Instrument | None:
        return self._by_id.get(con_id)

    def match(self, spec: ContractSpec, include_expired: bool = False) -> list[Match]:
        """Every instrument that fits, unexpired ones only unless asked. Raises Refusal on an unusable request."""
        if not spec.con_id and spec.sec_type not in _SEC_TYPES:
            raise validation(texts.ENTER_SEC_TYPE)
        found = [it for it in self._candidates(spec) if _fits(it, spec)]
        _check_multiplier(spec, found)
        if not include_expired:
            found = [it for it in found if not self.expired(it)]
        if spec.sec_type == "CONTFUT":
            found = sorted(found, key=lambda it: it.last_trade_date)[:1]
        sec_type = spec.sec_type if spec.sec_type == "CONTFUT" else ""
        return [Match(it, spec.exchange, sec_type or it.sec_type) for it in found]

    def resolve(self, spec: ContractSpec, include_expired: bool = False) -> Instrument:
        """The one instrument meant by a data request, strictly: an exchange must be named. Raises Refusal."""
        if not spec.exchange:
            raise validation(texts.ENTER_EXCHANGE)
        found = self.match(spec, include_expired)
        if not found:
            raise Refusal(200, texts.NO_DEFINITION)
        if len(found) > 1:
            raise Refusal(200, texts.AMBIGUOUS.format(symbol=spec.symbol or spec.local_symbol))
        instrument = found[0].instrument
        if instrument.behaviour in ("no_details", "no_answer"):
            raise Refusal(200, texts.NO_DEFINITION)
        return instrument

    def expired(self, instrument: Instrument) -> bool:
        return bool(instrument.last_trade_date) and instrument.last_trade_date < f"{self._today():%Y%m%d}"

    def _candidates(self, spec: ContractSpec) -> list[Instrument]:
        if spec.con_id:
            instrument = self._by_id.get(spec.con_id)
            return [instrument] if instrument else []
        sec_type = "FUT" if spec.sec_type == "CONTFUT" else spec.sec_type
        if spec.symbol:
            return self._by_symbol.get((spec.symbol.upper(), sec_type), [])
        return [it for it in self._by_local.get(spec.local_symbol.upper(), []) if it.sec_type == sec_type]


def _check_multiplier(spec: ContractSpec, found: list[Instrument]) -> None:
    """With a con_id every other field must agree, letter by letter: 1.25e+07 is not 12500000. Raises Refusal."""
    if spec.con_id and spec.multiplier and found and spec.multiplier != (found[0].multiplier or "1"):
        has = found[0].multiplier
        raise Refusal(478, texts.CONFLICT.format(field="multiplier", asked=spec.multiplier, has=has))


def _fits(it: Instrument, spec: ContractSpec) -> bool:
    return _exchange_fits(it, spec) and (bool(spec.con_id) or _description_fits(it, spec))


def _exchange_fits(it: Instrument, spec: ContractSpec) -> bool:
    if not spec.exchange:
        return True
    wanted = _ALIASES.get(spec.exchange.upper(), spec.exchange.upper())
    offered = {it.exchange, it.primary_exchange, *it.valid_exchanges.split(",")}
    return wanted in {_ALIASES.get(name, name) for name in offered}


def _description_fits(it: Instrument, spec: ContractSpec) -> bool:
    expiry = spec.last_trade_date.split(" ")[0].split("-")[0]
    pairs = (
        (spec.currency, it.currency),
        (_ALIASES.get(spec.primary_exchange, spec.primary_exchange), it.primary_exchange),
        (spec.local_symbol, it.local_symbol),
        (spec.trading_class, it.trading_class),
        (spec.multiplier, it.multiplier),
        (spec.right[:1].upper().strip("0?"), it.right),
    )
    if spec.strike and spec.strike != it.strike:
        return False
    if any(asked and asked != has for asked, has in pairs):
        return False
    return not expiry or it.last_trade_date.startswith(expiry) or it.contract_month == expiry
