"""How the spare lines rotate: every symbol of the universe with its last visit, and the figures of the rotation. Pure.

Parts, made for small polls (a visit costs two entries of some 20 bytes, an idle symbol none):
"names"     con_id -> local symbol
"seen"      con_id -> the class of its line while it holds one; [since] or [since, "confirming"] while it is visited;
            else the second of its last visit, None = not visited yet. Seconds count from `coverage.base`.
"coverage"  the figures
Sentences ("why has it a line, or not?") are asked for one at a time: `told`.
"""

from __future__ import annotations

from typing import Any

from app.format import number, plural
from app.rows.states import State, broker_state, empty
from app.snapshots import Snapshots
from engine.domain import LineRow
from engine.state.sections import CoverageSection, LinesSection

DAY_S = 86_400
CONFIRMING = "confirming"
NOT_HERE = "Not in the universe of today: no position, watch-list or scan of the day names it, so no line visits it."
UNITS_S = ((600, 15), (1_200, 30), (2_000, 60))  # symbols at most -> seconds a step of the tiles' ages


def coverage_parts(s: Snapshots) -> dict[str, dict[str, Any]]:
    """The three parts; "coverage" and "names" come before "seen", which is drawn with them."""
    base = day_base(s)
    return {"coverage": figures(s.coverage, base, s.lines), "names": names(s), "seen": seen(s, base)}


def day_base(s: Snapshots) -> int:
    """Midnight UTC before the section was written, one day back, so that a visit of yesterday is not negative."""
    wall = s.coverage.as_of_wall if s.coverage else s.lines.as_of_wall if s.lines else s.now
    return (int(wall) // DAY_S - 1) * DAY_S


def names(s: Snapshots) -> dict[str, str]:
    """Every symbol that is drawn or has a line."""
    found = {str(row.con_id): row.local_symbol for row in (s.coverage.rows if s.coverage else ())}
    for row in s.lines.rows if s.lines else ():
        found.setdefault(str(row.con_id), row.local_symbol)
    return found


def seen(s: Snapshots, base: int) -> dict[str, Any]:
    """What each tile is coloured by; the lines as they are now win over the coverage section, which is older."""
    values: dict[str, Any] = {
        str(row.con_id): None if row.last_visit_wall is None else int(row.last_visit_wall) - base
        for row in (s.coverage.rows if s.coverage else ())
    }
    for row in s.lines.rows if s.lines else ():
        values[str(row.con_id)] = _lined(row, base)
    return values


def _lined(row: LineRow, base: int) -> str | list[Any]:
    if row.line_class != "coverage":
        return row.line_class
    since = int(row.since_wall) - base
    return [since, CONFIRMING] if row.reason.startswith(CONFIRMING) else [since]


def figures(section: CoverageSection | None, base: int, lines: LinesSection | None = None) -> dict[str, Any]:
    """The rotation in numbers; `unit` = seconds of one step of the tiles' ages.

    How many lines rotate is said as the gauge says it: by the lines of this moment, the coverage section is older.
    """
    if section is None:
        return {"base": base, "unit": UNITS_S[0][1], "total": ""}
    count = len(section.rows)
    rotating, confirming = section.lines, section.confirming
    if lines is not None:
        visits = [row for row in lines.rows if row.line_class == "coverage"]
        rotating, confirming = len(visits), sum(row.reason.startswith(CONFIRMING) for row in visits)
    kept = f", {confirming} kept until a breakout is decided" if confirming else ""
    return {
        "base": base,
        "unit": next((unit for most, unit in UNITS_S if count <= most), UNITS_S[-1][1]),
        "total": number(count),
        "dwell": section.dwell_s,
        "watched": sorted(row.con_id for row in section.rows if row.watched),
        "lines": f"{plural(rotating, 'line rotates', 'lines rotate')}{kept}{_watched_words(section)}",
        "visits": f"{number(section.visits_per_minute)} visits a minute{_resting_words(section)}",
        "rules": f"dwell {section.dwell_s:g} s · at most {section.messages_per_s:g} messages a second",
    }


def _watched_words(section: CoverageSection) -> str:
    count = sum(row.watched for row in section.rows)
    return f", {plural(count, 'running signal', 'running signals')} watched" if count else ""


def _resting_words(section: CoverageSection) -> str:
    return f", {plural(section.resting, 'symbol rests', 'symbols rest')}: market closed" if section.resting else ""


def coverage_state(s: Snapshots) -> State:
    """Without a broker as every card; without symbols it says what will fill it."""
    nothing = empty("Nothing to visit yet", "Spare lines visit every row of the day's scans in turn; it is drawn here.")
    if s.coverage is None and s.lines is not None and s.broker is not None and s.broker.connected:
        return nothing
    return broker_state(s, s.coverage, bool(s.coverage and s.coverage.rows), nothing)


def told(coverage: CoverageSection | None, lines: LinesSection | None, con_id: int) -> dict[str, Any]:
    """One symbol on demand: visits of today and the sentence why it has, or has not, a line."""
    row = next((r for r in (coverage.rows if coverage else ()) if r.con_id == con_id), None)
    if row is not None:
        return {"con": con_id, "visits": row.visits, "lane": row.lane, "why": _sentence(row.why)}
    line = next((r for r in (lines.rows if lines else ()) if r.con_id == con_id), None)
    if line is not None:
        return {"con": con_id, "visits": None, "lane": line.lane, "why": _sentence(f"has a line: {line.reason}")}
    why = NOT_HERE if coverage is not None else "The engine has not said yet what it covers."
    return {"con": con_id, "visits": None, "lane": "none", "why": why}


def _sentence(text: str) -> str:
    """With a capital and a full stop."""
    ended = text if text.endswith((".", "!", "?")) else f"{text}."
    return ended[:1].upper() + ended[1:]
