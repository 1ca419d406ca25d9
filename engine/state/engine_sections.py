"""Who publishes: an engine's own card, and the list of all engines of a store as a dashboard sees them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from engine.state.sections import Section

EngineWord = Literal["starting", "alive", "late", "dead", "stopped"]


class EngineSection(Section, frozen=True, kw_only=True):
    """An engine's card. `accounts`: watched, home first. `journals`: account -> file of `machine`, none where a server
    keeps them. `visits` = symbols that its spare lines go round, of those that the engines of its `group` share ("" =
    all are its own). `ended_wall` = it was stopped then, None = it runs, or has died.
    """

    name: str
    machine: str
    pid: int
    started_wall: float
    mode: str
    accounts: tuple[str, ...] = ()
    journals: dict[str, str] = {}
    build_id: str = ""
    version: str = ""
    group: str = ""
    visits: int | None = None
    ended_wall: float | None = None


class EngineRow(Struct, frozen=True):
    """One engine, or all of a mode together (`name` ""). Money in `currency`; None = not known, or no common one.

    `since_wall`: of one that is not alive, when it gave its last sign of life, or was stopped.
    """

    name: str
    word: EngineWord
    mode: str
    connected: bool
    title: str  # the state of its session
    machine: str = ""
    since_wall: float | None = None
    accounts: tuple[str, ...] = ()
    lines_used: int | None = None
    lines_limit: int | None = None
    visits: int | None = None  # symbols that its spare lines go round
    positions: int | None = None
    daily_pnl: float | None = None
    unrealized_pnl: float | None = None
    currency: str = ""
    build_id: str = ""


class FleetSection(Section, frozen=True, kw_only=True):
    """Made by the dashboard. `chosen`: as in `choices`, (value, words). `total` = all of the chosen mode together, None
    where there is but one engine. `problem` = why the store can't be read now.
    """

    engines: tuple[EngineRow, ...]
    chosen: str
    choices: tuple[tuple[str, str], ...]
    total: EngineRow | None = None
    problem: str = ""


FLEET = "fleet"  # no engine publishes it
ENGINE_SECTIONS: dict[str, type[Section]] = {"engine": EngineSection, FLEET: FleetSection}
