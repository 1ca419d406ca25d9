"""Which contract a line of an import means, out of those that are known by its name. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from engine.domain import ContractRef
from engine.watchlists.importing import Wanted

CHOICES_MAX = 12
_ROUTED = ("", "SMART", "BEST", "IDEALPRO")
_SAME_EXCHANGE = {"ISLAND": "NASDAQ", "NMS": "NASDAQ", "NYSEARCA": "ARCA", "GLOBEX": "CME", "ECBOT": "CBOT"}


class Match(Struct, frozen=True):
    """`contract` is what is meant; None and no `choices` = none of them; else `how` says what tells them apart."""

    contract: ContractRef | None = None
    choices: tuple[ContractRef, ...] = ()
    how: str = ""


def match(wanted: Wanted, found: Sequence[ContractRef]) -> Match:
    """The one that fits all that was said.

    Of several a plain name means the US stock, else the one that alone is called so (ESZ5); an exchange behind a slash
    decides where nothing else does.
    """
    fits = [contract for contract in _each_once(found) if _fits(wanted, contract)]
    for narrower in (_is_us_stock, _is_named(wanted), _is_listed(wanted)):
        if len(fits) <= 1:
            break
        if narrower is _is_us_stock and wanted.sec_type not in ("", "STK"):
            continue
        some = [contract for contract in fits if narrower(contract)]
        fits = some if len(some) == 1 else fits
    if not fits:
        return Match()
    if len(fits) == 1:
        return Match(fits[0])
    return Match(choices=tuple(fits[:CHOICES_MAX]), how=difference(fits))


def difference(contracts: Sequence[ContractRef]) -> str:
    """What tells these contracts apart, in words, and how to say it in a list."""
    ways: tuple[tuple[str, Callable[[ContractRef], object], str], ...] = (
        ("type", lambda c: c.sec_type, "STK, FUT, IND ..."),
        ("currency", lambda c: c.currency, "USD, EUR ..."),
        ("expiry", lambda c: c.last_trade_date, "a month like 202512"),
        ("strike", lambda c: c.strike, "a number"),
        ("right", lambda c: c.right, "CALL or PUT"),
        ("exchange", lambda c: c.primary_exchange or c.exchange, "NASDAQ, LSE ..."),
    )
    differing = [(name, hint) for name, of, hint in ways if len({of(contract) for contract in contracts}) > 1]
    if not differing:
        return f"{len(contracts)} contracts of this name: choose one, or write its contract number"
    names = " and ".join(name for name, _ in differing[:2])
    return f"{len(contracts)} contracts, which differ in {names}: choose one, or write the {names} ({differing[0][1]})"


def _each_once(found: Sequence[ContractRef]) -> list[ContractRef]:
    """By con_id; of two descriptions the one that names an exchange."""
    kept: dict[int, ContractRef] = {}
    for contract in found:
        known = kept.get(contract.con_id)
        if known is None or (contract.exchange and not known.exchange):
            kept[contract.con_id] = contract
    return list(kept.values())


def _fits(wanted: Wanted, contract: ContractRef) -> bool:
    if wanted.con_id:
        return contract.con_id == wanted.con_id
    if wanted.sec_type and contract.sec_type != wanted.sec_type:
        return False
    if wanted.currency and contract.currency != wanted.currency:
        return False
    if wanted.expiry and not contract.last_trade_date.startswith(wanted.expiry):
        return False
    if wanted.strike and contract.strike != wanted.strike:
        return False
    if wanted.right and contract.right[:1] != wanted.right:
        return False
    exchange = _exchange(wanted.exchange)
    return exchange in _ROUTED or exchange in _places(contract)


def _places(contract: ContractRef) -> set[str]:
    return {_exchange(contract.exchange), _exchange(contract.primary_exchange)}


def _exchange(name: str) -> str:
    return _SAME_EXCHANGE.get(name, name).partition(".")[0]


def _is_us_stock(contract: ContractRef) -> bool:
    return contract.sec_type == "STK" and contract.currency == "USD"


def _is_named(wanted: Wanted) -> Callable[[ContractRef], bool]:
    """One whose own name is another than its kind's: ESZ5 of the ES futures."""
    return lambda contract: contract.local_symbol.upper() == wanted.symbol != contract.symbol


def _is_listed(wanted: Wanted) -> Callable[[ContractRef], bool]:
    primary = _exchange(wanted.primary)
    return lambda contract: primary != "" and primary in _places(contract)
