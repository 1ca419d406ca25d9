"""Turns what the broker says about itself into conditions, the connection time line and journalled events."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence

from engine.broker.port import BrokerEvent, Connected, Disconnected, RequestError, SystemNotice
from engine.codes import ADVISORY, NOT_RECORDED, code_info, farm_title, farms_connected
from engine.domain import SymbolEvent
from engine.health.conditions import ConditionBook
from engine.health.incidents import IncidentBook
from engine.health.timeline import LINK, SERVERS, UNNAMED, LinkTimeline, duration_text

log = logging.getLogger("qtrade.health")

NO_DEFINITION = 200
COMPETING_SESSION = 10197
FARM_DOWN = 2103
SERVERS_LOST = (1100, 2110)
STILL_SO = "It was so before this connection, and nothing has shown that it is over. "
COMPETING = f"code:{COMPETING_SESSION}"
LINK_KEY = "link"
SERVERS_KEY = f"track:{SERVERS}"
_KEEP_EVENTS = 200
Record = Callable[[str, str], None]  # (kind, text) -> journal


class HealthMonitor:
    """Conditions, time line and connection events. Engine thread only; times come with each call.

    `symbol_of(req_id)` names the symbol whose line a request is, "" when it is no line. `is_excused` = IB resets its
    servers: an outage is no error for now. `doubts()` = what was down before a new connection, as TWS said it, and
    nothing has shown to be over.
    """

    def __init__(
        self,
        record: Record,
        symbol_of: Callable[[int], str] = lambda req_id: "",
        is_excused: Callable[[], bool] = lambda: False,
        incidents: IncidentBook | None = None,
        doubts: Callable[[], Sequence[SystemNotice]] = lambda: (),
    ) -> None:
        self.conditions = ConditionBook(incidents)
        self.timeline = LinkTimeline()
        self.events: deque[SymbolEvent] = deque(maxlen=_KEEP_EVENTS)
        self._record = record
        self._symbol_of = symbol_of
        self._is_excused = is_excused
        self._doubts = doubts
        self._lost_wall: float | None = None

    def on_event(self, event: BrokerEvent, wall: float, market: float) -> None:
        """Take one broker event; others than the four below are ignored."""
        if isinstance(event, Connected):
            self._connected(event, wall, market)
        elif isinstance(event, Disconnected):
            self._disconnected(event, wall, market)
        elif isinstance(event, SystemNotice):
            self._notice(event, wall, market)
        elif isinstance(event, RequestError):
            self._request_error(event, wall)

    def servers_back(self, wall: float, market: float) -> None:
        """Ticks show that TWS has IB's servers again, though it did not say so."""
        lasted = self.timeline.mark(SERVERS, "up", wall)
        if lasted is not None:
            self._track_up(SERVERS, f"Back after {duration_text(lasted)}: ticks come again.", wall, market)

    def farm_back(self, farm: str, wall: float, market: float) -> None:
        """Nothing was heard of it for long enough, though TWS did not say that it is back."""
        track = farm or UNNAMED
        lasted = self.timeline.mark(track, "up", wall)
        if lasted is not None:
            self._track_up(track, f"Taken for back after {duration_text(lasted)}: TWS is silent on it.", wall, market)

    def note(self, market: float, kind: str, text: str) -> None:
        """One connection event: for the Overview and the journal."""
        self.events.append(SymbolEvent(at_market=market, kind=kind, local_symbol="", text=text))
        self._record(kind, text)

    def _connected(self, event: Connected, wall: float, market: float) -> None:
        self.timeline.mark(LINK, "up", wall)
        doubts = self._doubts()
        if not any(notice.code in SERVERS_LOST for notice in doubts):
            self.timeline.mark(SERVERS, "up", wall)
        text = f"Connected, server version {event.server_version}, client id {event.client_id}"
        if self._lost_wall is not None:
            text += f", back after {duration_text(wall - self._lost_wall)}"
        self._lost_wall = None
        self.conditions.resolve(LINK_KEY, wall, f"Connected again at client id {event.client_id}.")
        self.note(market, "connected", text)
        for notice in doubts:
            self._notice(notice, wall, market, before=STILL_SO)

    def _disconnected(self, event: Disconnected, wall: float, market: float) -> None:
        for track in self.timeline.link_lost(wall, event.reason, is_asked=event.is_asked):
            self.conditions.resolve(_track_key(track), wall, "The connection ended before it was back.")
        if event.retry_at_mono is None:  # we are stopping
            self.note(market, "disconnected", event.reason)
            return
        if not event.is_asked:  # what one does oneself is no outage; a try that fails afterwards is
            self.conditions.raise_(
                LINK_KEY,
                wall,
                "Not connected to TWS",
                event.reason,
                severity="warning" if self._is_excused() else "error",
                since=event.since_wall,
                cure="QTrade tries again by itself; the panel at the top of each page says what to tick in TWS.",
                quiet=True,  # the broker has said it with its cure
            )
        if self._lost_wall is None:
            self._lost_wall = wall
            self.note(market, "disconnected", event.reason)

    def _notice(self, event: SystemNotice, wall: float, market: float, before: str = "") -> None:
        for farm in farms_connected(event.text):
            if (lasted := self.timeline.ended(farm, wall)) is not None:
                self._track_up(farm, f"Back after {duration_text(lasted)} ({event.code}).", wall, market)
        change = self.timeline.on_notice(event, wall)
        if change is None:
            self._show(event.code, event.text, wall)
            return
        track, state, lasted = change
        if lasted is None and state != "down":
            return  # the farm was up before: the usual greeting after a connect
        key = _track_key(track)
        info = code_info(event.code, event.text)
        if state == "down":
            title = farm_title(info.title, event.farm)
            severity = "warning" if track == SERVERS and self._is_excused() else info.severity
            self.conditions.raise_(
                key, wall, title, f"{before}{info.text}", severity=severity, cure=info.cure, code=event.code
            )
            self.note(market, "link down", f"{title} ({event.code})")
        elif lasted is not None:
            self._track_up(track, f"Back after {duration_text(lasted)} ({event.code}).", wall, market)

    def _track_up(self, track: str, back: str, wall: float, market: float) -> None:
        key = _track_key(track)
        if self.conditions.is_open(key):
            self.conditions.resolve(key, wall, back)
            self.note(market, "link up", f"{track}: {back}")

    def _request_error(self, event: RequestError, wall: float) -> None:
        """What a refused request means for the user; the rooms act on it themselves."""
        symbol = self._symbol_of(event.req_id)
        if event.code == NO_DEFINITION and not symbol:
            return  # details of a contract that is gone: its position says so in the filtered table
        if event.code not in ADVISORY or code_info(event.code, event.text).severity == "error":
            self._show(event.code, event.text, wall, symbol)

    def _show(self, code: int, text: str, wall: float, symbol: str = "") -> None:
        if NOT_RECORDED in text:  # one line, however much of it: it says nothing of the recorded day
            self.conditions.raise_(
                "recording:lacks",
                wall,
                "Not all that is asked is in the recording",
                "This QTrade asks for things that the recorded one did not, such as the history of other symbols: they "
                "are refused, and those symbols show no bars.",
                severity="info",
                cure="Nothing needs to be done. logs/simulator.log in the data folder names them.",
            )
            return
        info = code_info(code, text)
        if info.action == "ignore":
            return
        said = info.text if not text or text in info.text else f"{info.text} TWS says: {text}"
        said = f"{symbol}: {said}" if symbol else said
        lasting = code == COMPETING_SESSION  # over when ticks come: the bus tells
        self.conditions.raise_(
            f"code:{code}", wall, info.title, info.text if lasting else said, severity=info.severity, cure=info.cure,
            code=code, lasting=lasting,
        )  # fmt: skip


def farm_key(farm: str) -> str:
    """The condition of a data farm by the name that TWS gives it, "" = none."""
    return _track_key(farm or UNNAMED)


def farm_words(farm: str, since: str, silent: Sequence[str], maybe: Sequence[str]) -> tuple[str, str]:
    """Title and text of a market-data farm that has fallen at the clock time `since`.

    `silent` = positions whose prices stand since, `maybe` = those that have brought none since, the silent included.
    """
    title = farm_title(code_info(FARM_DOWN).title, farm)
    said = f"TWS said so at {since}, and does not say which prices come from it."
    if silent:
        return f"{title}: no price of {_listed(silent)}", f"{said} No price since of {', '.join(silent)}."
    if maybe:
        return f"{title}: prices may stand still", f"{said} None has come since of {', '.join(maybe)}."
    return title, f"{said} Every position with a line has ticked since, or its market is closed."


def _listed(names: Sequence[str]) -> str:
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")


def _track_key(track: str) -> str:
    return f"track:{track}"
