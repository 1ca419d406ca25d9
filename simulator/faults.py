"""What is broken on purpose right now. Sessions and desks ask; the control port sets.

Durations count wall seconds of the gateway's clock, which every method gets as an argument.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from simulator import texts
from simulator.contracts import Refusal
from simulator.model import QuoteState


@dataclass(slots=True)
class InjectedError:
    """An answer for coming requests. Empty `request` and None `con_id` = any; `remaining` None = until cleared."""

    code: int
    text: str
    request: str = ""  # market_data, history, scanner, details, realtime_bars
    con_id: int | None = None
    remaining: int | None = 1


@dataclass(slots=True)
class FaultState:
    """The faults that last. `*_until` are moments; 0 = not active."""

    silent: bool = False
    stalled: bool = False
    stall_every_s: float = 0.0  # from the beginning of a stall to that of the next; 0 = only once
    accept_silent_until: float = 0.0
    client_busy_until: float = 0.0
    busy_client_id: int | None = None  # None = every id while busy
    ticks_muted: bool = False
    competing: bool = False  # another session has the data: each new line gets 10197
    muted_con_ids: set[int] = field(default_factory=set)
    farms_down: dict[str, str] = field(default_factory=dict)  # farm -> which kind of data it has
    withheld: set[str] = field(default_factory=set)  # message ids that are not sent
    held_ticks: dict[tuple[int, int], str] = field(default_factory=dict)  # (con_id, tick type) -> raw value
    errors: list[InjectedError] = field(default_factory=list)
    expired_con_ids: set[int] = field(default_factory=set)
    halted: dict[int, QuoteState] = field(default_factory=dict)  # con_id -> the quote that stands
    delayed: set[int] = field(default_factory=set)  # con_ids with delayed data only; 0 = all
    tick_delay_s: float = 0.0
    tick_copies: int = 1
    clock_skew_s: float = 0.0
    version_cap: int | None = None
    account: str | None = None
    answer_delay_s: float = 0.0
    bytes_per_s: float | None = None

    def muted(self, con_id: int) -> bool:
        return self.ticks_muted or con_id in self.muted_con_ids

    def check(self, request: str, con_id: int | None) -> None:
        """Raises Refusal when an injected error or an expiry meets this request."""
        if con_id is not None and con_id in self.expired_con_ids:
            raise Refusal(200, texts.NO_DEFINITION)
        for error in self.errors:
            if error.request not in ("", request) or error.con_id not in (None, con_id):
                continue
            if error.remaining is not None:
                error.remaining -= 1
                if error.remaining <= 0:
                    self.errors.remove(error)
            raise Refusal(error.code, error.text)

    def client_busy(self, client_id: int, now: float) -> bool:
        return now < self.client_busy_until and self.busy_client_id in (None, client_id)

    def clear(self) -> None:
        """Nothing is broken any more."""
        for name, value in asdict(FaultState()).items():
            setattr(self, name, value)

    def report(self) -> dict[str, object]:
        """The state as JSON values."""
        return {
            **asdict(self),
            "muted_con_ids": sorted(self.muted_con_ids),
            "withheld": sorted(self.withheld),
            "expired_con_ids": sorted(self.expired_con_ids),
            "halted": sorted(self.halted),
            "delayed": sorted(self.delayed),
            "held_ticks": [[con_id, kind, value] for (con_id, kind), value in self.held_ticks.items()],
        }
