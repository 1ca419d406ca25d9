"""Positions: rows of the grid, their total, the filtered ones with reasons, the futures tile, the treemap. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from app.format import account_labels, number, plural, quantity, redacted, signed, tone
from app.rows.risk import days_words, risk_parts
from app.rows.states import Dated, broker_state, dated_position, empty, lines_of, market_state
from app.rows.treemap import exposure_tiles
from app.snapshots import Snapshots
from engine.prices.decimals import contract_decimals, tick_decimals
from engine.state.sections import FilteredRow, Lack, PositionRow, PositionsSection

View = dict[str, dict[str, Any]]
SPARK_HEIGHT = 40  # half pixels of the 24-px cell, less a margin

MARK_WORDS = {
    "mark": "IB's mark",
    "last": "last",
    "mid": "mid",
    "bid": "bid",
    "ask": "ask",
    "close": "prior close",
    "portfolio": "from TWS",
}
COST_UNKNOWN = "cost unknown"  # an exposure is known without it
FAR = 0.005  # of the last price: a mark beyond is worth a word
KIND_WORDS = {
    "right": ("right", "rights"),
    "warrant": ("warrant", "warrants"),
    "combination": ("combination", "combinations"),
}


def positions_parts(s: Snapshots) -> View:
    """Everything the Positions page shows beside the strip."""
    section = s.positions
    has_rows = bool(section and (section.tradable or section.filtered))
    risk = risk_parts(s)
    return {
        **risk,
        "grid:positions": grid_rows(section, s),
        "grid:total": total_row(section),
        "rows:filtered": filtered_rows(section),
        "rows:futures": futures_rows(section, s),
        "positions": summary(section),
        "treemap": exposure_tiles(section),
        "state": {
            **risk["state"],
            "positions": positions_state(s),
            "futures": futures_state(s),
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
    return market_state(s, broker_state(s, section, bool(section and section.tradable), none), dated_rows(s))


def dated_rows(s: Snapshots, only: str = "") -> list[Dated]:
    """How fresh the prices of the positions are; `only` = of this type."""
    lines, rows = lines_of(s), s.positions.tradable if s.positions else ()
    return [dated_position(row, lines.get(row.con_id)) for row in rows if not only or row.sec_type == only]


def futures_state(s: Snapshots) -> dict[str, Any]:
    """The futures tile is empty for an account that holds none."""
    held = bool(s.positions and any(row.sec_type == "FUT" for row in s.positions.tradable))
    state = broker_state(s, s.positions, held, empty("No future held", "Notional, tick value and last trade day."))
    return market_state(s, state, dated_rows(s, "FUT"))


NOT_KNOWN = "not known yet"


def is_known(section: PositionsSection) -> bool:
    """Whether the broker has said anything of the account: before, no position is not the same as none."""
    return bool(section.tradable or section.filtered) or section.account.updated_wall is not None


def summary(section: PositionsSection | None) -> dict[str, Any]:
    """Counts in the heads of the cards."""
    if section is None:
        return {"count": None, "filtered": None, "filtered_why": None, "currency": None}
    filtered = section.filtered
    if not is_known(section):
        return {
            "count": NOT_KNOWN,
            "filtered": None,
            "filtered_why": None,
            "currency": None,
            "filtered_count": NOT_KNOWN,
        }
    return {
        "currency": section.account.currency or None,
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
    """Largest exposure first, in the currency of the sums; keys: `row_ids`."""
    if section is None:
        return {}
    ids = row_ids(section)
    ordered = sorted(section.tradable, key=lambda row: (-(row.exposure_base or 0.0), row.local_symbol, row.account))
    currency = section.account.currency
    lengths = section.ema_fast_len, section.ema_slow_len
    return {
        ids[row.key]: {**_row(i, row, _of_account(section, row.account), currency), **_trend(row, *lengths)}
        for i, row in enumerate(ordered)
    }


def row_ids(section: PositionsSection) -> dict[str, str]:
    """A row's name in the browser by its key: the con_id; of several accounts con_id and the account's number.

    No account number leaves whole; `assets/core/grid.mjs` finds the symbol before the dot.
    """
    rows, names = _all_rows(section), _account_names(section)
    return {
        row.key: str(row.con_id) if len(names) == 1 else f"{row.con_id}.{names.index(row.account) + 1}" for row in rows
    }


def _all_rows(section: PositionsSection) -> list[PositionRow | FilteredRow]:
    return [*section.tradable, *section.filtered]


def _account_names(section: PositionsSection) -> list[str]:
    return sorted({row.account for row in _all_rows(section)})


def _of_account(section: PositionsSection, account: str) -> str:
    """The account, shortened, where several are shown; else ""."""
    if len(_account_names(section)) < 2:
        return ""
    return account_labels([figures.account for figures in section.accounts]).get(account, redacted(account))


def named(section: PositionsSection, row: PositionRow) -> str:
    """Its symbol, and whose it is where several accounts are shown."""
    return " · ".join(filter(None, (row.local_symbol, _of_account(section, row.account))))


def _row(order: int, row: PositionRow, account: str, currency: str) -> dict[str, Any]:
    decimals = row_decimals(row)
    foreign = "" if row.currency == currency else row.currency
    basis = abs(row.quantity * (row.avg_cost or 0.0))
    unrealized_pct = row.unrealized_pnl / basis * 100.0 if row.unrealized_pnl is not None and basis else None
    return {
        "order": order,
        "sym": row.local_symbol,
        "name": " · ".join(filter(None, (account, foreign, row.name or row.sec_type))),
        "qty": row.quantity,
        "unit": _unit(row),
        "pu": row.unit,
        "ccy": row.currency,
        "avg": _round(row.avg_price, max(2, decimals)),
        "cost": _cost(row),
        "spark": spark(row.spark),
        "dec": decimals,
        "last": _round(row.last, decimals),
        "kind": _kind(row),
        "mark": _round(row.mark, max(decimals, min(decimals + 1, 8)) if row.mark_kind == "mid" else decimals),
        "mkind": MARK_WORDS.get(row.mark_kind or "", row.mark_kind or ""),
        "mark_at": _round(row.mark_wall, 1),
        "far": _mark_words(row, decimals),
        "chg": _round(row.change_pct, 2),
        "day": _round(row.daily_pnl, 2),
        "day2": _day_note(row),
        "unr": _round(row.unrealized_pnl, 2),
        "unrp": _round(unrealized_pct, 2),
        "ib": _round(row.ib_unrealized_pnl, 2),
        "ib_at": _round(row.ib_wall, 1),
        "check": row.check,
        "off": row.check_differs,
        "exp": _round(row.exposure, 0),
        "expp": _round(row.exposure_pct, 1),
        "fast": _round(row.ema_fast, decimals),
        "slow": _round(row.ema_slow, decimals),
        "at": _round(row.price_wall, 1),
        "silent": row.silent,
        "why": row.message or _why_missing(row),
    }


def _trend(row: PositionRow, fast: int, slow: int) -> dict[str, Any]:
    """Which side of the slow EMA the fast one is on, with both lengths: "8 > 21"."""
    words = f"{fast} {'>' if row.trend == 'above' else '<'} {slow}" if row.trend else None
    return {"trend": row.trend, "trend_words": words}


def row_decimals(row: PositionRow) -> int:
    """Decimals of a position's prices: those of its tick, at least those of its price."""
    tick = row.tick_value / row.per_point if row.tick_value and row.per_point else None
    price = row.last if row.last is not None else row.avg_price
    if tick and row.sec_type != "STK":  # a stock under a dollar trades in hundredths of its tick
        return max(2, tick_decimals(tick))
    return contract_decimals(tick, price, row.sec_type)


def _cost(row: PositionRow) -> str:
    """Money: of the whole position for shares, of one contract where there is a multiplier."""
    if row.avg_cost is None:
        return "cost unknown"
    return f"cost {number(row.avg_cost * (abs(row.quantity) if row.multiplier == 1 else 1), 2)}"


def _mark_words(row: PositionRow, decimals: int) -> str:
    """What values the position where that is far from the last price: "mid 1.00"; "" = near."""
    if row.mark is None or row.last is None or abs(row.mark - row.last) <= FAR * abs(row.last):
        return ""
    return f"{MARK_WORDS.get(row.mark_kind or '', row.mark_kind or '')} {number(row.mark, decimals)}".strip()


def _unit(row: PositionRow) -> str:
    if row.multiplier != 1.0:
        return f"× {quantity(row.multiplier)}"
    if row.sec_type in ("CASH", "CRYPTO"):
        return row.local_symbol.partition(".")[0]
    return {"STK": "shares", "ETF": "shares", "BOND": "bonds", "CFD": "CFDs", "CMDTY": "units"}.get(
        row.sec_type, row.sec_type
    )


def _kind(row: PositionRow) -> str:
    """What the price is when it is not a live last price: "mid", "prior close", "delayed", "frozen", "usfarm down"."""
    words = []
    if row.last_kind is not None and row.last_kind != "last":
        words.append(MARK_WORDS.get(row.last_kind, row.last_kind))
    if row.data_type != "live":
        words.append(row.data_type)
    if row.farms_down:
        words.append(f"{row.farms_down} down")
    return ", ".join(words)


def _day_note(row: PositionRow) -> str:
    if row.fills_today:
        return f"{plural(row.fills_today, 'fill')} today"
    size = row.quantity * (row.per_point or 0.0)
    if row.daily_pnl is None or not size:
        return ""
    points = signed(row.daily_pnl / size, 2 if row.sec_type == "STK" else row_decimals(row))
    if row.sec_type == "STK":
        return f"{points} {row.unit} a share".replace("  ", " ")
    return f"{points} {row.unit or 'pt'}"


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
    """The pinned row at the bottom: the engine's sums, in the currency of the view; each note says what its own lacks,
    that of the day's why IB's figure is another one.
    """
    if section is None or not section.tradable:
        return {}
    a = section.account
    foreign = any(row.currency != a.currency for row in section.tradable)
    return {
        "total": {
            "sym": "Total",
            "day": _round(a.rows_daily_pnl, 2),
            "unr": _round(a.unrealized_pnl, 2),
            "exp": _round(a.gross_exposure, 0),
            "cur": a.currency if foreign else "",
            "notes": {
                "day": a.daily_text,
                "unr": without(a.lacking),
                "exp": without([lack for lack in a.lacking if lack.what != COST_UNKNOWN]),
            },
        }
    }


def without(lacking: Sequence[Lack]) -> str:
    """ "Without 6JZ5 (no price), SAP (no exchange rate for EUR)"; "" when the sums leave nothing out."""
    if not lacking:
        return ""
    named = [f"{lack.local_symbol} ({lack.what})" for lack in lacking[:3]]
    more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
    return "Without " + ", ".join(named) + more


def filtered_rows(section: PositionsSection | None) -> dict[str, Any]:
    if section is None:
        return {}
    ids = row_ids(section)
    return {
        ids[row.key]: {
            "order": i,
            "sym": {"sym": " · ".join(filter(None, (row.local_symbol, _of_account(section, row.account))))},
            "kind": [row.kind, "chip"],
            "type": row.sec_type,
            "qty": quantity(row.quantity),
            "value": f"{number(row.market_value, 2)} {row.currency}" if row.market_value is not None else None,
            "unr": [signed(row.unrealized_pnl), tone(row.unrealized_pnl)],
            "at": {"text": "{age}", "from": row.valued_wall} if row.valued_wall is not None else None,
            "reason": row.reason,
        }
        for i, row in enumerate(section.filtered)
    }


def futures_rows(section: PositionsSection | None, s: Snapshots) -> dict[str, Any]:
    """Notional, dollars a tick and trading days to the last trade of each future held."""
    if section is None:
        return {}
    out: dict[str, Any] = {}
    known = {each.con_id: each for each in s.holdings.holdings} if s.holdings is not None else {}
    ids = row_ids(section)
    for row in section.tradable:
        if row.sec_type != "FUT":
            continue
        facts = known.get(row.con_id)
        money = "" if row.currency == "USD" else f" {row.currency}"
        out[ids[row.key]] = {
            "order": len(out),
            "sym": {"sym": named(section, row), "con": row.con_id},
            "notional": number(row.exposure, 0) + money,
            "tick": number(row.tick_value, 2) + money if row.tick_value is not None else None,
            "point": None if row.per_point is None else number(row.per_point, 0 if row.per_point >= 10 else 2) + money,
            "trade": days_words(facts.trade_left, facts.last_trade, by_weekdays=facts.by_weekdays) if facts else None,
        }
    return out


def _round(value: float | None, decimals: int) -> float | None:
    if value is None:
        return None
    return round(value, decimals) if decimals else round(value)
