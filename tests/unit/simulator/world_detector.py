"""The breakout rules of the design by their textbook definitions, written without the product's code.

Looks every 10 s at some names: 20-bar level + 0.1 ATR14 (Wilder), volume projected from 15 s of the bar on, against
SMA20 and against the same minute of earlier sessions, EMA8 over EMA21 of closed bars, 10 s beyond the frozen level.
The looks are recorded first, while the market runs; the rules then see closed bars of earlier minutes only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.world.market import Market

BARS, ATR_BARS, BUFFER, SURGE, RELATIVE, CONFIRM_S, COOL_DOWN_S = 20, 14, 0.1, 1.5, 1.5, 10.0, 900.0
LOOK_EVERY_S = 10.0


@dataclass(frozen=True)
class Found:
    con_id: int
    side: int
    triggered: float
    confirmed: float
    score: float


class Looks:
    """Last price and volume of the day of each name, every 10 s."""

    def __init__(self, con_ids: list[int]) -> None:
        self.con_ids = con_ids
        self.times: list[float] = []
        self._last: list[list[float]] = []
        self._volume: list[list[float]] = []

    def take(self, market: Market) -> None:
        quotes = [market.quote(number) for number in self.con_ids]
        self.times.append(market.now())
        self._last.append([q.last if q and q.last and not q.halted else np.nan for q in quotes])
        self._volume.append([q.volume if q and q.volume else 0.0 for q in quotes])

    def of(self, n: int) -> list[tuple[float, float, float]]:
        return [(t, last[n], volume[n]) for t, last, volume in zip(self.times, self._last, self._volume, strict=True)]


@dataclass(frozen=True)
class Facts:
    """What the bars closed before a minute say."""

    high: float
    low: float
    atr: float
    trend: float
    sma_volume: float
    day_volume: float


def _smooth(values: np.ndarray, alpha: float, seed: int) -> np.ndarray:
    """Recursive average; its first value is the mean of `seed` values, at their end."""
    out = np.full(len(values), np.nan)
    level = float(values[:seed].mean())
    out[seed - 1] = level
    for n in range(seed, len(values)):
        level += alpha * (float(values[n]) - level)
        out[n] = level
    return out


def facts_by_minute(bars: list, opening: float) -> dict[float, Facts]:
    """Start of a minute -> facts of the bars before it. `bars`: the whole session, oldest first."""
    time, high, low, close, volume = (
        np.array([getattr(bar, name) for bar in bars]) for name in ("time", "high", "low", "close", "volume")
    )
    before = np.concatenate([[close[0]], close[:-1]])
    atr = _smooth(np.maximum(high, before) - np.minimum(low, before), 1.0 / ATR_BARS, ATR_BARS)
    trend = _smooth(close, 2.0 / 9.0, 1) - _smooth(close, 2.0 / 22.0, 1)
    total = np.cumsum(volume)
    first = int(np.searchsorted(time, opening))
    found = {}
    for n in range(max(first + BARS, BARS + ATR_BARS), len(bars)):
        span = slice(n - BARS, n)
        found[float(time[n])] = Facts(
            float(high[span].max()),
            float(low[span].min()),
            float(atr[n - 1]),
            float(trend[n - 1]),
            float(volume[span].mean()),
            float(total[n - 1]),
        )
    return found


@dataclass
class _Watch:
    side: int
    level: float
    atr: float
    since: float


class _Follower:
    """One name through its looks."""

    def __init__(self, con_id: int, facts: dict[float, Facts], base: dict[float, float]) -> None:
        self.con_id, self.facts, self.base = con_id, facts, base
        self.found: list[Found] = []
        self._watch: _Watch | None = None
        self._quiet_until = {1: 0.0, -1: 0.0}

    def look(self, now: float, last: float, volume: float) -> None:
        minute = now // 60.0 * 60.0
        facts = self.facts.get(minute)
        if facts is None or np.isnan(last):
            return
        projected = (volume - facts.day_volume) * 60.0 / max(now - minute, 1.0)
        relative = projected / max(self.base.get(minute, 1.0), 1.0)
        watch = self._watch
        if watch is None:
            if now - minute >= 15.0 and projected >= SURGE * facts.sma_volume and relative >= RELATIVE:
                self._watch = self._trigger(now, last, facts)
        elif (last - watch.level) * watch.side <= BUFFER * watch.atr:
            self._watch = None
        elif now - watch.since >= CONFIRM_S - 1e-6:
            self._confirm(watch, now, last, relative, projected / facts.sma_volume)

    def _trigger(self, now: float, last: float, facts: Facts) -> _Watch | None:
        for side, level in ((1, facts.high), (-1, facts.low)):
            beyond = (last - level) * side > BUFFER * facts.atr and facts.trend * side > 0
            if beyond and now >= self._quiet_until[side]:
                return _Watch(side, level, facts.atr, now)
        return None

    def _confirm(self, watch: _Watch, now: float, last: float, relative: float, surge: float) -> None:
        self._watch = None
        self._quiet_until[watch.side] = now + COOL_DOWN_S
        beyond = (last - watch.level) * watch.side / watch.atr - BUFFER
        volumes = 0.35 * _rise((relative - RELATIVE) / (2 * RELATIVE)) + 0.20 * _rise((surge - SURGE) / (2 * SURGE))
        score = 0.5 + 0.5 * (0.45 * _rise(beyond) + volumes)
        self.found.append(Found(self.con_id, watch.side, watch.since, now, score))


def _rise(x: float) -> float:
    return x / (1.0 + x) if x > 0 else 0.0


def detect(market: Market, looks: Looks, opening: float, bases: dict[int, dict[float, float]]) -> list[Found]:
    """Confirmed breakouts. `bases`: con_id -> start of a minute -> usual volume of that minute."""
    found = []
    for n, number in enumerate(looks.con_ids):
        one = market.instrument(number)
        assert one is not None
        session_s = (15.5 if one.sec_type == "FUT" else 5.5) * 3600  # since the session began
        bars = market.bars(number, 60, opening - session_s, looks.times[-1] + 1, False)
        follower = _Follower(number, facts_by_minute(bars, opening), bases[number])
        for look in looks.of(n):
            follower.look(*look)
        found += follower.found
    return found
