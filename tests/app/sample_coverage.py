"""A full line budget that rotates through a universe: 3 positions, 8 tops, 10 ordinary candidates, the rest visits.

`lines_at` and `coverage_at` are of one moment; `day_spans` is what the journal has of that day. Deterministic.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from engine.domain import LineClass, LineRow, LineSpan, Refusal
from engine.journal.source import EmptyJournal
from engine.state.bus import StateBus
from engine.state.sections import CoverageRow, CoverageSection, LinesSection
from tests.app.sample_state import MARKET, NAMES, lines

HELD: tuple[tuple[LineClass, int | None, int, str], ...] = (
    ("100", 100, 3, "100 shares open"),
    ("50", 50, 8, "breakout long 45.1"),
    ("25", 25, 10, "Volume pace #38"),
)
FIRST_CON = 700_000
VISIT_LINES = 24


def symbols(count: int) -> list[tuple[int, str]]:
    """(con_id, local symbol) of a universe: the sample's names first, then made-up tickers of four letters."""
    known = [(row[0], row[1]) for row in NAMES][:count]
    made = [(FIRST_CON + i, _ticker(i)) for i in range(count - len(known))]
    return known + made


def _ticker(i: int) -> str:
    letters = "ABCDEFGHIKLMNOPRSTUVWXYZ"
    return "".join(letters[(i * step + i // 24**power) % 24] for power, step in ((0, 1), (1, 5), (2, 7), (3, 11)))


def held_rows(wall: float) -> Iterator[LineRow]:
    names, at = symbols(40), 0
    leaving = sum(count for _, _, count, _ in HELD) - 3
    for line_class, priority, count, reason in HELD:
        for _ in range(count):
            con_id, local_symbol = names[at]
            place = None if line_class == "100" else VISIT_LINES + leaving - (at - 3)
            yield LineRow(
                con_id=con_id,
                local_symbol=local_symbol,
                line_class=line_class,
                priority=priority,
                lane="streaming",
                holders=("position",) if priority == 100 else ("market", "breakout"),
                reason=reason,
                since_wall=wall - 300.0 - 97.0 * at,
                last_tick_wall=wall - 0.4,
                state="live",
                score=round(0.9 - 0.02 * at, 2) if line_class in ("50", "25") else None,
                next_out=place,
                dwell_from_wall=wall - 299.0 - 97.0 * at,
                dwell_s=None if line_class == "100" else 5.0,
            )
            at += 1


def visits(seconds: float, count: int, dwell_s: float) -> Iterator[tuple[int, float]]:
    """(index of a symbol, seconds since its visit began) of everything that is not held, in turn."""
    held = sum(each[2] for each in HELD)
    turn = count - held
    every = dwell_s / VISIT_LINES
    for j in range(turn):
        index = held + j * 181 % turn
        yield index, (seconds - j * every) % (turn * every)


def lines_at(wall: float, seconds: float = 600.0, count: int = 500, dwell_s: float = 5.0) -> LinesSection:
    names = symbols(count)
    rows = list(held_rows(wall))
    for index, age in visits(seconds, count, dwell_s):
        if age < dwell_s:
            reason = "confirming long 45.1" if index % 97 == 5 else "its turn, in Volume pace"
            rows.append(
                LineRow(
                    con_id=names[index][0],
                    local_symbol=names[index][1],
                    line_class="coverage",
                    priority=None,
                    lane="visited",
                    holders=("coverage",),
                    reason=reason,
                    since_wall=wall - age,
                    last_tick_wall=wall - 0.3,
                    state="live",
                    next_out=VISIT_LINES - int(age * 4),
                    dwell_from_wall=wall - age if age > 0.5 else None,
                    dwell_s=dwell_s,
                )
            )
    by_class = {name: sum(row.line_class == name for row in rows) for name in ("100", "pinned", "50", "25", "coverage")}
    before = lines(wall)
    return replace(
        before,
        used=len(rows),
        near=True,
        scanner_free=max(0, 45 - len(rows) + 3),
        by_class=by_class,
        changing=1,
        rows=tuple(rows),
        refused=(*before.refused, Refusal(9_100, "SOUN", "0.41 does not beat IONQ 0.44 by 15 %", wall - 240.0)),
    )


def coverage_at(wall: float, seconds: float = 600.0, count: int = 500, dwell_s: float = 5.0) -> CoverageSection:
    """The last few symbols were not visited yet."""
    names = symbols(count)
    rows = [
        CoverageRow(row.con_id, row.local_symbol, "streaming", row.line_class, row.last_tick_wall, 0, "has a line")
        for row in held_rows(wall)
    ]
    for index, age in visits(seconds, count, dwell_s):
        con_id, name = names[index]
        if index >= count - 3:
            rows.append(CoverageRow(con_id, name, "none", None, None, 0, "no line: waits for its visit"))
        elif age < dwell_s:
            rows.append(CoverageRow(con_id, name, "visited", "coverage", wall - 0.3, 9, "has a line: its turn"))
        else:
            last = wall - age + dwell_s
            why = f"no line: waits for its visit, about {index % 50} s"
            rows.append(CoverageRow(con_id, name, "visited", None, last, 8 + index % 5, why))
    return CoverageSection(
        rows=tuple(sorted(rows, key=lambda row: row.local_symbol)),
        lines=VISIT_LINES,
        confirming=1,
        visits_per_minute=VISIT_LINES * 60.0 / dwell_s,
        dwell_s=dwell_s,
        messages_per_s=20.0,
    )


def fill_coverage(bus: StateBus, wall: float, seconds: float = 600.0, count: int = 500, dwell_s: float = 5.0) -> None:
    """Publish both sections of one moment."""
    bus.publish("lines", lines_at(wall, seconds, count, dwell_s))
    bus.publish("coverage", coverage_at(wall, seconds, count, dwell_s))


def day_spans() -> tuple[LineSpan, ...]:
    """Three hours of lines that came and went."""
    names = symbols(40)
    spans = []
    for i in range(40):
        con_id, name = names[3 + i % 22]
        start = MARKET - 10_000.0 + 230.0 * i
        by = names[(5 + i) % 30][1] if i % 3 == 0 else ""
        end = f"evicted by {by} (ordinary candidate, 25)" if by else "released (idle for 600 s)"
        line_class: LineClass = "50" if i % 5 == 0 else "25"
        spans.append(LineSpan(con_id, name, line_class, start, start + 400.0 + 37.0 * (i % 9), "Momentum #7", end, by))
    return tuple(sorted(spans, key=lambda span: span.to_market))


class DayJournal(EmptyJournal):
    """A journal that has `day_spans` and nothing else."""

    def line_spans(self, since_market: float, until_market: float | None = None, limit: int = 500) -> list[LineSpan]:
        return [span for span in day_spans() if span.to_market > since_market][-limit:]
