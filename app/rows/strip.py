"""The strip on top of every page, the panel shown while the broker is away, and the bell. Pure."""

from __future__ import annotations

from typing import Any

from app.figures.zones import zone_word
from app.format import MISSING, MONTHS, account_labels, arrow, percent, redacted, signed, tone
from app.rows.alerts import bell_rows, told_of
from app.rows.fleet import choice, notice
from app.rows.gauge import cells, is_full, status_word
from app.rows.positions import NOT_KNOWN, is_known, positions_state
from app.rows.states import OWN
from app.snapshots import Snapshots
from engine.bars.hours import HOLIDAY
from engine.domain import ALL_ACCOUNTS, Condition
from engine.state.sections import BrokerSection, HealthSection, PositionsSection

View = dict[str, dict[str, Any]]
PHASES = {
    "pre": "Pre-market",
    "open": "New York open",
    "post": "After hours",
    "closed": "New York closed",
    "weekend": "Weekend",
    "unknown": "Session unknown",
}
OWN_CLOCK_S = 60.0
CELLS_MOST = 60  # lines, one cell each: there is room for no more


def strip_parts(s: Snapshots) -> View:
    """The parts "strip" and "broker" of every page, and the bell's list."""
    alerts = bell_rows(s.alerts, s.now)
    bell = {**alerts, **_bell_rows(s.health, len(alerts), told_of(s.alerts))}
    return {
        "strip": {**_connection(s), **_session(s), **_lines(s), **_pnl(s), "bell": len(bell) or None},
        "broker": _broker_panel(s.broker),
        "fleet": notice(s),
        "rows:bell": bell,
    }


def pill(broker: BrokerSection | None) -> Any:
    """Whose data these are, always, and how the connection stands: while a try is due, the seconds to it."""
    if broker is None:
        return ["Starting", "idle"]
    if broker.connected and broker.recording is not None and broker.recording.over_wall is not None:
        return ["Over", "waiting", band(broker)[1]]
    mode = _mode(broker)
    if broker.connected and broker.state in ("servers lost", "reset window", "feed dead"):
        tone = "waiting" if broker.state_tone == "warning" else "offline"
        return [f"{mode[0]} · {broker.state_title}", tone, broker.reason]
    if broker.connected and broker.state_tone in ("warning", "error"):
        word = "In part" if broker.mode == "simulated" else f"{mode[0]} in part"  # the band above says simulated
        return [word, "waiting", f"{broker.state_title}. {broker.reason}".rstrip()]
    if broker.connected:
        return mode
    if broker.phase == "connecting":
        return [f"{mode[0]} · connecting", "waiting"]
    if broker.retry_at_wall is not None:
        return {**next_try(broker, f"{mode[0]} · next try in {{left}}"), "tone": "waiting"}
    return [f"{mode[0]} · offline", "offline", broker.reason]


def next_try(broker: BrokerSection, text: str) -> dict[str, Any]:
    """A countdown to the next try ("... in {left}"), which goes on with the one after it while the pace is even."""
    every = {} if broker.retry_every_s is None else {"every": broker.retry_every_s}
    return {"text": text, "until": broker.retry_at_wall, **every}


def _mode(broker: BrokerSection) -> list[str]:
    """Whose data these are, in a word."""
    if broker.recording is not None:
        return ["RECORDED", "simulated", "Connected to the player of a recording"]
    return {
        "simulated": ["SIMULATED", "simulated", "Connected to the simulated gateway"],
        "paper": ["PAPER", "paper", "Connected to a paper account"],
        "live": ["LIVE", "live", "Connected to a live account, read-only"],
    }.get(broker.mode, [broker.mode.upper(), "paper"])


def _connection(s: Snapshots) -> dict[str, Any]:
    b = s.broker
    return {
        "pill": pill(b),
        "simulated": bool(b and b.mode == "simulated"),
        **dict(zip(("band", "band_text"), band(b), strict=True)),
        **_accounts(s),
        "engines": choice(s.fleet),
        "build": s.build_id.rpartition("+")[2][:7] or None,
    }


def band(broker: BrokerSection | None) -> tuple[str | None, str | None]:
    """Title and words of the band that says whose data these are; None while they are TWS' own."""
    if broker is None or broker.mode != "simulated":
        return None, None
    played = broker.recording
    if played is None:
        return "Simulated data", "Prices, account and fills come from the simulator. Nothing here reaches a market."
    what = f"{played.name}{f' of {_day(played.day)}' if played.day else ''}"
    if played.over_wall is not None:
        return (
            "The recording is over",
            f"All of {what} was played: nothing more comes, the last values stand. Start QTrade again to play it anew.",
        )
    return (
        "Recorded data",
        f"{what}, played at speed {played.speed:g}. Nothing here is of now, nothing reaches a market.",
    )


def _day(iso: str) -> str:
    """2026-11-30 -> "30 Nov 2026"."""
    year, month, day = iso.split("-")
    return f"{int(day)} {MONTHS[int(month) - 1]} {year}"


def shown_account(positions: PositionsSection | None) -> str:
    """Whose money this section holds, ALL_ACCOUNTS of several together; "" = not known yet."""
    if positions is None:
        return ""
    return positions.account.account or (ALL_ACCOUNTS if len(positions.accounts) > 1 else "")


def _accounts(s: Snapshots) -> dict[str, Any]:
    """Whose money the page shows: the name comes with the figures, out of one section. `accounts` is the choice."""
    names = s.broker.accounts if s.broker else ()
    shown = shown_account(s.positions)
    labels = account_labels(names)
    several = len(names) > 1
    is_of_all = s.fleet is not None and s.fleet.total is not None  # then which account is each engine's own affair
    single = redacted(s.broker.account if s.broker else None)
    options = [["", f"All {len(names)} together"], *([label, label] for label in labels.values())]
    return {
        "account": single if not several else labels.get(shown, f"All {len(names)} together"),
        "account_label": f"{len(names)} accounts" if several else "Account",
        "accounts": [labels.get(shown, ""), options] if several and not is_of_all else None,
        "shown": (labels.get(shown, redacted(shown)) if shown != ALL_ACCOUNTS else ALL_ACCOUNTS) if shown else None,
    }


def _session(s: Snapshots) -> dict[str, Any]:
    b = s.broker
    if b is None:
        return {"phase": [PHASES["unknown"], "idle"], "session": None, "clock": None, "zone": None, "own_clock": None}
    # market(t) = t + offset + (t - base) * (rate - 1); at rate 1 the base does not matter and stays out of the delta
    base = 0.0 if b.clock_rate == 1.0 else round(b.as_of_wall or s.now, 1)
    holiday = ", holiday" if b.session_text.startswith(HOLIDAY) else ""
    text = b.session_text.removeprefix("after hours, ").removeprefix(HOLIDAY)  # the phase above it says so
    text = "" if b.session == "unknown" else text
    return {
        "phase": [PHASES.get(b.session, b.session) + holiday, "open" if b.session == "open" else b.session],
        "session": text or None,
        "clock": [round(b.clock_offset_s, 1), base, b.clock_rate, str(s.zone)],
        "zone": zone_word(s.market_time(s.now), s.zone),
        "own_clock": abs(b.clock_offset_s) > OWN_CLOCK_S or b.clock_rate != 1.0,
    }


def _lines(s: Snapshots) -> dict[str, Any]:
    section = s.lines
    if section is None:
        return {"lines": MISSING, "lines_word": None, "gauge": "", "lines_full": False}
    return {
        "lines": f"{section.used}/{section.limit}",
        "lines_word": status_word(section),
        "gauge": cells(section) if section.limit <= CELLS_MOST else "",
        "lines_full": is_full(section),
    }


def _pnl(s: Snapshots) -> dict[str, Any]:
    section = s.positions
    if section is None:
        return {"pnl": None, "pnl_pct": None, "priced": None, "day": None, "fresh": None}
    a = section.account
    count = len(section.tradable)
    shape = arrow(a.daily_pnl)
    text = f"{shape} {signed(a.daily_pnl)}".strip()
    reason = "" if a.daily_pnl is not None else "The broker has not sent the day's P&L yet"
    return {
        "pnl": [text, tone(a.daily_pnl), reason],
        "pnl_pct": percent(a.daily_pnl_pct) if a.daily_pnl_pct is not None else None,
        "day": None if a.daily_pnl is None else round(a.daily_pnl, 2),  # the curve's tag reads it here
        "fresh": _fresh(s),
        "priced": _priced(a.priced, count, connected=s.broker is None or s.broker.connected)
        if is_known(section)
        else NOT_KNOWN,
    }


def _priced(priced: int, count: int, *, connected: bool) -> str:
    if not count:
        return "no position"
    return f"{priced} of {count} priced" if connected else "last values"  # nothing prices them now


def _fresh(s: Snapshots) -> Any:
    """How old the oldest price is that claims to be live among the positions: their card says the same. None = no
    position, then the age is that of the engine's last sign of life.
    """
    if s.positions is not None and not is_known(s.positions):
        return {"s": "marked", "word": MISSING}  # the engine speaks, but there is nothing whose age it could be
    state = positions_state(s)
    return state if state["s"] in ("live", "marked", "stale") and state != OWN else None


def _open(health: HealthSection | None) -> list[Condition]:
    """All that is open, as Health counts it; what is but good to know stands last."""
    return sorted((c for c in health.conditions if c.open), key=lambda c: c.severity == "info") if health else []


def _bell_rows(health: HealthSection | None, before: int, told: frozenset[str]) -> dict[str, Any]:
    """Open conditions after the alerts; `told` = those that an open alert tells of."""
    return {
        c.key: {
            "order": before + i,
            "icon": [c.severity, c.severity],
            "title": c.title,
            "text": c.text,
            "cure": c.cure,
            "code": f"IB {c.code}" if c.code is not None else None,
            "at": {"text": "{age} ago", "from": c.last_wall},
            "since": round(c.first_wall),  # an outbreak of its own: the bell counts those that nobody has seen
            **({"quiet": True} if c.severity == "info" else {}),  # listed, but the bell doesn't call for it
        }
        for i, c in enumerate([c for c in _open(health) if c.key not in told][:8])
    }


def _broker_panel(b: BrokerSection | None) -> dict[str, Any]:
    """What is wrong, why, when it is tried again, and what to look at in TWS; nothing while connected.

    A try that is under way leaves it as it is: nothing on the page moves before the connection stands.
    """
    if b is None or b.connected or (b.phase == "connecting" and not b.reason):
        return {"down": False}
    where = f"{b.host}:{b.port}"
    simulated = "The simulated gateway" if b.recording is None else "The player of the recording"
    who = simulated if b.mode == "simulated" else f"TWS or IB Gateway ({b.mode})"
    retry = next_try(b, "Next try in {left}") if b.retry_at_wall is not None else None
    return {
        "down": True,
        "title": f"{who} does not answer at {where}",
        "reason": (b.reason or "No connection").rstrip("."),
        "cure": b.cure or None,
        "retry": retry or ("Trying now" if b.phase == "connecting" else "It is tried again when something changes."),
    }
