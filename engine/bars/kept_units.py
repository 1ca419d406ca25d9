"""What is kept of the units of volume, as the disk has it: one small JSON file an account.

A file that is missing, damaged or of another form counts for nothing.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from engine.storage.atomic import read_cached, write_whole

FILE_NAME = "volume-units.json"

Source = Literal["ticks", "sizes", "history"]
Kind = Literal["lots", "shares"]
How = Literal["measured", "price"]
SOURCES: tuple[Source, ...] = ("ticks", "sizes", "history")


class KeptSymbol(Struct, frozen=True, array_like=True):
    """What is kept of one symbol. `learned` is the exchange's date (YYYY-MM-DD)."""

    con_id: int
    ticks: float | None
    sizes: float | None
    history: float | None
    how: How
    learned: str


class KeptUnits(Struct, frozen=True):
    """What a run leaves to the next. `period` is the first day of the round lots it was learned under."""

    server_version: int | None
    period: str
    kinds: dict[Source, Kind]
    symbols: tuple[KeptSymbol, ...] = ()


IN_SHARES = KeptUnits(None, "", {"ticks": "shares", "sizes": "shares", "history": "shares"})  # nothing to learn


def load(folder: Path) -> KeptUnits | None:
    """What an earlier run left; None = nothing that can be read."""
    return read_cached(folder / FILE_NAME, msgspec.json.Decoder(KeptUnits).decode, time.time())


def save(folder: Path, kept: KeptUnits) -> None:
    """Write it whole or not at all. Raises OSError."""
    write_whole(folder / FILE_NAME, msgspec.json.encode(kept))
