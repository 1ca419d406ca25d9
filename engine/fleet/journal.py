"""The journals of the engines of a choice, read as one: from the server that `journal.url` names, else from the files
that engines of this machine keep. Any thread; never raises, as every `JournalSource`.
"""

from __future__ import annotations

import socket
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TypeVar

from engine.domain import ALL_ACCOUNTS, LineSpan, Signal
from engine.fleet.fleet import Fleet
from engine.fleet.money import sum_curves
from engine.journal.reader import JournalReader
from engine.journal.rows import (
    BookPart,
    CashRow,
    ConnectionEvent,
    FillRow,
    NavDay,
    OptionEvent,
    PnlRow,
    PositionSeen,
    PositionTold,
    SettingChange,
    SignalOutcome,
    TraderWords,
    TransferRow,
)
from engine.journal.thinning import thinned, with_gaps_marked
from engine.state.engine_sections import EngineSection
from engine.state.sections import PnlPoint
from engine.storage.encodable import encodable, path_of

T = TypeVar("T")
OPEN_MOST = 64  # journals


class Plan(NamedTuple):
    """Where an engine's rows are, and whose: `accounts` with their journals, home first; none = out of reach."""

    engine: str
    mode: str
    accounts: tuple[tuple[str, str], ...]
    problem: str = ""


def plans(cards: Sequence[EngineSection], url: str | None, machine: str) -> list[Plan]:
    """What is read of each engine. An account that two of them watch is read once, for the first. Pure."""
    taken: set[tuple[str, str]] = set()
    made = []
    for card in cards:
        own = [account for account in card.accounts if (card.mode, account) not in taken]
        taken |= {(card.mode, account) for account in own}
        if url is not None:
            made.append(Plan(card.name, card.mode, tuple((account, url) for account in own)))
        elif not card.journals and card.accounts:
            made.append(Plan(card.name, card.mode, (), f"engine {card.name} keeps its journal on a server: {_SET_URL}"))
        elif card.machine != machine:
            where = f"engine {card.name} keeps its journal in files of {card.machine}"
            made.append(Plan(card.name, card.mode, (), f"{where}, which can't be read from here: {_SET_URL}"))
        else:
            files = tuple((account, card.journals[account]) for account in own if account in card.journals)
            made.append(Plan(card.name, card.mode, files))
    return made


_SET_URL = "let both use one journal.url"


class Readers:
    """The journals of the engines of a fleet, opened when they are asked for.

    Args:
        url: `journal.url`, None = files.
        own: readers of the engines of this process.
    """

    def __init__(self, fleet: Fleet, url: str | None, own: Mapping[str, JournalReader] | None = None) -> None:
        self._fleet = fleet
        self._url = url
        self._own = dict(own or {})
        self._machine = encodable(socket.gethostname())
        self._lock = threading.Lock()
        self._opened: OrderedDict[Plan, JournalReader] = OrderedDict()

    def plans(self, choice: str) -> list[Plan]:
        """Of the engines that a choice means; those of this process first."""
        chosen = sorted(self._fleet.chosen(choice).items(), key=lambda each: each[0] not in self._own)
        cards = [source.peek_many(("engine",)).sections.get("engine") for _, source in chosen]
        return plans([card for card in cards if isinstance(card, EngineSection)], self._url, self._machine)

    def of(self, choice: str) -> list[JournalReader]:
        """Those that are within reach."""
        with self._lock:
            return [self._own.get(plan.engine) or self._open(plan) for plan in self.plans(choice) if plan.accounts]

    @property
    def unread(self) -> int:
        """Of all of them."""
        with self._lock:
            return sum(reader.unread for reader in (*self._own.values(), *self._opened.values()))

    def close(self) -> None:
        """Those of this process stay."""
        with self._lock:
            while self._opened:
                self._opened.popitem()[1].close()

    def _open(self, plan: Plan) -> JournalReader:
        """Under the lock."""
        reader = self._opened.get(plan)
        if reader is None:
            reader = self._opened[plan] = _reader(plan)
            if len(self._opened) > OPEN_MOST:
                self._opened.popitem(last=False)[1].close()
        self._opened.move_to_end(plan)
        return reader


class FleetJournal:
    """Implements `JournalSource`: the journals of a choice."""

    def __init__(self, readers: Readers, choice: str) -> None:
        self._of = readers
        self._choice = choice

    @property
    def choice(self) -> str:
        """Whose journals are read."""
        return self._choice

    @property
    def problem(self) -> str:
        said = [plan.problem for plan in self._of.plans(self.choice) if plan.problem]
        return "; ".join(dict.fromkeys([*said, *(reader.problem for reader in self._readers() if reader.problem)]))

    @property
    def unread(self) -> int:
        return self._of.unread

    def now(self) -> FleetJournal:
        return self

    def close(self) -> None:
        """The files and connections."""
        self._of.close()

    def _readers(self) -> list[JournalReader]:
        return self._of.of(self.choice)

    def pnl(
        self,
        since: float,
        until: float | None = None,
        max_points: int | None = None,
        mark_gaps_s: float | None = None,
        account: str = "",
    ) -> list[PnlRow]:
        """As of one journal; "" and ALL_ACCOUNTS of several = the sum of their curves."""
        readers = self._readers()
        if len(readers) == 1:
            return readers[0].pnl(since, until, max_points, mark_gaps_s, account)
        if account not in ("", ALL_ACCOUNTS):
            found = next((r for r in readers if account in r.places()[1]), None)
            return found.pnl(since, until, max_points, mark_gaps_s, account) if found is not None else []
        curves = [_points(reader.pnl(since, until, account=_whole(reader))) for reader in readers]
        mode = readers[0].places()[0] if readers else ""
        rows = [
            PnlRow(point.t, point.m, point.unrealized, point.realized, point.daily, mode, ALL_ACCOUNTS)
            for point in sum_curves([curve for curve in curves if curve])
        ]
        if mark_gaps_s is not None:
            rows = with_gaps_marked(rows, mark_gaps_s)
        return rows if max_points is None else thinned(rows, max_points)

    def signals(self, from_market: float, to_market: float) -> list[Signal]:
        found = chain.from_iterable(reader.signals(from_market, to_market) for reader in self._readers())
        return sorted({signal.id: signal for signal in found}.values(), key=lambda signal: signal.at)

    def outcomes(self, from_market: float, to_market: float, set_name: str = "") -> list[SignalOutcome]:
        found = chain.from_iterable(r.outcomes(from_market, to_market, set_name) for r in self._readers())
        once = {(each.signal_id, each.horizon_min): each for each in found}
        return sorted(once.values(), key=lambda each: each.signal_at)

    def changes(self, limit: int = 50) -> list[SettingChange]:
        found = chain.from_iterable(reader.changes(limit) for reader in self._readers())
        return sorted(found, key=lambda change: -change.id)[:limit]

    def connection_events(self, since: float, limit: int = 500) -> list[ConnectionEvent]:
        found = chain.from_iterable(reader.connection_events(since, limit) for reader in self._readers())
        return sorted(found, key=lambda event: event.at_wall)[-limit:]

    def line_spans(self, since_market: float, until_market: float | None = None, limit: int = 500) -> list[LineSpan]:
        found = chain.from_iterable(r.line_spans(since_market, until_market, limit) for r in self._readers())
        return sorted(found, key=lambda span: span.to_market)[-limit:]

    def fills(
        self,
        since_market: float,
        until_market: float | None = None,
        *,
        account: str | None = None,
        corrected: bool = False,
        perm_ids: Collection[int] | None = None,
        source: str | None = None,
        limit: int = 1_000,
    ) -> list[FillRow]:
        found = chain.from_iterable(
            reader.fills(
                since_market, until_market, account=account, corrected=corrected, perm_ids=perm_ids, source=source,
                limit=limit,
            )
            for reader in self._readers()
        )  # fmt: skip
        return sorted(found, key=lambda row: (row.fill.time_market, row.fill.exec_id))[-limit:]

    def trader_words(self, account: str | None = None) -> TraderWords:
        said = [reader.trader_words(account) for reader in self._readers()]
        return TraderWords(
            trips=_joined(each.trips for each in said),
            days=_joined(each.days for each in said),
            stops=tuple(sorted(_joined(each.stops for each in said), key=lambda stop: stop.noted_wall)),
            links=_joined(each.links for each in said),
        )

    def positions_seen(self, account: str | None = None) -> list[PositionSeen]:
        found = chain.from_iterable(reader.positions_seen(account) for reader in self._readers())
        return sorted(found, key=lambda each: each.at_market)

    def cash(self, account: str | None = None) -> list[CashRow]:
        return sorted(chain.from_iterable(r.cash(account) for r in self._readers()), key=lambda row: row.day)

    def nav_days(self, account: str | None = None) -> list[NavDay]:
        return sorted(chain.from_iterable(r.nav_days(account) for r in self._readers()), key=lambda row: row.day)

    def transfers(self, account: str | None = None) -> list[TransferRow]:
        return sorted(chain.from_iterable(r.transfers(account) for r in self._readers()), key=lambda row: row.day)

    def option_events(self, account: str | None = None) -> list[OptionEvent]:
        return sorted(chain.from_iterable(r.option_events(account) for r in self._readers()), key=lambda row: row.day)

    def positions_told(self, account: str | None = None) -> list[PositionTold]:
        return sorted(chain.from_iterable(r.positions_told(account) for r in self._readers()), key=lambda row: row.day)

    def book_numbers(self) -> dict[tuple[str, BookPart], int]:
        """No account is in two of the journals: `plans`."""
        return {key: number for reader in self._readers() for key, number in reader.book_numbers().items()}

    def changed_fills(self, after: Mapping[str, int]) -> Iterator[list[FillRow]]:
        for reader in self._readers():
            yield from reader.changed_fills(after)

    def positions_noted(self, after: Mapping[str, int]) -> tuple[list[PositionSeen], dict[str, int]]:
        """Each journal counts by itself; what it calls its own account is another one in each."""
        found, newest = list[PositionSeen](), dict(after)
        for reader in self._readers():
            mark = next(iter(reader.places()[1]), "") + "\n"
            mine = {key.removeprefix(mark): row for key, row in after.items() if key.startswith(mark)}
            noted, now = reader.positions_noted(mine)
            found += noted
            newest |= {mark + key: row for key, row in now.items()}
        return found, newest


class ChosenJournal(FleetJournal):
    """The journals of what the request at hand looks at (`choice_now`)."""

    def __init__(self, readers: Readers, choice_now: Callable[[], str]) -> None:
        super().__init__(readers, "")
        self._choice_now = choice_now
        self._lock = threading.Lock()
        self._made: dict[str, FleetJournal] = {}

    @property
    def choice(self) -> str:
        return self._choice_now()

    def now(self) -> FleetJournal:
        choice = self.choice
        with self._lock:
            if len(self._made) > 100:  # of engines that are gone
                self._made.clear()
            return self._made.setdefault(choice, FleetJournal(self._of, choice))


def _reader(plan: Plan) -> JournalReader:
    reader = JournalReader()
    (home, target), *others = plan.accounts
    reader.open(_target(target), plan.mode, home)
    for account, other in others:
        reader.also(_target(other), plan.mode, account)
    if others:
        reader.also(_target(target), plan.mode, ALL_ACCOUNTS)
    return reader


def _target(text: str) -> str | Path:
    return text if "://" in text else path_of(text)


def _whole(reader: JournalReader) -> str:
    """Under which name a journal has the curve of all that it is of."""
    return ALL_ACCOUNTS if len(reader.places()[1]) > 1 else ""


def _points(rows: Sequence[PnlRow]) -> list[PnlPoint]:
    return [PnlPoint(row.t, row.m, row.unrealized, row.realized, row.daily) for row in rows]


def _joined(parts: Iterable[tuple[T, ...]]) -> tuple[T, ...]:
    return tuple(chain.from_iterable(parts))
