"""The Overview's only server callback: the P&L curve for a range, and its new base when the tail has grown long."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any, cast

from dash import Dash, Input, Output, Patch, ctx

from app.deps import AppDeps
from app.display_zone import asked_zone
from app.figures.pnl import GAP_S, Curve, furniture, in_one_offset, least_range, pnl_figure, room, series, wide
from app.figures.pnl_window import (
    MAX_POINTS,
    Range,
    basis_words,
    begun,
    day_start,
    fill_marks,
    joined,
    point_of,
    regular_hours_of,
    reset_marks,
    session_marks,
    since_market,
    within,
)
from app.ids import Overview
from app.snapshots import Snapshots
from engine.clock import NEW_YORK

SECTIONS = ("broker", "positions", "pnl")


def register(app: Dash, deps: AppDeps) -> None:
    """Add the curve to `app`."""

    @app.callback(
        Output(Overview.PNL, "figure"),
        Input(Overview.PNL_RANGE, "value"),
        Input(Overview.PNL_HOURS, "value"),
        Input(Overview.PNL_REBASE, "data"),
    )
    def draw(range_: str, hours: str, _rebase: Any) -> Any:
        curve = curve_of(deps, checked_range(range_), asked_zone(), is_regular=hours == "rth")
        if ctx.triggered_id == Overview.PNL_REBASE:
            return rebase(curve)
        return pnl_figure(curve, f"{checked_range(range_)}{' rth' if curve.hours is not None else ''}")


def checked_range(range_: Any) -> Range:
    """One of the three ranges; anything else is the day."""
    return cast(Range, range_) if range_ in ("1h", "day", "5d") else "day"


def curve_of(deps: AppDeps, range_: Range, zone: tzinfo = NEW_YORK, *, is_regular: bool = False) -> Curve:
    """What a range shows, out of the journal and the newest points of the state; `is_regular` = in regular hours."""
    s = Snapshots.read(deps.state, SECTIONS, "alive", deps.clock.wall())
    now_market = s.market_time(s.now)
    begins, since = day_start(now_market, s.pnl), since_market(range_, now_market, s.pnl)
    rate = s.broker.clock_rate if s.broker else 1.0
    since_wall = s.now - (now_market - since) / (rate or 1.0)
    rows = []  # until the state says whose curve it is: the journal is asked for the same one
    if s.pnl is not None:
        rows = deps.journal.pnl(since_wall, None, MAX_POINTS, mark_gaps_s=GAP_S, account=s.pnl.account)
    newest = [point_of(p) for p in s.pnl.points] if s.pnl else []
    points = joined([point_of(row) for row in rows], newest, since, GAP_S * max(1.0, rate))
    if range_ == "day":
        points = begun(points, begins)
    hours = regular_hours_of(since, now_market, s.pnl) if is_regular else None
    if hours is not None:
        points = within(points, hours)
    marks = [*session_marks(now_market, range_, zone, s.pnl), *reset_marks(points, begins, zone)]
    marks += fill_marks(s.positions.fills if s.positions else ())
    net = s.positions.account.net_liquidation if s.positions else None
    return in_one_offset(
        Curve(points, marks, begins, least_range(points, net), basis_words(begins, zone), zone=zone, hours=hours)
    )


def rebase(curve: Curve) -> Patch:
    """New x and y for the traces that are there: the user's zoom survives a patch, not a figure."""
    patch = Patch()
    for i, changed in enumerate(series(curve)):
        for name, values in changed.items():
            patch["data"][i][name] = values
    patch["layout"]["yaxis"]["autorangeoptions"] = {"include": room(curve)}
    patch["layout"]["xaxis"]["autorangeoptions"] = {"include": wide(curve)}
    for axis in ("xaxis", "yaxis"):
        patch["layout"][axis]["visible"] = bool(curve.points)
    for name, value in furniture(curve).items():
        patch["layout"][name] = value
    return patch
