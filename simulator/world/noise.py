"""Random numbers as a pure function of (key, counter): no state, any order, any subset.

The finaliser of SplitMix64 (Steele, Lea, Flood 2014) over `key + counter x golden ratio`. A restart, a history
request and the live tape so read the same world.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
F64 = NDArray[np.float64]

_MASK = (1 << 64) - 1
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MUL1 = np.uint64(0xBF58476D1CE4E5B9)
_MUL2 = np.uint64(0x94D049BB133111EB)


def fold(*parts: int) -> int:
    """One 64-bit key of several integers."""
    key = 0x243F6A8885A308D3
    for part in parts:
        key = (key ^ (part & _MASK)) * 0x9E3779B97F4A7C15 & _MASK
        key = (key ^ (key >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
        key = (key ^ (key >> 27)) * 0x94D049BB133111EB & _MASK
        key ^= key >> 31
    return key


def bits(keys: U64, counters: NDArray[np.integer]) -> U64:
    """64 random bits for each pair of key and counter (broadcast)."""
    z = np.asarray(counters).astype(np.uint64) * _GOLDEN + keys
    z ^= z >> np.uint64(30)
    z *= _MUL1
    z ^= z >> np.uint64(27)
    z *= _MUL2
    z ^= z >> np.uint64(31)
    return z


def keys_of(keys: U64, stream: int) -> U64:
    """The keys of another, independent stream."""
    return bits(keys, np.array([fold(stream)], dtype=np.uint64))


def uniform(keys: U64, counters: NDArray[np.integer]) -> F64:
    """In [0, 1)."""
    return (bits(keys, counters) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(keys: U64, counters: NDArray[np.integer]) -> F64:
    """Standard normal, by Box and Muller from the two halves of one number."""
    z = bits(keys, counters)
    high = ((z >> np.uint64(32)).astype(np.float64) + 1.0) * 2.0**-32
    low = (z & np.uint64(0xFFFFFFFF)).astype(np.float64) * 2.0**-32
    return np.sqrt(-2.0 * np.log(high)) * np.cos(2.0 * np.pi * low)


def bell(keys: U64, counters: NDArray[np.integer]) -> F64:
    """Nearly normal, mean 0, variance 1, within 3.5: the sum of four 16-bit uniforms; a third of the cost."""
    z = bits(keys, counters)
    low = np.uint64(0xFFFF)
    total = (z & low) + ((z >> np.uint64(16)) & low) + ((z >> np.uint64(32)) & low) + (z >> np.uint64(48))
    out: F64 = (total.astype(np.float64) - 131070.0) * (3.0**0.5 / 65536.0)
    return out
