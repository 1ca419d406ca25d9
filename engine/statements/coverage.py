"""For which days statements have been read, account by account: what is there, what is missing. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple

from msgspec import Struct

from engine.bars.us_calendar import is_trading_day
from engine.clock import NEW_YORK
from engine.statements.dates import day_of, label

OF_TRADES = frozenset({"Trades", "TradeConfirms"})
_ONE = timedelta(days=1)
_MOST_DAYS = 366 * 40


class Span(NamedTuple):
    """One statement's days (YYYYMMDD, both included) and when it was made, UTC epoch seconds."""

    from_day: str
    to_day: str
    generated: float | None
    sections: tuple[str, ...]


class Gap(Struct, frozen=True):
    """Trading days without a statement, the first and the last of them, and how many they are."""

    first: str
    last: str
    days: int


class AccountCoverage(Struct, frozen=True):
    """Of the `days` trading days from `first` to `last` statements with trades were read for `covered`."""

    account: str
    first: str
    last: str
    days: int
    covered: int
    missing: tuple[Gap, ...]

    @property
    def words(self) -> str:
        if not self.days:
            return "no statement has been read"
        said = f"statements for {self.covered:,} of {self.days:,} trading days"
        return f"{said}, missing: {', '.join(map(gap_words, self.missing))}" if self.missing else said


def coverage(account: str, spans: Iterable[Span], first_fill: str, today: date) -> AccountCoverage:
    """Trading days from the first statement or execution to yesterday; a day counts once a statement holds all of it.

    `first_fill` = trade date of the oldest execution, "" = there is none. `today` in New York.
    """
    there: set[date] = set()
    starts = [day_of(first_fill)] if first_fill else []
    for span in spans:
        if not span.from_day or not span.to_day or OF_TRADES.isdisjoint(span.sections):
            continue
        first, last = day_of(span.from_day), _whole_until(span)
        starts.append(first)
        if (last - first).days <= _MOST_DAYS:
            there |= {first + n * _ONE for n in range((last - first).days + 1)}
    end = today - _ONE
    if not starts or min(starts) > end:
        return AccountCoverage(account, "", "", 0, 0, ())
    begin = min(starts)
    days = [day for n in range((end - begin).days + 1) if is_trading_day(day := begin + n * _ONE)]
    covered = sum(day in there for day in days)
    return AccountCoverage(account, label(begin), label(end), len(days), covered, tuple(_gaps(days, there)))


def _whole_until(span: Span) -> date:
    """The last day that was over when the statement was made."""
    last = day_of(span.to_day)
    if span.generated is not None:
        made = datetime.fromtimestamp(span.generated, NEW_YORK).date()
        return min(last, made - _ONE)
    return last


def _gaps(days: list[date], there: set[date]) -> Iterable[Gap]:
    run: list[date] = []
    for day in [*days, None]:
        if day is not None and day not in there:
            run.append(day)
        elif run:
            yield Gap(label(run[0]), label(run[-1]), len(run))
            run = []


def gap_words(gap: Gap) -> str:
    """ "3-7 Mar 2025", "28 Feb - 3 Mar 2025", "12 Apr 2025"."""
    first, last = day_of(gap.first), day_of(gap.last)
    end = f"{last.day} {last:%b %Y}"
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}-{end}"
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first.day} {first:%b}{year} - {end}"
