"""The Health page's parts: the verdict, tiles, time line, what happened, ages, status, log. Pure.

Times of the clock are the gateway's, as everywhere on these pages; ages are counted from wall time by the browser.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.format import MISSING, number, plural
from app.rows.fleet import fleet_parts, silent_words
from app.rows.incidents import duration, incident_parts, incidents_state
from app.rows.states import LOADING, OWN, State, empty
from app.snapshots import Snapshots
from engine.domain import Condition
from engine.state.sections import AgeRow, BrokerSection, HealthSection, LinkSpan

View = dict[str, dict[str, Any]]
LATE_MS = 50.0
SOON_MS = 5.0
QUICK_MS = 20.0
FEW_PER_S = 20.0
DISK_LOW_GB = 1.0
LOG_LINES = 60
JOURNAL_SOON_S = 20.0  # it is written each 10 s while nothing happens
WHOLE_TRACKS = ("Connection", "IB servers")
ONE_OUTAGE_S = 30.0  # between the end of one track's and the beginning of the other's
MODES = {"simulated": "Simulator", "paper": "TWS paper", "live": "TWS live"}


def health_parts(s: Snapshots) -> View:
    """Everything the Health page shows beside the strip."""
    h = s.health
    if h is None:
        return {
            "health": {**verdict(s), **connection_tile(s)},
            "state": dict.fromkeys(CARDS, LOADING),
            **fleet_parts(s),
        }
    return {
        **fleet_parts(s),
        "health": {**verdict(s), **tiles(s, h), **counts(h), "build": build_words(s, h)},
        "links": links(h),
        "rows:happened": happened(s, h),
        **incident_parts(s),
        "ages": {"rows": [[row.part, _age_since(row, s.now), row.stale_s] for row in h.ages]},
        "rows:status": status_rows(s, h),
        "rows:parts": parts(h),
        "state": {**states(h), "incidents": incidents_state(s)},
    }


def status_rows(s: Snapshots, h: HealthSection) -> dict[str, Any]:
    """The status block; its uptime is counted in the browser, else an idle page would change for ever."""
    counted = {"Uptime": {"text": "{age}", "from": s.heartbeat.started_wall}} if s.heartbeat else {}
    return {
        name: {"order": i, "name": name, "value": counted.get(name, _status_value(s, name, value))}
        for i, (name, value) in enumerate(h.status_block)
    }


_ACCOUNTS = {"simulated": "simulated", "paper": "paper account", "live": "live account"}


def _status_value(s: Snapshots, name: str, value: str) -> str:
    """The console's "True (simulated)" in the page's words: "yes (simulated)"; what is not live is said, too."""
    if name == "Live mode" and s.broker is not None:
        return _ACCOUNTS.get(s.broker.mode, s.broker.mode)
    head, space, tail = value.partition(" ")
    return {"True": "yes", "False": "no"}.get(head, head) + space + tail


ROUTINES = ("Breakout scan", "Market scan", "Journal")  # they come again and again by the clock


def _age_since(row: AgeRow, now: float) -> float | None:
    """When a part was last heard of; 0 = a routine that is younger than half of what would be stale: its next run is no
    news, and would travel with each.
    """
    if row.part in ROUTINES and row.wall is not None and now - row.wall < row.stale_s / 2.0:
        return 0.0
    return row.wall


CARDS = ("links", "incidents", "happened", "ages", "status", "parts")


def states(h: HealthSection) -> dict[str, State]:
    calm = empty("Nothing happened", "Messages of the broker and faults come here, in plain words with the cure.")
    silent = empty("No connection yet", "The time line begins with the first connection.")
    return {
        **dict.fromkeys(CARDS, OWN),
        "happened": OWN if h.conditions else calm,
        "links": OWN if h.link_spans else silent,
    }


def verdict(s: Snapshots) -> dict[str, Any]:
    """One line: is everything running, and what is worth knowing."""
    if s.engine in ("late", "dead", "starting"):
        words = "The engine starts." if s.engine == "starting" else "The engine is silent."
        return {"verdict": words, "verdict_icon": "error" if s.engine == "dead" else "warning", "verdict_more": None}
    silent = silent_words(s.fleet)
    if silent is not None:
        icon = "error" if "no sign" in silent else "warning"
        return {"verdict": f"{silent}.", "verdict_icon": icon, "verdict_more": "The other engines go on."}
    open_ones = [c for c in s.health.conditions if c.open] if s.health else []
    errors = [c for c in open_ones if c.severity == "error"]
    warnings = [c for c in open_ones if c.severity == "warning"]
    known = [c.title for c in warnings]
    if s.health is not None and s.health.loop_lateness_p99_ms > LATE_MS:
        known.append("The engine's loop runs late")
    if s.broker is not None and not s.broker.connected:
        reason = (s.broker.reason or "it has not answered yet").rstrip(".")
        return {"verdict": "The broker is not connected.", "verdict_icon": "error", "verdict_more": f"{reason}."}
    if errors:
        more = f"{plural(len(errors), 'thing needs', 'things need')} your attention."
        return {"verdict": f"{errors[0].title}.", "verdict_icon": "error", "verdict_more": more}
    outage = next((c.title for c in warnings if c.outage), None)
    if outage is not None:
        rest = _to_know([title for title in known if title != outage])
        return {"verdict": f"{outage}.", "verdict_icon": "warning", "verdict_more": rest}
    return {"verdict": "Everything is running.", "verdict_icon": "pass", "verdict_more": _to_know(known)}


def _to_know(known: list[str]) -> str | None:
    if not known:
        return None
    titles = [title if title[1:2].isupper() else title[:1].lower() + title[1:] for title in known[:3]]
    more = f", and {len(known) - 3} more" if len(known) > 3 else ""
    return f"{plural(len(known), 'thing', 'things')} to know: {'; '.join(titles)}{more}."


def journal_words(h: HealthSection, now: float) -> Any:
    """How long ago the journal was written; in seconds only when that is late."""
    if h.journal_last_wall is None:
        return "journal not written yet"
    if now - h.journal_last_wall < JOURNAL_SOON_S:
        return f"journal < {JOURNAL_SOON_S:g} s ago"
    return {"text": "journal {age} ago", "from": h.journal_last_wall}


def tiles(s: Snapshots, h: HealthSection) -> dict[str, Any]:
    """The six tiles: a value and a line of context each."""
    started = s.heartbeat.started_wall if s.heartbeat else None
    late = h.loop_lateness_p99_ms > LATE_MS
    low = h.disk_free_gb is not None and h.disk_free_gb < DISK_LOW_GB
    return {
        "engine": {"alive": "Running", "late": "Late", "dead": "Silent", "starting": "Starting"}[s.engine],
        "engine2": {"text": "up {age}", "from": started} if started is not None else None,
        **connection_tile(s),
        "late": [f"{_calm(h.loop_lateness_p99_ms, SOON_MS)} ms", "warn" if late else ""],
        "late2": f"p99, limit {number(LATE_MS)} ms",
        "decode": f"{_calm(h.decoded_per_s, FEW_PER_S)} /s" if h.decoded_per_s is not None else None,
        "decode2": f"messages, {h.sent_worst_second} sent/s at most",
        "journal": f"{_calm(h.state_write_ms, QUICK_MS)} ms" if h.state_write_ms is not None else None,
        "journal2": journal_words(h, s.now),
        "disk": [disk_text(h.disk_free_gb), "warn" if low else ""],
        "disk2": "low: free some space" if low else h.archive or "free where history is kept",
    }


def _calm(value: float, floor: float) -> str:
    """A number that tells nothing below `floor` stays still there."""
    return f"under {number(floor)}" if value < floor else number(value)


def connection_tile(s: Snapshots) -> dict[str, Any]:
    b = s.broker
    if b is None:
        return {"link": None, "link2": "not asked yet"}
    version = f" · server {b.server_version}" if b.server_version else ""
    return {
        "link": link_word(b),
        "link2": f"{b.host}:{b.port} · client {b.client_id}{version}",
    }


def link_word(b: BrokerSection) -> list[str]:
    """Which gateway it is while all is well; else the state of the session."""
    if b.connected and b.state_tone == "ok":
        return [MODES.get(b.mode, b.mode) if b.recording is None else "A recording", ""]
    title = b.state_title or ("Live in part" if b.connected else "Not connected")
    return [title, {"warning": "warn", "busy": ""}.get(b.state_tone, "error")]


def disk_text(gigabytes: float | None) -> str | None:
    if gigabytes is None:
        return None
    return f"{number(gigabytes, 1 if gigabytes < 10 else 0)} GB"


def counts(h: HealthSection) -> dict[str, Any]:
    is_open = sum(1 for c in h.conditions if c.open)
    return {
        "n_open": is_open,
        "n_solved": len(h.conditions) - is_open,
        "happened": f"{is_open} open, {len(h.conditions) - is_open} over",
        "restart": h.restart_needed or None,
        "log_at": round(h.log_tail[-1][0], 3) if h.log_tail else None,
    }


def build_words(s: Snapshots, h: HealthSection) -> str:
    return f"QTrade {h.version or MISSING}, build {h.build_id.rpartition('+')[2]}"


def happened(s: Snapshots, h: HealthSection) -> dict[str, Any]:
    """Open ones first, then the newest; key stable per cause."""
    ordered = sorted(h.conditions, key=lambda c: (not c.open, -c.last_wall))
    return {c.key: _condition(i, c, s) for i, c in enumerate(ordered)}


def _condition(order: int, c: Condition, s: Snapshots) -> dict[str, Any]:
    icon = c.severity if c.open else "info" if c.severity == "info" else "pass"
    return {
        "order": order,
        "open": c.open,
        "icon": [icon, icon],
        "title": c.title,
        "code": code_words(c.code),
        "text": c.text,
        "cure": c.cure or None,
        "at": {"at": round(s.market_time(c.last_wall)), "clock": "hm"},
        "count": f"{c.count}×",
    }


def code_words(code: int | None) -> str | None:
    """ "IB 2103, lost": a code that the time line knows is said with its meaning there, too."""
    if code is None:
        return None
    words = _CODES.get(str(code), ("", ""))[1]
    return f"IB {code}, {words}" if words else f"IB {code}"


def links(h: HealthSection) -> dict[str, Any]:
    """Tracks of the time line in their order: [name, [[from wall, to wall or None, state, text] ...]]; a code of IB
    with its meaning, a farm with what it serves."""
    tracks: dict[str, list[list[Any]]] = {}
    serves: dict[str, str] = {}
    for span in h.link_spans:
        to = None if span.to_wall is None else round(span.to_wall, 1)
        what, words = _CODES.get(span.text, ("", ""))
        if what:
            serves[span.track] = what
        text = f"{span.text} {words}".rstrip()
        tracks.setdefault(span.track, []).append([round(span.from_wall, 1), to, span.state, text])
    ordered = sorted(tracks.items(), key=lambda item: _track_order(item[0], serves.get(item[0], "")))
    return {
        "tracks": [[f"{serves[name]} ({name})" if name in serves else name, spans[-60:]] for name, spans in ordered],
        "outages": outage_words(h),
    }


# IB's code: what the farm of it serves ("" = the code is of no farm), and what it says.
_CODES = {
    "1100": ("", "lost"),
    "1101": ("", "back, requests were lost"),
    "1102": ("", "back, requests kept"),
    "2110": ("", "lost"),
    "2103": ("Quotes", "lost"),
    "2104": ("Quotes", "up"),
    "2108": ("Quotes", "idle, normal"),
    "2119": ("Quotes", "connecting"),
    "2105": ("History", "lost"),
    "2106": ("History", "up"),
    "2107": ("History", "idle, normal"),
    "2157": ("Contracts", "lost"),
    "2158": ("Contracts", "up"),
}
_TRACKS = ("Connection", "IB servers")
_SERVES = ("Quotes", "History", "Contracts")


def _track_order(name: str, serves: str) -> tuple[int, str]:
    if name in _TRACKS:
        return _TRACKS.index(name), name
    return len(_TRACKS) + (_SERVES.index(serves) if serves in _SERVES else len(_SERVES)), name


def outage_words(h: HealthSection) -> str:
    """ "1 outage, the longest 5 min 48 s" of the connection and the servers; "no outage"; since when QTrade saw it."""
    return _seen_outages(h) + _away_words(h)


def _away_words(h: HealthSection) -> str:
    """What no outage can be known of."""
    away = sum((span.to_wall or span.from_wall) - span.from_wall for span in h.link_spans if span.state == "off")
    return f"; QTrade was not running for {_minutes(away)}" if away else ""


def _seen_outages(h: HealthSection) -> str:
    found = _outages(span for span in h.link_spans if span.state == "down" and span.track in WHOLE_TRACKS)
    if not found:
        return "no outage"
    over = [to - begin for begin, to in found if to is not None]
    longest = f", the longest {_minutes(max(over))}" if over else ""
    return plural(len(found), "outage") + longest + (", one goes on" if len(over) < len(found) else "")


def _outages(spans: Iterable[LinkSpan]) -> list[tuple[float, float | None]]:
    """(from, to) of each: servers and connection that go one after the other, as in TWS' restart, are one."""
    found: list[tuple[float, float | None, str]] = []
    for span in sorted(spans, key=lambda each: each.from_wall):
        begin, to, track = found[-1] if found else (0.0, 0.0, span.track)
        if track != span.track and (to is None or span.from_wall - to <= ONE_OUTAGE_S):
            until = None if to is None or span.to_wall is None else max(to, span.to_wall)
            found[-1] = (begin, until, span.track)
        else:
            found.append((span.from_wall, span.to_wall, span.track))
    return [(begin, to) for begin, to, _ in found]


def _minutes(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


def parts(h: HealthSection) -> dict[str, Any]:
    """Restarts, errors and volume units, as rows of two columns."""
    rows: list[tuple[str, Any]] = []
    rows += [(f"Volume of {source}", word) for source, word in sorted(h.volume_units.items())]
    failing = {name: count for name, count in h.restarts.items() if count}
    rows += [(f"Restarts of {name}", [str(count), "warn"]) for name, count in sorted(failing.items())]
    if not failing:
        rows.append(("Restarts of engine parts", "none"))
    rows += [(f"Errors of {name}", [str(count), "warn"]) for name, count in sorted(h.error_counts.items()) if count]
    if not any(h.error_counts.values()):
        rows.append(("Errors in the log", "none"))
    return {name: {"order": i, "name": name, "value": value} for i, (name, value) in enumerate(rows[:40])}


def report(s: Snapshots) -> str:
    """Everything of the page as plain text, to be sent to somebody who helps; the account stays hidden."""
    h, b = s.health, s.broker
    lines = [f"QTrade {s.version} (build {s.build_id})", f"Engine: {s.engine}"]
    if b is not None:
        lines.append(
            f"Broker: {b.mode} at {b.host}:{b.port}, client {b.client_id}, {b.phase}, {b.reason or 'no trouble'}"
        )
    if h is None:
        return "\n".join([*lines, "The engine has not published its health yet."])
    lines += [f"{name}: {value}" for name, value in h.status_block]
    lines.append(f"Loop lateness p99: {number(h.loop_lateness_p99_ms, 1)} ms")
    lines.append(f"Sent in the worst second: {h.sent_worst_second}; disk free: {disk_text(h.disk_free_gb) or MISSING}")
    lines += [f"{h.archive[:1].upper()}{h.archive[1:]}"] if h.archive else []
    lines += ["", "What happened:"]
    lines += [f"- {_state_word(c)} {c.title} ({c.code}): {c.text} {c.cure} [{c.count}x]" for c in h.conditions[:40]]
    for each in s.incidents.figures if s.incidents else ():
        took = " / ".join(_plain(duration(value)) for value in (each.median_s, each.last_s, each.longest_s))
        lines.append(f"- {each.symbol or each.title}: {each.count}x, recovered in {took} (median / last / longest)")
    lines += ["", "Ages:"]
    lines += [f"- {a.part}: {MISSING if a.wall is None else number(s.now - a.wall, 1) + ' s'}" for a in h.ages]
    lines += ["", "Log:"]
    lines += [f"{level} {text}" for _, level, text in h.log_tail[-LOG_LINES:]]
    return "\n".join(lines)


def _plain(value: Any) -> str:
    return str(value[0]) if isinstance(value, list) else str(value)


def _state_word(c: Condition) -> str:
    return "OPEN" if c.open else "over"
