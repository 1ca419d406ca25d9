"""Signals, fills and the position of one symbol: rows of the table and marks on the chart. Pure."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from app.figures.candles import decimals_of
from app.figures.zones import clock_text, exchange_words, shown
from app.format import number, quantity, redacted, signed, times, tone
from engine.domain import REL_VOLUME, Fill, Signal, revision_of
from engine.portfolio.fills import order_doubts, root
from engine.state.sections import PositionRow, SymbolSection

MOST = 60


def chart_marks(section: SymbolSection, zone: tzinfo) -> list[list[Any]]:
    """[kind, shown time, price, text] of each mark, oldest first; kind = long, short, bought, sold."""
    marks: list[list[Any]] = [
        [
            g.side,
            shown(g.at, zone),
            g.last,
            f"signal {g.score:.2f}",
        ]
        for g in section.signals[-MOST:]
    ]
    marks += [
        ["bought" if f.side == "BOT" else "sold", shown(f.time_market, zone), f.price, f"{f.side} {_size(f)}"]
        for f in section.fills[-MOST:]
    ]
    return sorted(marks, key=lambda mark: float(mark[1]))


def mark_rows(section: SymbolSection, now_market: float, zone: tzinfo) -> dict[str, Any]:
    """Newest first, the position at the end."""
    last = section.quote.price if section.quote else None
    dated = [(g.at, f"s{g.id}", _signal(g, section, last, now_market, zone)) for g in section.signals[-MOST:]]
    doubts = order_doubts(section.fills, of_a_part=True)
    dated += [
        (f.time_market, _key(f, section), _fill(f, section, now_market, zone, doubts.get(root(f))))
        for f in section.fills[-MOST:]
    ]
    dated.sort(key=lambda item: -item[0])
    rows = {key: {"order": i, **row} for i, (_, key, row) in enumerate(dated)}
    held = section.held or ((section.position,) if section.position is not None else ())
    for row in held:
        key = "position" if len(held) == 1 else f"position{row.account}"
        rows[key] = {"order": len(rows), **_position(row, section, len(held) > 1)}
    return rows


def _at(market: float, section: SymbolSection, now: float, zone: tzinfo) -> Any:
    """The page's time; the exchange's in the tooltip where it differs."""
    text, there = clock_text(market, zone, now), exchange_words(market, section.time_zone, zone)
    return [text, "", there] if there else text


def _signal(g: Signal, section: SymbolSection, last: float | None, now: float, zone: tzinfo) -> dict[str, Any]:
    decimals = decimals_of(section)
    since = None if last is None else (last - g.last) * (1.0 if g.side == "long" else -1.0)
    ended = f", ended {clock_text(g.ended_at, zone, now)}" if g.ended_at is not None else ""
    newest = dict(section.scores_now).get(g.id)
    score = f", score at signal {number(g.score, 2)}"
    if newest is not None:
        score += f", score now {number(newest, 2)}"
    early = ", broke out before QTrade looked" if g.before_look else ""
    volume = f", {REL_VOLUME[0].lower()}{REL_VOLUME[1:]}: {times(g.rel_volume)}" if g.rel_volume is not None else ""
    return {
        "at": _at(g.at, section, now, zone),
        "icon": ["up" if g.side == "long" else "down", g.side],
        "what": "Breakout long" if g.side == "long" else "Breakdown short",
        "price": number(g.last, decimals),
        "detail": f"level {number(g.level, decimals)}{volume}{score}{early}{ended}",
        "since": [signed(since, decimals), tone(since, decimals)],
    }


def _fill(f: Fill, section: SymbolSection, now: float, zone: tzinfo, doubt: str | None) -> dict[str, Any]:
    return {
        "at": _fill_at(f, section, now, zone),
        "icon": ["ring", ""],
        "what": f"{'Bought' if f.side == 'BOT' else 'Sold'} {_size(f)}",
        "price": f"{number(f.price, decimals_of(section))} {section.unit}".strip(),
        "detail": ", ".join(filter(None, (_account(f, section), _money(f, section), *_notes(f), f.exchange))),
        "since": _check(doubt),
    }


def _fill_at(f: Fill, section: SymbolSection, now: float, zone: tzinfo) -> Any:
    if f.time_kind == "exchange":
        return _at(f.time_market, section, now, zone)
    told = f" ({f.exchange_time})" if f.exchange_time else ""
    return [
        f"~{clock_text(f.time_market, zone, now)}",
        "warn",
        f"Time uncertain: the exchange's could not be read{told}, this is when the fill came",
    ]


def _account(f: Fill, section: SymbolSection) -> str:
    """Whose it was, where fills of several accounts stand together."""
    return redacted(f.account) if len({each.account for each in section.fills}) > 1 else ""


def _money(f: Fill, section: SymbolSection) -> str:
    """The result is in the contract's currency; a commission in another one says so."""
    if f.commission is None:
        return "commission pending"
    currency = f.commission_currency if f.commission_currency != section.currency else ""
    rebate = f.commission < 0.0
    cost = f"{number(abs(f.commission), 2)} {currency}".strip() + (" rebate" if rebate else " commission")
    if f.realized_pnl is None:
        return cost if rebate else f"commission {number(f.commission, 2)} {currency}".strip()
    return f"realised {signed(f.realized_pnl)} incl. {cost}"


def _notes(f: Fill) -> tuple[str, ...]:
    return (
        "corrected by the exchange" if revision_of(f.exec_id) > 1 else "",
        "price may still change" if f.price_pending else "",
        "closed by IB" if f.liquidation else "",
    )


def _check(doubt: str | None) -> list[Any]:
    if doubt is not None:
        return ["check", "warn", f"A fill may be counted twice or missing: {doubt}"]
    return [None, "missing", "A fill is done: its result is in the detail"]


def _position(held: PositionRow, section: SymbolSection, name_account: bool) -> dict[str, Any]:
    unit = (
        "contract" if held.sec_type in ("FUT", "OPT", "FOP", "WAR") else "share" if held.sec_type == "STK" else "unit"
    )
    size = f"{quantity(held.quantity)} {unit}{'' if abs(held.quantity) == 1 else 's'}"
    return {
        "at": "now",
        "icon": ["held", ""],
        "what": f"Position of {redacted(held.account)}" if name_account else "Position",
        "price": f"{number(held.avg_price, decimals_of(section))} {section.unit}".strip(),
        "detail": f"average price of {size}, commission included",
        "since": [signed(held.unrealized_pnl), tone(held.unrealized_pnl)],
    }


def _key(f: Fill, section: SymbolSection) -> str:
    """One id may come for several accounts."""
    return f"f{f.account if _account(f, section) else ''}{f.exec_id}"


def _size(f: Fill) -> str:
    return quantity(f.quantity)
