"""TradeManager: the positions, which of them can be traded, and what they are worth now.

May import bars (EMA) and domain; the tradability rule, quotes and closes are injected. Engine thread only.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct

from engine.bars.indicators import ema_last
from engine.broker.port import PortfolioMark, PositionPnl, PositionUpdate
from engine.config import PositionSettings
from engine.domain import ContractInfo, ContractRef, Demand, PositionRecord, Quote
from engine.portfolio.account import AccountBook
from engine.portfolio.valuation import average_price, exposure, share_pct, total, unrealized_pnl
from engine.state.sections import FilteredRow, PositionRow, PositionsSection

log = logging.getLogger("qtrade.portfolio")

Verdict = Callable[[ContractRef, ContractInfo | None], tuple[str, str] | None]
_SPARK_BARS = 60


class Market(Struct, frozen=True):
    """What the manager looks up for a position: newest quote, closes of the last minutes, whether it has a line."""

    quote: Callable[[int], Quote | None]
    closes: Callable[[int, int], Sequence[float | None]]  # (con_id, n minutes): None = gap, oldest first
    has_line: Callable[[int], bool]


class _Held(Struct):
    """One position as far as the broker told it."""

    record: PositionRecord
    info: ContractInfo | None = None
    mark: PortfolioMark | None = None
    mark_wall: float | None = None
    pnl: PositionPnl | None = None
    filtered: tuple[str, str] | None = None  # (kind, reason)


class TradeManager:
    """Positions by con_id, split into tradable and filtered, valued from our own marks."""

    def __init__(self, market: Market, verdict: Verdict, settings: PositionSettings) -> None:
        self._market = market
        self._verdict = verdict
        self._settings = settings
        self._held: dict[int, _Held] = {}
        self._complete = False
        self._announced: tuple[int, int] | None = None
        self.account = AccountBook()

    def set_settings(self, settings: PositionSettings) -> None:
        self._settings = settings

    # --- events ---------------------------------------------------------------------------------------------

    def on_connected(self, *, complete: bool = True) -> list[int]:
        """The positions of this connection are in (`complete`) or late: returns the con_ids that are tradable."""
        self._complete = complete
        if complete:
            self._announce()
        return [held.record.contract.con_id for held in self._tradable()]

    def on_disconnected(self) -> None:
        """Positions stay on the screen, their P&L requests are dead."""
        self._complete = False
        self.account.reset_connection()
        for held in self._held.values():
            held.pnl = None

    def forget_account(self) -> None:
        """Another account: its figures, fills and valuations begin empty."""
        self.account = AccountBook()
        for held in self._held.values():
            held.mark = None

    def forget_missing(self, seen: set[int]) -> list[int]:
        """After a reconnect: drop the positions that the broker no longer reports; returns their con_ids."""
        gone = [con_id for con_id in self._held if con_id not in seen]
        for con_id in gone:
            del self._held[con_id]
        return gone

    def on_position(self, event: PositionUpdate) -> bool:
        """Open, change or close a position. True when the set of tradable positions may have changed."""
        record = event.record
        con_id = record.contract.con_id
        held = self._held.get(con_id)
        if record.quantity == 0:
            return self._held.pop(con_id, None) is not None
        if held is None:
            self._held[con_id] = held = _Held(record=record)
        elif held.record == record:
            return False
        held.record = record
        held.filtered = self._verdict(record.contract, held.info)
        if self._complete:
            self._announce()
        return True

    def on_info(self, con_id: int, info: ContractInfo | None) -> bool:
        """Contract details came (None = they could not be had); re-examines tradability. True when it changed."""
        held = self._held.get(con_id)
        if held is None:
            return False
        held.info = info or held.info
        before = held.filtered
        held.filtered = self._verdict(held.record.contract, held.info)
        if before != held.filtered and self._complete:
            self._announce()
        return before != held.filtered

    def on_mark(self, event: PortfolioMark, wall: float) -> None:
        held = self._held.get(event.contract.con_id)
        if held is not None:
            held.mark, held.mark_wall = event, wall

    def on_position_pnl(self, event: PositionPnl) -> None:
        held = self._held.get(event.con_id)
        if held is not None:
            held.pnl = event

    # --- answers --------------------------------------------------------------------------------------------

    def contracts(self) -> list[ContractRef]:
        return [held.record.contract for held in self._held.values()]

    def contract(self, con_id: int) -> ContractRef | None:
        held = self._held.get(con_id)
        return held.record.contract if held else None

    def tradable_ids(self) -> list[int]:
        return [held.record.contract.con_id for held in self._tradable()]

    def tradable_keys(self) -> list[tuple[str, int]]:
        """(account, con_id) of each."""
        return [(held.record.account, held.record.contract.con_id) for held in self._tradable()]

    def filter_reason(self, con_id: int) -> str:
        """ "" when tradable or no position of ours."""
        held = self._held.get(con_id)
        return held.filtered[1] if held and held.filtered else ""

    def demands(self) -> list[Demand]:
        """One line wish per tradable position, priority 100, ordered by exposure where lines are short."""
        wishes = []
        for held in self._tradable():
            contract, quantity = held.record.contract, held.record.quantity
            unit = "contract" if contract.sec_type in ("FUT", "OPT", "FOP") else "share"
            plural = "" if abs(quantity) == 1 else "s"
            price = self._price(held)[0]
            worth = exposure(quantity, price, contract.multiplier) or abs(quantity * (held.record.avg_cost or 0.0))
            wishes.append(Demand(contract, "100", "position", f"{quantity:g} {unit}{plural} open", exposure_usd=worth))
        return wishes

    def pnl_totals(self) -> tuple[float | None, float | None, int]:
        """(unrealized, gross exposure, priced) of the tradable positions in the base currency.

        What has no price of ours counts by IB's own valuation; `priced` counts those with one of ours.
        """
        unrealized: list[float | None] = []
        gross: list[float | None] = []
        priced = 0
        for held in self._tradable():
            contract, quantity = held.record.contract, held.record.quantity
            price, kind, _ = self._price(held)
            rate = self.account.rate(contract.currency)
            if price is None or rate is None:
                continue
            priced += kind != "portfolio"
            own = unrealized_pnl(quantity, price, contract.multiplier, held.record.avg_cost)
            unrealized.append(own * rate if own is not None else None)
            gross.append((exposure(quantity, price, contract.multiplier) or 0.0) * rate)
        return total(unrealized), total(gross), priced

    def unrealized_of_all(self) -> float | None:
        """The curve's value: None as long as one position has neither a price nor a valuation, or no rate is known."""
        unrealized, _, _ = self.pnl_totals()
        return unrealized if all(self._is_valued(held) for held in self._tradable()) else None

    def _is_valued(self, held: _Held) -> bool:
        return self._price(held)[0] is not None and self.account.rate(held.record.contract.currency) is not None

    def snapshot(self, day_start_market: float) -> PositionsSection:
        """The Positions section; fills count as today's from `day_start_market` on."""
        unrealized, gross, priced = self.pnl_totals()
        rows = tuple(self._row(held, gross) for held in self._tradable())
        filtered = tuple(
            FilteredRow(
                con_id=held.record.contract.con_id,
                local_symbol=held.record.contract.local_symbol,
                sec_type=held.record.contract.sec_type,
                quantity=held.record.quantity,
                reason=held.filtered[1],
                kind=held.filtered[0],
            )
            for held in self._held.values()
            if held.filtered
        )
        return PositionsSection(
            tradable=rows,
            filtered=filtered,
            account=self.account.figures(unrealized, gross, priced, day_start_market),
            fills=self.account.fills()[-200:],
            complete=self._complete,
        )

    # --- inside ---------------------------------------------------------------------------------------------

    def _tradable(self) -> list[_Held]:
        return [held for held in self._held.values() if held.filtered is None]

    def _announce(self) -> None:
        counts = (len(self._tradable()), len(self._held) - len(self._tradable()))
        if counts == self._announced:
            return
        self._announced = counts
        log.info("Tracking %d tradable positions", counts[0])
        log.info("Filtered %d non-tradable symbols", counts[1])

    def _price(self, held: _Held) -> tuple[float | None, str | None, float | None]:
        """(price, kind, wall time): our own quote, else IB's portfolio valuation, labelled so."""
        quote = self._market.quote(held.record.contract.con_id)
        if quote is not None and quote.price is not None:
            return quote.price, quote.price_kind, quote.received_wall
        if held.mark is not None and held.mark.market_price:
            return held.mark.market_price, "portfolio", held.mark_wall
        return None, None, None

    def _row(self, held: _Held, gross: float | None) -> PositionRow:
        contract, record = held.record.contract, held.record
        con_id = contract.con_id
        quote = self._market.quote(con_id)
        price, kind, at_wall = self._price(held)
        worth = exposure(record.quantity, price, contract.multiplier)
        rate = self.account.rate(contract.currency)
        closes = self._market.closes(con_id, 4 * self._settings.ema_slow)
        fast = _ema(closes, self._settings.ema_fast)
        slow = _ema(closes, self._settings.ema_slow)
        tick = held.info.min_tick if held.info else None
        return PositionRow(
            con_id=con_id,
            local_symbol=contract.local_symbol,
            name=held.info.long_name if held.info else "",
            sec_type=contract.sec_type,
            quantity=record.quantity,
            avg_cost=record.avg_cost,
            avg_price=average_price(record.avg_cost, contract.multiplier),
            multiplier=contract.multiplier,
            currency=contract.currency,
            last=price,
            last_kind=kind,
            last_wall=at_wall,
            data_type=quote.data_type if quote else "live",
            close=quote.close if quote else None,
            change_pct=quote.change_pct if quote else None,
            unrealized_pnl=unrealized_pnl(record.quantity, price, contract.multiplier, record.avg_cost),
            ib_unrealized_pnl=held.pnl.unrealized if held.pnl else None,
            daily_pnl=held.pnl.daily if held.pnl else None,
            realized_pnl=held.pnl.realized if held.pnl else None,
            exposure=worth,
            exposure_pct=share_pct(None if worth is None or rate is None else worth * rate, gross),
            ema_fast=fast,
            ema_slow=slow,
            trend=None if fast is None or slow is None else ("above" if fast > slow else "below"),
            spark=tuple(self._market.closes(con_id, _SPARK_BARS)),
            has_line=self._market.has_line(con_id),
            last_trade_date=contract.last_trade_date,
            tick_value=tick * contract.multiplier if tick else None,
            message=_message(kind, self._market.has_line(con_id)),
        )


def _ema(closes: Sequence[float | None], length: int) -> float | None:
    """EMA of the known closes; None with fewer than `length` of them."""
    known = [close for close in closes if close is not None]
    return ema_last(np.asarray(known, dtype=np.float64), length) if len(known) >= length else None


def _message(kind: str | None, has_line: bool) -> str:
    if kind is None:
        return "no price yet" if has_line else "no market-data line and no valuation from IB yet"
    if kind == "portfolio":
        return "valued from IB's portfolio updates, no live price"
    return ""
