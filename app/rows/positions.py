"""Positions: rows of the grid, their total, the filtered ones with reasons, the futures tile, the treemap. Pure."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from app.format import number, plural, price_decimals, quantity, signed
from app.rows.states import broker_state, empty
from app.snapshots import Snapshots
from engine.state.sections import FilteredRow, PositionRow, PositionsSection
from engine.zones import NEW_YORK, local_time

View = dict[str, dict[str, Any]]
SPARK_HEIGHT = 40  # half pixels of the 24-px cell, less a margin

KIND_WORDS = {"OTC": ("OTC", "OTC"), "right": ("right", "rights"), "warrant": ("warrant", "warrants")}


def positions_parts(s: Snapshots) -> View:
    """Everything the Positions page shows beside the strip."""
    section = s.positions
    has_rows = bool(section and (section.tradable or section.filtered))
    return {
        "grid:positions": grid_rows(section, s),
        "grid:total": total_row(section),
        "rows:filtered": filtered_rows(section),
        "rows:futures": futures_rows(section, s),
        "positions": summary(section),
        "treemap": treemap(section),
        "pnlcurves": pnl_curves(section),
        "state": {
            "positions": positions_state(s),
            "futures": futures_state(s),
            "curves": curves_state(s),
            "filtered": broker_state(
                s, section, has_rows, empty("Nothing is filtered", "Every position can be traded and is shown above.")
            ),
        },
    }


def positions_state(s: Snapshots) -> dict[str, Any]:
    """State of every block that shows tradable positions."""
    section = s.positions
    if section is not None and not section.complete and not section.tradable and s.broker and s.broker.connected:
        return {"s": "loading", "text": "The broker is sending the positions."}
    none = empty("No position", "Positions appear here as soon as the account holds one that can be traded.")
    return broker_state(s, section, bool(section and section.tradable), none)


def futures_state(s: Snapshots) -> dict[str, Any]:
    """The futures tile is empty for an account that holds none."""
    held = bool(s.positions and any(row.sec_type == "FUT" for row in s.positions.tradable))
    return broker_state(s, s.positions, held, empty("No future held", "Notional, tick value and last trade day."))


def summary(section: PositionsSection | None) -> dict[str, Any]:
    """Counts in the heads of the cards."""
    if section is None:
        return {"count": None, "filtered": None, "filtered_why": None}
    filtered = section.filtered
    return {
        "count": f"{len(section.tradable)} tradable",
        "filtered": f"{len(filtered)} filtered" if filtered else None,
        "filtered_why": ": " + filtered_words(filtered) if filtered else None,
        "filtered_count": plural(len(filtered), "position"),
    }


def filtered_words(filtered: tuple[FilteredRow, ...]) -> str:
    """ "4 OTC, 3 rights, 1 warrant, 1 delisted", the most frequent first."""
    counts = Counter(row.kind for row in filtered)
    words = []
    for kind, count in counts.most_common():
        one, many = KIND_WORDS.get(kind, (kind, kind))
        words.append(f"{count} {one if count == 1 else many}")
    return ", ".join(words)


def grid_rows(section: PositionsSection | None, s: Snapshots) -> dict[str, Any]:
    """Largest exposure first; key = con_id."""
    if section is None:
        return {}
    fills = Counter(fill.con_id for fill in section.fills)
    ordered = sorted(section.tradable, key=lambda row: (-(row.exposure or 0.0), row.local_symbol))
    return {str(row.con_id): _row(i, row, fills[row.con_id], s) for i, row in enumerate(ordered)}


def _row(order: int, row: PositionRow, fill_count: int, s: Snapshots) -> dict[str, Any]:
    decimals = price_decimals(row.last or row.avg_price, row.sec_type)
    basis = abs(row.quantity * (row.avg_cost or 0.0))
    unrealized_pct = row.unrealized_pnl / basis * 100.0 if row.unrealized_pnl is not None and basis else None
    return {
        "order": order,
        "sym": row.local_symbol,
        "name": row.name or row.sec_type,
        "qty": row.quantity,
        "unit": _unit(row),
        "avg": _round(row.avg_price, max(2, decimals)),
        "cost": _cost(row),
        "spark": spark(row.spark),
        "dec": decimals,
        "last": _round(row.last, decimals),
        "kind": _kind(row),
        "chg": _round(row.change_pct, 2),
        "day": _round(row.daily_pnl, 2),
        "day2": _day_note(row, fill_count),
        "unr": _round(row.unrealized_pnl, 2),
        "unrp": _round(unrealized_pct, 2),
        "ib": _round(row.ib_unrealized_pnl, 2),
        "exp": _round(row.exposure, 0),
        "expp": _round(row.exposure_pct, 1),
        "fast": _round(row.ema_fast, decimals),
        "slow": _round(row.ema_slow, decimals),
        "trend": row.trend,
        "at": _round(row.last_wall, 1),
        "cur": "" if row.currency == "USD" else row.currency,
        "why": row.message or _why_missing(row),
    }


def _cost(row: PositionRow) -> str:
    if row.avg_cost is None:
        return "cost unknown"
    return f"cost {number(row.avg_cost * (abs(row.quantity) if row.multiplier == 1 else 1), 2)}"


def _unit(row: PositionRow) -> str:
    if row.multiplier != 1.0:
        return f"× {quantity(row.multiplier)}"
    return "shares" if row.sec_type in ("STK", "ETF") else row.sec_type


def _kind(row: PositionRow) -> str:
    """What the price is when it is not a live last price: "mid", "prior close", "delayed", "frozen"."""
    words = []
    if row.last_kind in ("mid", "close", "portfolio"):
        words.append({"mid": "mid", "close": "prior close", "portfolio": "from TWS"}[row.last_kind])
    if row.data_type != "live":
        words.append(row.data_type)
    return ", ".join(words)


def _day_note(row: PositionRow, fill_count: int) -> str:
    if fill_count:
        return f"{plural(fill_count, 'fill')} today"
    size = row.quantity * row.multiplier
    if row.daily_pnl is None or not size:
        return ""
    points = signed(row.daily_pnl / size, 2)
    return f"{points} pt" if row.sec_type == "FUT" else f"{points} a share"


def _why_missing(row: PositionRow) -> str:
    if row.last is None:
        return "No price yet" if row.has_line else "No market-data line: the price comes from portfolio updates"
    return ""


def spark(values: tuple[float | None, ...]) -> list[int | None]:
    """Closes as heights 0-40 for a 24-px cell, None = gap; [] with fewer than two values."""
    known = [v for v in values if v is not None]
    if len(known) < 2:
        return []
    low, high = min(known), max(known)
    scale = SPARK_HEIGHT / (high - low) if high > low else 0.0
    return [None if v is None else round((v - low) * scale) if scale else SPARK_HEIGHT // 2 for v in values]


def total_row(section: PositionsSection | None) -> dict[str, Any]:
    """The pinned row at the bottom; a sum is missing as soon as one of its parts is, or with several currencies."""
    if section is None or not section.tradable:
        return {}
    if len({row.currency for row in section.tradable}) > 1:
        return {"total": {"sym": "Total", "day": None, "unr": None, "exp": None}}
    return {
        "total": {
            "sym": "Total",
            "day": total(tuple(row.daily_pnl for row in section.tradable), 2),
            "unr": total(tuple(row.unrealized_pnl for row in section.tradable), 2),
            "exp": total(tuple(row.exposure for row in section.tradable), 0),
        }
    }


def total(values: tuple[float | None, ...], decimals: int) -> float | None:
    """The sum, or None when any value is missing: half a sum is a wrong number."""
    known = [v for v in values if v is not None]
    return round(sum(known), decimals) if len(known) == len(values) else None


def filtered_rows(section: PositionsSection | None) -> dict[str, Any]:
    if section is None:
        return {}
    return {
        str(row.con_id): {
            "order": i,
            "sym": {"sym": row.local_symbol},
            "kind": [row.kind, "chip"],
            "type": row.sec_type,
            "qty": quantity(row.quantity),
            "reason": row.reason,
        }
        for i, row in enumerate(section.filtered)
    }


def futures_rows(section: PositionsSection | None, s: Snapshots) -> dict[str, Any]:
    """Notional, dollars a tick and days to the last trade of each future held."""
    if section is None:
        return {}
    out: dict[str, Any] = {}
    for row in section.tradable:
        if row.sec_type != "FUT":
            continue
        days = days_left(row.last_trade_date, s)
        out[str(row.con_id)] = {
            "order": len(out),
            "sym": {"sym": row.local_symbol, "con": row.con_id},
            "notional": number(row.exposure, 0),
            "tick": f"{number(row.tick_value, 2)}" if row.tick_value is not None else None,
            "point": number(row.multiplier, 0),
            "days": [_days_words(days), "warn" if days is not None and days <= 5 else "plain", row.last_trade_date],
        }
    return out


def days_left(last_trade_date: str, s: Snapshots) -> int | None:
    """Calendar days from today on New York's calendar, by the gateway's clock, to YYYYMMDD; None when not known."""
    text = last_trade_date[:8]
    if len(text) < 8 or not text.isdecimal():
        return None
    try:
        last_day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
    return (last_day - local_time(s.market_time(s.now), NEW_YORK).date()).days


def _days_words(days: int | None) -> str | None:
    if days is None:
        return None
    if days < 0:
        return "expired"
    return "last day today" if days == 0 else plural(days, "day")


def treemap(section: PositionsSection | None) -> dict[str, Any]:
    """What the exposure treemap shows, rounded so that it is drawn again only when a tile really changes."""
    if section is None:
        return {"tiles": []}
    tiles = [
        [row.con_id, row.local_symbol, float(f"{row.exposure:.3g}"), _round(row.change_pct, 1)]
        for row in section.tradable
        if row.exposure
    ]
    return {"tiles": sorted(tiles, key=lambda tile: -float(tile[2]))}


def pnl_curves(section: PositionsSection | None) -> dict[str, Any]:
    """Unrealised P&L of each position at each minute's close of the last hour, at today's quantity; None = gap."""
    if section is None:
        return {}
    out: dict[str, Any] = {}
    for row in sorted(section.tradable, key=lambda row: -(row.exposure or 0.0)):
        if sum(1 for v in row.spark if v is not None) < 2:
            continue
        values = [
            None
            if close is None or row.avg_cost is None
            else round(row.quantity * (close * row.multiplier - row.avg_cost))
            for close in row.spark
        ]
        out[str(row.con_id)] = {"order": len(out), "sym": row.local_symbol, "y": values}
    return out


def curves_state(s: Snapshots) -> dict[str, Any]:
    """State of the P&L curves: they need the bars of the last hour."""
    waiting = empty("No curve yet", "A curve needs the one-minute bars of the last hour; they come with the history.")
    return broker_state(s, s.positions, bool(pnl_curves(s.positions)), waiting)


def _round(value: float | None, decimals: int) -> float | None:
    if value is None:
        return None
    return round(value, decimals) if decimals else round(value)
