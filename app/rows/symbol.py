"""The Symbol page's parts: header, quote, line, chart furniture, states; what to say while there is nothing. Pure."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from msgspec.structs import replace

from app.figures.bars import TIMEFRAMES
from app.figures.candles import FINER, chart_tail, decimals_of, newest_at, shown_day, stamp, vwap_now
from app.figures.zones import clock_text, exchange_zone, zone_word
from app.format import LINE_CLASSES, arrow, number, percent, quantity, redacted, share, signed, times, tone
from app.rows.alerts import price_alerts
from app.rows.answers import answers_part
from app.rows.lines import wanted_words
from app.rows.marks import chart_marks, mark_rows
from app.rows.noted import chart_levels, noted_part
from app.rows.rules import failed_words, rule_rows, typeset
from app.rows.sizing import size_part
from app.rows.states import (
    CLOSED,
    FLOW_S,
    LOADING,
    Dated,
    State,
    broker_state,
    dated_quote,
    empty,
    line_of,
    market_state,
)
from app.snapshots import Snapshots
from engine.clock import offset_s
from engine.domain import LineRow, Quote, RuleCheck
from engine.prices.decimals import average_decimals
from engine.state.sections import QUEUED, FilteredRow, SymbolSection

View = dict[str, dict[str, Any]]
FILTERED_MORE = "Not counted, no line of its own; looked at again at each reconnect."
UNITS = {"p": "pence", "c": "cents", "ag": "agorot", "%": "per cent of par"}
ASKING = "Asking for bars ..."
LIVE_PRICE = "Live price"
NO_SIGNAL = empty("No signal today", "A breakout of this symbol comes here: level, way since, places for a stop.")


def symbol_parts(s: Snapshots, con_id: int) -> View:
    """Everything the page of one contract shows beside the strip."""
    section = _at_the_close(s)
    head = {**header(s, con_id), **(quote_panel(section) if section else {})}
    view: View = {
        "symbol": {
            **head,
            **line_panel(s, con_id),
            **why_panel(section),
            **notes(s, con_id),
            "news": section is not None and has_news(s),
        },
        "ring": {"order": ring(s)},
        "rows:rules-long": rule_rows(section.rules, section.atr) if section else {},
        "rows:rules-short": rule_rows(section.rules_short, section.atr) if section else {},
        "rows:marks": mark_rows(section, s.market_time(s.now), s.zone) if section else {},
        "size": size_part(s),
        "noted": noted_part(s, con_id),
        "answers": answers_part(s.answers),
        "state": states(s, con_id),
    }
    if section is not None and section.bars:
        view["chart"] = {**chart(section, s.zone), **price_alerts(s.alerts, con_id), "levels": chart_levels(s, con_id)}
        for frame in TIMEFRAMES:
            view[f"tail:bars-{frame.key}"] = chart_tail(section, frame, s.zone)
    return view


def has_news(s: Snapshots) -> bool:
    """Whether headlines are asked for; off until Settings has them on."""
    rows = s.settings.rows if s.settings is not None else ()
    return any(row.key == "news.enabled" and row.value is True for row in rows)


def _at_the_close(s: Snapshots) -> SymbolSection | None:
    """The section; after the close its last price is no live one, whatever its age."""
    section = s.symbol
    if section is None or not _is_of_the_close(s, section):
        return section

    def closed(rules: tuple[RuleCheck, ...]) -> tuple[RuleCheck, ...]:
        return tuple(
            replace(rule, passed=False, text=CLOSED) if rule.name == LIVE_PRICE and rule.passed else rule
            for rule in rules
        )

    return replace(section, rules=closed(section.rules), rules_short=closed(section.rules_short))


def _is_of_the_close(s: Snapshots, section: SymbolSection) -> bool:
    """Whether the quote is the last session's. The calendar alone gates nothing: ticks that keep coming are live."""
    fresh, closed = dated_quote(section.quote, line_of(s, section.con_id)), section.closed_at
    if closed is None or fresh.wall is None or fresh.instead:
        return False
    return s.market_time(fresh.wall) <= closed + FLOW_S or not fresh.flows


def chart(section: SymbolSection, zone: tzinfo) -> dict[str, Any]:
    """What is drawn over the candles and changes with the market."""
    held = section.position
    opening = section.opening_range
    return {
        "con": section.con_id,
        "stamp": stamp(section),
        "at": newest_at(section),
        "level": _rounded(section.level_long, section),
        "trigger": _rounded(section.trigger_long, section),
        "range": [_rounded(value, section) for value in opening] if opening else None,
        "cost": _rounded(held.avg_price, section) if held else None,
        "vwap": None if (average := vwap_now(section)) is None else round(average, decimals_of(section) + FINER),
        "tone": tone(_change(section.quote)),
        "marks": chart_marks(section, zone),
        "filling": section.filling or None,
    }


def _rounded(value: float | None, section: SymbolSection) -> float | None:
    return None if value is None else round(value, decimals_of(section))


def states(s: Snapshots, con_id: int) -> dict[str, State]:
    """The states of the cards; without a section all say the same."""
    section = s.symbol
    if section is None:
        return dict.fromkeys(("chart", "quote", "why", "line", "marks", "signal", "size"), missing_state(s, con_id))
    none = _no_bars(section)
    rules = empty("No rules yet", "The breakout scanner judges this symbol as soon as it has bars.")
    calm = empty("Nothing yet", "Signals of the breakout scanner and your fills of today come here.")
    no_quote = empty("No quote yet", "The first tick of a line fills this.")
    if section.filtered:
        no_quote = empty("No quote", f"Filtered: {section.filtered}. It has no line.")
    fresh = dated_quote(section.quote, line_of(s, con_id))
    if _is_of_the_close(s, section):
        fresh = fresh._replace(instead=CLOSED)
    bars = (
        fresh
        if fresh.wall is not None
        else Dated(section.bars[-1].time if section.bars else None, instead="historical")
    )
    return {
        "chart": market_state(s, broker_state(s, section, bool(section.bars), none), [bars]),
        "quote": market_state(s, broker_state(s, section, section.quote is not None, no_quote), [fresh]),
        "why": broker_state(s, section, bool(section.rules or section.rules_short), rules),
        "line": broker_state(s, section, True, LOADING),
        "marks": broker_state(s, section, bool(section.signals or section.fills or section.position), calm),
        "signal": broker_state(s, section, bool(section.signals), NO_SIGNAL),
        "size": broker_state(s, section, section.sizing is not None, LOADING),
    }


def _no_bars(section: SymbolSection) -> State:
    """Asked for, or why there will be none."""
    if section.filtered:
        return empty("No bars", f"Filtered: {section.filtered}. Its bars are not asked for.")
    text = section.message.removeprefix("Historical Market Data Service error message:").strip()
    if not text or text == QUEUED:
        return empty(ASKING, _sentence(text) or "The history answers in a few seconds.")
    return empty("No bars", _sentence(text))


def missing_state(s: Snapshots, con_id: int) -> State:
    """Why there is no section: filtered, unknown, no connection, or not yet."""
    filtered = _filtered(s, con_id)
    if filtered is not None:
        return empty(f"Filtered: {filtered.reason}", "It has no line and no bars; it is looked at at each reconnect.")
    if is_unknown(s, con_id):
        return empty("Not known here", f"No contract {con_id} is known.")
    return broker_state(s, None, False, LOADING)


def is_unknown(s: Snapshots, con_id: int) -> bool:
    """The broker is there, its names are there, and this is none of them."""
    if s.symbol is not None or s.universe is None or s.broker is None or not s.broker.connected:
        return False
    held = [row.con_id for row in s.positions.tradable] if s.positions else []
    complete = bool(s.positions and s.positions.complete)
    is_new = con_id not in held and all(row[0] != con_id for row in s.universe.symbols)
    return complete and is_new and _filtered(s, con_id) is None


def _filtered(s: Snapshots, con_id: int) -> FilteredRow | None:
    rows = s.positions.filtered if s.positions else ()
    return next((row for row in rows if row.con_id == con_id), None)


def notes(s: Snapshots, con_id: int) -> dict[str, Any]:
    """The sentences over the chart, None = nothing to say."""
    section, filtered = s.symbol, _filtered(s, con_id)
    reason = (section.filtered if section else "") or (filtered.reason if filtered else "")
    message = _sentence(section.message) if section and section.bars else ""
    halted = bool(section and section.quote and section.quote.halted)
    return {
        "filtered": f"Filtered: {reason}. {FILTERED_MORE}" if reason else None,
        "message": f"{message} Last session: {shown_day(section.bars[-1].time, section)}."
        if section and message
        else None,
        "halted": "Trading is halted." if halted else None,
        "namesake": _namesake(s, con_id),
        "unknown": is_unknown(s, con_id),
    }


def _namesake(s: Snapshots, con_id: int) -> dict[str, Any] | None:
    """Another contract whose name is this one's number, for whoever typed that."""
    rows = s.universe.symbols if s.universe else ()
    number = str(con_id)
    row = next((row for row in rows if number in (row[1], row[2]) and row[0] != con_id), None)
    if row is None:
        return None
    return {
        "sym": row[1],
        "con": row[0],
        "text": f"{number} is this contract's number. {{sym}} on {row[4]} is another symbol.",
    }


def _sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:].rstrip(".") + "." if text else ""


def header(s: Snapshots, con_id: int) -> dict[str, Any]:
    """Name, badge, last, change and the position."""
    section = s.symbol
    if section is None:
        return _name_only(s, con_id)
    quote, held = section.quote, section.position
    decimals = decimals_of(section)
    change = _change(quote)
    kinds = {"STK": "stock", "FUT": "future", "IND": "index", "CASH": "currency", "OPT": "option", "WAR": "warrant"}
    quoted = (
        f"{section.currency}, quoted in {UNITS.get(section.unit, section.unit)}" if section.unit else section.currency
    )
    words = (section.name, section.exchange, kinds.get(section.sec_type, section.sec_type), quoted)
    return {
        "con": con_id,
        "name": section.local_symbol,
        "about": " · ".join(word for word in words if word)
        + (f" · × {quantity(section.multiplier)}" if section.multiplier != 1.0 else ""),
        "badge": badge(_line(s, con_id), section.pinned),
        "last": _last(quote, decimals, section.unit),
        "kind": _price_kind(quote),
        "change": [f"{arrow(change)} {signed(change, decimals)}".strip(), tone(change)],
        "change_pct": [percent(quote.change_pct if quote else None), tone(change)],
        "held": held is not None,
        "position": _position(section, decimals),
        "unrealised": _money(held.unrealized_pnl, section) if held else None,
        "unrealised_pct": _of_cost(s),
        "day": [*_money(held.daily_pnl, section), "" if held.daily_pnl is not None else "Not sent by IB"]
        if held
        else None,
        "pinned": section.pinned,
        "pin": "Unpin" if section.pinned else "Pin",
        "zone": _zone(section, s.zone),
    }


def _money(value: float | None, section: SymbolSection) -> list[str]:
    """P&L with its currency where that is not the dollar."""
    foreign = f" {section.currency}" if section.currency != "USD" and value is not None else ""
    return [signed(value) + foreign, tone(value)]


def _name_only(s: Snapshots, con_id: int) -> dict[str, Any]:
    known = next((row for row in s.universe.symbols if row[0] == con_id), None) if s.universe else None
    filtered = _filtered(s, con_id)
    name = known[1] if known else filtered.local_symbol if filtered else f"Contract {con_id}"
    about = f"{known[3]} · {known[4]}" if known else filtered.sec_type if filtered else ""
    return {"con": con_id, "name": name, "about": about, "badge": badge(_line(s, con_id), False), "held": False}


def _last(quote: Quote | None, decimals: int, unit: str) -> Any:
    if quote is None or quote.price is None:
        return [None, "missing", "No price yet"]
    return f"{number(quote.price, decimals)} {unit}".strip()


def _position(section: SymbolSection, decimals: int) -> str | None:
    """Quantity and average price; of several accounts each one's quantity: nobody paid the mean of all."""
    if section.position is None:
        return None
    if len(section.held) > 1:
        return ", ".join(f"{quantity(row.quantity)} {redacted(row.account)}" for row in section.held)
    held = section.position
    return f"{quantity(held.quantity)} @ {number(held.avg_price, decimals)} {held.unit}".strip()


def _price_kind(quote: Quote | None) -> str | None:
    """What the price is when it is not a live last price."""
    if quote is None or quote.price is None:
        return None
    words = [{"mid": "mid", "close": "prior close"}.get(quote.price_kind or "", "")]
    words.append(quote.data_type if quote.data_type != "live" else "")
    return ", ".join(word for word in words if word) or None


def _change(quote: Quote | None) -> float | None:
    if quote is None or quote.price is None or not quote.close:
        return None
    return quote.price - quote.close


def _of_cost(s: Snapshots) -> Any:
    held = s.symbol.position if s.symbol else None
    basis = abs(held.quantity * (held.avg_cost or 0.0)) if held else 0.0  # of a credit there is no per cent either
    if held is None or held.unrealized_pnl is None or not basis:
        return None
    pct = held.unrealized_pnl / basis * 100.0
    return [percent(pct), tone(pct)]


def _zone(section: SymbolSection, page_zone: tzinfo) -> str | None:
    """The page's zone and the exchange's, said where they differ."""
    if not section.bars:
        return None
    at = section.bars[-1].time
    where = exchange_zone(section.time_zone)
    if offset_s(at, where) == offset_s(at, page_zone):
        return None
    return f"{zone_word(at, page_zone)} · exchange {zone_word(at, where)}"


def _line(s: Snapshots, con_id: int) -> LineRow | None:
    rows = s.lines.rows if s.lines else ()
    return next((row for row in rows if row.con_id == con_id), None)


def badge(row: LineRow | None, is_pinned: bool) -> list[str]:
    """The place in the line budget as a badge: [text, tone, title]."""
    if row is None:
        return ["no line", "none", "No market-data line is used for this symbol now"]
    if row.line_class == "pinned" and not is_pinned:
        return ["Line while open", "coverage", "It has a line for as long as this page is open"]
    return [LINE_CLASSES.get(row.line_class, row.line_class), row.line_class, row.reason]


def ring(s: Snapshots) -> list[list[Any]]:
    """[con_id, name] of what one goes through by "next symbol": positions by exposure, then candidates by score.

    Its order of now; the browser holds the one that it began with (assets/pages/symbol.mjs).
    """
    found: dict[int, str] = {}
    if s.positions:
        for row in sorted(s.positions.tradable, key=lambda row: (-(row.exposure or 0.0), row.local_symbol)):
            found[row.con_id] = row.local_symbol
    for candidate in s.scanners.candidates[:20] if s.scanners else ():
        found.setdefault(candidate.con_id, candidate.local_symbol)
    return [[con_id, name] for con_id, name in found.items()]


def quote_panel(section: SymbolSection) -> dict[str, Any]:
    """Bid and ask, spread, volume, range of the day."""
    quote = section.quote
    decimals = decimals_of(section)
    return {
        "atr": number(section.atr, average_decimals(section.atr, decimals)) if section.atr is not None else None,
        "rel_volume": [times(section.rel_volume, 2), "", _base_words(section)],
        **(_prices(quote, decimals) if quote else {}),
    }


def _base_words(section: SymbolSection) -> str:
    if section.rel_volume is None and section.rel_volume_base:
        return "Fewer than 60 s were counted since its line began"
    if not section.rel_volume_base:
        return "The usual volume is not known yet"
    usual = "the mean of the 20 minutes before" if section.rel_volume_base == "SMA20" else section.rel_volume_base
    return f"What traded in the last 60 s against what is usual in this minute of the day ({usual})"


def _prices(q: Quote, decimals: int) -> dict[str, Any]:
    spread = q.ask - q.bid if q.bid is not None and q.ask is not None else None
    span = q.high - q.low if q.high is not None and q.low is not None else None
    at = (q.price - q.low) / span * 100.0 if span and q.price is not None and q.low is not None else None
    return {
        "bid": number(q.bid, decimals) if q.bid is not None else None,
        "bid_size": f"× {quantity(q.bid_size)}" if q.bid_size is not None else "",
        "ask": number(q.ask, decimals) if q.ask is not None else None,
        "ask_size": f"× {quantity(q.ask_size)}" if q.ask_size is not None else "",
        "spread": number(spread, decimals) if spread is not None else None,
        "spread_bp": f"{number(q.spread_bp, 1)} bp" if q.spread_bp is not None else "",
        "open": number(q.open, decimals) if q.open is not None else None,
        "close": number(q.close, decimals) if q.close is not None else None,
        "volume": volume_text(q.volume),
        "low": number(q.low, decimals) if q.low is not None else None,
        "high": number(q.high, decimals) if q.high is not None else None,
        "in_range": None if at is None else round(min(100.0, max(0.0, at)), 1),
        "range_words": share(at, 0) + " of the day's range" if at is not None else None,
    }


def volume_text(value: float | None) -> Any:
    """ "39.7 M", "512 k", "840"; missing while its unit is not known."""
    if value is None:
        return [None, "missing", "The unit of the volume is not known yet, or none was sent"]
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{number(value / size, 1)} {unit}"
    return number(value, 0)


def why_panel(section: SymbolSection | None) -> dict[str, Any]:
    if section is None:
        return dict.fromkeys(("why_long", "why_short", "said_long", "said_short"))
    return {
        "why_long": failed_words(section.rules),
        "why_short": failed_words(section.rules_short),
        "said_long": typeset(section.why_long or section.why_text) or None,
        "said_short": typeset(section.why_short or section.why_text) or None,
    }


def line_panel(s: Snapshots, con_id: int) -> dict[str, Any]:
    """Its place in the line budget."""
    row, section = _line(s, con_id), s.symbol
    text = _sentence(section.line_text) if section else ""
    if row is None:
        return {"line_text": text or None, "line_held": None, "line": False, "line_said": None}
    since = clock_text(s.market_time(row.since_wall), s.zone)
    lane: str = row.lane if row.state == "live" else row.state
    lane = "watched" if lane == "visited" and row.watched else lane
    kind = section.quote.data_type if section and section.quote else "live"
    lane += "" if kind == "live" or row.state != "live" else f", {kind}"
    return {
        "line": True,
        "line_said": f"Subscribed LIVE {row.local_symbol} (priority={row.priority})" if row.priority else None,
        "line_text": text or None,
        "line_held": {"text": f"{{age}}, since {since}", "from": row.since_wall},
        "line_by": f"no scan now, {wanted_words(row, s)}" if row.kept_until_wall is not None else wanted_words(row, s),
        "line_lane": lane,
        "line_tick": _tick_words(row, section),
        "line_out": "never while the position is open" if row.line_class == "100" else _out_words(row, s),
    }


def _tick_words(row: LineRow, section: SymbolSection | None) -> Any:
    if row.last_tick_wall is None:
        return [None, "missing", "No tick on this line yet"]
    quote = section.quote if section else None
    size = ""
    if section and quote and quote.last_size:
        size = f", {quantity(quote.last_size)} @ {number(quote.last, decimals_of(section))}"
    return {"text": f"{{age}} ago{size}", "from": row.last_tick_wall}


def _out_words(row: LineRow, s: Snapshots) -> str:
    if row.next_out is None:
        return "not while it is wanted"
    if row.line_class == "coverage":
        return "when its visit ends"
    rows = s.lines.rows if s.lines else (row,)
    places = sorted(each.next_out for each in rows if each.next_out is not None and each.line_class != "coverage")
    place = places.index(row.next_out) + 1  # as the ledger counts: visits go before all held lines
    return "the next one" if place == 1 else f"place {place} of {len(places)}"
