"""Positions and money of several engines as one. Pure.

An account that two engines watch counts once: of the first of them. Half a sum is a wrong number: as soon as one engine
lacks a figure of the account, or has another currency, the sum of it is not known, and it is said of whom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from engine.fleet.parts import Part
from engine.portfolio.sums import difference_text
from engine.portfolio.valuation import cents, share_pct, total
from engine.state.sections import AccountFigures, FilteredRow, Lack, PnlPoint, PositionRow, PositionsSection

_ADDED = (
    "net_liquidation", "excess_liquidity", "init_margin", "maint_margin", "available_funds", "realized_today",
    "daily_pnl", "ib_unrealized_pnl", "rows_daily_pnl",
)  # fmt: skip
_TOTALS = ("gross_exposure", "unrealized_pnl", "filtered_pnl", "filtered_daily_pnl", "commission_today")


@dataclass(frozen=True)
class Told:
    """One engine's share: what is not another's already."""

    part: Part
    section: PositionsSection
    accounts: frozenset[str]
    is_whole: bool

    def rows(self) -> Iterable[PositionRow]:
        mine = (row for row in self.section.tradable if row.account in self.accounts)
        return (_old(row, self.part) for row in mine) if self.part.is_old else mine

    def filtered(self) -> Iterable[FilteredRow]:
        return (row for row in self.section.filtered if row.account in self.accounts)

    def figures(self) -> tuple[AccountFigures, ...]:
        if self.is_whole:
            return (self.section.account,)
        return tuple(each for each in self.section.accounts if each.account in self.accounts)


def told(parts: Sequence[Part]) -> list[Told]:
    """Each engine's positions, each account with the first engine that watches it."""
    taken: set[str] = set()
    found = []
    for part in parts:
        section = part.get("positions_all", PositionsSection) or part.get("positions", PositionsSection)
        if section is None:
            continue
        accounts = _accounts(section)
        own = frozenset(accounts - taken)
        taken |= accounts
        if own:
            found.append(Told(part, section, own, own == accounts))
    return found


def _accounts(section: PositionsSection) -> set[str]:
    figures: tuple[AccountFigures, ...] = (*section.accounts, section.account)
    named = {each.account for each in figures}
    held = {row.account for row in section.tradable} | {row.account for row in section.filtered}
    return ((named - {""}) | held) or {""}


def positions(parts: Sequence[Part]) -> PositionsSection | None:
    shares = told(parts)
    if not shares:
        return None
    lengths = _lengths(shares[0].section)
    rows = [row for share in shares for row in _of_lengths(share, lengths)]
    figures = sum_of([(share.part, each) for share in shares for each in share.figures()])
    if figures.gross_exposure:
        rows = [replace(row, exposure_pct=share_pct(_base(row), figures.gross_exposure)) for row in rows]
    return PositionsSection(
        tradable=tuple(rows),
        filtered=tuple(row for share in shares for row in share.filtered()),
        account=figures,
        fills=tuple(
            sorted(
                (fill for share in shares for fill in share.section.fills if fill.account in share.accounts),
                key=lambda fill: fill.time_market,
            )
        ),
        complete=all(share.section.complete for share in shares),
        ema_fast_len=lengths[0],
        ema_slow_len=lengths[1],
        accounts=tuple(
            each
            for share in shares
            for each in (share.section.accounts or (share.section.account,))
            if each.account in share.accounts
        ),
    )


def _lengths(section: PositionsSection) -> tuple[int, int]:
    return section.ema_fast_len, section.ema_slow_len


def _of_lengths(share: Told, lengths: tuple[int, int]) -> Iterable[PositionRow]:
    """Averages of an engine that is set to other lengths are left out: the view names one pair of them."""
    if _lengths(share.section) == lengths:
        return share.rows()
    return (replace(row, ema_fast=None, ema_slow=None, trend=None) for row in share.rows())


def _base(row: PositionRow) -> float | None:
    return row.exposure if row.exposure_base is None else row.exposure_base


def _old(row: PositionRow, part: Part) -> PositionRow:
    """Its price has stood since its engine was heard of last."""
    return replace(row, silent=True, message=row.message or f"engine {part.name} is silent")


def sum_of(told: Sequence[tuple[Part, AccountFigures]]) -> AccountFigures:
    """All of them together, in their one currency; the figures of one alone as they are."""
    if len(told) == 1 and not told[0][0].is_old:
        return told[0][1]
    figures = [each for _, each in told]
    currency, base = _common(figures, lambda each: each.currency), _common(figures, lambda each: each.base_currency)
    money = {name: _added(getattr(each, name) for each in figures) for name in _ADDED}
    money |= {name: total(getattr(each, name) for each in figures) for name in _TOTALS}
    if currency is None or base is None:
        money = dict.fromkeys(money)
    net, daily = money["net_liquidation"], money["daily_pnl"]
    filtered = sum(1 for each in figures if each.filtered_pnl is not None)
    updated = [each.updated_wall for each in figures if each.updated_wall is not None]
    shown = currency or ""
    sums = AccountFigures(
        currency=shown,
        base_currency=base or "",
        daily_pnl_pct=share_pct(daily, net - daily) if net is not None and daily is not None else None,
        fills_today=sum(each.fills_today for each in figures),
        priced=sum(0 if part.is_old else each.priced for part, each in told),
        updated_wall=min(updated, default=None),
        commission_pending=sum(each.commission_pending for each in figures),
        lacking=(*(lack for each in figures for lack in each.lacking), *_unknown(told)),
        untrusted_pct=_untrusted(told),
        unconverted=_unconverted(told, currency, base),
        daily_text=difference_text(daily, money["rows_daily_pnl"], money["filtered_daily_pnl"], filtered, shown),
        unrealized_text=difference_text(
            money["ib_unrealized_pnl"], money["unrealized_pnl"], money["filtered_pnl"], filtered, shown
        ),
    )
    return replace(sums, **money)


def _common(figures: Sequence[AccountFigures], what: Callable[[AccountFigures], str]) -> str | None:
    """What all that know it say; "" = none does yet, None = they differ."""
    found = {what(each) for each in figures} - {""}
    return None if len(found) > 1 else next(iter(found), "")


def _unknown(told: Sequence[tuple[Part, AccountFigures]]) -> Iterable[Lack]:
    """Whose positions have no sum yet, where others' have."""
    lacks = [part for part, each in told if each.unrealized_pnl is None]
    return (Lack(f"engine {part.name}", "not known yet") for part in lacks if len(lacks) < len(told))


def _unconverted(
    told: Sequence[tuple[Part, AccountFigures]], currency: str | None, base: str | None
) -> tuple[Lack, ...]:
    kept = tuple(lack for _, each in told for lack in each.unconverted)
    if currency is not None and base is not None:
        return kept
    return (*kept, *(Lack(f"engine {part.name}", f"its money is in {each.currency or '?'}") for part, each in told))


def _untrusted(told: Sequence[tuple[Part, AccountFigures]]) -> float | None:
    """Share of the exposure that is not of now: all of an engine that is silent."""
    whole = sum(each.gross_exposure or 0.0 for _, each in told)
    if whole <= 0.0:
        return None
    shares = (
        (each.gross_exposure or 0.0) * (100.0 if part.is_old else each.untrusted_pct or 0.0) / 100.0
        for part, each in told
    )
    return share_pct(sum(shares), whole)


def _added(values: Iterable[float | None]) -> float | None:
    found = list(values)
    known = [value for value in found if value is not None]
    return cents(sum(known)) if known and len(known) == len(found) else None


# --- curves -----------------------------------------------------------------------------------------------------------

HOLDS_S = 90.0  # a point stands for so long: journals keep older days by the minute

Values = tuple[float | None, float | None, float | None]


def sum_curves(curves: Sequence[Sequence[PnlPoint]]) -> list[PnlPoint]:
    """One curve of several: at each moment of any of them the sum of their newest points, none where one has none now.

    Points of the same second are one. A point without values (no data then) ends what its curve has told; where only
    `realized` is given the day began anew, and the sum is cut, too.
    """
    if len(curves) == 1:
        return list(curves[0])
    events = sorted(((point.t, which, point) for which, curve in enumerate(curves) for point in curve), key=_by_time)
    newest: list[PnlPoint | None] = [None] * len(curves)
    made: list[PnlPoint] = []
    for t, which, point in events:
        newest[which] = point
        if _is_reset(point):
            made.append(PnlPoint(t, point.m, None, 0.0, None))
            continue
        values = _sum_at(newest, t)
        if made and int(made[-1].t) == int(t) and not _is_reset(made[-1]):
            made[-1] = PnlPoint(t, point.m, *values)
        elif not (made and values == (None, None, None) == (made[-1].unrealized, made[-1].realized, made[-1].daily)):
            made.append(PnlPoint(t, point.m, *values))
    return made


def _by_time(event: tuple[float, int, PnlPoint]) -> tuple[float, int]:
    return event[0], event[1]


def _is_reset(point: PnlPoint) -> bool:
    return point.unrealized is None and point.daily is None and point.realized is not None


def _sum_at(newest: Sequence[PnlPoint | None], t: float) -> Values:
    points = [point for point in newest if point is not None]
    if len(points) < len(newest) or any(t - point.t > HOLDS_S for point in points):
        return None, None, None
    return (
        _added(point.unrealized for point in points),
        _added(point.realized for point in points),
        _added(point.daily for point in points),
    )
