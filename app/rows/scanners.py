"""The Scanners page: presets, heatmaps, results of both scanners, what entered and left. Pure."""

from __future__ import annotations

from typing import Any

from app.format import MISSING, number, plural
from app.rows.answers import answers_part
from app.rows.custom_scans import CUSTOM, custom_parts
from app.rows.fresh import at_the_moment, dated, quotes_of
from app.rows.kept import kept, kept_each
from app.rows.overview import scan_state
from app.rows.preview import hist_part, preview_part
from app.rows.scan_heat import CUTS, WIDE_COLUMNS, heat_columns, time_part, wide_part
from app.rows.scores import score_states, scores_parts
from app.rows.sectors import sector_tables, sectors_fact, sectors_state
from app.rows.signals import live_words, part_shares, score_digits
from app.rows.states import OWN, TRADING, broker_state, empty, flows, market_state
from app.rows.threshold_sets import sets_part
from app.rows.thresholds import BREAKOUT_KEYS, changed_words, changes_part, fields_part, rows_by_key, set_part
from app.rows.treemap import universe_tiles
from app.snapshots import Snapshots
from engine.domain import Candidate, LineRow, ScanState, SymbolEvent
from engine.prices.decimals import price_decimals
from engine.state.sections import ScannersSection, SettingsSection

View = dict[str, dict[str, Any]]
SLOTS = 10  # IB's; nine for the presets, one stays free for a question in between
PRESET_SLOTS = 9
ENABLED = "market_scan.enabled"
SET_KEYS = ("sets.saved", "sets.shadow", CUSTOM)
MOST_RESULTS = 120
MOST_EVENTS = 60
RECENT_S = 600.0
AGE_STEP_S = 2  # moments of ticks are told so finely ...
FRESH_S = 4.0  # ... and not at all while the newest is younger: it would be news in each poll of each line
BREAKOUT_DUE_S = 30.0  # it runs each 10 s, IB's scans come each 30 s
MARKET_DUE_S = 90.0
CUT_STEP = 0.05
FIELDS = fields_part(BREAKOUT_KEYS)
HOLDING = ("live", "warming")  # states of a scan that has a slot at the gateway
STATE_WORDS = {"queued": "queued", "warming": "warming", "refused": "refused", "ended": "ended", "off": "off"}


def scanners_parts(s: Snapshots) -> View:
    """Everything the Scanners page shows beside the strip."""
    section, quotes = s.scanners, quotes_of(s)
    candidates = section.candidates if section else ()
    shown = at_the_moment(listed(candidates), quotes)
    fresh = dated(s, [c.con_id for c in shown], quotes)
    events = event_rows(section)
    return {
        "scan": summary(s),
        "rows:moves": events,
        "fields": FIELDS,
        "answers": answers_part(s.answers),
        **of_settings(s.settings),
        **s.of_demand(
            chips=lambda: chips(section, s.settings),
            heatcuts=lambda: CUTS,
            map=lambda: universe_tiles(s.quotes, s.universe),
            heatwide=lambda: wide_part(at_the_moment(candidates[:WIDE_COLUMNS], quotes)),
            heattime=lambda: time_part(section),
            grid__results=lambda: results(s, shown),
            whys=lambda: {str(c.con_id): why(c) for c in shown},
            **sector_tables(s),
            preview=lambda: preview_part(s.preview),
            hist=lambda: hist_part(s.preview),
        ),
        **(scores_parts(s) if s.looks_at("scores") else {}),
        **custom_parts(s),
        "state": {
            **score_states(s.scores),
            "sectors": sectors_state(s),
            "heat": market_state(s, scan_state(s, bool(candidates)), fresh),
            "results": market_state(s, scan_state(s, bool(candidates)), fresh),
            "moves": broker_state(
                s, section, bool(events), empty("No move yet", "Who comes to the top and who leaves is listed here.")
            ),
            "thresholds": OWN if s.settings else {"s": "loading"},
            "changes": OWN
            if changes_part(s.settings, (*BREAKOUT_KEYS, ENABLED, *SET_KEYS))
            else empty("Nothing changed yet", "Each change of a threshold is kept here and can be taken back."),
        },
    }


@kept
def of_settings(settings: SettingsSection | None) -> View:
    """The parts that the settings alone make."""
    return {
        "set": set_part(settings, BREAKOUT_KEYS),
        "sets": sets_part(settings),
        "log": changes_part(settings, (*BREAKOUT_KEYS, ENABLED, *SET_KEYS)),
    }


def summary(s: Snapshots) -> dict[str, Any]:
    """Facts in the heads of the cards."""
    section = s.scanners
    if section is None:
        return {"slots": None, "found": None, "warming": None, "breakout": None, "market": None}
    recent = [e for e in section.events if e.at_market >= s.market_time(s.now) - RECENT_S]
    return {
        "slots": f"{section.slots_used} of {SLOTS} slots",
        "found": f"{_how_many(len(section.candidates))} · signals: "
        + live_words(section.signals_today, len(section.scores_now)),
        "warming": section.warming_text or None,
        "breakout": _since("breakout", s, section.breakout_run_market, BREAKOUT_DUE_S),
        "market": _since("market", s, section.market_run_market, MARKET_DUE_S),
        "moves": f"{len(recent)} in the last 10 min",
        "thresholds": changed_words(s.settings),
        "universe": f"{plural(section.universe, 'symbol')}, {section.with_bars} with bars",
        "sectors": sectors_fact(s.sectors),
    }


def _how_many(candidates: int) -> str:
    """The list below is cut: then it is said."""
    words = plural(candidates, "candidate")
    return words if candidates <= MOST_RESULTS else f"best {MOST_RESULTS} of {words}"


def _since(word: str, s: Snapshots, market: float | None, due_s: float) -> Any:
    """When a scanner ran last. At a closed market it says no more than that it runs, while it does."""
    wall = wall_of(s, market)
    if wall is None or s.broker is None or not s.broker.connected:
        return f"{word} {'not run yet' if wall is None else 'waits for the connection'}"
    if s.broker is not None and s.broker.session not in TRADING and s.now - wall < due_s:
        return f"{word} on time"
    return {"text": f"{word} {{age}}", "from": round(wall, 1)}


def wall_of(s: Snapshots, market: float | None) -> float | None:
    """The wall time of a moment on the gateway's clock: the inverse of `Snapshots.market_time`."""
    if market is None or s.broker is None:
        return market
    base = s.broker.as_of_wall or s.now
    return base + (market - base - s.broker.clock_offset_s) / (s.broker.clock_rate or 1.0)


# --- presets ----------------------------------------------------------------------------------------------------


@kept
def chips(section: ScannersSection | None, settings: SettingsSection | None) -> dict[str, Any]:
    """The part "chips": scan -> [order, runs or waits to, count or state word, tooltip, needs attention, switched on,
    which scan it costs its slot to switch it on, why it can't be switched]."""
    if section is None:
        return {}
    row = rows_by_key(settings).get(ENABLED)
    chosen = list(row.value or []) if row else []
    return {
        scan.name: [*_chip(i, scan, scan.name in chosen), *_switch(scan, section, settings)]
        for i, scan in enumerate(section.scans)
    }


def _chip(order: int, scan: ScanState, chosen: bool) -> list[Any]:
    word = number(scan.rows) if scan.state in ("live", "resting") else STATE_WORDS[scan.state]
    runs = chosen or scan.state in ("live", "resting", "warming")
    sentences = [f"{scan.scan_code}: {scan.meaning}", scan.message]
    if runs and not chosen:
        word = f"{word} spare"
        sentences.append("runs by itself while a slot is free; switch it on to keep it")
    elif chosen and scan.state == "off":
        sentences.append("waits: all slots are in use")
    text = ". ".join(text for text in sentences if text) + "."
    return [order, runs, word, text, scan.state == "refused", chosen]


def _switch(scan: ScanState, section: ScannersSection, settings: SettingsSection | None) -> tuple[str, str]:
    """What it costs to switch a scan on that does not run, and why it can't be switched; "" = nothing, it can."""
    row = rows_by_key(settings).get(ENABLED)
    chosen = [str(each) for each in row.value or []] if row else []
    fixed = toggled(scan.name, scan.name not in chosen, section, settings)[1]
    has_slot = scan.state in HOLDING
    if fixed or scan.name in chosen or has_slot or section.slots_used < PRESET_SLOTS:
        return "", fixed
    spare = [each.name for each in section.scans if each.state in HOLDING and each.name not in chosen]
    if not spare:
        return "", ""
    if len(spare) == 1:
        return f"{spare[0]}, which runs by itself, gives its slot up.", ""
    return f"One of the scans that run by themselves gives its slot up: {', '.join(spare[:-1])} or {spare[-1]}.", ""


def toggled(
    name: str, wanted: bool, section: ScannersSection | None, settings: SettingsSection | None
) -> tuple[list[str], str]:
    """The new list of presets and "", or the old one and why not."""
    row = rows_by_key(settings).get(ENABLED)
    if row is None or section is None:
        return [], "The engine is not up yet; nothing was changed."
    chosen = [str(each) for each in row.value or []]
    scan = next((each for each in section.scans if each.name == name), None)
    if scan is None:
        return chosen, "This version does not know this scan. Reload the page."
    if row.locked:
        return chosen, row.why_locked or f"The scans are fixed by {row.source}. Start without it to change them here."
    if wanted:
        running = [each.name for each in section.scans if each.name in chosen and each.state != "ended"]
        if len(running) >= PRESET_SLOTS and name not in chosen:
            rule = f"{PRESET_SLOTS} of {SLOTS} slots are taken by your scans, one is kept free for questions"
            return chosen, f"{rule}. Turn one off first."
        return ([*chosen, name] if name not in chosen else chosen), ""
    if name not in chosen:
        return chosen, f"{name} runs by itself while a slot is free. Turn another scan on and it gives its slot up."
    return [each for each in chosen if each != name], ""


# --- results ----------------------------------------------------------------------------------------------------


def ages(s: Snapshots) -> dict[int, float]:
    """con_id -> wall time of its newest tick: the line's if it holds one, else the last quote's."""
    out = {quote.con_id: quote.received_wall for quote in s.quotes.quotes} if s.quotes else {}
    for row in s.lines.rows if s.lines else ():
        if row.last_tick_wall is not None:
            out[row.con_id] = row.last_tick_wall
    return out


def is_breakout(candidate: Candidate) -> bool:
    """Found by the BreakoutScanner: beyond its level, confirmed or on the way to it."""
    return candidate.state in ("confirmed", "confirming")


def results(s: Snapshots, shown: tuple[Candidate, ...]) -> dict[str, Any]:
    """Rows of the grid for the candidates of the list, best score first."""
    held = {row.con_id: row for row in s.lines.rows} if s.lines else {}
    at = ages(s)
    rows: dict[str, Any] = {}
    for c in shown:
        line = held.get(c.con_id)
        row = _result(c.con_id, c, line.line_class if line else None, _moment(s, at.get(c.con_id), line))
        rows[str(c.con_id)] = row
    return rows


def listed(candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """The candidates of the list, best first. Among equals at its end the smaller con_id stays, so that rows don't come
    and go with each small change of a score; the heatmap's columns are always among them."""
    if len(candidates) <= MOST_RESULTS:
        return candidates
    by_step = sorted(candidates, key=lambda c: (-int(c.score / CUT_STEP + 1e-9), c.con_id))
    kept = {c.con_id for c in (*by_step[:MOST_RESULTS], *heat_columns(candidates))}
    return tuple(c for c in candidates if c.con_id in kept)


def _moment(s: Snapshots, at: float | None, line: LineRow | None) -> int | None:
    """When the newest tick came, UTC epoch seconds; 0 = within the last 4 s; None = none of this session.

    A request at a closed market is answered with the last session's prices: when that came is no price's age.
    """
    if at is None or (s.broker is not None and s.broker.session not in TRADING and not flows(at, line)):
        return None
    return 0 if s.now - at < FRESH_S else round(at / AGE_STEP_S) * AGE_STEP_S


@kept_each
def _result(_con_id: int, c: Candidate, line_class: str | None, at: int | None) -> dict[str, Any]:
    more: dict[str, Any] = {}  # of few rows: not worth a name in all of them
    if c.score_at_signal is not None:
        more["sig"] = round(c.score_at_signal, 2)
    if c.before_look:
        more["early"] = True
    score = round(c.score, score_digits(c.score))
    return {
        **more,
        "order": 10_000 - round(10_000.0 * c.score),  # no place in the list: one that rises would send all it passes
        "sym": c.local_symbol,
        "short": c.side == "short",
        "score": score,
        "bars": score_bars(c),
        "state": c.state,
        "brk": is_breakout(c),
        "since": round(c.since_market),
        "scans": list(c.scans),
        "last": c.price,
        "dec": price_decimals(c.price),
        "chg": None if c.change_pct is None else round(c.change_pct, 1),
        "open": None if c.since_open_pct is None else round(c.since_open_pct, 1),
        "rv": None if c.rel_volume is None else round(c.rel_volume, 1),
        "dist": None if c.distance_atr is None else round(c.distance_atr, 2),
        "spread": None if c.spread_bp is None else round(c.spread_bp, 1),
        "cls": line_class,
        "at": at,
    }


def score_bars(c: Candidate) -> list[int | None]:
    """Widths 0-100 of the two bars: distance and volume of a breakout, else one bar for gates passed or scan ranks."""
    shares = part_shares(c.parts)
    if "distance" in shares:
        return [shares["distance"], shares.get("relative volume", 0)]
    return [shares.get("gates", shares.get("scan rank", 0)), None]


def why(c: Candidate) -> str:
    """Why there is (not) a signal, in one line."""
    if c.state == "confirmed":
        early = " It broke out before QTrade looked." if c.before_look else ""
        return f"Confirmed breakout.{early}" if c.side == "long" else f"Confirmed breakdown.{early}"
    if c.state == "warming" and c.warm_needed:
        return f"Warming: {c.warm_bars or 0} of {c.warm_needed} bars. {c.nearest_miss}".strip()
    if c.nearest_miss:
        return c.nearest_miss
    return "In the scan only: it has no live price, so no rule was judged." if c.state == "scan" else MISSING


# --- enter and leave --------------------------------------------------------------------------------------------


@kept
def event_rows(section: ScannersSection | None) -> dict[str, Any]:
    """The newest moves first."""
    if section is None:
        return {}
    newest = list(reversed(section.events))[:MOST_EVENTS]
    return {f"{e.at_market:.3f}-{e.kind}-{e.con_id}": _event(e) for e in newest}


def _event(e: SymbolEvent) -> dict[str, Any]:
    return {
        "order": -round(e.at_market * 1000),
        "at": {"at": round(e.at_market), "clock": "hms"},
        "icon": [e.kind, e.kind],
        "sym": {"sym": e.local_symbol, "con": e.con_id},
        "text": e.text,
    }
