"""A cluster's part of a run: what its workers do, each with the days in its own memory. Any process, no cluster's code.

All of it goes from bytes to bytes (MessagePack): no object of ours is pickled. A worker reads the days once a run and
keeps them until the next one. A set's figures are those of `engine.lab.sweep`, whoever makes them; that all use the
same code, the same numpy and the same days is proved by two hashes.
"""

from __future__ import annotations

import hashlib
import platform
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from pydantic import ValidationError

from engine.errors import QTradeError
from engine.lab.choice import ON_CLUSTER
from engine.lab.messages import AskSweep, Progress, SweepAnswer
from engine.lab.sources import recordings
from engine.lab.sweep import Prepared, prepared, sets_of, walked
from engine.lab.tape import Tape
from engine.state.lab_sections import SetResult
from engine.storage.build_id import build_id

ROOT = Path(__file__).resolve().parents[2]
NOW = Progress(0, 0, 0, "")  # nobody hears it: the cluster's own progress is told in pieces


class Looked(Struct, frozen=True, tag=True):
    """The days are in this worker's memory. `bars` = with those of the days before."""

    tapes: int
    bars: int
    days_hash: str


class Piece(Struct, frozen=True, tag=True):
    """Figures of some sets in their order; None = a combination that makes no sense."""

    results: tuple[SetResult | None, ...]
    days_hash: str


class Whole(Struct, frozen=True, tag=True):
    """The run's answer."""

    answer: SweepAnswer
    days_hash: str


class Refused(Struct, frozen=True, tag=True):
    """It can't be done; the text is for the user."""

    text: str


Share = Looked | Piece | Whole | Refused
read_share = msgspec.msgpack.Decoder(Share).decode
write = msgspec.msgpack.encode
_read_ask = msgspec.msgpack.Decoder(AskSweep).decode
_read_results = msgspec.msgpack.Decoder(tuple[SetResult | None, ...]).decode


class _Kept(NamedTuple):
    run: str
    days: Prepared
    days_hash: str


_kept: _Kept | None = None
_over = ""  # the run that nobody asks about any more
_lock = threading.Lock()  # a worker of several threads holds the days once, and they are used by one at a time


@lru_cache(maxsize=1)
def code_hash() -> str:
    """Which QTrade, Python and numpy this process runs: figures are the same to the last digit where these are."""
    return f"QTrade {build_id(ROOT).id}, Python {platform.python_version()}, numpy {np.__version__}"


def look(run: str, code: str, ask: bytes) -> bytes:
    """Read the days, unless they are here."""
    return _guarded(run, code, ask, lambda kept, _ask: Looked(len(kept.days.run.tapes), _bars(kept), kept.days_hash))


def piece(run: str, code: str, ask: bytes, first: int, last: int) -> bytes:
    """Figures of the sets from `first` to before `last`, in the order of the ranges' product."""

    def judge(kept: _Kept, asked: AskSweep) -> Piece:
        sets = sets_of(asked)[first:last]
        return Piece(tuple(walked(kept.days.run.of_values(values, NOW)) for values in sets), kept.days_hash)

    return _guarded(run, code, ask, judge)


def finish(run: str, code: str, ask: bytes, results: bytes) -> bytes:
    """The answer, from the figures of all sets."""

    def answer(kept: _Kept, _asked: AskSweep) -> Whole:
        return Whole(walked(kept.days.finish(list(_read_results(results)))), kept.days_hash)

    return _guarded(run, code, ask, answer)


def forget(run: str) -> None:
    """Give the memory back, at once or after the piece that is under way. Blocks nothing."""
    global _over
    _over = run
    if _lock.acquire(blocking=False):
        _drop()
        _lock.release()


def _drop() -> None:
    global _kept
    if _kept is not None and _kept.run == _over:
        _kept = None


def _guarded(run: str, code: str, ask: bytes, work: Callable[[_Kept, AskSweep], Share]) -> bytes:
    if code != code_hash():
        host = platform.node()
        return write(
            Refused(
                f"The worker on {host} runs {code_hash()}; the engine runs {code}. Figures are the same to the last "
                "digit only where both are the same: install the same QTrade and requirements-scale.txt there."
            )
        )
    try:
        asked = _read_ask(ask)
        with _lock:
            done = write(work(_days_of(run, asked), asked))
            _drop()
        return done
    except ValidationError as error:
        return write(Refused(f"These values can't be used: {error.errors()[0]['msg']}"))
    except QTradeError as error:
        return write(Refused(f"The worker on {platform.node()}: {error}"))


def _days_of(run: str, ask: AskSweep) -> _Kept:
    global _kept
    if _kept is None or _kept.run != run:
        _kept = None  # before others take the memory
        days = walked(prepared(replace(ask, cluster=""), recordings(ask.kind, ask.folder), ON_CLUSTER))
        _kept = _Kept(run, days, _hash_of(days.run.tapes))
    return _kept


def _bars(kept: _Kept) -> int:
    return sum(len(tape.bars.time) for tape in kept.days.run.tapes)


def _hash_of(tapes: Sequence[Tape]) -> str:
    total = hashlib.blake2b(digest_size=12)
    for tape in tapes:
        total.update(f"{tape.symbol}\0{tape.day}\0{tape.first}\0{tape.average_volume}\0".encode())
        for column in (*tape.bars, *(tape.looks or ())):
            total.update(np.ascontiguousarray(column).tobytes())
    return total.hexdigest()
