"""The engines as pages show them: what can be chosen, who gives no sign of life, lines and money of each and in sum.
Pure."""

from __future__ import annotations

from typing import Any

from app.format import MISSING, account_labels, plural, signed, tone
from app.snapshots import Snapshots
from engine.state.engine_sections import EngineRow, FleetSection

View = dict[str, dict[str, Any]]
WORDS = {
    "starting": ["starting", "warn"],
    "alive": ["running", ""],
    "late": ["late", "warn"],
    "dead": ["no sign of life", "error"],
    "stopped": ["stopped", "warn"],
}
TOTAL = "all together"


def choice(fleet: FleetSection | None) -> list[Any] | None:
    """[chosen, [[value, words], ...]] of the strip; None = there is nothing to choose."""
    if fleet is None or not fleet.choices:
        return None
    return [fleet.chosen, [list(each) for each in fleet.choices]]


def notice(s: Snapshots) -> dict[str, Any]:
    """What is not of now, of the engines that are looked at; nothing while all is."""
    fleet = s.fleet
    if fleet is None:
        return {"words": None}
    if fleet.problem:
        return {"words": "The state can't be read; the values are the last ones.", "more": fleet.problem}
    words = silent_words(fleet)
    if words is None or len(shown(fleet)) == 1:  # of one alone the page says it itself
        return {"words": None}
    return {"words": words, "more": "What was told last still counts, and is as old as that; the others go on."}


def silent_words(fleet: FleetSection | None) -> str | None:
    """Which of the engines that are looked at have died, else which were stopped; None = all go on."""
    rows = shown(fleet) if fleet is not None else ()
    dead, stopped = ([row.name for row in rows if row.word == word] for word in ("dead", "stopped"))
    if dead:
        return f"{', '.join(dead)} {'gives' if len(dead) == 1 else 'give'} no sign of life"
    return f"{', '.join(stopped)} {'was' if len(stopped) == 1 else 'were'} stopped" if stopped else None


def shown(fleet: FleetSection) -> tuple[EngineRow, ...]:
    """The engines that are looked at."""
    if not fleet.chosen.startswith("@"):
        return tuple(row for row in fleet.engines if row.name == fleet.chosen)
    mode = fleet.chosen[1:]
    return tuple(row for row in fleet.engines if mode in ("", row.mode))


def fleet_parts(s: Snapshots) -> View:
    """The table of Health; every engine of the store, and the sum of those that are looked at."""
    fleet = s.fleet
    if fleet is None:
        return {"rows:fleet": {}, "fleets": {"some": False}}
    labels = account_labels(tuple(dict.fromkeys(name for row in fleet.engines for name in row.accounts)))
    rows = {row.name: _row(i, row, labels, s) for i, row in enumerate(fleet.engines)}
    if fleet.total is not None:
        rows[TOTAL] = {**_row(len(rows), fleet.total, labels, s), "name": TOTAL, "state": fleet.total.title}
    said = f"{plural(len(fleet.engines), 'engine')}, {sum(row.connected for row in fleet.engines)} connected"
    return {"rows:fleet": rows, "fleets": {"some": True, "said": said}}


def _row(order: int, row: EngineRow, labels: dict[str, str], s: Snapshots) -> dict[str, Any]:
    state: Any = WORDS[row.word]
    if row.word == "alive" and not row.connected:
        state = [row.title or "not connected", "warn"]
    return {
        "order": order,
        "name": row.name,
        "state": state,
        "since": {"at": round(s.market_time(row.since_wall)), "clock": "hm"} if row.since_wall is not None else None,
        "mode": row.mode or MISSING,
        "machine": row.machine or MISSING,
        "accounts": ", ".join(labels.get(name, name) for name in row.accounts) or MISSING,
        "lines": f"{row.lines_used}/{row.lines_limit}" if row.lines_used is not None else MISSING,
        "visits": MISSING if row.visits is None else f"{row.visits:,}",
        "positions": MISSING if row.positions is None else str(row.positions),
        "pnl": [f"{signed(row.daily_pnl)} {row.currency}".strip(), tone(row.daily_pnl)],
        "unrealized": [f"{signed(row.unrealized_pnl)} {row.currency}".strip(), tone(row.unrealized_pnl)],
    }
