"""The ledger: every line that counts, from the decision to subscribe until the gateway can have freed it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.domain import ContractRef, Demand, Lane, LineClass
from engine.lines.model import BRIEF_DWELL_S, BRIEF_S, HeldLine, LineState

UNHEARD_MARGIN_S = 1.0  # a request without an answer may reach a busy gateway this much later than it left


@dataclass(slots=True)
class Line:
    """One line. Times monotonic, `_wall` epoch seconds; `demand` None = idle or on its way out."""

    contract: ContractRef
    con_id: int = field(init=False)  # looked at some thousand times a second
    req_id: int
    line_class: LineClass
    demand: Demand | None
    score: float
    reason: str
    since_mono: float
    since_wall: float  # since when the symbol has held a line, an outage that it got it back after not counted
    class_since_mono: float
    epoch: int
    opened_as: LineClass
    strongest: LineClass  # that it ever had
    opened_wall: float  # this line's own beginning
    strongest_reason: str = ""  # why it had that
    state: LineState = "pending"
    borrowed: bool = False
    brief: bool = False  # opened for a price alone
    sent_mono: float | None = None
    listen_from_mono: float | None = None  # the first tick is waited for from here on
    first_tick_mono: float | None = None  # of the present request
    last_tick_mono: float | None = None
    last_tick_wall: float | None = None
    last_flow_mono: float | None = None  # the last price that was no mere answer to a request
    idle_since_mono: float | None = None
    asked_again: bool = False
    competing: bool = False  # another session has its data (10197)
    verify_since_mono: float | None = None
    verify_due_mono: float = 0.0
    verify_reason: str = ""
    renewed_mono: float | None = None
    cancelled_mono: float = 0.0
    freed_mono: float | None = None  # when its renewal, refused at first, may be asked for again
    message: str = ""
    route: str = ""  # where its prices come from, "" = from the contract itself
    end: str = ""  # why it went
    taken_by: str = ""  # who took it, "" = nobody

    def __post_init__(self) -> None:
        self.con_id = self.contract.con_id

    @property
    def symbol(self) -> str:
        return self.contract.local_symbol

    @property
    def lane(self) -> Lane:
        return "visited" if self.line_class == "coverage" else "streaming"

    @property
    def listens(self) -> bool:
        """Its ticks count: it isn't being cancelled."""
        return self.state not in ("cancelling", "renewing")

    @property
    def is_brief(self) -> bool:
        """Its price has come, and nothing else was wanted of it."""
        return self.brief and self.first_tick_mono is not None and self.line_class == "coverage"

    @property
    def silent_since_mono(self) -> float:
        """Last tick, else the request."""
        return self.last_tick_mono or self.sent_mono or self.since_mono

    @property
    def dwell_from_mono(self) -> float | None:
        """The gateway has the line at the latest now: its first tick proves it. None = the request has not left."""
        if self.sent_mono is None:
            return None
        if self.first_tick_mono is None:
            return self.sent_mono + UNHEARD_MARGIN_S
        if self.is_brief:
            return max(self.first_tick_mono, self.sent_mono + BRIEF_S - BRIEF_DWELL_S)
        return self.first_tick_mono

    def held(self) -> HeldLine:
        """As the plan takes it."""
        return HeldLine(
            con_id=self.contract.con_id,
            local_symbol=self.contract.local_symbol,
            line_class=self.line_class,
            since_mono=self.since_mono,
            sent_mono=self.dwell_from_mono,
            class_since_mono=self.class_since_mono,
            score=self.score,
            idle_since_mono=self.idle_since_mono,
            state=self.state,
            borrowed=self.borrowed,
            opened_as=self.opened_as,
            brief=self.is_brief,
        )


class Ledger:
    """Lines by con_id and by req_id; one con_id never has two."""

    def __init__(self) -> None:
        self._by_con: dict[int, Line] = {}
        self.by_req: dict[int, Line] = {}

    def __len__(self) -> int:
        return len(self._by_con)

    def __iter__(self) -> Iterator[Line]:
        """Over a copy: lines may be dropped meanwhile."""
        return iter(list(self._by_con.values()))

    def get(self, con_id: int) -> Line | None:
        return self._by_con.get(con_id)

    def open(self, line: Line) -> None:
        if line.con_id in self._by_con:
            raise ValueError(f"{line.symbol} has a line already; it must be freed before another is opened")
        self._by_con[line.con_id] = line
        self.by_req[line.req_id] = line

    def rebind(self, line: Line, req_id: int) -> None:
        """The same line under a new request."""
        self.by_req.pop(line.req_id, None)
        line.req_id = req_id
        self.by_req[req_id] = line

    def drop(self, line: Line) -> None:
        self._by_con.pop(line.con_id, None)
        self.by_req.pop(line.req_id, None)

    def held(self) -> list[HeldLine]:
        return [line.held() for line in self._by_con.values()]
