"""What the lab found, as the pages read it: sections "preview", "lab_source", "lab", "lab_result", and their values.

All moves are in ATR of their signal, positive towards its side; per horizon = after 5, 15, 30 and 60 minutes.
"""

from __future__ import annotations

from msgspec import Struct

from engine.state.score_sections import ScoreFigures
from engine.state.sections import Section

MOST_RANGES = 4  # thresholds that vary in one run
MOST_VALUES = 60  # of one threshold
MOST_SETS = 5_000  # of the product
MINUTES_FIND = "That finds 16 % of live's signals (measured: 41 of 268 on simulated days, 2 of 5 on a real one)."


class Group(Struct, frozen=True):
    name: str
    figures: ScoreFigures


class Range(Struct, frozen=True):
    """The values that one parameter takes in a sweep."""

    name: str
    values: tuple[float, ...]


class Moved(Struct, frozen=True):
    """A signal that is new or gone under the moved values. `move` after 30 min in ATR, None = not known."""

    con_id: int
    symbol: str
    side: str
    at: float
    score: float
    move: float | None


class Histogram(Struct, frozen=True):
    """How today's values of one threshold's rule lie on the scale of its slider: counts in equal steps from its least
    value to its greatest, and how many lie outside."""

    name: str
    counts: tuple[int, ...]
    below: int
    above: int


class SetResult(Struct, frozen=True):
    """One set of the sweep: figures of the part that chooses, and of the part that judges (None = no split)."""

    values: tuple[float, ...]
    chosen: ScoreFigures
    judged: ScoreFigures | None


class SignalLine(Struct, frozen=True):
    """A signal of the best set. `moves` after 5, 15, 30, 60 min; best and worst within 60, 30, 15 or 5 min, in ATR."""

    symbol: str
    day: str
    side: str
    at: float
    level_kind: str
    level: float
    last: float
    atr: float
    score: float
    rel_volume: float | None
    moves: tuple[float | None, ...]
    best: float | None
    worst: float | None
    judged: bool  # of the part that judges


class PreviewSection(Section, frozen=True, kw_only=True):
    """The newest preview. `ok` False: `text` says why there is none. `bars_to_market` = end of the newest minute.

    `often` = how many of the `symbols` have 10-second bars of today: looked at as live does while they streamed.
    `histograms` are those of the newest preview that could be made, () = none was yet.
    """

    request_id: str
    ok: bool
    text: str
    symbols: int = 0
    often: int = 0
    in_force: ScoreFigures | None = None
    moved: ScoreFigures | None = None
    new_total: int = 0
    gone_total: int = 0
    new: tuple[Moved, ...] = ()
    gone: tuple[Moved, ...] = ()
    bars_to_market: float | None = None
    took_ms: float = 0.0
    histograms: tuple[Histogram, ...] = ()


class LabSourceSection(Section, frozen=True, kw_only=True):
    """A place with recorded days, apart from the run's progress since it can hold 50,000 names.

    `problem` "" = it can be used; `sizes` = days per symbol; `hours` = which hours of New York they cover, in words.
    `refused` = files that can't be used, with line and reason, of the `read` symbol-days that were looked at;
    `left_out` = files of other names.
    """

    kind: str  # app, csv, archive
    folder: str
    days: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    problem: str = ""
    hours: str = ""
    left_out: int = 0
    refused: tuple[str, ...] = ()
    read: int = 0


class LabSection(Section, frozen=True, kw_only=True):
    """The lab's run. `phase`: idle, running, done, failed, cancelled."""

    request_id: str = ""
    phase: str = "idle"
    done: int = 0
    total: int = 0
    text: str = ""


class LabResultSection(Section, frozen=True, kw_only=True):
    """The newest run's result.

    `best` = highest first; `cells` = (median move of the choosing part, of the judging part, signals) per set in the
    order of the ranges' product, None = a combination that makes no sense. Groups and spreads are those of the best
    set, told by the judging part where there is one.
    """

    request_id: str
    names: tuple[str, ...]
    ranges: tuple[Range, ...]
    split: str
    notes: tuple[str, ...]
    sets: int
    skipped: int
    base: SetResult
    best: tuple[SetResult, ...]
    cells: tuple[tuple[float | None, float | None, int] | None, ...]
    by_hour: tuple[Group, ...]
    by_side: tuple[Group, ...]
    by_score: tuple[Group, ...]
    spread_chosen: tuple[int, ...]
    spread_judged: tuple[int, ...]
    signals: tuple[SignalLine, ...]
    signals_total: int
    tapes: int
    took_s: float
    of: str = ""  # whose days: "simulated days", "paper days", "CSV files"
    cluster: str = ""  # the Dask cluster that ran it; "" = the lab process


LAB_SECTIONS: dict[str, type[Section]] = {
    "preview": PreviewSection,
    "lab_source": LabSourceSection,
    "lab": LabSection,
    "lab_result": LabResultSection,
}
