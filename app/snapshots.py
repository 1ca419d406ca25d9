"""The sections of the state as one typed bundle for the view builders. Pure reading; no section is changed here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, Literal, Protocol, TypeVar

from engine.clock import NEW_YORK
from engine.state.alert_sections import AlertsSection
from engine.state.counter_sections import CountersSection
from engine.state.desk_sections import HoldingsSection, SectorsSection
from engine.state.engine_sections import FleetSection
from engine.state.incident_sections import IncidentsSection
from engine.state.lab_sections import LabResultSection, LabSection, LabSourceSection, PreviewSection
from engine.state.scan_sections import ScanParametersSection
from engine.state.score_sections import ScoresSection
from engine.state.sections import (
    AnswersSection,
    BrokerSection,
    CoverageSection,
    HealthSection,
    Heartbeat,
    LineEventsSection,
    LinesSection,
    PnlSection,
    PositionsSection,
    QuotesSection,
    ScannersSection,
    Section,
    SettingsSection,
    SignalsSection,
    SymbolSection,
    UniverseSection,
)
from engine.state.source import Reading
from engine.state.watchlist_sections import WatchlistsSection

EngineState = Literal["starting", "alive", "late", "dead"]
LATE_S = 6.0
DEAD_S = 15.0


class SectionReader(Protocol):
    """What the pages need of the state: sections of one moment."""

    def read_many(self, names: Iterable[str]) -> Reading: ...


def engine_state(heartbeat_age_s: float | None) -> EngineState:
    """How far the engine's last sign of life lies back; None = it has never written."""
    if heartbeat_age_s is None:
        return "starting"
    if heartbeat_age_s <= LATE_S:
        return "alive"
    return "late" if heartbeat_age_s <= DEAD_S else "dead"


S = TypeVar("S", bound=Section)


def _typed(section: Section | None, kind: type[S]) -> S | None:
    return section if isinstance(section, kind) else None


@dataclass(frozen=True)
class Snapshots:
    """Every section a page asked for; None = not published yet, or not asked for. `now` is the engine's wall
    time, before its first heartbeat this process's.

    `looked_at` = the parts on demand that browsers have in sight, None = build all of them; `zone` = in which times are
    told. All are of one moment, whose number is `snapshot`. `silent_s` = since the engine's last heartbeat (`Reading`).
    """

    engine: EngineState
    now: float
    snapshot: int | None = None
    silent_s: float | None = None
    build_id: str = ""
    version: str = ""
    looked_at: frozenset[str] | None = None
    zone: tzinfo = NEW_YORK
    heartbeat: Heartbeat | None = None
    broker: BrokerSection | None = None
    positions: PositionsSection | None = None  # of what is shown
    positions_all: PositionsSection | None = None  # of all accounts, while one of several is shown
    quotes: QuotesSection | None = None
    lines: LinesSection | None = None
    line_events: LineEventsSection | None = None
    coverage: CoverageSection | None = None
    scanners: ScannersSection | None = None
    signals: SignalsSection | None = None
    health: HealthSection | None = None
    incidents: IncidentsSection | None = None
    settings: SettingsSection | None = None
    pnl: PnlSection | None = None
    universe: UniverseSection | None = None
    answers: AnswersSection | None = None
    scores: ScoresSection | None = None
    scan_parameters: ScanParametersSection | None = None
    symbol: SymbolSection | None = None
    symbols: Mapping[int, SymbolSection] = field(default_factory=dict)  # every one that was asked for, by con_id
    watchlists: WatchlistsSection | None = None
    preview: PreviewSection | None = None
    lab_source: LabSourceSection | None = None
    lab: LabSection | None = None
    lab_result: LabResultSection | None = None
    alerts: AlertsSection | None = None
    holdings: HoldingsSection | None = None
    sectors: SectorsSection | None = None
    fleet: FleetSection | None = None
    counters: CountersSection | None = None

    @classmethod
    def read(
        cls,
        reader: SectionReader,
        names: tuple[str, ...],
        engine: EngineState,
        now: float,
        build: tuple[str, str] = ("", ""),
    ) -> Snapshots:
        """Read `names` as they are at one moment."""
        return cls.of(reader.read_many(names), engine, now, build)

    @classmethod
    def of(cls, reading: Reading, engine: EngineState, now: float, build: tuple[str, str] = ("", "")) -> Snapshots:
        """What was read, typed."""
        got = {name.partition(":")[0]: section for name, section in reading.sections.items()}
        return cls(
            engine=engine,
            now=now if reading.engine_wall is None else reading.engine_wall,
            snapshot=reading.snapshot,
            silent_s=reading.silent_s,
            build_id=build[0],
            version=build[1],
            heartbeat=_typed(got.get("heartbeat"), Heartbeat),
            broker=_typed(got.get("broker"), BrokerSection),
            positions=_typed(got.get("positions"), PositionsSection),
            positions_all=_typed(got.get("positions_all"), PositionsSection),
            quotes=_typed(got.get("quotes"), QuotesSection),
            lines=_typed(got.get("lines"), LinesSection),
            line_events=_typed(got.get("line_events"), LineEventsSection),
            coverage=_typed(got.get("coverage"), CoverageSection),
            scanners=_typed(got.get("scanners"), ScannersSection),
            signals=_typed(got.get("signals"), SignalsSection),
            health=_typed(got.get("health"), HealthSection),
            incidents=_typed(got.get("incidents"), IncidentsSection),
            settings=_typed(got.get("settings"), SettingsSection),
            pnl=_typed(got.get("pnl"), PnlSection),
            universe=_typed(got.get("universe"), UniverseSection),
            answers=_typed(got.get("answers"), AnswersSection),
            scores=_typed(got.get("scores"), ScoresSection),
            scan_parameters=_typed(got.get("scan_parameters"), ScanParametersSection),
            symbol=_typed(got.get("symbol"), SymbolSection),
            symbols={
                section.con_id: section for section in reading.sections.values() if isinstance(section, SymbolSection)
            },
            watchlists=_typed(got.get("watchlists"), WatchlistsSection),
            preview=_typed(got.get("preview"), PreviewSection),
            lab_source=_typed(got.get("lab_source"), LabSourceSection),
            lab=_typed(got.get("lab"), LabSection),
            lab_result=_typed(got.get("lab_result"), LabResultSection),
            alerts=_typed(got.get("alerts"), AlertsSection),
            holdings=_typed(got.get("holdings"), HoldingsSection),
            sectors=_typed(got.get("sectors"), SectorsSection),
            fleet=_typed(got.get("fleet"), FleetSection),
            counters=_typed(got.get("counters"), CountersSection),
        )

    def looks_at(self, part: str) -> bool:
        """Whether a browser has this part on demand in sight."""
        return self.looked_at is None or part in self.looked_at

    def of_demand(self, **parts: Callable[[], dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Of these parts on demand those that somebody looks at; ":" in a name is written "__"."""
        named = {name.replace("__", ":"): build for name, build in parts.items()}
        return {name: build() for name, build in named.items() if self.looks_at(name)}

    def market_time(self, wall: float) -> float:
        """The gateway's clock at wall time `wall`, UTC epoch seconds; wall time itself while no gateway is known."""
        b = self.broker
        if b is None:
            return wall
        base = b.as_of_wall or self.now
        return base + b.clock_offset_s + (wall - base) * b.clock_rate
