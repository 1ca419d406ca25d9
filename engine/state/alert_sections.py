"""What is published of the alerts: the rules in words, what they found, and how each channel stands."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from engine.state.sections import Section

AlertSeverity = Literal["info", "warning", "urgent"]
AlertState = Literal["pending", "raised", "recovering", "cleared"]
DeliveryState = Literal["queued", "sending", "accepted", "retry", "rejected", "expired", "uncertain"]
BROWSER = "browser"  # stands among the channels of a rule for sound and notification of an open page
UNTIL_CLEARED = 1e12  # a snooze that ends with what it lies over, as a wall time


class Rule(Struct, frozen=True):
    """One wish to be told. `values` are those of its kind's fields (`engine.alerts.kinds`), checked.

    `version` rises with each change, and what another version found is over. `cool_down_min`: between the end of one
    occurrence of an identity and the next. `urgent_after_min`: raised and not seen for so long = urgent, 0 = never.
    """

    id: int
    version: int
    kind: str
    values: dict[str, Any]
    channels: tuple[str, ...]
    severity: AlertSeverity
    cool_down_min: float
    changed_wall: float
    enabled: bool = True
    tell_cleared: bool = False
    urgent_after_min: float = 0.0
    deleted: bool = False
    memory: dict[
        str, Any
    ] = {}  # what the rule has to know over a restart, e.g. on which side of its level the price was


class Occurrence(Struct, frozen=True):
    """One thing that a rule found. What it is known by is rule, version and `subject` (account, con_id, side).

    `found` tells why nobody was paged for it: "start" = it was so at the start of QTrade, "made" = when the rule was
    made; "" = it came while the rule looked. `is_unknown`: nothing is known of it now, so it stays as it is.
    `snooze_symbol`: the snooze counts for all of its con_id. `again`: how often it was told anew after a snooze.
    `call_id`: of the last time that open pages were asked to sound and show it, rising over all alerts, 0 = never;
    `call_waits`: they will be when the quiet hours end. `again_wall`: since then it waits anew for somebody to look.
    """

    id: int
    rule_id: int
    rule_version: int
    kind: str
    subject: str
    severity: AlertSeverity
    state: AlertState
    title: str
    text: str
    value: float | None
    raised_wall: float
    raised_market: float
    changed_wall: float
    account: str = ""
    con_id: int | None = None
    symbol: str = ""
    cleared_wall: float | None = None
    is_unknown: bool = False
    seen_wall: float | None = None
    snoozed_until: float | None = None
    snooze_symbol: bool = False
    found: str = ""
    is_escalated: bool = False
    again: int = 0
    again_wall: float | None = None
    call_id: int = 0
    call_wall: float = 0.0
    call_waits: bool = False

    @property
    def is_open(self) -> bool:
        return self.state in ("raised", "recovering")


class Delivery(Struct, frozen=True):
    """One occurrence on its way to one channel. `event`: raised, escalated, again1 ..., cleared.

    `next_wall` = not before; `held`: it waits for the end of quiet hours, and goes out then if what it tells still
    stands. `repeat`: an earlier try may have arrived. `words` = what the last try came to.
    """

    occurrence_id: int
    channel: str
    event: str
    severity: AlertSeverity
    title: str
    text: str
    state: DeliveryState
    made_wall: float
    next_wall: float
    tries: int = 0
    held: bool = False
    repeat: bool = False
    changed_wall: float = 0.0
    words: str = ""

    @property
    def key(self) -> tuple[int, str, str]:
        return self.occurrence_id, self.channel, self.event

    @property
    def is_waiting(self) -> bool:
        return self.state in ("queued", "retry", "uncertain")


class RuleRow(Struct, frozen=True):
    """A rule as pages show it. `sentence` begins after "Tell me when"; `problem` = why it can't look now; `level` = its
    price as those of its symbol are written, "" = it has none.
    """

    rule: Rule
    sentence: str
    open: int
    problem: str = ""
    level: str = ""


class ChannelRow(Struct, frozen=True):
    """A way out. `shown` is its address without its secrets.

    `confirmed`: a test message was accepted, before which nothing else is sent. `dead` = why it counts as dead, "" =
    it does not.
    """

    name: str
    service: str
    shown: str
    source: str  # file, environment
    confirmed: bool
    dead: str = ""
    waiting: int = 0
    accepted_wall: float | None = None
    failed_wall: float | None = None
    words: str = ""
    problem: str = ""


class HeartbeatRow(Struct, frozen=True):
    """The outgoing sign of life. `words` = how the last one went."""

    shown: str
    source: str
    ok_wall: float | None = None
    words: str = ""


class AlertsSection(Section, frozen=True, kw_only=True):
    """`occurrences`: newest first, all that are open and the newest of those that are over. `quiet_until` None = it is
    not quiet now. `is_ready` False = what was kept has not been read yet. `lists` = uid and name of the user's own.
    """

    rules: tuple[RuleRow, ...] = ()
    occurrences: tuple[Occurrence, ...] = ()
    receipts: dict[int, tuple[tuple[str, str, str], ...]] = {}  # occurrence -> (channel, event, how it went)
    channels: tuple[ChannelRow, ...] = ()
    heartbeat: HeartbeatRow | None = None
    lists: tuple[tuple[int, str], ...] = ()
    currency: str = ""
    accounts: tuple[str, ...] = ()
    quiet_until: float | None = None
    is_ready: bool = False


ALERT_SECTIONS: dict[str, type[Section]] = {"alerts": AlertsSection}
