"""The engines of a store, as a dashboard reads them: one of them, or all of a mode together.

A section of several engines is made anew only when one of theirs has changed. Whatever happens to an engine or to the
store, what was told last stays, and says how old it is. Any thread.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from engine.clock import Clock, steady
from engine.errors import StateError
from engine.fleet.merging import merged, needed
from engine.fleet.money import sum_of, told
from engine.fleet.parts import MODES, Part, in_order, of, part_of
from engine.fleet.routing import SECTIONS as ROUTING
from engine.fleet.routing import engines_for
from engine.state.commands import Command
from engine.state.engine_sections import FLEET, EngineRow, EngineSection, FleetSection
from engine.state.reader import StateReader
from engine.state.sections import BrokerSection, Heartbeat, LinesSection, PositionsSection, Section
from engine.state.source import Reading, StateSource
from engine.state.store import StateStore

log = logging.getLogger("qtrade.fleet")

NAMES_S = 2.0  # so long a list of the engines is good
FORGET_S = 3_600.0  # a store that restarts has forgotten all: who was there stays for so long
ALL = "@"  # begins the choice of all engines of a mode: no engine's name does
_OWN = ("engine", "heartbeat", "broker")  # read of each, whatever is asked for
_CARD = (*_OWN, "lines", "positions", "positions_all")


class Fleet:
    """Every engine of a store. `own`: those of this process, which are read from memory.

    Args:
        store: where the others publish.
    """

    def __init__(self, store: StateStore, clock: Clock, own: Mapping[str, StateSource] | None = None) -> None:
        self._store = store
        self._clock = steady(clock)
        self._lock = threading.Lock()
        self._members: dict[str, StateSource] = dict(own or {})
        self._own = frozenset(self._members)
        self._listed_mono: dict[str, float] = {}  # when each was on the store's list last
        self._asked_mono = float("-inf")
        self._problem = ""
        self._views: dict[str, FleetView] = {}

    @property
    def problem(self) -> str:
        """Why the store can't be read now; "" = it can."""
        self._look_for_engines()
        return self._problem

    def members(self) -> dict[str, StateSource]:
        """Engines by name, in order."""
        self._look_for_engines()
        with self._lock:
            return dict(sorted(self._members.items()))

    def choice(self, wanted: str) -> str:
        """What is looked at where `wanted` is asked for: it, if there is such an engine or mode, else the usual.

        The usual is the one engine, else all of the most serious mode together.
        """
        members = self.members()
        if wanted in members:
            return wanted
        modes = self._modes(members)
        if len(members) == 1:
            return next(iter(members))
        if wanted.removeprefix(ALL) in modes and wanted.startswith(ALL):
            return wanted
        return f"{ALL}{modes[0]}" if modes else ALL

    def view(self, choice: str) -> FleetView:
        """What a choice shows; the same object each time."""
        with self._lock:
            view = self._views.get(choice)
            if view is None:
                if len(self._views) > 100:  # made-up choices never get here, engines that are gone do
                    self._views.clear()
                view = self._views[choice] = FleetView(self, choice, self._clock)
            return view

    def chosen(self, choice: str) -> dict[str, StateSource]:
        """The engines that a choice means."""
        members = self.members()
        if not choice.startswith(ALL):
            return {choice: members[choice]} if choice in members else {}
        mode = choice.removeprefix(ALL)
        return {name: source for name, source in members.items() if mode in ("", _mode(source))}

    def choices(self, members: Mapping[str, StateSource]) -> tuple[tuple[str, str], ...]:
        """What can be chosen, with words; nothing where there is one engine."""
        if len(members) < 2:
            return ()
        modes = self._modes(members)
        all_of = [(f"{ALL}{mode}", f"All {mode}" if len(modes) > 1 else "All engines") for mode in modes]
        return (*all_of, *((name, name) for name in members))

    def _modes(self, members: Mapping[str, StateSource]) -> list[str]:
        there = {_mode(source) for source in members.values()}
        return [mode for mode in MODES if mode in there]

    def _look_for_engines(self) -> None:
        now = self._clock.mono()
        if now - self._asked_mono < NAMES_S:
            return
        self._asked_mono = now
        try:
            names = self._store.engines()
        except StateError as error:
            if str(error) != self._problem:
                log.warning("%s", error)
            self._problem = str(error)
            return
        with self._lock:
            if self._problem:
                log.warning("The engines can be found again")
            self._problem = ""
            for name in self._members.keys() - set(names) - self._own:
                if now - self._listed_mono.get(name, now) > FORGET_S:
                    del self._members[name]
            self._listed_mono |= dict.fromkeys(names, now)
            for name in names:
                if name not in self._members:
                    self._members[name] = StateReader(self._store.view(name), self._clock, name)


def _mode(source: StateSource) -> str:
    return part_of("", source.peek_many(("engine", "broker", "heartbeat"))).mode


class FleetView:
    """Implements `StateSource` on the engines of a choice; the section "fleet" tells of all of them.

    Sections of one engine are its own. Those of several have numbers of ours, which rise with each change.
    """

    def __init__(self, fleet: Fleet, choice: str, clock: Clock) -> None:
        self._fleet = fleet
        self._choice = choice
        self._clock = clock
        self._lock = threading.Lock()
        self._next = int(clock.wall() * 1000)
        self._made: dict[str, tuple[object, Section | None]] = {}  # name -> what it was made from, and what came of it
        self._moment: tuple[object, int] | None = None
        self._card: FleetSection | None = None

    @property
    def problem(self) -> str:
        sources = self._fleet.chosen(self._choice)
        said = [f"{name}: {source.problem}" for name, source in sources.items() if source.problem]
        return "; ".join([self._fleet.problem] * bool(self._fleet.problem) + said)

    def read(self, name: str) -> Section | None:
        return self.read_many((name,)).sections.get(name)

    def read_many(self, names: Iterable[str]) -> Reading:
        return self._reading(tuple(names), look=True)

    def peek_many(self, names: Iterable[str]) -> Reading:
        return self._reading(tuple(names), look=False)

    def seqs(self) -> dict[str, int]:
        sources = self._fleet.chosen(self._choice)
        if len(sources) == 1:
            return next(iter(sources.values())).seqs()
        names = sorted({name for source in sources.values() for name in source.seqs()})
        return self.peek_many(names).seqs()

    def submit(self, command: Command) -> None:
        """Hand it to the engine that it is for.

        Raises:
            CommandRefused: the text is for the user.
        """
        sources = self._fleet.chosen(self._choice)
        if len(sources) == 1:
            next(iter(sources.values())).submit(command)
            return
        parts = in_order(self._parts(sources, ROUTING, look=False))
        for name in engines_for(command, [part for part in parts if not part.is_old]):
            sources[name].submit(command)

    def _reading(self, names: tuple[str, ...], *, look: bool) -> Reading:
        sources = self._fleet.chosen(self._choice)
        asked = tuple(name for name in names if name != FLEET)
        if len(sources) == 1:
            source = next(iter(sources.values()))
            reading = source.read_many(asked) if look else source.peek_many(asked)
        else:
            reading = self._together(sources, asked, look=look)
        if FLEET not in names:
            return reading
        sections = {**reading.sections, FLEET: self._fleet_section()}
        return Reading(reading.snapshot, sections, reading.silent_s, reading.engine_wall)

    def _together(self, sources: Mapping[str, StateSource], names: Sequence[str], *, look: bool) -> Reading:
        wanted = tuple(dict.fromkeys((*_OWN, *(each for name in names for each in needed(name)))))
        read = {name: _read(source, wanted, look=look) for name, source in sources.items()}
        parts = in_order(part_of(name, reading) for name, reading in read.items())
        with self._lock:
            sections = {name: made for name in names if (made := self._section(name, parts)) is not None}
            number = self._number(tuple((name, reading.snapshot) for name, reading in sorted(read.items())), parts)
        silent = [reading.silent_s for reading in read.values() if reading.silent_s is not None]
        lead = read[parts[0].name] if parts else Reading(None, {})
        whole = number if all(reading.snapshot is not None for reading in read.values()) else None
        return Reading(whole, sections, min(silent, default=None), lead.engine_wall)

    def _parts(self, sources: Mapping[str, StateSource], names: Iterable[str], *, look: bool) -> list[Part]:
        wanted = tuple(dict.fromkeys((*_OWN, *names)))
        return [part_of(name, _read(source, wanted, look=look)) for name, source in sources.items()]

    def _section(self, name: str, parts: Sequence[Part]) -> Section | None:
        """Made anew where one of what it is made from has changed, else the same object. Under the lock."""
        mark = tuple(
            (part.name, part.word, part.is_connected, *(_seq(part, each) for each in needed(name))) for part in parts
        )
        known = self._made.get(name)
        if known is not None and known[0] == mark:
            return known[1]
        made = merged(name, parts)
        if made is not None:
            before = known[1] if known is not None else None
            if before is not None and replace(made, seq=before.seq, as_of_wall=before.as_of_wall) == before:
                made = before
            else:
                self._next += 1
                made = replace(made, seq=self._next, as_of_wall=_as_of(name, parts))
        self._made[name] = (mark, made)
        if len(self._made) > 500:  # symbols come and go
            self._made = {key: value for key, value in self._made.items() if key == name or ":" not in key}
        return made

    def _number(self, snapshots: object, parts: Sequence[Part]) -> int:
        """Of this moment: another one exactly when one of the engines' moments is another. Under the lock."""
        mark = (snapshots, tuple((part.name, part.word) for part in parts))
        if self._moment is None or self._moment[0] != mark:
            self._next += 1
            self._moment = (mark, self._next)
        return self._moment[1]

    # --- who there is -----------------------------------------------------------------------------------------------

    def _fleet_section(self) -> FleetSection:
        members = self._fleet.members()
        parts = self._parts(members, _CARD, look=False)
        walls = {part.name: _last_beat(part) for part in parts}
        rows = tuple(_row(part, walls[part.name]) for part in sorted(parts, key=lambda part: part.name))
        chosen = [part for part in parts if part.name in self._fleet.chosen(self._choice)]
        section = FleetSection(
            engines=rows,
            chosen=self._choice,
            choices=self._fleet.choices(members),
            total=_total(in_order(chosen)) if len(chosen) > 1 else None,
            problem=self._fleet.problem,
        )
        with self._lock:
            known = self._card
            if known is not None and replace(section, seq=known.seq, as_of_wall=known.as_of_wall) == known:
                return known
            self._next += 1
            section = replace(section, seq=self._next, as_of_wall=self._clock.wall())
            self._card = section
            return section


def _read(source: StateSource, names: tuple[str, ...], *, look: bool) -> Reading:
    return source.read_many(names) if look else source.peek_many(names)


def _seq(part: Part, name: str) -> int:
    section = part.sections.get(name)
    return -1 if section is None else section.seq


def _as_of(name: str, parts: Sequence[Part]) -> float:
    walls = (part.sections[each].as_of_wall for part in parts for each in needed(name) if each in part.sections)
    return max(walls, default=0.0)


def _last_beat(part: Part) -> float | None:
    beat = part.get("heartbeat", Heartbeat)
    return beat.at_wall if beat is not None else None


def _row(part: Part, beat_wall: float | None) -> EngineRow:
    card, broker = part.get("engine", EngineSection), part.get("broker", BrokerSection)
    lines = part.get("lines", LinesSection)
    held = part.get("positions_all", PositionsSection) or part.get("positions", PositionsSection)
    figures = held.account if held is not None else None
    ended = card.ended_wall if card is not None else None
    return EngineRow(
        name=part.name,
        word=part.word,
        mode=part.mode,
        connected=part.is_connected,
        title=broker.state_title if broker is not None else "",
        machine=card.machine if card is not None else "",
        since_wall=(ended if ended is not None else beat_wall) if part.is_old else None,
        accounts=broker.accounts if broker is not None else card.accounts if card is not None else (),
        lines_used=lines.used if lines is not None else None,
        lines_limit=lines.limit if lines is not None else None,
        visits=card.visits if card is not None else None,
        positions=len(held.tradable) if held is not None else None,
        daily_pnl=figures.daily_pnl if figures is not None else None,
        unrealized_pnl=figures.unrealized_pnl if figures is not None else None,
        currency=(figures.base_currency or figures.currency) if figures is not None else "",
        build_id=card.build_id if card is not None else "",
    )


def _total(parts: Sequence[Part]) -> EngineRow:
    """All that are chosen, as one row."""
    shares = told(parts)
    figures = sum_of([(share.part, each) for share in shares for each in share.figures()]) if shares else None
    lines = [section for _, section in of(parts, "lines", LinesSection)]
    return EngineRow(
        name="",
        word="alive" if any(not part.is_old for part in parts) else "dead",
        mode=parts[0].mode,
        connected=all(part.is_connected for part in parts),
        title=f"{sum(part.is_connected for part in parts)} of {len(parts)} connected",
        accounts=tuple(sorted({account for share in shares for account in share.accounts if account})),
        lines_used=sum(section.used for section in lines) if lines else None,
        lines_limit=sum(section.limit for section in lines) if lines else None,
        positions=sum(1 for share in shares for _ in share.rows()) if shares else None,
        daily_pnl=figures.daily_pnl if figures is not None else None,
        unrealized_pnl=figures.unrealized_pnl if figures is not None else None,
        currency=(figures.base_currency or figures.currency) if figures is not None else "",
    )
