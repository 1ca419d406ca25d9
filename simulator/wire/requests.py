"""Requests of a client as values. None = the field was empty."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ContractSpec:
    """The contract block as sent; empty text and con_id 0 = not given."""

    con_id: int = 0
    symbol: str = ""
    sec_type: str = ""
    last_trade_date: str = ""
    strike: float = 0.0
    right: str = ""
    multiplier: str = ""
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = ""
    local_symbol: str = ""
    trading_class: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """Any request; `req_id` is -1 where the message has none."""

    req_id: int = -1


@dataclass(frozen=True, slots=True)
class StartApi(Request):
    client_id: int = 0


@dataclass(frozen=True, slots=True)
class MarketData(Request):
    contract: ContractSpec = field(default_factory=ContractSpec)
    generic_ticks: tuple[str, ...] = ()
    snapshot: bool = False
    regulatory_snapshot: bool = False


@dataclass(frozen=True, slots=True)
class MarketDataType(Request):
    data_type: int = 1


@dataclass(frozen=True, slots=True)
class ContractDetails(Request):
    contract: ContractSpec = field(default_factory=ContractSpec)
    include_expired: bool = False


@dataclass(frozen=True, slots=True)
class MatchingSymbols(Request):
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class HistoricalData(Request):
    contract: ContractSpec = field(default_factory=ContractSpec)
    include_expired: bool = False
    end: str = ""
    bar_size: str = ""
    duration: str = ""
    rth: bool = False
    what: str = ""
    format_date: int = 1
    keep_up_to_date: bool = False


@dataclass(frozen=True, slots=True)
class HeadTimestamp(Request):
    contract: ContractSpec = field(default_factory=ContractSpec)
    include_expired: bool = False
    rth: bool = False
    what: str = ""
    format_date: int = 1


@dataclass(frozen=True, slots=True)
class RealTimeBars(Request):
    contract: ContractSpec = field(default_factory=ContractSpec)
    bar_size_s: int = 5
    what: str = ""
    rth: bool = False


@dataclass(frozen=True, slots=True)
class ScannerSubscription(Request):
    rows: int | None = None
    instrument: str = ""
    location: str = ""
    scan_code: str = ""
    above_price: float | None = None
    below_price: float | None = None
    above_volume: float | None = None
    market_cap_above: float | None = None
    market_cap_below: float | None = None
    stock_type: str = ""
    filters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AccountUpdates(Request):
    subscribe: bool = False
    account: str = ""


@dataclass(frozen=True, slots=True)
class AccountSummary(Request):
    group: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountUpdatesMulti(Request):
    account: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class PositionsMulti(Request):
    account: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Executions(Request):
    client_id: int | None = None
    account: str = ""
    time: str = ""
    symbol: str = ""
    sec_type: str = ""
    exchange: str = ""
    side: str = ""


@dataclass(frozen=True, slots=True)
class Pnl(Request):
    account: str = ""
    model: str = ""
    con_id: int | None = None  # None = the whole account


@dataclass(frozen=True, slots=True)
class TickByTick(Request):
    contract: ContractSpec = field(default_factory=ContractSpec)


@dataclass(frozen=True, slots=True)
class Plain(Request):
    """A request that needs no more than its id, and its reqId if it has one."""

    message_id: int = 0


@dataclass(frozen=True, slots=True)
class OrderMessage(Request):
    """Anything that would touch an order. `req_id` is the order id where there is one."""

    message_id: int = 0


@dataclass(frozen=True, slots=True)
class Other(Request):
    """A message of the protocol without a parser of its own; `fields` as sent, the message id first."""

    message_id: int = 0
    fields: tuple[str, ...] = ()
