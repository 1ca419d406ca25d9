"""What engine and lab process say to each other: MessagePack of these structs, each behind its length in 4 bytes.

Arrays travel as bytes (little-endian float64 columns, float32 for the usual volume): no object of ours is pickled.
"""

from __future__ import annotations

import struct
from typing import Any

import msgspec
from msgspec import Struct

from engine.bars.usual import NEW_YORK_NAME
from engine.lab.stepwise import LabSignal
from engine.state.lab_sections import Histogram, LabResultSection, Moved, Range
from engine.state.score_sections import ScoreFigures
from engine.storage.encodable import encoded

MOST_BYTES = 256 * 2**20
_length = struct.Struct("<I")


class Message(Struct, frozen=True, tag=True):
    """Base. `job` numbers a question; its answers carry the same number."""

    job: int


# --- engine -> lab ----------------------------------------------------------------------------------------------


class SymbolMinutes(Struct, frozen=True):
    """One symbol's closed minutes of today and before. Hours as (open, close) pairs and the span that is known.

    `dates` = its trading days (YYYYMMDD) of today, oldest first: where the evening belongs to tomorrow there are two.
    `tens_from` = market time before which the volume of its 10-second bars was read in a wrong unit.
    """

    con_id: int
    symbol: str
    is_us_stock: bool
    floored: bool
    average_volume: float | None
    columns: bytes  # 6 x n float64: time, open, high, low, close, volume (NaN = unknown)
    usual: bytes  # of 96 quarters of an hour, float32, or nothing
    usual_sessions: int
    usual_daily: float
    trading: tuple[tuple[float, float], ...]
    liquid: tuple[tuple[float, float], ...]
    trading_known: tuple[float, float] | None
    liquid_known: tuple[float, float] | None
    usual_zone: str = NEW_YORK_NAME
    dates: tuple[int, ...] = ()
    tens_from: float = 0.0


class LoadToday(Message, frozen=True, tag=True):
    """Part of today's bars; `day_start` (market time) parts today from what only warms up. No answer.

    `folder` holds the bars on disk, of which the 10-second ones are read; "" = there are none.
    """

    day_start: float
    is_first: bool
    symbols: tuple[SymbolMinutes, ...]
    folder: str = ""


class AskPreview(Message, frozen=True, tag=True):
    """Today's signals in force and under other values; `*_params` are fields of BreakoutParams."""

    in_force: dict[str, Any]
    moved: dict[str, Any]
    usd_floor: float


class AskAudit(Message, frozen=True, tag=True):
    """Today's signals in force by the bars alone, of every symbol; `params` are fields of BreakoutParams."""

    params: dict[str, Any]
    usd_floor: float


class AskDays(Message, frozen=True, tag=True):
    """What is recorded in a folder. `kind`: app, csv, archive."""

    kind: str
    folder: str


class AskSweep(Message, frozen=True, tag=True):
    """A run over recorded days. No symbols or days = all; no ranges = the base alone.

    With `since` or `until` (YYYY-MM-DD, inclusive) only days of that stretch. `cluster` = address of the Dask scheduler
    to run it on; "" = here.
    """

    kind: str
    folder: str
    symbols: tuple[str, ...]
    days: tuple[str, ...]
    base: dict[str, Any]
    usd_floor: float
    ranges: tuple[Range, ...]
    least_signals: int
    cluster: str = ""
    since: str = ""
    until: str = ""


class Cancel(Message, frozen=True, tag=True):
    """Stop the job of this number."""


# --- lab -> engine ----------------------------------------------------------------------------------------------


class Ready(Message, frozen=True, tag=True):
    """The process is up."""

    pid: int


class Failed(Message, frozen=True, tag=True):
    """The job can't be done; the text is for the user. `cancelled` = because he asked for that."""

    text: str
    cancelled: bool = False


class Progress(Message, frozen=True, tag=True):
    """`done` of `total` steps of the job, and what is being done."""

    done: int
    total: int
    text: str


class PreviewAnswer(Message, frozen=True, tag=True):
    """`moved_total` etc. count all; the lists are cut to the newest."""

    symbols: int
    in_force: ScoreFigures
    moved: ScoreFigures
    new_total: int
    gone_total: int
    new: tuple[Moved, ...]
    gone: tuple[Moved, ...]
    took_ms: float
    histograms: tuple[Histogram, ...] = ()
    often: int = 0  # symbols with 10-second bars


class AuditAnswer(Message, frozen=True, tag=True):
    """All of today's signals; `day_start` as in `LoadToday`, 0 = no bars came.

    `tape` of each signal = place of its symbol in `con_ids`, which are those with bars today.
    """

    day_start: float
    con_ids: tuple[int, ...]
    symbols: tuple[str, ...]  # in the order of `con_ids`
    signals: tuple[LabSignal, ...]


class DaysAnswer(Message, frozen=True, tag=True):
    """The recorded days; `sizes` = recorded days per symbol in the order of `symbols`.

    `hours` = which hours of New York they cover, in words; `refused` = files that can't be used, with line and reason,
    of the `read` symbol-days that were looked at. `left_out` = files of other names.
    """

    days: tuple[str, ...]
    symbols: tuple[str, ...]
    sizes: tuple[int, ...]
    hours: str = ""
    left_out: int = 0
    refused: tuple[str, ...] = ()
    read: int = 0


class SweepAnswer(Message, frozen=True, tag=True):
    """The result, still without the request that it answers."""

    result: LabResultSection


ToLab = LoadToday | AskPreview | AskAudit | AskDays | AskSweep | Cancel
FromLab = Ready | Failed | Progress | PreviewAnswer | AuditAnswer | DaysAnswer | SweepAnswer

to_lab = msgspec.msgpack.Decoder(ToLab)
from_lab = msgspec.msgpack.Decoder(FromLab)


def framed(message: ToLab | FromLab) -> bytes:
    """The message behind its length."""
    body = encoded(msgspec.msgpack.encode, message)
    return _length.pack(len(body)) + body


def length_of(head: bytes) -> int:
    """Length of the body that follows these 4 bytes.

    Raises:
        ValueError: longer than any message of ours.
    """
    size: int = _length.unpack(head)[0]
    if size > MOST_BYTES:
        raise ValueError(f"a message of {size} bytes; at most {MOST_BYTES} are taken")
    return size
