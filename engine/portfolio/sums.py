"""Sums over positions and accounts that say what they leave out, and why two totals differ. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct, structs

from engine.portfolio.account import AccountBook, FillsOfDay
from engine.portfolio.today import Today
from engine.portfolio.valuation import cents, share_pct, total
from engine.state.sections import AccountFigures, Lack, PositionRow

STALE_S = 60.0
_NOTHING = 0.02  # what two roundings to the cent can make
_OTHERS = "positions closed today, fees, or prices of another moment"


class Part(Struct, frozen=True):
    """One position's share of the sums, in their currency. None = not known; `lacks` says what and why."""

    local_symbol: str
    unrealized: float | None
    exposure: float | None
    daily: float | None
    basis: float  # exposure, else cost: how much a missing price weighs
    at_wall: float | None  # when its mark came
    is_own: bool  # marked by us, not by IB
    is_live: bool
    lacks: tuple[Lack, ...] = ()


def figures_of(
    book: AccountBook, currency: str, to_base: Callable[[str], float | None], today: Today
) -> AccountFigures:
    """One account's own figures in its base currency; `today` says which fills count."""
    net, daily = book.net_liquidation(), book.pnl.daily
    fills = book.fills_of_day(today)
    prior = None if net is None or daily is None else net - daily
    return AccountFigures(
        account=book.account,
        currency=currency,
        base_currency=book.currency(),
        net_liquidation=net,
        excess_liquidity=book.value("ExcessLiquidity"),
        init_margin=book.value("InitMarginReq"),
        maint_margin=book.value("MaintMarginReq"),
        available_funds=book.value("AvailableFunds"),
        realized_today=cents(_realized(book, fills, to_base, currency, today.began_wall(book.account))),
        commission_today=_converted(fills.commission, to_base, currency),
        commission_pending=fills.pending,
        fills_today=fills.count,
        daily_pnl=daily,
        daily_pnl_pct=share_pct(daily, prior),
        ib_unrealized_pnl=book.pnl.unrealized,
        updated_wall=book.updated_wall,
    )


def _realized(
    book: AccountBook, fills: FillsOfDay, to_base: Callable[[str], float | None], currency: str, began_wall: float
) -> float | None:
    """The broker's realised P&L of the day; before it has said one, and while that is still the former day's, the sum
    of today's fills.

    It has the reset schedule of its day P&L. That of the account values has another one (IB, "Profit And Loss"), so it
    stands in only where there is no day P&L beside it.
    """
    told = book.pnl.realized
    of_fills = None
    if not fills.pending:
        of_fills = _converted(fills.realized, to_base, currency) if fills.realized else 0.0
    if told is None:
        value = book.value("RealizedPnL") if book.pnl.daily is None else None
        is_silent = value is None and book.updated_wall is None
        return of_fills if is_silent and fills.count else value
    return told if not told or book.realized_wall >= began_wall else of_fills


def _converted(money: dict[str, float], to_base: Callable[[str], float | None], currency: str) -> float | None:
    """The sum of amounts by currency; None as soon as one has no rate, and when there is none at all."""
    if not money:
        return None
    parts = []
    for each, amount in money.items():
        rate = to_base(each or currency)
        if rate is None:
            return None
        parts.append(amount * rate)
    return cents(sum(parts))


def with_sums(
    figures: AccountFigures, own: Sequence[Part], filtered: Sequence[Part], now_wall: float
) -> AccountFigures:
    """The figures with the sums of these positions, what they lack, and why the account's own differ."""
    unrealized = total(part.unrealized for part in own)
    daily = None if any(part.daily is None for part in own) else total(part.daily for part in own)
    filtered_pnl = total(part.unrealized for part in filtered)
    filtered_daily = total(part.daily for part in filtered)
    return structs.replace(
        figures,
        gross_exposure=total(part.exposure for part in own),
        unrealized_pnl=unrealized,
        priced=sum(part.is_own for part in own),
        lacking=tuple(lack for part in own for lack in part.lacks),
        filtered_pnl=filtered_pnl,
        rows_daily_pnl=daily,
        filtered_daily_pnl=filtered_daily,
        untrusted_pct=untrusted_pct(own, now_wall),
        daily_text=difference_text(figures.daily_pnl, daily, filtered_daily, len(filtered), figures.currency),
        unrealized_text=difference_text(
            figures.ib_unrealized_pnl, unrealized, filtered_pnl, len(filtered), figures.currency
        ),
    )


def untrusted_pct(parts: Iterable[Part], now_wall: float) -> float | None:
    """Share of the exposure whose mark is IB's, older than 60 s, delayed or missing; None without exposure."""
    parts = list(parts)
    whole = sum(part.basis for part in parts)
    if not parts or whole <= 0.0:
        return None
    trusted = sum(
        part.basis for part in parts if part.is_live and part.at_wall is not None and now_wall - part.at_wall <= STALE_S
    )
    return share_pct(whole - trusted, whole)


def difference_text(
    account: float | None, rows: float | None, filtered: float | None, filtered_count: int, currency: str
) -> str:
    """Why the account's figure is not the sum of the rows; "" when it is, or when one of them is not known."""
    if account is None or rows is None:
        return ""
    difference = account - rows
    if abs(difference) < _NOTHING:
        return ""
    text = f"IB's figure is {_signed(difference)} {currency}".rstrip() + " off the sum of the rows"
    if not filtered_count:
        return f"{text}: {_OTHERS}"
    if filtered is None:
        return f"{text}: {_positions(filtered_count)} without a figure of IB's, {_OTHERS}"
    rest = difference - filtered
    text = f"{text}: {_signed(filtered)} of {_positions(filtered_count)}"
    if abs(rest) < _NOTHING:
        return text
    return f"{text}, {_signed(rest)} of {_OTHERS}"


def _positions(count: int) -> str:
    return f"{count} filtered position{'' if count == 1 else 's'}"


def _signed(money: float) -> str:
    return f"{'+' if money > 0 else '−'}{abs(money):,.2f}"


def together(rows: Sequence[PositionRow]) -> PositionRow | None:
    """One contract of several accounts as one position: quantities and money added, the cost averaged; None of none.

    The average price of opposite positions that cancel out is None.
    """
    if len(rows) < 2:
        return rows[0] if rows else None
    first, quantity = rows[0], sum(row.quantity for row in rows)
    costs = [row.quantity * row.avg_cost for row in rows if row.avg_cost is not None]
    avg_cost = sum(costs) / quantity if len(costs) == len(rows) and quantity else None
    return structs.replace(
        first,
        account="",
        quantity=quantity,
        avg_cost=avg_cost,
        avg_price=avg_cost / first.per_point if avg_cost is not None and first.per_point else None,
        unrealized_pnl=_added(row.unrealized_pnl for row in rows),
        ib_unrealized_pnl=_added(row.ib_unrealized_pnl for row in rows),
        portfolio_pnl=_added(row.portfolio_pnl for row in rows),
        daily_pnl=_added(row.daily_pnl for row in rows),
        realized_pnl=total(row.realized_pnl for row in rows),
        exposure=_added(row.exposure for row in rows),
        exposure_base=_added(row.exposure_base for row in rows),
        exposure_pct=_added(row.exposure_pct for row in rows),
        fills_today=sum(row.fills_today for row in rows),
        check="",
        check_differs=any(row.check_differs for row in rows),
    )


def _added(values: Iterable[float | None]) -> float | None:
    """The sum; None as soon as one is missing: half a sum is a wrong number."""
    found = list(values)
    known = [value for value in found if value is not None]
    return cents(sum(known)) if len(known) == len(found) else None
