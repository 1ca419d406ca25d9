"""The read-only JSON for scripts: sections of the state -> plain values. Pure; `s.now` is wall time.

`snapshot` is the number of the moment that an answer is of: answers, and polls of pages, of one number agree in every
figure; null where no one moment can be vouched for. Times are UTC epoch seconds: of this machine for `since`, `at` of
refusals, `ts` and `t`; of the gateway's clock (which differs on the demo) for signals, scans and bars. A missing number
is null.
"""

from __future__ import annotations

from typing import Any, TypeVar

from app.deps import AppDeps
from app.rows.signals import scores_now
from app.snapshots import Snapshots
from engine.domain import Condition, Signal
from engine.portfolio.valuation import cents
from engine.state.sections import (
    AccountFigures,
    FilteredRow,
    LinesSection,
    PositionRow,
    PositionsSection,
    ScannersSection,
)

Json = dict[str, Any]
Held = TypeVar("Held", PositionRow, FilteredRow)

HEARTBEAT_STALE_S = 10.0
ENGINE_DOWN_S = 60.0
PASSED_ERROR_S = 60.0  # an error that only happened, such as a refused request, counts for so long
PRIORITY_KEYS = ("100", "pinned", "50", "25", "coverage")


def heartbeat_age_s(s: Snapshots) -> float | None:
    """Seconds since the engine's last sign of life, whatever the wall clock did; None = none yet."""
    return None if s.heartbeat is None else s.silent_s


def is_alive(s: Snapshots) -> bool:
    age = heartbeat_age_s(s)
    return age is not None and age <= HEARTBEAT_STALE_S


def status(s: Snapshots, deps: AppDeps) -> Json:
    """All of `GET /api/v1/status`; complete from the first request on, before there is an engine or a broker."""
    tradable = s.positions.tradable if s.positions else ()
    filtered = s.positions.filtered if s.positions else ()
    quotes = s.quotes.quotes if s.quotes and is_alive(s) else ()
    return {
        "snapshot": s.snapshot,
        "uptime_s": deps.uptime_s(),
        "broker": _broker(s, deps),
        "lines": _line_counts(s.lines, deps),
        "positions": {"tradable": len(tradable), "filtered": len(filtered)},
        "prices": sum(quote.price is not None for quote in quotes),
        "heartbeat": {"ts": s.heartbeat.at_wall if s.heartbeat else None, "age_s": heartbeat_age_s(s)},
        "scanners": _scanners(s.scanners),
        "account": account(s.positions.account if s.positions else AccountFigures()),
        "accounts": [account(each) for each in _watched(s)],
        "build": {"id": deps.build_id, "version": deps.version},
    }


def _broker(s: Snapshots, deps: AppDeps) -> Json:
    """The account is the whole one, for scripts of the user's own machine; pages show it shortened."""
    settings = deps.config.broker
    broker = s.broker
    if broker is None:
        return {
            "mode": settings.mode,
            "host": settings.host,
            "port": settings.effective_port(),
            "connected": False,
            "account": None,
            "accounts": [],
            "server_version": None,
            "phase": "connecting",
            "state": "connecting",
            "reason": "",
            "cure": "",
        }
    return {
        "mode": broker.mode,
        "host": broker.host,
        "port": broker.port,
        "connected": broker.connected and is_alive(s),
        "account": broker.account or None,
        "accounts": list(broker.accounts),
        "server_version": broker.server_version,
        "phase": broker.phase,
        "state": broker.state,
        "reason": broker.reason,
        "cure": broker.cure,
    }


def _watched(s: Snapshots) -> tuple[AccountFigures, ...]:
    """Figures of every watched account, whichever is shown."""
    section = s.positions_all or s.positions
    return section.accounts if section else ()


def _line_counts(lines: LinesSection | None, deps: AppDeps) -> Json:
    if lines is None:
        budget = deps.config.lines
        return {
            "used": 0,
            "limit": budget.limit,
            "near": False,
            "scanner_capacity": budget.limit - budget.buffer,
            "scanner_free": budget.limit - budget.buffer,
            "by_priority": dict.fromkeys(PRIORITY_KEYS, 0),
        }
    return {
        "used": lines.used,
        "limit": lines.limit,
        "near": lines.near,
        "scanner_capacity": lines.scanner_capacity,
        "scanner_free": lines.scanner_free,
        "by_priority": {key: lines.by_class.get(key, 0) for key in PRIORITY_KEYS},
    }


def _scanners(scanners: ScannersSection | None) -> Json:
    """`last_run` is market time; `results` counts what each scanner found at its last run."""
    scans = scanners.scans if scanners else ()
    return {
        "breakout": {
            "results": scanners.results_breakout if scanners else 0,
            "last_run": scanners.breakout_run_market if scanners else None,
            "cycle_ms": scanners.breakout_cycle_ms if scanners else None,
        },
        "market": {
            "results": scanners.results_market if scanners else 0,
            "last_run": scanners.market_run_market if scanners else None,
            "live": sum(scan.state == "live" for scan in scans),
        },
        "universe": scanners.universe if scanners else 0,
        "with_bars": scanners.with_bars if scanners else 0,
        "slots_used": scanners.slots_used if scanners else 0,
        "signals_today": scanners.signals_today if scanners else 0,
    }


def account(figures: AccountFigures) -> Json:
    """One account's figures, or those of all in view (`account` null); sums name what they leave out."""
    return {
        "account": figures.account or None,
        "currency": figures.currency or None,
        "base_currency": figures.base_currency or None,
        "net_liquidation": figures.net_liquidation,
        "excess_liquidity": figures.excess_liquidity,
        "daily_pnl": cents(figures.daily_pnl),
        "unrealized_pnl": cents(figures.unrealized_pnl),
        "ib_unrealized_pnl": cents(figures.ib_unrealized_pnl),
        "realized_today": cents(figures.realized_today),
        "commission_today": cents(figures.commission_today),
        "commission_pending": figures.commission_pending,
        "fills_today": figures.fills_today,
        "gross_exposure": cents(figures.gross_exposure),
        "rows_daily_pnl": cents(figures.rows_daily_pnl),
        "filtered_daily_pnl": cents(figures.filtered_daily_pnl),
        "filtered_pnl": cents(figures.filtered_pnl),
        "priced": figures.priced,
        "untrusted_pct": figures.untrusted_pct,
        "lacking": [{"local_symbol": lack.local_symbol, "what": lack.what} for lack in figures.lacking],
        "daily_note": figures.daily_text,
        "unrealized_note": figures.unrealized_text,
    }


def positions(s: Snapshots, section: PositionsSection | None, account: str | None = None) -> Json:
    """Tradable positions with their prices, and those that are left out with the reason; of one account if given."""

    def rows(of: tuple[Held, ...]) -> list[Held]:
        return [row for row in of if account in (None, row.account)]

    return {
        "tradable": [position(row, s.now) for row in rows(section.tradable)] if section else [],
        "filtered": [
            {
                "con_id": row.con_id,
                "local_symbol": row.local_symbol,
                "sec_type": row.sec_type,
                "quantity": row.quantity,
                "reason": row.reason,
                "kind": row.kind,
                "account": row.account,
                "currency": row.currency,
                "market_value": row.market_value,
                "unrealized_pnl": row.unrealized_pnl,
                "daily_pnl": cents(row.daily_pnl),
            }
            for row in (rows(section.filtered) if section else ())
        ],
        "complete": section.complete if section else False,
        "snapshot": s.snapshot,
        "as_of": section.as_of_wall if section else None,
    }


def position(row: PositionRow, now: float) -> Json:
    """One position. `unrealized_pnl` and `exposure` come from the very `mark` beside them, prices are in `unit`."""
    return {
        "con_id": row.con_id,
        "local_symbol": row.local_symbol,
        "name": row.name,
        "sec_type": row.sec_type,
        "quantity": row.quantity,
        "avg_cost": row.avg_cost,
        "avg_price": row.avg_price,
        "multiplier": row.multiplier,
        "currency": row.currency,
        "last": row.last,
        "last_kind": row.last_kind,
        "last_age_s": age_s(row.last_wall, now),
        "data_type": row.data_type,
        "change_pct": row.change_pct,
        "account": row.account,
        "unit": row.unit or row.currency,
        "price_magnifier": row.multiplier / row.per_point if row.per_point else None,
        "mark": row.mark,
        "mark_kind": row.mark_kind,
        "mark_age_s": age_s(row.mark_wall, now),
        "silent": row.silent,
        "unrealized_pnl": cents(row.unrealized_pnl),
        "portfolio_pnl": cents(row.portfolio_pnl),
        "check": row.check,
        "check_differs": row.check_differs,
        "ib_unrealized_pnl": cents(row.ib_unrealized_pnl),
        "daily_pnl": cents(row.daily_pnl),
        "realized_pnl": cents(row.realized_pnl),
        "exposure": cents(row.exposure),
        "exposure_base": cents(row.exposure_base),
        "exposure_pct": row.exposure_pct,
        "ema_fast": row.ema_fast,
        "ema_slow": row.ema_slow,
        "trend": row.trend,
        "has_line": row.has_line,
        "message": row.message,
    }


def signals(s: Snapshots) -> list[Json]:
    """Today's signals, oldest first; `at` is market time."""
    now = scores_now(s)
    return [signal(item, now.get(item.id)) for item in s.signals.signals] if s.signals else []


def signal(item: Signal, score_now: float | None) -> Json:
    """`score_now` null = it does not run, or is not judged now."""
    return {
        "id": item.id,
        "con_id": item.con_id,
        "local_symbol": item.local_symbol,
        "side": item.side,
        "at": item.at,
        "level": item.level,
        "level_kind": item.level_kind,
        "last": item.last,
        "atr": item.atr,
        "score_at_signal": item.score,
        "score_now": score_now,
        "before_look": item.before_look,
        "parts": {part.name: part.value for part in item.parts},
        "lane": item.lane,
        "state": item.state,
        "ended_at": item.ended_at,
    }


def incidents(s: Snapshots) -> Json:
    """`figures` by cause, each followed by its symbols; `incidents` the newest 200, newest first. Seconds and `_at` in
    epoch seconds of this machine; `ended_at` null = it goes on, `seen` false = its end was not, so it has no length."""
    section = s.incidents
    if section is None:
        return {"figures": [], "incidents": []}
    titles = {each.cause: each.title for each in section.figures}
    return {
        "figures": [
            {
                "cause": each.title,
                "con_id": each.con_id,
                "symbol": each.symbol or None,
                "count": each.count,
                "open": each.is_open,
                "median_s": each.median_s,
                "last_s": each.last_s,
                "longest_s": each.longest_s,
                "days": dict(each.days),
            }
            for each in section.figures
        ],
        "incidents": [
            {
                "cause": titles.get(each.cause, each.cause),
                "con_id": each.con_id,
                "symbol": each.symbol or None,
                "began_at": each.began_wall,
                "red_at": each.red_wall,
                "ended_at": each.ended_wall,
                "seen": each.seen,
                "words": each.words,
            }
            for each in section.newest
        ],
    }


def healthz(s: Snapshots, deps: AppDeps) -> Json:
    """ok, degraded (something does not work, the page says what) or down (no engine), with the reasons."""
    reasons = [reason for reason in (_engine_reason(s), _broker_reason(s), *_store_reasons(deps)) if reason]
    if s.health and is_alive(s):
        reasons += [item.title for item in s.health.conditions if _counts(item, s.now)]
    if not reasons and s.broker is not None and s.broker.state_tone in ("warning", "error"):
        reasons.append(f"broker: {s.broker.state_title}")  # seen by the session alone: that is not well either
    age = heartbeat_age_s(s)
    silent_s = deps.uptime_s() if age is None else age
    state = "down" if silent_s > ENGINE_DOWN_S else "degraded" if reasons else "ok"
    return {
        "app": "QTrade",
        "status": state,
        "reasons": reasons,
        "uptime_s": deps.uptime_s(),
        "heartbeat_age_s": age,
        "build": {"id": deps.build_id, "version": deps.version},
    }


def _counts(item: Condition, now: float) -> bool:
    """Outages while they last, even excused ones, and errors: of what only happened those of the last minute, on
    either side, as the wall clock may have been set back since."""
    if item.severity != "error":
        return item.open and item.outage
    return item.open or (not item.lasting and abs(now - item.last_wall) < PASSED_ERROR_S)


def _engine_reason(s: Snapshots) -> str:
    age = heartbeat_age_s(s)
    if age is None:
        return "engine: has not reported yet"
    return "" if age <= HEARTBEAT_STALE_S else f"engine: no sign of life for {age:.0f} s"


def _broker_reason(s: Snapshots) -> str:
    """Also of an outage that a reset window excuses: excused is not well."""
    if s.broker is None:
        return "broker: not connected yet"
    if s.broker.connected:
        return f"broker: {s.broker.state_title}" if s.broker.state == "reset window" else ""
    return f"broker: not connected; {s.broker.reason}" if s.broker.reason else "broker: not connected"


def _store_reasons(deps: AppDeps) -> tuple[str, str]:
    state, journal = deps.state.problem, deps.journal.problem
    return (f"state: {state}" if state else "", f"journal: {journal}" if journal else "")


def age_s(wall: float | None, now: float) -> float | None:
    return None if wall is None else max(0.0, now - wall)
