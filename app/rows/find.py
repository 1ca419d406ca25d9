"""Symbols by what the user types: any case, "BRK.B", "BRK-B" and "BRK B" alike. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from engine.state.sections import UniverseSection

MOST = 8


class Found(NamedTuple):
    con_id: int
    local_symbol: str
    note: str
    lane: str


def folded(text: str) -> str:
    """Case, dots, dashes, slashes and runs of spaces do not matter."""
    return re.sub(r"[\s.\-/]+", " ", text.strip().upper())


def find(text: str, universe: UniverseSection | None, held: Collection[int] = (), most: int = MOST) -> list[Found]:
    """Best matches first: the exact name, beginnings, then names that contain the text; of each what is held first."""
    wanted = folded(text)
    if not wanted or universe is None:
        return []
    ranked = []
    former = {con_id: name for con_id, name in universe.renamed if folded(name) == wanted}
    for con_id, local_symbol, symbol, sec_type, exchange, lane in universe.symbols:
        rank = _rank(wanted, folded(local_symbol), folded(symbol))
        note = f"{sec_type} {exchange}".strip()
        if con_id in former and rank != 0:
            rank, note = 0, f"{former[con_id]} before, {note}"
        if rank is not None:
            found = Found(con_id, local_symbol, note, "" if lane == "none" else lane)
            ranked.append((rank, con_id not in held, len(local_symbol), local_symbol, found))
    ranked.sort(key=lambda item: item[:4])
    return [item[4] for item in ranked[:most]]


def _rank(wanted: str, local_symbol: str, symbol: str) -> int | None:
    if wanted in (local_symbol, symbol):
        return 0
    if local_symbol.startswith(wanted) or symbol.startswith(wanted):
        return 1
    return 2 if wanted in local_symbol else None
