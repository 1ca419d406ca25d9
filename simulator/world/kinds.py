"""Contracts of every kind that a portfolio may hold: how each is quoted, when it trades, how it moves.

Prices are quotes at 2025-11-05 10:00 New York. Magnifier, multiplier and currency are those of the contracts that the
names resemble.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from simulator.model import Behaviour, Instrument
from simulator.world.catalogue import invented_con_id
from simulator.world.kind_hours import ZONES, HoursKind

# book: bid, ask and trades; quotes: bid and ask only; stale: the last trade lies far outside of the book;
# close: nothing but the prior close; worthless: an ask of a tick, valued at 0; still: valued, never quoted.
Style = Literal["book", "quotes", "stale", "close", "worthless", "still"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One contract. `volatility` is that of a day: a ratio, or with `additive` in units of the quote."""

    instrument: Instrument
    price: float
    volatility: float
    hours: HoursKind
    style: Style = "book"
    half_spread_ticks: int = 1
    step_s: float = 2.0  # between two changes of the quote
    additive: bool = False
    size: float = 12.0  # usual size of a quote
    stale_last: float | None = None


def _contract(
    symbol: str,
    sec_type: str,
    local: str,
    name: str,
    tick: float,
    hours: HoursKind,
    *,
    currency: str = "USD",
    exchange: str = "SMART",
    primary: str = "",
    multiplier: str = "",
    magnifier: int = 1,
    expiry: str = "",
    strike: float = 0.0,
    right: str = "",
    under: tuple[int, str, str] = (0, "", ""),
    rule: str = "",
    behaviour: Behaviour = "normal",
    category: str = "",
    factor: str = "",
    con_id: int = 0,
    commission_currency: str = "",
    clock: str = "09:30:00",
) -> Instrument:
    listed = "SMART," + primary if exchange == "SMART" and primary else exchange
    return Instrument(
        con_id=con_id or invented_con_id(f"{local}@{exchange}"),
        symbol=symbol,
        sec_type=sec_type,
        local_symbol=local,
        trading_class=symbol,
        primary_exchange=primary,
        currency=currency,
        long_name=name,
        min_tick=tick,
        multiplier=multiplier,
        last_trade_date=expiry,
        contract_month=expiry[:6],
        exchange=exchange,
        valid_exchanges=listed,
        category=category,
        stock_type="COMMON" if sec_type == "STK" else "",
        time_zone_id=ZONES[hours],
        avg_volume=50_000.0,
        behaviour=behaviour,
        price_magnifier=magnifier,
        strike=strike,
        right=right,
        last_trade_clock=clock,
        under_con_id=under[0],
        under_symbol=under[1],
        under_sec_type=under[2],
        market_rule=rule,
        money_factor=factor,
        commission_currency=commission_currency,
    )


AAPL, ES = (265598, "AAPL", "STK"), (495512563, "ESZ5", "FUT")
VOD = (invented_con_id("VOD@SMART"), "VOD", "STK")

KINDS: dict[str, Kind] = {
    kind.instrument.local_symbol: kind
    for kind in (
        # Grain and livestock: dollars a unit, quoted in cents.
        Kind(_contract("ZW", "FUT", "ZWZ5", "Wheat Futures", 0.25, "grain", exchange="CBOT", multiplier="5000",
                       magnifier=100, expiry="20251212", rule="68", category="Agriculture", clock="12:00:00",
                       under=(11004960, "ZW", "IND")),
             448.25, 0.012, "grain"),
        Kind(_contract("LE", "FUT", "LEZ5", "Live Cattle", 0.025, "livestock", exchange="CME", multiplier="40000",
                       magnifier=100, expiry="20251231", rule="69", category="Agriculture", clock="12:00:00"),
             231.5, 0.01, "livestock", "close"),
        # A London share: pounds, quoted in pence.
        Kind(_contract("VOD", "STK", "VOD", "Vodafone Group PLC", 0.02, "london", currency="GBP", primary="LSE",
                       magnifier=100, rule="27"),
             71.84, 0.011, "london", step_s=3.0, size=9000.0),
        # Options: one whose last trade is long past, one that is worth nothing, one that has expired.
        Kind(_contract("AAPL", "OPT", "AAPL  251219C00300000", "Apple Inc", 0.05, "option", multiplier="100",
                       expiry="20251219", strike=300.0, right="C", under=AAPL, rule="110", clock="16:00:00"),
             1.00, 0.08, "option", "stale", stale_last=5.00, step_s=4.0),
        Kind(_contract("AAPL", "OPT", "AAPL  251219C00240000", "Apple Inc", 0.05, "option", multiplier="100",
                       expiry="20251219", strike=240.0, right="C", under=AAPL, rule="110", clock="16:00:00"),
             32.40, 0.05, "option", half_spread_ticks=2, step_s=4.0),
        Kind(_contract("AAPL", "OPT", "AAPL  251121P00150000", "Apple Inc", 0.01, "option", multiplier="100",
                       expiry="20251121", strike=150.0, right="P", under=AAPL, rule="110", clock="16:00:00"),
             0.0, 0.0, "option", "worthless"),
        Kind(_contract("INTC", "OPT", "INTC  251017C00045000", "Intel Corp", 0.01, "option", multiplier="100",
                       expiry="20251017", strike=45.0, right="C", under=(270639, "INTC", "STK"),
                       behaviour="no_details"),
             0.0, 0.0, "option", "still"),
        Kind(_contract("ES", "FOP", "E2AX5 C6900", "E-mini S&P 500", 0.25, "future", exchange="CME", multiplier="50",
                       expiry="20251110", strike=6900.0, right="C", under=ES, rule="239", clock="15:00:00"),
             42.25, 0.15, "future", step_s=3.0),
        Kind(_contract("CL", "FUT", "CLV5", "Light Sweet Crude Oil", 0.01, "future", exchange="NYMEX",
                       multiplier="1000", expiry="20250922", behaviour="no_details"),
             62.64, 0.0, "future", "still"),
        # Currencies, metal, coins: quoted, hardly traded.
        Kind(_contract("EUR", "CASH", "EUR.USD", "European Monetary Union Euro", 0.00005, "fx", exchange="IDEALPRO",
                       rule="239"),
             1.14880, 0.005, "fx", "quotes", step_s=1.0, size=1_000_000.0),
        Kind(_contract("XAUUSD", "CMDTY", "XAUUSD", "London Gold", 0.01, "fx", rule="26"),
             3985.20, 0.009, "fx", "quotes", half_spread_ticks=20, step_s=2.0, size=400.0),
        Kind(_contract("BTC", "CRYPTO", "BTC.USD", "Bitcoin cryptocurrency", 0.25, "crypto", exchange="PAXOS",
                       rule="1529"),
             103_250.50, 0.025, "crypto", half_spread_ticks=10, step_s=1.0, size=0.34567891),
        # A CFD has no quote of its own: the gateway sends its clients to the share. That of a London share is in
        # pounds, the share's quotes are in pence.
        Kind(_contract("AAPL", "CFD", "AAPLn", "Apple Inc CFD", 0.01, "stock", under=AAPL),
             0.0, 0.0, "stock"),
        Kind(_contract("VOD", "CFD", "VODn", "Vodafone Group PLC CFD", 0.0002, "london", currency="GBP", under=VOD),
             0.0, 0.0, "london"),
        # A bond: per cent of par, a piece is 1,000.
        Kind(_contract("IBM", "BOND", "IBM 3.5 05/15/29", "INTL BUSINESS MACHINES 3.5 05/15/29", 0.001, "bond",
                       expiry="20290515", factor="10"),
             97.850, 0.002, "bond", half_spread_ticks=40, step_s=5.0, size=25.0),
        # A yen future: twelve and a half million of them.
        Kind(_contract("JPY", "FUT", "6JZ5", "Japanese Yen", 0.0000005, "future", exchange="CME",
                       multiplier="12500000", expiry="20251215", rule="88", category="Currency", clock="09:16:00"),
             0.0065435, 0.005, "future", step_s=2.0),
        # A price below zero: Canadian crude as a difference to WTI.
        Kind(_contract("WCC", "FUT", "WCCZ5", "WCS Crude Oil differential", 0.01, "future", exchange="NYMEX",
                       multiplier="1000", expiry="20251217", rule="32", category="Energy", clock="14:30:00"),
             -5.00, 0.12, "future", additive=True),
        # Rows that only IB values: a combination and shares that are lent.
        Kind(_contract("SPX", "BAG", "SPX_COMB", "SPX combination", 0.05, "option", multiplier="100",
                       behaviour="no_answer"),
             1.35, 0.0, "option", "still"),
        Kind(_contract("INTC", "SLB", "INTC.SLB", "Intel Corp - lent", 0.01, "stock", primary="NASDAQ",
                       behaviour="no_details"),
             37.90, 0.0, "stock", "still"),
    )
}  # fmt: skip

KINDS_BY_ID = {kind.instrument.con_id: kind for kind in KINDS.values()}

# Rates that no position needs: euros against these currencies, base for the exchange rates.
PAIRS: dict[str, tuple[float, float]] = {"USD": (1.14880, 0.005), "GBP": (0.87940, 0.004), "JPY": (176.95, 0.006),
                                         "CHF": (0.93110, 0.003)}  # fmt: skip
