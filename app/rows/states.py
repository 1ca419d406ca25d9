"""The five states of a section, drawn alike everywhere: loading, empty, live, stale, error; and how fresh it is. Pure.

A state travels in the part "state" under the section's name:
{"s": state, "text": sentence, "title": heading, "since": wall s, "until": wall s of the next try, "done": 0-100}.

"live" means live ticks. It carries "from", when the oldest price came that claims to be live, "of" = [live, all] where
not every row is, and "word" where it is not the market's ("simulated live"). Data that are there, but not live, have
the state "marked" and a "word" that says what they are: delayed, frozen, weekend, closed ... What the engine says of
itself (lines, events, settings) is OWN: as fresh as its last sign of life.
Ages, countdowns, the end of "live" when ticks stop, and the staleness of the whole page (engine or server silent) are
the browser's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from app.snapshots import Snapshots
from engine.domain import LineRow, Quote
from engine.state.sections import PositionRow, Section

State = dict[str, Any]

LOADING: State = {"s": "loading"}
OWN: State = {"s": "live", "word": "current"}
LIVE_S = 60.0  # a price that came before that claims no more to be live; the browser counts by it, too (app/wire.py)
NOT_CONNECTED: State = {"s": "empty", "title": "Not connected", "text": "It fills as soon as the connection stands."}
CLOSED = "closed"
LAST_VISIT = "last visit"
STANDING_STILL = ("servers lost", "reset window", "feed dead")  # states of the session: connected, but without prices
FLOW_S = 10.0  # what comes so soon after a request is its answer, the last known prices, not the market's flow
_PHASE_WORDS = {"pre": "pre-market", "post": "after hours", "closed": "closed", "weekend": "weekend"}
TRADING = ("open", "pre", "post")


class Dated(NamedTuple):
    """When the newest price of a row came, and as what. `flows` = ticks came beyond the answer to the request.

    `instead` = what it is where it is no tick of now: "prior close", "from TWS", "historical", "last visit".
    `stands` = its line brings nothing though it should.
    """

    wall: float | None
    data_type: str = "live"
    flows: bool = False
    instead: str = ""
    stands: bool = False


def empty(title: str, text: str, done_pct: float | None = None) -> State:
    """Nothing to show yet: what will fill it, and how far that is if it can be counted."""
    state = {"s": "empty", "title": title, "text": text}
    return state if done_pct is None else {**state, "done": round(done_pct)}


def error(title: str, text: str, until_wall: float | None = None) -> State:
    """A refusal or failure in plain words; `until_wall` is the next try."""
    state = {"s": "error", "title": title, "text": text}
    return state if until_wall is None else {**state, "until": until_wall}


def broker_state(s: Snapshots, section: Section | None, has_rows: bool, when_empty: State) -> State:
    """The state of a section that the broker feeds, of what the engine says of itself while all is well.

    Not connected: last values are stale since the connection went; where there is nothing yet, the card says no more
    than that. Why, the cure and the next try stand once, above the page (`app/rows/strip.py`).
    """
    broker = s.broker
    if broker is None or (section is None and broker.phase == "connecting"):
        return LOADING
    if not broker.connected:
        if has_rows:
            return {"s": "stale", "since": broker.since_wall, "text": "No connection to the broker. Last values."}
        return LOADING if broker.phase == "connecting" else NOT_CONNECTED
    if section is None:
        return LOADING
    return OWN if has_rows else when_empty


# --- how fresh the data shown are -----------------------------------------------------------------------------------


def market_state(s: Snapshots, state: State, rows: Iterable[Dated]) -> State:
    """`state` where it is not OWN; else how fresh the prices are that the section shows.

    Without a connection its age is that of the prices, which goes on as it was counted while they were live.
    """
    shown = list(rows)
    if state["s"] == "stale" and s.broker is not None and not s.broker.connected:
        return {**state, "since": round(_shown_until(s.broker.since_wall, shown), 1)}
    if state != OWN or not shown:
        return state
    live = [row.wall for row in shown if row.wall is not None and is_live(s, row)]
    if not live:
        return _not_live(s, shown)
    recording = s.broker.recording if s.broker is not None else None
    if recording is not None and recording.over_wall is not None:
        since = round(_shown_until(recording.over_wall, shown), 1)
        return {"s": "stale", "since": since, "text": "The recording is over. Last values."}
    if s.broker is not None and s.broker.state in STANDING_STILL:  # what came within the minute is no price of now
        since = round(_shown_until(s.broker.state_since_wall, shown), 1)
        return {"s": "stale", "since": since, "text": f"{s.broker.state_title or 'No prices come'}. Last values."}
    fresh: State = {"s": "live", "from": round(min(live), 1)}
    if len(live) < len(shown):
        fresh["of"] = [len(live), len(shown)]
    if s.broker is None or s.broker.mode != "simulated":
        return fresh
    return fresh | {"word": "simulated live" if s.broker.recording is None else "recorded"}


def _shown_until(lost_wall: float, rows: list[Dated]) -> float:
    """The oldest price that was live when the connection went, else the newest there is."""
    known = [row for row in rows if row.wall is not None]
    live = [
        row.wall
        for row in known
        if row.wall is not None
        and row.data_type == "live"
        and row.instead in ("", LAST_VISIT)  # a connection that goes takes the lines with it
        and row.wall >= lost_wall - LIVE_S
    ]
    newest = max((row.wall for row in known if row.wall is not None), default=lost_wall)
    return min(live, default=newest)


def is_live(s: Snapshots, row: Dated) -> bool:
    """A live tick of the last minute. Where no session is known to be open, ticks must have kept coming: a request at
    a closed market is answered with the last session's prices, as live ones.
    """
    if row.wall is None or row.stands or row.instead or row.data_type != "live" or s.now - row.wall > LIVE_S:
        return False
    return row.flows or (s.broker is not None and s.broker.session in TRADING)


def _not_live(s: Snapshots, rows: list[Dated]) -> State:
    """What the data are instead, in a word."""
    known = [row for row in rows if row.wall is not None]
    if not known:
        return {"s": "marked", "word": "no price yet"}
    types = {row.data_type for row in known}
    if types != {"live"}:
        words = sorted(types - {"live"}) + (["not live"] if "live" in types else [])
        return {"s": "marked", "word": ", ".join(words)}
    phase = s.broker.session if s.broker is not None else "unknown"
    if all(row.instead == CLOSED for row in known):
        return {"s": "marked", "word": CLOSED, "text": "The last session's prices."}
    if phase in _PHASE_WORDS:
        return {"s": "marked", "word": _PHASE_WORDS[phase], "text": "The last session's prices."}
    if all(row.instead for row in known):
        return {"s": "marked", "word": ", ".join(sorted({row.instead for row in known}))}
    newest = max(row.wall for row in known if row.wall is not None and not row.instead)
    if any(row.stands for row in known):
        return {"s": "stale", "since": round(newest, 1), "text": "No price comes. Last values."}
    if s.now - newest <= LIVE_S:
        return {"s": "marked", "word": "last prices", "text": "It is not known whether the market is open."}
    return {"s": "stale", "since": round(newest, 1), "text": "No tick for more than a minute. Last values."}


def line_of(s: Snapshots, con_id: int) -> LineRow | None:
    """Its line among those of the same moment."""
    return lines_of(s).get(con_id)


def lines_of(s: Snapshots) -> dict[int, LineRow]:
    return {row.con_id: row for row in s.lines.rows} if s.lines else {}


def dated_position(row: PositionRow, line: LineRow | None) -> Dated:
    """The prices of a position: their age is that of the row."""
    wall, kind = row.price_wall, row.mark_kind if row.mark_kind is not None else row.last_kind
    instead = {"close": "prior close", "portfolio": "from TWS"}.get(kind or "", "")
    return Dated(wall, row.data_type, flows(wall, line), instead, stands=row.silent)


def dated_quote(quote: Quote | None, line: LineRow | None) -> Dated:
    """A quote."""
    if quote is None or quote.price is None:
        return Dated(None)
    instead = "prior close" if quote.price_kind == "close" else "historical" if quote.lane == "history" else ""
    if not instead and line is None:
        instead = LAST_VISIT  # its line has gone; the row says how long ago
    return Dated(quote.received_wall, quote.data_type, flows(quote.received_wall, line), instead)


def dated_line(line: LineRow) -> Dated:
    """A line that streams."""
    return Dated(line.last_tick_wall, "live", flows(line.last_tick_wall, line))


def flows(wall: float | None, line: LineRow | None) -> bool:
    asked = None if line is None else line.dwell_from_wall
    return wall is not None and asked is not None and wall - asked > FLOW_S
