"""One signal as a trader looks at it: what it broke, how far it has run, where a stop may lie, what became of its like.

Prices are quotes, distances in ATR of the signal; positive = towards the signal's side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np

from engine.bars.build import BAR_S, bar_start
from engine.bars.store import BarStore
from engine.bars.trading_day import US_STOCK_DAYS
from engine.domain import Quote, Signal
from engine.errors import QTradeError
from engine.outcomes.book import Scored
from engine.outcomes.deciles import is_comparable
from engine.outcomes.figures import THIRTY, figures
from engine.outcomes.outcome import HORIZONS_MIN
from engine.prices.decimals import contract_decimals

BAND = 0.05  # of the score at signal, to either side
DAYS = 20  # trading days of US stocks
LISTED = 6
ATR_TIMES = 2.0
BUFFER_ATR = 0.1  # inside the level: a price at it is still a breakout's


class Stop(NamedTuple):
    """A place for a stop. `distance_atr` from the price of now; None = the price has passed it, or none is known."""

    name: str
    price: float
    distance_atr: float | None
    distance_pct: float | None


class Ties(NamedTuple):
    """What the card looks up. `scored` = live signals of the last weeks, oldest first."""

    scored: Callable[[], Sequence[Scored]]
    store: BarStore
    quote: Callable[[int], Quote | None]
    min_tick: Callable[[int], float | None]
    score_now: Callable[[int], dict[str, float]]
    market_now: Callable[[], float]


class SignalCards:
    """Engine thread only."""

    def __init__(self, ties: Ties) -> None:
        self._ties = ties

    def card(self, signal_id: str, con_id: int = 0) -> dict[str, Any]:
        """The card of a signal by its id, "" = of the newest one of a contract. Raises QTradeError without one."""
        scored = self._ties.scored()
        mine = [each for each in scored if (each.signal.id == signal_id if signal_id else each.signal.con_id == con_id)]
        if not mine:
            raise QTradeError("This signal is not kept any more: signals of the last 20 trading days are.")
        return self._card(mine[-1], scored)

    def _card(self, found: Scored, among: Sequence[Scored]) -> dict[str, Any]:
        signal, ties, now = found.signal, self._ties, self._ties.market_now()
        quote, tick = ties.quote(signal.con_id), ties.min_tick(signal.con_id)
        price = quote.price if quote is not None else None
        contract = ties.store.contract(signal.con_id)
        sec_type = contract.sec_type if contract is not None else "STK"
        trigger_bar = bar_of(ties.store, signal)
        return {
            "id": signal.id,
            "con": signal.con_id,
            "sym": signal.local_symbol,
            "side": signal.side,
            "kind": signal.level_kind,
            "dec": contract_decimals(tick, signal.level, sec_type),
            "at": signal.at,
            "triggered": signal.triggered_at,
            "ended": signal.ended_at if signal.state == "ended" else None,
            "running": signal.state == "active",
            "level": signal.level,
            "first": signal.last,
            "atr": signal.atr,
            "score": signal.score,
            "score_now": ties.score_now(signal.con_id).get(signal.id),
            "early": signal.before_look,
            "lane": signal.lane,
            "scans": list(signal.scans),
            "rel_volume": signal.rel_volume,
            "surge": signal.surge,
            "price": price,
            "price_wall": quote.received_wall if quote is not None else None,
            "run": _away(price, signal.level, signal),
            "since": _away(price, signal.last, signal),
            "spread": quote.spread if quote is not None else None,
            "spread_atr": quote.spread / signal.atr if quote and quote.spread is not None and signal.atr else None,
            "volume": quote.volume if quote is not None else None,
            "volume_60s": ties.store.volume_60s(signal.con_id, now),
            "stops": [list(stop) for stop in stops(signal, price, trigger_bar, tick)],
            "after": [
                [minutes, *after] for minutes, after in zip(HORIZONS_MIN, found.after, strict=True) if after is not None
            ],
            "like": like(found, among, now),
        }


def _away(price: float | None, base: float, signal: Signal) -> list[float | None]:
    """[ATR, per cent] from `base` to the price, positive = on the signal's side."""
    if price is None:
        return [None, None]
    way = (price - base) * (1.0 if signal.side == "long" else -1.0)
    return [way / signal.atr if signal.atr else None, way / base * 100.0 if base > 0.0 else None]


def bar_of(store: BarStore, signal: Signal) -> tuple[float, float] | None:
    """Low and high of the minute in which the price went beyond the level; None = it is not known, or still runs."""
    bars = store.arrays(signal.con_id)
    if bars is None:
        return None
    start = bar_start(signal.triggered_at)
    at = int(np.searchsorted(bars.time, start))
    if at >= len(bars.time) or abs(float(bars.time[at]) - start) >= BAR_S:
        return None
    return float(bars.low[at]), float(bars.high[at])


def stops(
    signal: Signal, price: float | None, trigger_bar: tuple[float, float] | None, tick: float | None
) -> list[Stop]:
    """Where a stop may lie: ATR from the price, inside the level, beyond the bar that broke out; the nearest first."""
    sign = 1.0 if signal.side == "long" else -1.0
    step = tick or 0.0
    places: list[tuple[str, float]] = []
    if price is not None and signal.atr:
        places.append((f"{ATR_TIMES:g} ATR from the price", price - sign * ATR_TIMES * signal.atr))
    places.append((f"{BUFFER_ATR:g} ATR inside the level", signal.level - sign * max(step, BUFFER_ATR * signal.atr)))
    if trigger_bar is not None:
        low, high = trigger_bar
        which = "of the first look" if signal.before_look else "that broke out"
        name = f"{'Under' if sign > 0 else 'Over'} the bar {which}"
        places.append((name, low - step if sign > 0 else high + step))
    made = [_stop(name, at, price, signal, sign) for name, at in places]
    return sorted(made, key=lambda stop: (stop.distance_atr is None, stop.distance_atr or 0.0))


def _stop(name: str, at: float, price: float | None, signal: Signal, sign: float) -> Stop:
    way = None if price is None else (price - at) * sign
    if way is None or price is None or way <= 0.0:
        return Stop(name, at, None, None)
    return Stop(name, at, way / signal.atr if signal.atr else None, way / price * 100.0 if price > 0.0 else None)


def like(found: Scored, among: Iterable[Scored], now: float) -> dict[str, Any]:
    """Signals of the same rule, side and score band in the last trading days, and what became of them."""
    signal = found.signal
    since = US_STOCK_DAYS.begins(_days_back(now))
    band = (signal.score - BAND, signal.score + BAND)
    comparable = is_comparable(signal)
    alike = [
        each
        for each in among
        if each.signal.side == signal.side
        and each.signal.at >= since
        and band[0] <= each.signal.score <= band[1]
        and each.signal.level_kind == signal.level_kind
        and each.signal.id != signal.id
        and is_comparable(each.signal) == comparable
    ]
    told = figures(alike)
    return {
        "n": len(alike),
        "days": DAYS,
        "band": [max(0.0, band[0]), min(1.0, band[1])],
        "won": told.won,
        "rows": [
            [minutes, known, move, best, worst]
            for minutes, known, move, best, worst in zip(
                HORIZONS_MIN, told.known, told.moves, told.best, told.worst, strict=True
            )
        ],
        "newest": [
            [
                each.signal.id,
                each.signal.con_id,
                each.signal.local_symbol,
                each.signal.at,
                each.signal.score,
                after.move if (after := each.after[THIRTY]) is not None else None,
            ]
            for each in alike[-LISTED:][::-1]
        ],
    }


def _days_back(now: float) -> date:
    """The trade date of US stocks so many before today's, today's counted."""
    day = US_STOCK_DAYS.of(now)
    for _ in range(DAYS - 1):
        day = US_STOCK_DAYS.of(US_STOCK_DAYS.begins(day) - 3_600.0)
    return day
