"""MarketScanner: IB's own scans held open, their newest results evaluated every 60 s. Costs no market-data line.

IB pushes a complete result about every 30 s. At most 9 of the gateway's 10 scanner slots are used, one is kept for
ad-hoc questions. The gateway's answer decides whether a preset runs, never a list of codes. Engine thread only.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from engine.broker.port import RequestError, ScanRow, ScanRows, ScanSpec
from engine.config import MarketScanSettings
from engine.domain import ScanState
from engine.errors import QTradeError
from engine.scanners.presets import PRESETS, Preset, catalogue, meaning_of, over_for_today, slot_plan, spec

log = logging.getLogger("qtrade.market")

SLOTS = 9
EVALUATE_S = 60.0
RETRY_S = 300.0  # a refused scan is tried again, and at once after a reconnect
SILENT_S = 180.0  # an open scan without any result for so long is opened anew
TURN_S = 60.0  # a list that is read now and then gives its slot back after so long, answered or not
ADVISORY = frozenset({490, 492, 165, 2119})
NO_SLOT = 322
State = Literal["off", "queued", "warming", "live", "resting", "refused", "ended"]


class ScanPort(Protocol):
    """The two methods of the broker that are needed here."""

    def open_scan(self, spec: ScanSpec) -> int: ...

    def close_scan(self, req_id: int) -> None: ...


class ScanResult(NamedTuple):
    """One evaluated result, best row first."""

    preset: Preset
    rows: tuple[ScanRow, ...]
    at_market: float


@dataclass(slots=True)
class _Scan:
    preset: Preset
    req_id: int | None = None
    spec: ScanSpec | None = None
    opened_mono: float | None = None
    answered: bool = False  # since it was opened
    refused_mono: float | None = None
    message: str = ""
    newest: tuple[ScanRow, ...] | None = None  # pushed, perhaps not evaluated yet
    newest_market: float = 0.0
    fresh: bool = False
    result: ScanResult | None = None


class MarketScanner:
    """Holds the subscriptions and hands each evaluated result to `on_result`.

    `on_pushed(scan_code, con_ids before, rows now)` is called for each result as it comes; before None = the first.
    """

    def __init__(
        self,
        broker: ScanPort,
        settings: MarketScanSettings,
        mono: Callable[[], float],
        on_result: Callable[[ScanResult], None],
        on_pushed: Callable[[str, Sequence[int] | None, Sequence[ScanRow]], None] = lambda code, before, rows: None,
        slots: int = SLOTS,
    ) -> None:
        self._broker = broker
        self._settings = settings
        self._mono = mono
        self._on_result = on_result
        self._on_pushed = on_pushed
        self._slots = slots
        self._most_slots = slots
        self._no_slot_mono = 0.0
        self._scans = {preset.name: _Scan(preset) for preset in catalogue(settings)}
        self._halved = False
        self._connected = False
        self._evaluated_mono: float | None = None
        self.run_market: float | None = None

    def set_settings(self, settings: MarketScanSettings) -> None:
        """Other presets or floors: what changed is opened anew at the next step."""
        self._settings = settings
        offered = {preset.name: preset for preset in catalogue(settings)}
        for name in [name for name in self._scans if name not in offered]:
            self._close(self._scans.pop(name))
        for name, preset in offered.items():
            self._scans.setdefault(name, _Scan(preset)).preset = preset
        for scan in self._scans.values():
            scan.refused_mono = None

    # --- events -------------------------------------------------------------------------------------------------

    def on_connected(self) -> None:
        """Every subscription is new; what was refused is tried again."""
        self._connected = True
        self._slots = self._most_slots
        for scan in self._scans.values():
            scan.req_id, scan.refused_mono, scan.message = None, None, ""
            if scan.result is None:
                scan.opened_mono = None

    def on_disconnected(self) -> None:
        self._connected = False
        for scan in self._scans.values():
            scan.req_id = None

    def reopen(self) -> None:
        """TWS lost its data (1101): nothing subscribes again by itself. What runs is opened anew at the next step."""
        for scan in self._scans.values():
            if scan.req_id is not None:
                self._close(scan)

    def on_rows(self, event: ScanRows, now_market: float) -> bool:
        """A complete result; the first one of a scan is evaluated at once. False when the request is not ours."""
        scan = self._by_req(event.req_id)
        if scan is None:
            return False
        before = None if scan.newest is None else [row.contract.con_id for row in scan.newest]
        scan.newest, scan.newest_market, scan.fresh = event.rows, now_market, True
        scan.message, scan.answered = "", True
        if scan.result is None:
            self._evaluate(scan, now_market)
        self._on_pushed(scan.preset.scan_code, before, event.rows)
        return True

    def on_error(self, error: RequestError, now_market: float) -> bool:
        """An error that names one of our requests. False when it is not ours."""
        scan = self._by_req(error.req_id)
        if scan is None:
            return False
        text = error.text.strip()
        if error.code in ADVISORY:
            scan.message = text
        elif error.code == 162 and ("no items" in text.lower() or "no data" in text.lower()):
            return self.on_rows(ScanRows(error.req_id, ()), now_market)
        elif error.code == 162 and "cancel" in text.lower():
            scan.req_id = None  # closed at the other side: opened anew by the next step
        else:
            self._refused(scan, error.code, text)
        return True

    # --- running ------------------------------------------------------------------------------------------------

    def step(self, now_market: float) -> None:
        """Open, close and evaluate what is due. Call each second."""
        now = self._mono()
        if self._connected:
            self._subscribe(now, now_market)
        if self._evaluated_mono is None or now - self._evaluated_mono >= EVALUATE_S:
            self._evaluated_mono = now
            for scan in self._scans.values():
                if scan.fresh:
                    self._evaluate(scan, now_market)

    def wanted(self, now_market: float) -> list[Preset]:
        """The presets that should run now, in order: the user's, then a spare one in each free slot."""
        return self._plan(now_market, self._is_its_turn)[: self._most_slots]

    @property
    def slots_used(self) -> int:
        return sum(1 for scan in self._scans.values() if scan.req_id is not None)

    def results(self) -> list[ScanResult]:
        """The evaluated results of the scans that run, or rest until they are read again."""
        held = [scan for scan in self._scans.values() if scan.req_id is not None or scan.preset.refresh_s is not None]
        return [scan.result for scan in held if scan.result is not None]

    def states(self, now_market: float) -> tuple[ScanState, ...]:
        """One entry per preset, in the order of the presets."""
        wanted = self.wanted(now_market)
        return tuple(self._state(scan, scan.preset in wanted, now_market) for scan in self._scans.values())

    # --- inside -------------------------------------------------------------------------------------------------

    def _by_req(self, req_id: int) -> _Scan | None:
        return next((scan for scan in self._scans.values() if scan.req_id == req_id), None)

    def _subscribe(self, now: float, now_market: float) -> None:
        wanted = self.wanted(now_market)
        if self._slots < self._most_slots and now - self._no_slot_mono >= RETRY_S:
            self._slots, self._no_slot_mono = self._slots + 1, now  # others may have given one back
        self._halved = self._is_halved(now, now_market)
        for scan in self._scans.values():
            if scan.req_id is not None and self._outdated(scan, scan.preset in wanted, now):
                self._close(scan)
        for preset in wanted:
            scan = self._scans[preset.name]
            if scan.req_id is None and not self._is_refused(scan, now) and self.slots_used < self._slots:
                self._open(scan, now)

    def _plan(self, now_market: float, is_its_turn: Callable[[Preset], bool]) -> list[Preset]:
        chosen = [self._scans[name].preset for name in self._settings.enabled if name in self._scans]
        return slot_plan(chosen, PRESETS, self._settings, now_market, is_its_turn)

    def _is_halved(self, now: float, now_market: float) -> bool:
        """Whether the smaller names have a scan of their own, or will have it again after another's turn."""
        between_turns = self._plan(now_market, lambda preset: False)[: self._slots]
        return any(p.half == "smaller" and not self._is_refused(self._scans[p.name], now) for p in between_turns)

    def _outdated(self, scan: _Scan, wanted: bool, now: float) -> bool:
        silent = scan.newest is None and now - (scan.opened_mono or 0.0) > SILENT_S
        return not wanted or silent or scan.spec != self._spec(scan.preset)

    def _spec(self, preset: Preset) -> ScanSpec:
        return spec(preset, self._settings, halved=self._halved)

    def _is_refused(self, scan: _Scan, now: float) -> bool:
        return scan.refused_mono is not None and now - scan.refused_mono < RETRY_S

    def _is_its_turn(self, preset: Preset) -> bool:
        """Whether a list that is read now and then is due, or being read."""
        scan, now = self._scans[preset.name], self._mono()
        if preset.refresh_s is None or scan.opened_mono is None:
            return True
        since = now - scan.opened_mono
        return since >= preset.refresh_s or (since < TURN_S and not scan.answered)

    def _open(self, scan: _Scan, now: float) -> None:
        wanted = self._spec(scan.preset)
        try:
            scan.req_id = self._broker.open_scan(wanted)
        except QTradeError as error:
            scan.refused_mono, scan.message = now, str(error)
            return
        if scan.spec != wanted:
            scan.result = None
        scan.spec, scan.opened_mono, scan.refused_mono = wanted, now, None
        scan.newest, scan.fresh, scan.answered = None, False, False

    def _close(self, scan: _Scan) -> None:
        req_id, scan.req_id = scan.req_id, None
        scan.newest, scan.fresh = None, False
        if scan.preset.refresh_s is None:
            scan.result = None
        if req_id is None:
            return
        try:
            self._broker.close_scan(req_id)
        except QTradeError as error:
            log.info("Closing the scan %s: %s", scan.preset.name, error)

    def _refused(self, scan: _Scan, code: int, text: str) -> None:
        scan.req_id, scan.refused_mono, scan.result, scan.answered = None, self._mono(), None, True
        if code == NO_SLOT:
            self._slots, self._no_slot_mono = max(1, min(self._slots, self.slots_used)), self._mono()
            scan.message = "no scanner slot is free at the gateway (code 322); other programs use them"
        else:
            scan.message = f"{text} (code {code})"
        log.warning("Scan %s refused: %s", scan.preset.name, scan.message)

    def _evaluate(self, scan: _Scan, now_market: float) -> None:
        scan.fresh = False
        scan.result = ScanResult(scan.preset, scan.newest or (), scan.newest_market)
        self.run_market = now_market
        self._on_result(scan.result)

    def _state(self, scan: _Scan, wanted: bool, now_market: float) -> ScanState:
        state, message = self._state_and_message(scan, wanted, now_market)
        result = scan.result
        return ScanState(
            name=scan.preset.name,
            scan_code=scan.preset.scan_code,
            instrument=scan.preset.instrument,
            enabled=wanted or scan.preset.name in self._settings.enabled,
            state=state,
            rows=len(result.rows) if result is not None else 0,
            result_market=result.at_market if result is not None else None,
            message=message,
            meaning=meaning_of(scan.preset, halved=self._halved),
            custom=scan.preset.custom,
        )

    def _state_and_message(self, scan: _Scan, wanted: bool, now_market: float) -> tuple[State, str]:
        if not wanted:
            if over_for_today(scan.preset, now_market):
                return "ended", "over for today"
            return ("resting", _rest_words(scan.preset)) if self._is_resting(scan) else ("off", "")
        if scan.req_id is None:
            if scan.refused_mono is not None:
                return "refused", scan.message
            return "queued", "waits for a slot" if self._connected else "waits for the connection"
        if scan.newest is None and scan.result is None:
            return "warming", scan.message or "warming up: the first result takes up to 45 s"
        return "live", scan.message

    def _is_resting(self, scan: _Scan) -> bool:
        return scan.preset.refresh_s is not None and scan.result is not None


def _rest_words(preset: Preset) -> str:
    return f"read every {(preset.refresh_s or 0.0) / 60.0:.0f} min; between, its slot serves another scan"
