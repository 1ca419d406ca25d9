"""The six figures on top of the Overview: value and a line of context each. Pure."""

from __future__ import annotations

from typing import Any

from app.format import arrow, number, percent, plural, redacted, share, signed, tone
from app.rows.positions import without
from engine.state.sections import AccountFigures, Lack, PositionsSection

NOTABLE, NOTABLE_SHARE = 10.0, 0.02  # what the account made beside its rows is worth a word from here on
DAY_BASIS = "IB's own figure of the account's day, from its reset on; filtered positions are in it."
UNREALIZED_BASIS = "Tradable positions at our own marks, against average cost."
REALIZED_BASIS = (
    "IB's own figure, on the schedule of its day P&L, commission included; while it is still the former day's, the sum "
    "of today's fills. Today is each instrument's trade date."
)
NET_BASIS = "IB's own value of the account: cash and positions."
EXCESS_BASIS = "IB's own figure: equity with loan value less the maintenance margin."
EXPOSURE_BASIS = (
    "Sum of |quantity x mark x multiplier| in the account's currency. "
    "Old: marked more than 60 s ago, delayed, or valued by IB."
)


def key_figures(section: PositionsSection | None) -> dict[str, Any]:
    """The six figures on top of the Overview: value and a line of context each."""
    if section is None:
        return {}
    a = section.account
    fills = plural(a.fills_today, "fill")
    commission = f", {number(a.commission_today, 2)} commission" if a.commission_today is not None else ""
    commission += f", {a.commission_pending} pending" if a.commission_pending else ""
    not_sent = f"{_unconverted(a)}: no sum of all accounts" if a.unconverted else "Not sent by the broker yet"
    base = a.base_currency or "base currency not known"
    age: Any = {"text": f"{base} · account {{age}} old", "from": a.updated_wall}
    return {
        "day": [
            _money(a.daily_pnl, a.base_currency),
            tone(a.daily_pnl),
            DAY_BASIS if a.daily_pnl is not None else not_sent,
        ],
        "day2": _since_close(a.daily_pnl_pct, a),
        "unr": [
            _money(a.unrealized_pnl, a.currency),
            tone(a.unrealized_pnl),
            "" if a.unrealized_pnl is not None else not_sent,
        ],
        "unr2": [_left_out(a) or "against average cost", "warn" if a.lacking else "plain", _unrealized_basis(a)],
        "real": [
            _money(a.realized_today, a.base_currency),
            tone(a.realized_today),
            REALIZED_BASIS if a.realized_today is not None else _realized_missing(a) or not_sent,
        ],
        "real2": fills + commission,
        "net": [
            _value(a.net_liquidation, a.base_currency),
            "plain",
            NET_BASIS if a.net_liquidation is not None else not_sent,
        ],
        "net2": age if a.updated_wall is not None else a.base_currency,
        "excess": [
            _value(a.excess_liquidity, a.base_currency),
            "plain",
            EXCESS_BASIS if a.excess_liquidity is not None else not_sent,
        ],
        "excess2": _ratio_note(a.excess_liquidity, a.net_liquidation, "of net liq."),
        "gross": [
            _value(a.gross_exposure, a.currency),
            "plain",
            "" if a.gross_exposure is not None else "A price is missing",
        ],
        "gross2": [_exposure_note(a), "warn" if a.untrusted_pct else "plain", EXPOSURE_BASIS],
    }


def _money(value: float | None, currency: str) -> str:
    return signed(value) + _foreign(value, currency)


def _value(value: float | None, currency: str) -> str:
    return number(value, 2) + _foreign(value, currency)


def _foreign(value: float | None, currency: str) -> str:
    """ " EUR"; "" for the dollar, which goes without saying, and while there is nothing."""
    return f" {currency}" if value is not None and currency not in ("", "USD") else ""


def _unconverted(a: AccountFigures) -> str:
    return without([Lack(redacted(lack.local_symbol), lack.what) for lack in a.unconverted])


def _realized_missing(a: AccountFigures) -> str:
    return "The commission report of a fill is still to come" if a.commission_pending else ""


def _since_close(pct: float | None, a: AccountFigures) -> Any:
    """Per cent, and what separates the account's figure from the sum of the rows; the whole story in the tooltip."""
    notes = [f"{signed(a.filtered_daily_pnl)} filtered"] if a.filtered_daily_pnl else []
    if a.daily_pnl is not None and a.rows_daily_pnl is not None:
        rest = a.daily_pnl - a.rows_daily_pnl - (a.filtered_daily_pnl or 0.0)
        if abs(rest) > max(NOTABLE, NOTABLE_SHARE * abs(a.daily_pnl)):
            notes.append(f"{signed(rest, 0)} closed today")
    words = None if pct is None else f"{arrow(pct)} {percent(pct)}".strip()
    if notes and a.daily_text:
        return [" · ".join(filter(None, (words, *notes))), "plain", a.daily_text]
    return f"{words} since prior close" if words else None


def _left_out(a: AccountFigures) -> str:
    """The first thing that the sum lacks, and how many more."""
    if not a.lacking:
        return ""
    more = f" and {len(a.lacking) - 1} more" if len(a.lacking) > 1 else ""
    return f"without {a.lacking[0].local_symbol}{more}"


def _unrealized_basis(a: AccountFigures) -> str:
    return " ".join(filter(None, (UNREALIZED_BASIS, f"{without(a.lacking)}." if a.lacking else "", a.unrealized_text)))


def _exposure_note(a: AccountFigures) -> str | None:
    parts = [_times_note(a.gross_exposure, a.net_liquidation)]
    if a.untrusted_pct:
        parts.append(f"{share(a.untrusted_pct, 0)} old")
    return " · ".join(filter(None, parts)) or None


def _ratio_note(part: float | None, whole: float | None, words: str) -> str | None:
    return f"{share(part / whole * 100.0)} {words}" if part is not None and whole is not None and whole > 0.0 else None


def _times_note(part: float | None, whole: float | None) -> str | None:
    return f"{number(part / whole, 1)} × net liq." if part is not None and whole is not None and whole > 0.0 else None
