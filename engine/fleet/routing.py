"""Which engine a command is for, while all of them are looked at together. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import CommandRefused
from engine.fleet.parts import Part
from engine.state.alert_sections import AlertsSection
from engine.state.commands import (
    AskLine,
    AskNews,
    Command,
    FindSymbol,
    InspectSignal,
    JoinTrips,
    NoteDay,
    NoteStop,
    NoteTrip,
    OpenSymbol,
    SeeAlerts,
    SnoozeAlert,
    WhyNot,
)
from engine.state.envelope import symbol_key
from engine.state.sections import (
    BrokerSection,
    CoverageSection,
    PositionsSection,
    QuotesSection,
    SignalsSection,
    UniverseSection,
)

SECTIONS = (
    "broker",
    "positions",
    "positions_all",
    "quotes",
    "universe",
    "coverage",
    "signals",
    "alerts",
)  # that it looks at
CHOOSE = "Choose one engine above first: this is each engine's own."
_OF_A_CONTRACT = OpenSymbol | AskLine | AskNews
_OF_AN_ACCOUNT = NoteTrip | NoteDay | NoteStop | JoinTrips


def engines_for(command: Command, parts: Sequence[Part]) -> tuple[str, ...]:
    """Names of the engines that it goes to, of those that answer (`parts`, in their order).

    Raises:
        CommandRefused: none answers, or it has to be one that the user names.
    """
    if not parts:
        raise CommandRefused("No engine answers; nothing was changed. See the Health page.")
    if isinstance(command, _OF_A_CONTRACT):
        return (who_knows(command.con_id, parts),)
    if isinstance(command, InspectSignal):
        return (_who_signalled(command, parts),)
    if isinstance(command, FindSymbol):
        return (parts[0].name,)
    if isinstance(command, WhyNot):
        return (_who_visits(command.text, parts),)
    if isinstance(command, _OF_AN_ACCOUNT):
        return (_who_watches(command.account, parts),)
    if isinstance(command, SeeAlerts):
        return _who_found(frozenset(command.ids), parts)
    if isinstance(command, SnoozeAlert):
        return _who_found(frozenset({command.occurrence_id}), parts)
    raise CommandRefused(CHOOSE)


def who_knows(con_id: int, parts: Sequence[Part]) -> str:
    """Who holds the contract, else who has a price of it, else who knows its name, else the first."""
    ranked = sorted(parts, key=lambda part: -_knows(con_id, part))  # stable: the first of the best
    return ranked[0].name


def _knows(con_id: int, part: Part) -> int:
    held = part.get("positions_all", PositionsSection) or part.get("positions", PositionsSection)
    if held is not None and any(row.con_id == con_id for row in held.tradable):
        return 4
    if symbol_key(con_id) in part.sections:
        return 3
    quotes = part.get("quotes", QuotesSection)
    if quotes is not None and any(quote.con_id == con_id for quote in quotes.quotes):
        return 2
    universe = part.get("universe", UniverseSection)
    return int(universe is not None and any(row[0] == con_id for row in universe.symbols))


def _who_visits(text: str, parts: Sequence[Part]) -> str:
    """Who has looked last at what is called so, or has this con_id; else the first."""
    wanted, found = text.strip().upper(), dict[str, float]()
    for part in parts:
        section = part.get("coverage", CoverageSection)
        for row in section.rows if section is not None else ():
            if wanted in (row.local_symbol.upper(), str(row.con_id)):
                found[part.name] = row.last_visit_wall or 0.0
    return max(found, key=lambda name: found[name]) if found else parts[0].name


def _who_signalled(command: InspectSignal, parts: Sequence[Part]) -> str:
    for part in parts:
        section = part.get("signals", SignalsSection)
        if section is not None and any(signal.id == command.signal for signal in section.signals):
            return part.name
    return who_knows(command.con_id, parts)


def _who_watches(account: str, parts: Sequence[Part]) -> str:
    for part in parts:
        section = part.get("broker", BrokerSection)
        if section is not None and account in section.accounts:
            return part.name
    raise CommandRefused("No engine that answers watches this account; nothing was changed.")


def _who_found(ids: frozenset[int], parts: Sequence[Part]) -> tuple[str, ...]:
    """No ids = whatever is new anywhere."""
    found = []
    for part in parts:
        section = part.get("alerts", AlertsSection)
        if section is not None and (not ids or any(each.id in ids for each in section.occurrences)):
            found.append(part.name)
    if not found:
        raise CommandRefused("No engine that answers knows this alert any more.")
    return tuple(found)
