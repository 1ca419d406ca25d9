"""The rows of the Positions section and what each has to say for itself. Pure, but for the closes it looks up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.bars.indicators import ema_last
from engine.config import PositionSettings
from engine.portfolio import valuation
from engine.portfolio.appraisal import Appraiser, Held, Market, Worth
from engine.portfolio.sums import Part
from engine.portfolio.valuation import cents, share_pct
from engine.state.sections import FilteredRow, PositionRow

_SPARK_BARS = 60


def position_row(
    held: Held,
    part: Part,
    appraiser: Appraiser,
    market: Market,
    settings: PositionSettings,
    *,
    gross: float | None,
    fills_today: int,
) -> PositionRow:
    """A tradable position now; `gross` = exposure of all of the view, in the currency of `part`."""
    contract, record, terms = held.record.contract, held.record, held.terms
    con_id = contract.con_id
    quote = market.quote(con_id)
    worth = appraiser.worth(held)
    closes = market.closes(con_id, 4 * settings.ema_slow)
    fast = _ema(closes, settings.ema_fast)
    slow = _ema(closes, settings.ema_slow)
    spark = tuple(market.closes(con_id, _SPARK_BARS))
    has_line, is_silent = market.has_line(con_id), market.is_silent(con_id)
    traded = quote is not None and quote.price is not None
    last, kind = (quote.price, quote.price_kind) if quote is not None else (None, None)
    if quote is not None and quote.last is not None:
        last, kind = quote.last, "last"
    single = appraiser.single(held)
    return PositionRow(
        con_id=con_id,
        local_symbol=contract.local_symbol,
        name=held.info.long_name if held.info else "",
        sec_type=contract.sec_type,
        quantity=record.quantity,
        avg_cost=record.avg_cost,
        avg_price=valuation.average_price(record.avg_cost, terms),
        multiplier=contract.multiplier,
        currency=contract.currency,
        last=last if traded else worth.price,
        last_kind=kind if traded else worth.kind,
        last_wall=quote.received_wall if quote is not None and traded else worth.at_wall,
        data_type=quote.data_type if quote else "live",
        close=quote.close if quote else None,
        change_pct=quote.change_pct if quote else None,
        unrealized_pnl=cents(worth.unrealized),
        ib_unrealized_pnl=cents(single.unrealized),
        daily_pnl=cents(single.daily),
        realized_pnl=cents(single.realized),
        exposure=cents(worth.exposure),
        exposure_pct=share_pct(part.exposure, gross),
        ema_fast=fast,
        ema_slow=slow,
        trend=None if fast is None or slow is None else ("above" if fast > slow else "below"),
        spark=spark,
        has_line=has_line,
        last_trade_date=contract.last_trade_date,
        tick_value=valuation.tick_value(held.info.min_tick if held.info else None, terms),
        message=_message(held, worth, has_line, is_silent, market),
        account=record.account,
        unit=terms.unit if terms else "",
        per_point=terms.per_point if terms else None,
        mark=worth.price,
        mark_kind=worth.kind,
        mark_wall=worth.at_wall,
        portfolio_pnl=held.mark.unrealized_pnl if held.mark else None,
        ib_wall=held.pnl_wall if single.unrealized is not None else None,
        exposure_base=cents(part.exposure),
        check=held.comparison.words(contract.currency),
        check_differs=held.comparison.differs,
        fills_today=fills_today,
        silent=is_silent,
        farms_down=market.farms_down(con_id),
    )


def filtered_row(held: Held, appraiser: Appraiser) -> FilteredRow:
    """A position that can't be traded, valued by IB."""
    contract, record = held.record.contract, held.record
    kind, reason = held.filtered or ("", "")
    value, unrealized, at_wall = appraiser.ib_valuation(held)
    return FilteredRow(
        con_id=contract.con_id,
        local_symbol=contract.local_symbol,
        sec_type=contract.sec_type,
        quantity=record.quantity,
        reason=reason,
        kind=kind,
        account=record.account,
        currency=contract.currency,
        market_value=cents(value),
        unrealized_pnl=cents(unrealized),
        daily_pnl=cents(appraiser.single(held).daily),
        valued_wall=at_wall,
    )


def _ema(closes: Sequence[float | None], length: int) -> float | None:
    """EMA of the known closes; None with fewer than `length` of them."""
    known = [close for close in closes if close is not None]
    return ema_last(np.asarray(known, dtype=np.float64), length) if len(known) >= length else None


def _message(held: Held, worth: Worth, has_line: bool, is_silent: bool, market: Market) -> str:
    """What the row has to say for itself; "" while all is well."""
    con_id = held.record.contract.con_id
    farms, refusal = market.farms_down(con_id), market.refusal(con_id)
    fallen = f"the market data farm {farms} is down" if farms else ""
    if is_silent:
        stands = "valued by IB" if worth.kind == "portfolio" else "the last one stands, IB has not valued it since"
        why = f"no price, and {fallen}" if fallen else "no price for over a minute though it should tick"
        return f"{why}: {stands}"
    if fallen and worth.kind is not None:
        return f"{fallen}: the price may stand still"
    if refusal and not has_line:
        return f"{refusal}; asked for again within 30 s" + (", valued by IB" if worth.kind == "portfolio" else "")
    if worth.kind is None:
        if held.terms is None:
            return "the contract's details have not come: the unit of its quotes is not known, and IB has not valued it"
        return "no price yet" if has_line else "no market-data line and no valuation from IB yet"
    words = []
    if worth.kind == "portfolio":
        words.append(
            "valued by IB: the contract's details, and the unit of its quotes, are not known"
            if held.terms is None
            else "valued from IB's portfolio updates, no live price"
        )
    if held.record.avg_cost is None:
        words.append("IB does not know what it cost, so its P&L is not known")
    return "; ".join(words)
