"""Bars and ticks as the bytes of a Parquet file. Pure.

Times are UTC: of bars their start in whole milliseconds, of ticks microseconds of the market clock. A missing number is
NULL. Whoever asks by other tools finds `con_id` and `symbol` in each row; both cost nothing in a column of one value.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from engine.archive.tick_buffer import FIELDS, Tick
from engine.bars.bar_files import BarColumns
from engine.domain import ContractRef
from engine.storage.encodable import to_json

KEY = b"qtrade"
LEVEL = 9  # of zstd: written once, read for years
_FEW = frozenset({"symbol", "con_id", "data"})  # columns of few values
_NUMBERS = ("open", "high", "low", "close", "volume")


class About(Struct, frozen=True):
    """What a file of bars says of itself. `open`, `close`: regular hours of the day, None = were not known."""

    contract: ContractRef
    open: float | None
    close: float | None
    version: int = 1


class Day(NamedTuple):
    """Bars of one contract and day."""

    about: About
    bars: BarColumns


def bars_file(day: Day) -> bytes:
    """`quality`: 0 streamed in part, 1 sampled by visits, 2 the broker's history, 3 streamed whole."""
    count = len(day.bars.time)
    columns = {
        "time": pa.array(np.round(day.bars.time * 1_000.0).astype(np.int64)).cast(pa.timestamp("ms", "UTC")),
        "con_id": pa.array(np.full(count, day.about.contract.con_id, dtype=np.int64)),
        "symbol": pa.array([day.about.contract.local_symbol] * count, pa.string()),
        **{name: pa.array(getattr(day.bars, name), pa.float64(), from_pandas=True) for name in _NUMBERS},
        "quality": pa.array(day.bars.quality.astype(np.int8)),
    }
    return _written(pa.table(columns).replace_schema_metadata({KEY: to_json(day.about)}))


def about_of(text: bytes) -> About:
    """Raises ValueError: none of ours."""
    return msgspec.json.decode(text, type=About)


def ticks_table(ticks: Sequence[Tick]) -> pa.Table:
    """A few hundred: the interpreter's lock is held meanwhile, and the engine's loop waits."""
    columns = dict(zip(FIELDS, zip(*ticks, strict=True), strict=True))
    times = np.round(np.array(columns.pop("time")) * 1e6).astype(np.int64)
    arrays = {name: pa.array(column, _TYPES[FIELDS[name]]) for name, column in columns.items()}
    return pa.table({"time": pa.array(times).cast(pa.timestamp("us", "UTC")), **arrays})


def ticks_file(tables: Sequence[pa.Table]) -> bytes:
    """By symbol, then by time. The lock is free meanwhile."""
    return _written(pa.concat_tables(tables).sort_by([("con_id", "ascending"), ("time", "ascending")]))


_TYPES = {float: pa.float64(), int: pa.int64(), str: pa.string(), bool: pa.bool_()}


def _written(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(
        table,
        out,
        compression="zstd",
        compression_level=LEVEL,
        use_dictionary=[name for name in table.column_names if name in _FEW],
    )
    return out.getvalue()
