"""Which engine of a group looks after which symbol: rendezvous hashing, weighted by the engines' lines. Pure.

Every engine works it out by itself from the same list of members and comes to the same answer. Who joins takes a share
of everybody's, who leaves gives his to all; between two that stay nothing moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from engine.state.roll import Member

_ODD = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def owners(con_ids: Sequence[int], members: Sequence[Member]) -> list[str]:
    """Name of the member of each symbol, in the order of `con_ids`; "" where there is no member."""
    if not members:
        return [""] * len(con_ids)
    ranked = sorted(members)
    seeds = np.array([_seed(member.name) for member in ranked], dtype=np.uint64)
    lines = np.array([max(1, member.lines) for member in ranked], dtype=np.float64)
    keys = np.asarray(con_ids, dtype=np.int64).astype(np.uint64)
    with np.errstate(over="ignore"):
        hashed = _mixed(seeds[None, :] ^ _mixed(keys * _ODD)[:, None])
    chance = ((hashed >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
    best = np.argmax(-lines[None, :] / np.log(chance), axis=1)
    return [ranked[at].name for at in best]


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The end of splitmix64: each bit depends on all."""
    values = (values ^ (values >> np.uint64(30))) * _MIX_1
    values = (values ^ (values >> np.uint64(27))) * _MIX_2
    return values ^ (values >> np.uint64(31))


@lru_cache(maxsize=4_096)
def _seed(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big")
