"""Inside a minute: quotes and prints at quarter seconds that add up to exactly the minute's bar.

A column is one minute of one row; the live tape has a column a row, history a column a minute.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.world.noise import F64, U64, bits

SLOTS = 240
SLOT_S = 0.25
SURGE_RATE = 4.5  # prints' volume after the moment of a push against before

I32 = NDArray[np.int32]
F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]

_K = np.arange(SLOTS, dtype=np.int64)[:, None]
_KF = np.arange(SLOTS, dtype=np.float32)[:, None]
_LOW = np.uint64(0xFFFF)


@dataclass
class Minutes:
    """What the tape is made of: one entry a column, prices in ticks."""

    keys: U64
    open: I32
    high: I32
    low: I32
    close: I32
    volume: I32
    slot: NDArray[np.int16]  # quarter second of a push; -1 none; -2 halted
    prints: F64  # expected number of prints
    spread: NDArray[np.int64]  # usual, ticks
    lot: NDArray[np.int64]  # unit of quoted sizes


@dataclass
class Tape:
    """[slot, column]; `printed` and `quoted` hold the last slot so far with a print or a quote, -1 before any."""

    price: I32
    printed: NDArray[np.int16]
    quoted: NDArray[np.int16]
    volume: I32  # of the minute so far, at every slot
    high: I32  # highest print so far; meaningless before the first
    low: I32
    dice: U64
    minutes: Minutes

    def quotes_at(self, slots: NDArray[np.integer], columns: NDArray[np.integer]) -> tuple[I32, I32, I32, I32]:
        """bid, ask, bid size, ask size of the quotes made at (slots[n], columns[n])."""
        price, dice = self.price[slots, columns], self.dice[slots, columns]
        spread, lot = self.minutes.spread[columns], self.minutes.lot[columns]
        halted = self.minutes.slot[columns] == -2
        dice = np.where(halted, np.uint64(0), dice)
        wider = ((dice >> np.uint64(48)) & np.uint64(3)) == 3
        spread = np.where(halted, spread * 4, spread + wider * (1 + spread // 3))
        at_ask = (dice >> np.uint64(50)) & np.uint64(1)
        bid = np.maximum(price - np.where(at_ask == 1, spread, 0), 1)
        ask = bid + spread
        sizes = [1 + ((dice >> np.uint64(shift)) & np.uint64(7)).astype(np.int64) for shift in (52, 56)]
        return bid.astype(np.int32), ask.astype(np.int32), *((size * lot).astype(np.int32) for size in sizes)


def build(m: Minutes) -> Tape:
    """The tape of every column. 600 columns take some milliseconds."""
    columns = np.arange(len(m.keys))
    z = bits(m.keys[None, :], _K)
    step = (z & _LOW).astype(np.float32) - np.float32(32767.5)
    chance = ((z >> np.uint64(16)) & _LOW).astype(np.float32) * np.float32(1 / 65536)
    other = ((z >> np.uint64(32)) & _LOW).astype(np.float32) * np.float32(1 / 65536)
    first, last = _window(m, z)
    inside = (_KF >= first) & (_KF <= last)
    wave = _wave(m, step, first, last, inside)
    price, top, bottom = _fit(m, wave, first, last, z)
    traded = inside & (chance < (m.prints / SLOTS).astype(np.float32)) & (m.volume > 0)
    for slot in (first, last, top, bottom):
        traded[slot.astype(np.int64), columns] = m.volume > 0
    quoting = np.minimum(m.prints * 2.2 / SLOTS, 0.9).astype(np.float32)
    quoting = np.where(m.slot == -2, np.float32(0), quoting)
    quoted = traded | (other < quoting)
    quoted[((z[0] >> np.uint64(8)) % np.uint64(SLOTS)).astype(np.int64), columns] = True
    quoted[0] |= m.slot == -2
    printed_slot = _last_true(traded)
    shown_high = np.where(traded, price, np.int32(0))
    shown_low = np.where(traded, price, np.int32(2**31 - 1))
    return Tape(
        price,
        printed_slot,
        _last_true(quoted),
        _volumes(m, inside, other, printed_slot, columns),
        np.maximum.accumulate(shown_high, axis=0),
        np.minimum.accumulate(shown_low, axis=0),
        z,
        m,
    )


def join_tapes(tapes: list[Tape]) -> Tape:
    """One tape of tapes side by side."""
    names = ("price", "printed", "quoted", "volume", "high", "low", "dice")
    parts = {name: np.concatenate([getattr(one, name) for one in tapes], axis=1) for name in names}
    fields = Minutes.__dataclass_fields__
    minutes = {name: np.concatenate([getattr(one.minutes, name) for one in tapes]) for name in fields}
    return Tape(**parts, minutes=Minutes(**minutes))


def _window(m: Minutes, z: U64) -> tuple[F32, F32]:
    """Slots of the first and the last print; the quieter the name, the further inside the minute."""
    gap = np.clip(SLOTS * 0.5 / np.maximum(m.prints, 1.0), 1.0, 60.0)
    first = np.floor((z[1] & _LOW).astype(np.float64) / 65536.0 * gap)
    last = SLOTS - 1 - np.floor((z[2] & _LOW).astype(np.float64) / 65536.0 * gap)
    return first.astype(np.float32), last.astype(np.float32)


def _wave(m: Minutes, step: F32, first: F32, last: F32, inside: Bool) -> F32:
    """The price less the minute's open, roughly: a bridge from open to close of about the right width."""
    t = np.clip((_KF - first) / (last - first), 0.0, 1.0).astype(np.float32)
    walk = np.cumsum(step * inside, axis=0, dtype=np.float32)
    walk -= t * walk[-1]
    width = np.maximum(walk.max(axis=0) - walk.min(axis=0), np.float32(1))
    room = (m.high - m.low).astype(np.float32)
    is_push = m.slot >= 0
    walk *= np.where(is_push, np.float32(0.25), np.float32(0.75)) * room / width
    narrow = room <= 2
    if narrow.any():  # a minute of two ticks bounces between bid and ask, it does not drift
        walk[:, narrow] = step[:, narrow] * inside[:, narrow] * np.float32(0.7)
    if is_push.any():
        begin = np.maximum(m.slot[is_push].astype(np.float32), first[is_push])
        rise = np.clip((_KF - begin) / np.maximum(last[is_push] - begin, 1), 0.0, 1.0).astype(np.float32)
        t[:, is_push] = 1.0 - (1.0 - rise) ** 5
    drift: F32 = t * (m.close - m.open).astype(np.float32) + walk
    return drift


def _fit(m: Minutes, wave: F32, first: F32, last: F32, z: U64) -> tuple[I32, NDArray[np.int64], NDArray[np.int64]]:
    """Squeezes the wave so that it touches the high and the low, once at least, and never passes them."""
    columns = np.arange(wave.shape[1])
    body = (m.close - m.open).astype(np.float32)
    above, below = np.maximum(body, 0), np.minimum(body, 0)
    high, low = (m.high - m.open).astype(np.float32), (m.low - m.open).astype(np.float32)
    top, bottom = wave.argmax(axis=0), wave.argmin(axis=0)
    over = wave[top, columns] - above
    under = below - wave[bottom, columns]
    up = np.where(over > 0, (high - above) / np.maximum(over, np.float32(1e-3)), 0).astype(np.float32)
    down = np.where(under > 0, (below - low) / np.maximum(under, np.float32(1e-3)), 0).astype(np.float32)
    excess = np.maximum(wave - above, 0) * (1 - up) - np.maximum(below - wave, 0) * (1 - down)
    wave = np.minimum(np.maximum(wave - excess, low), high)
    half = (last - first) * np.float32(0.45)
    spots = (z[3] & _LOW).astype(np.float32) / 65536, (z[4] & _LOW).astype(np.float32) / 65536
    early, late = first + 1 + np.floor(spots[0] * half), first + 2 + np.floor(half + spots[1] * half)
    top = np.where((top > first) & (top < last) & (over > 0), top, np.where(body > 0, late, early)).astype(np.int64)
    bottom = np.where((bottom > first) & (bottom < last) & (under > 0), bottom, np.where(body > 0, early, late))
    bottom = bottom.astype(np.int64)
    bottom = np.where(bottom == top, np.where(top > first + 2, top - 1, top + 1), bottom).astype(np.int64)
    price = np.rint(wave).astype(np.int32) + m.open
    price[top, columns], price[bottom, columns] = m.high, m.low
    price[first.astype(np.int64), columns], price[last.astype(np.int64), columns] = m.open, m.close
    return price, top, bottom


def _volumes(m: Minutes, inside: Bool, other: F32, printed: NDArray[np.int16], columns: NDArray[np.int64]) -> I32:
    """Cumulative volume, steady but for a push, counted at prints only; the last print completes the minute's."""
    rate = inside * (np.float32(0.6) + np.float32(0.8) * other)
    pushed = m.slot >= 0
    if pushed.any():
        rate[:, pushed] *= np.where(_K < m.slot[pushed], np.float32(1 / SURGE_RATE), np.float32(1))
    running = np.cumsum(rate, axis=0, dtype=np.float64)
    running *= m.volume / running[-1]
    counted = np.rint(running).astype(np.int32)
    out: I32 = counted[np.maximum(printed, 0), columns]
    out[printed < 0] = 0
    return out


def _last_true(mask: Bool) -> NDArray[np.int16]:
    slots = np.where(mask, _K.astype(np.int16), np.int16(-1))
    found: NDArray[np.int16] = np.maximum.accumulate(slots, axis=0)
    return found
