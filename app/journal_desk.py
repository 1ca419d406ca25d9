"""What the Journal page asks, answered out of the journal: the book of trips is made once a change, whoever asks.

Thread-safe. Everything that decides is in `app/rows/journal_*.py`; here is read and kept.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from app.deps import AppDeps
from app.format import account_labels, plural
from app.journal_book import JournalBook, Kept
from app.journal_curves import Curves, day_of
from app.journal_excursions import Excursions
from app.position_curves import Range, curve_rows
from app.rows.journal_bookings import ROWS_MOST as BOOKINGS_MOST
from app.rows.journal_bookings import cash_rows, option_rows, sums_in_words
from app.rows.journal_days import calendar_view, of_currency
from app.rows.journal_equity import Told, equity_view, told_by_statements, told_view
from app.rows.journal_figures import statistics_view
from app.rows.journal_lists import ROWS_MOST, change_rows, execution_row
from app.rows.journal_money import left_out, money_of, told, words_of
from app.rows.journal_query import Chosen, is_within, shown_day
from app.rows.journal_signals import ROWS_MOST as SIGNALS_MOST
from app.rows.journal_signals import Dealt, signal_rows, worth
from app.rows.journal_trades import beside, cents, choices, closes_within, is_chosen, is_of_days, trip_row
from app.snapshots import Snapshots, engine_state
from engine.clock import NEW_YORK
from engine.domain import ALL_ACCOUNTS
from engine.journal.rows import CashRow
from engine.storage.encodable import to_json
from engine.trades.execution import Execution, in_force
from engine.trades.trip import Trip

SECTIONS = ("broker", "positions", "pnl")
SIGNAL_DAYS_S = 7 * 86_400.0
CHANGES_MOST = 1_000
MADE_FOR_S = 30.0  # an answer stands so long while no trade is another: ages, curves and signals go on
MADE_MOST = 16


@dataclass(frozen=True)
class View:
    """What one answer is made from."""

    chosen: Chosen
    kept: Kept
    labels: dict[str, str]  # account -> as it is shown
    account: str  # the one chosen, "" = all
    base: str
    now_market: float
    s: Snapshots


class JournalDesk:
    """Args:
    deps: the journal, the state and the clock.
    book: the journal's trades, made once for all who ask.
    """

    def __init__(self, deps: AppDeps, book: JournalBook) -> None:
        self._deps = deps
        self._book = book
        self._curves = Curves(deps.journal)
        self._excursions = Excursions(deps.bars)
        self._lock = threading.Lock()
        self._made: dict[tuple[Chosen, int, int], tuple[Kept, bytes, str]] = {}

    def kept(self) -> Kept:
        """The book as it is now."""
        return self._book.kept()

    def body(self, chosen: Chosen) -> tuple[bytes, str] | str:
        """The answer as JSON and its tag, or why it can't be; made anew when the journal changed, or after a while."""
        kept, while_ = self.kept(), int(self._deps.clock.wall() // MADE_FOR_S)
        made = self._made.get((chosen, id(kept), while_))
        if made is None:
            answer = self.answer(chosen)
            if isinstance(answer, str):
                return answer
            made = kept, *tagged(answer)  # as long as it is here, no other book has its id
            with self._lock:
                self._made[chosen, id(kept), while_] = made
                for old in list(self._made)[:-MADE_MOST]:
                    del self._made[old]
        return made[1:]

    def position_curves(self, range_: str) -> dict[str, Any]:
        """What each position in view made in a range of `SPANS`."""
        s = Snapshots.read(self._deps.state, SECTIONS, engine_state(None), self._deps.clock.wall())
        rows = curve_rows(
            s.positions,
            in_force(self.kept().executions),
            self._deps.bars.sessions,
            cast(Range, range_),
            s.market_time(s.now),
            s.market_time,
        )
        return {"range": range_, "rows": rows}

    def account_of(self, label: object) -> str:
        """The account that is shown so; "" = there is none."""
        s = Snapshots.read(self._deps.state, ("broker",), engine_state(None), self._deps.clock.wall())
        return next((name for name, shown in self._labels(s, self.kept()).items() if label in (shown, name)), "")

    def _labels(self, s: Snapshots, kept: Kept) -> dict[str, str]:
        """Every account of the login and of the journal, as it is shown."""
        names = [*(s.broker.accounts if s.broker else ()), *kept.accounts]
        return account_labels(tuple(dict.fromkeys(name for name in names if name)))

    def answer(self, chosen: Chosen) -> dict[str, Any] | str:
        """What a view shows, or why it can't be."""
        s = Snapshots.read(self._deps.state, SECTIONS, engine_state(None), self._deps.clock.wall())
        kept = self.kept()
        labels = self._labels(s, kept)
        account = next((name for name, label in labels.items() if chosen.account in (label, name)), "")
        if chosen.account and not account:
            return f"account is {chosen.account!r}; there are: {', '.join(labels.values()) or 'none yet'}"
        figures = s.positions.account if s.positions else None
        base = (figures.base_currency or figures.currency) if figures else ""
        view = View(chosen, kept, labels, account, base, s.market_time(s.now), s)
        if kept.reading:  # the first time, when there is much of it
            return {**self._common(view), "reading": kept.reading}
        return {**self._common(view), **getattr(self, f"_{chosen.view}")(view)}

    def _common(self, view: View) -> dict[str, Any]:
        trips = [*view.kept.book.trips, *view.kept.book.conversions]
        return {
            "view": view.chosen.view,
            "problem": self._deps.journal.problem,
            "today": shown_day(day_of(view.now_market)),
            "filters": choices(trips, view.labels, view.base),
        }

    def _trips(self, view: View) -> list[Trip]:
        return [trip for trip in view.kept.book.trips if is_chosen(trip, view.chosen, view.account)]

    def _calendar(self, view: View) -> dict[str, Any]:
        trips = self._trips(view)
        chosen = view.chosen
        whole = not (chosen.symbol or chosen.is_of_trips or chosen.source or chosen.currency)
        curve_of = self._curve_account(view)
        ends = self._curves.ends(curve_of, view.s.now) if whole else {}
        end = ends.get(chosen.day)
        money = money_of(trips, chosen.currency, view.base)
        notes = [note for note in view.kept.words.days if not view.account or note.account == view.account]
        only = view.account or (next(iter(view.labels)) if len(view.labels) == 1 else "")
        return calendar_view(
            trips,
            [e for e in in_force(view.kept.executions) if self._is_chosen_execution(e, view)],
            money,
            chosen,
            today=day_of(view.now_market),
            ends=of_currency(ends, money, view.base),
            points=self._curves.points(curve_of, end) if end is not None else [],
            notes=[note for note in notes if note.note or note.tags],
            account=view.labels.get(only, ""),
            is_whole=whole,
            cash=[] if chosen.is_of_trips or chosen.source else self._cash(view),
        )

    def _cash(self, view: View) -> list[CashRow]:
        symbol = view.chosen.symbol
        mine = [row for row in view.kept.cash if not view.account or row.account == view.account]
        return [row for row in mine if not symbol or row.symbol == symbol]

    def _trades(self, view: View) -> dict[str, Any]:
        trips = [trip for trip in self._trips(view) if is_of_days(trip, view.chosen)]
        money = money_of(trips, view.chosen.currency, view.base)
        listed = trips[-ROWS_MOST:]
        went = self._excursions.of(listed, view.now_market)
        more = beside(listed, view.kept.book, view.kept.positions, went)
        rows = [trip_row(trip, money, view.labels, view.now_market, more) for trip in listed]
        missing = [each for each in view.kept.book.unexplained if not view.account or each.key.account == view.account]
        words = [f"{len(trips):,} {'trade' if len(trips) == 1 else 'trades'}, {words_of(money)}"]
        if len(trips) > len(rows):
            words.append(f"the newest {len(rows):,} are listed")
        words += [f"{each.name} {float(each.quantity):+g} unexplained, statement needed" for each in missing[-3:]]
        empty = _no_trade(view) if not rows else None
        return {"trades": rows, "words": " · ".join(words), "money": told(money), "empty": empty}

    def _executions(self, view: View) -> dict[str, Any]:
        found = [e for e in view.kept.executions if self._is_chosen_execution(e, view)]
        found = [e for e in found if is_within(e.trade_date, view.chosen)]
        covered = sum(1 for e in found if e.is_order_level and e.state == "covered")
        found = [e for e in found if not (e.is_order_level and e.state == "covered")]
        words = f"{len(found):,} {'execution' if len(found) == 1 else 'executions'}"
        if covered:
            words += f" · {plural(covered, 'row')} of whole orders of a CSV not listed: their executions are here"
        if len(found) > ROWS_MOST:
            words += f" · the newest {ROWS_MOST:,} are listed"
        pending = sum(1 for e in found if e.commission is None and e.state == "in force" and e.is_trade)
        if pending:
            words += f" · commission of {pending} pending"
        rows = [execution_row(e, view.labels) for e in found[-ROWS_MOST:]]
        return {"executions": rows, "words": words, "empty": _no_trade(view) if not rows else None}

    def _bookings(self, view: View) -> dict[str, Any]:
        chosen, kept = view.chosen, view.kept
        cash = cash_rows(kept.cash, kept.transfers, chosen, view.account, view.labels)
        options = option_rows(kept.options, chosen, view.account, view.labels)
        words = [plural(len(cash), "booking"), *filter(None, [sums_in_words(cash)])]
        if len(cash) > BOOKINGS_MOST:
            words.append(f"the newest {BOOKINGS_MOST:,} are listed")
        none = ["Nothing is booked", "Dividends, interest, fees and option events come with a statement (Statements)."]
        return {
            "cash": cash[-BOOKINGS_MOST:],
            "options": options[-BOOKINGS_MOST:],
            "words": " · ".join(words),
            "options_words": plural(len(options), "event"),
            "empty": None if cash or options else none,
        }

    def _is_chosen_execution(self, e: Execution, view: View) -> bool:
        chosen = view.chosen
        if chosen.is_of_trips and e.id not in self._ids_of(view):
            return False
        return (
            (not view.account or e.account == view.account)
            and (not chosen.symbol or chosen.symbol in (e.name, e.symbol))
            and (not chosen.source or e.source == chosen.source)
            and (not chosen.currency or e.currency == chosen.currency)
        )

    def _ids_of(self, view: View) -> frozenset[str]:
        return frozenset(share.execution.id for trip in self._trips(view) for share in trip.shares)

    def _statistics(self, view: View) -> dict[str, Any]:
        trips = [trip for trip in self._trips(view) if closes_within(trip, view.chosen)]
        money = money_of(trips, view.chosen.currency, view.base)
        made = statistics_view(trips, money, view.chosen, self._curve_of_days(view))
        empty = _no_statistics(self._trips(view), view) if not trips else None
        return {**made, "money": told(money), "lacks": left_out(trips, money), "empty": empty}

    def _equity(self, view: View) -> dict[str, Any]:
        trips = self._trips(view)
        money = money_of(trips, view.chosen.currency, view.base)
        told = self._told(view)
        if told is not None:
            return told_view(told)
        figures = view.s.positions.account if view.s.positions and not view.account else None
        level = figures.net_liquidation if figures is not None and not view.chosen.until else None
        return equity_view(trips, money, view.chosen, self._curve_of_days(view), level, view.base)

    def _told(self, view: View) -> Told | None:
        """What statements tell, where the whole of an account or of all is looked at."""
        chosen = view.chosen
        if chosen.symbol or chosen.is_of_trips or chosen.source or chosen.currency:
            return None
        nav = [each for each in view.kept.nav if view.account in ("", each.account)]
        return told_by_statements(nav, view.kept.cash, view.kept.transfers, chosen)

    def _signals(self, view: View) -> dict[str, Any]:
        chosen, journal = view.chosen, self._deps.journal
        begins = _midnight(chosen.since) if chosen.since else view.now_market - SIGNAL_DAYS_S
        ends = _midnight(chosen.until) + 86_400.0 if chosen.until else view.now_market + 60.0
        found = [
            signal
            for signal in journal.signals(begins, ends)
            if (not chosen.symbol or signal.local_symbol == chosen.symbol) and chosen.side in ("", signal.side)
        ]
        executions = [e for e in in_force(view.kept.executions) if e.kind == "trade" and e.con_id]
        executions = [e for e in executions if not view.account or e.account == view.account]
        results = {s.execution.id: trip for trip in view.kept.book.trips if not trip.is_open for s in trip.shares}
        dealt = [_dealt(e, results.get(e.id)) for e in executions]
        known = view.kept.executions[0].time if view.kept.executions else None
        rows = signal_rows(found, journal.outcomes(begins, ends), dealt, view.now_market, known)
        taken = sum(1 for row in rows if row["after"] is not None)
        over = "" if chosen.since else " of the last 7 days"
        words = f"{len(rows):,} signals{over}, {taken} taken (a fill in the symbol within 30 min), moves in ATR"
        none = ["No signal", "Confirmed breakouts come here with what became of them."]
        empty = none if not rows else None
        return {"signals": rows[:SIGNALS_MOST], "groups": worth(rows), "words": words, "empty": empty}

    def _changes(self, view: View) -> dict[str, Any]:
        changes = self._deps.journal.changes(CHANGES_MOST)
        rows = change_rows(change for change in changes if is_within(day_of(change.at_market), view.chosen))
        none = ["Nothing was changed", "Each change of a setting is kept here, with who made it."]
        return {"changes": rows, "empty": none if not rows else None}

    def _curve_account(self, view: View) -> str:
        """Whose recorded curve goes with what is chosen."""
        if view.account:
            return view.account
        several = view.s.broker is not None and len(view.s.broker.accounts) > 1
        return ALL_ACCOUNTS if several else view.s.pnl.account if view.s.pnl is not None else ""

    def _curve_of_days(self, view: View) -> dict[str, float]:
        """The account's result of each day by the broker's figures; nothing where a part of the trades is chosen."""
        chosen = view.chosen
        if chosen.symbol or chosen.is_of_trips or chosen.source or chosen.currency:
            return {}
        ends = self._curves.ends(self._curve_account(view), view.s.now)
        return {day: end.daily for day, end in sorted(ends.items()) if is_within(day, chosen)}


def tagged(answer: dict[str, Any]) -> tuple[bytes, str]:
    """As JSON, with the tag by which a browser says that it has it."""
    data = to_json(answer)
    return data, f'"{hashlib.blake2b(data, digest_size=12).hexdigest()}"'


def _no_trade(view: View) -> list[str]:
    """Title and text of an empty view."""
    if view.kept.executions:
        return ["Nothing in this choice", "No execution in the journal fits the filters above."]
    return ["No trade yet", "Executions of today come by themselves; older ones with a statement."]


def _no_statistics(trips: Sequence[Trip], view: View) -> list[str]:
    """As `_no_trade`, for what counts closed trades that the journal knows from their beginning."""
    before = sum(1 for trip in trips if trip.is_before)
    still = sum(1 for trip in trips if trip.closed_at is None and not trip.is_before)
    if not before and not still:
        return _no_trade(view)
    words = [f"{before} opened before the journal"] if before else []
    words += [f"{still} still open"] if still else []
    return ["No closed trade to count yet", f"Not counted: {', '.join(words)}."]


def _dealt(e: Execution, trip: Trip | None) -> Dealt:
    net = cents(trip.net) if trip is not None else None
    return Dealt(e.time, e.con_id, e.quantity > 0, net, e.currency)


def _midnight(day: str) -> float:
    """Market time at which a date begins in New York."""
    return datetime(int(day[:4]), int(day[4:6]), int(day[6:]), tzinfo=NEW_YORK).timestamp()
