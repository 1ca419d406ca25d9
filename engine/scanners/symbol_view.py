"""What the Symbol page shows of one contract, put together from the bars, the quote and the rules. Pure."""

from __future__ import annotations

from typing import NamedTuple

from engine.bars.indicators import vwap_last
from engine.bars.series import BarArrays
from engine.bars.sessions import RunningSession
from engine.bars.store import BarStore, SymbolBars
from engine.breakout.facts import Facts
from engine.breakout.why import Why
from engine.config import BreakoutParams
from engine.domain import ContractInfo, Fill, Quote, Signal
from engine.state.sections import QUEUED, PositionRow, SizingFacts, SymbolSection

DAILY_BARS = 260


class SymbolContext(NamedTuple):
    """What other rooms know of the symbol. `line_text` = one sentence: why has it (not) a line."""

    quote: Quote | None
    info: ContractInfo | None
    position: PositionRow | None
    fills: tuple[Fill, ...]
    signals: tuple[Signal, ...]
    scores_now: tuple[tuple[str, float], ...]
    line_text: str
    pinned: bool
    held: tuple[PositionRow, ...]  # by account; `position` is all of them together
    unit: str  # what its quotes are in where that is not its currency: p, c, %
    filtered: str
    filling: bool = False  # minute bars are asked for, or wait to be
    sizing: SizingFacts | None = None


def symbol_section(
    store: BarStore,
    con_id: int,
    why: Why,
    facts: Facts,
    params: BreakoutParams,
    around: SymbolContext,
    now_market: float,
) -> SymbolSection | None:
    """The snapshot of one symbol; None when the store does not know it."""
    entry = store.get(con_id)
    if entry is None:
        return None
    contract, info = entry.contract, around.info
    session = store.session(con_id, now_market)
    long, short = why.readings if why.readings is not None else (None, None)
    opening = facts.opening
    complete = opening is not None and now_market >= opening.complete_at
    return SymbolSection(
        con_id=con_id,
        local_symbol=contract.local_symbol,
        name=info.long_name if info is not None else "",
        sec_type=contract.sec_type,
        exchange=contract.primary_exchange or contract.exchange,
        currency=contract.currency,
        multiplier=contract.multiplier,
        unit=around.unit,
        min_tick=info.min_tick if info is not None else None,
        time_zone=info.time_zone if info is not None else "",
        quote=around.quote,
        bars=tuple(store.bars(con_id)),
        daily=entry.daily[-DAILY_BARS:],
        half_hours=entry.half_hours[:],
        atr=facts.atr,
        vwap=_vwap(entry, session),
        rel_volume=long.told_rel_volume if long is not None else None,
        rel_volume_base=long.rel_base if long is not None else "",
        level_long=long.level if long is not None else None,
        level_short=short.level if short is not None else None,
        trigger_long=long.trigger if long is not None else None,
        opening_range=(opening.high, opening.low) if opening is not None and complete else None,
        ema_fast_len=params.ema_fast,
        ema_slow_len=params.ema_slow,
        rules=why.long,
        rules_short=why.short,
        why_text=why.text,
        why_long=why.long_text or why.text,
        why_short=why.short_text or why.text,
        line_text=around.line_text,
        position=around.position,
        held=around.held,
        signals=around.signals,
        scores_now=around.scores_now,
        fills=around.fills,
        pinned=around.pinned,
        filtered=around.filtered,
        filling=around.filling,
        message=_message(entry, session, now_market),
        session_start=session.start if session is not None else None,
        trading_hours=info.trading_hours if info is not None else "",
        liquid_hours=info.liquid_hours if info is not None else "",
        closed_at=session.end if session is not None and _is_over(session, now_market) else None,
        sizing=around.sizing,
    )


def _vwap(entry: SymbolBars, session: RunningSession | None) -> float | None:
    """The session's VWAP, the running minute included."""
    if session is None:
        return None
    bars: BarArrays = entry.series.arrays().since(session.start)
    if session.end is not None:
        bars = bars.before(session.end)
    running = entry.builder.bar
    closed = vwap_last(bars.high, bars.low, bars.close, bars.volume)
    if running is None or not running.volume:
        return closed
    typical = (running.high + running.low + running.close) / 3.0
    if closed is None:
        return typical
    known = bars.volume[bars.volume == bars.volume].sum()
    return float((closed * known + typical * running.volume) / (known + running.volume))


def _is_over(session: RunningSession, now_market: float) -> bool:
    return session.end is not None and now_market >= session.end


def _message(entry: SymbolBars, session: RunningSession | None, now_market: float) -> str:
    """Why bars are missing, or that what is shown is of an earlier session."""
    if entry.message:
        return entry.message
    if len(entry.series) == 0:
        return QUEUED
    if session is not None and _is_over(session, now_market):
        return "The market is closed: the last session's bars."
    return ""
