"""The six figures on top of the Overview: value and a line of context each. Pure."""

from __future__ import annotations

from typing import Any

from app.format import arrow, number, plural, share, signed, tone
from engine.state.sections import PositionsSection


def key_figures(section: PositionsSection | None) -> dict[str, Any]:
    """The six figures on top of the Overview: value and a line of context each."""
    if section is None:
        return {}
    a = section.account
    fills = plural(a.fills_today, "fill")
    commission = f", {number(a.commission_today, 2)} commission" if a.commission_today is not None else ""
    not_sent = "Not sent by the broker yet"
    age: Any = {"text": f"{a.currency} · account {{age}} old", "from": a.updated_wall}
    return {
        "day": [signed(a.daily_pnl), tone(a.daily_pnl), "" if a.daily_pnl is not None else not_sent],
        "day2": _since_close(a.daily_pnl_pct),
        "unr": [signed(a.unrealized_pnl), tone(a.unrealized_pnl), "" if a.unrealized_pnl is not None else not_sent],
        "unr2": "against average cost",
        "real": [signed(a.realized_today), tone(a.realized_today), "" if a.realized_today is not None else not_sent],
        "real2": fills + commission,
        "net": [number(a.net_liquidation, 2), "plain", "" if a.net_liquidation is not None else not_sent],
        "net2": age if a.updated_wall is not None else a.currency,
        "excess": [number(a.excess_liquidity, 2), "plain", "" if a.excess_liquidity is not None else not_sent],
        "excess2": _ratio_note(a.excess_liquidity, a.net_liquidation, "of net liq."),
        "gross": [number(a.gross_exposure, 2), "plain", "" if a.gross_exposure is not None else "A price is missing"],
        "gross2": _times_note(a.gross_exposure, a.net_liquidation),
    }


def _since_close(pct: float | None) -> str | None:
    return None if pct is None else f"{arrow(pct)} {share(abs(pct), 2)} since prior close".strip()


def _ratio_note(part: float | None, whole: float | None, words: str) -> str | None:
    return f"{share(part / whole * 100.0)} {words}" if part is not None and whole else None


def _times_note(part: float | None, whole: float | None) -> str | None:
    return f"{number(part / whole, 1)} × net liq." if part is not None and whole else None
