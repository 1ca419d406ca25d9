"""Commands, pages -> engine: frozen, validated at the door, answered as state under their request id."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from engine.state.lab_sections import Range


class Command(Struct, frozen=True, tag=True):
    """Base; `request_id` is made by the page (uuid4 hex), the answer appears in the `answers` section under it."""

    request_id: str


class ApplySettings(Command, frozen=True, tag=True):
    """Change settings by dotted key, e.g. {"breakout.bars_n": 15}. All or nothing; journalled with `who`."""

    changes: dict[str, float | int | str | bool | list[str] | None]
    who: str = "page"


class RevertChange(Command, frozen=True, tag=True):
    """Set the key of one journalled change back to its old value."""

    change_id: int
    who: str = "page"


class UseThresholdSet(Command, frozen=True, tag=True):
    """Load, keep (the thresholds in force) or delete a named set, or let it run as the shadow ("" = none)."""

    action: Literal["load", "keep", "delete", "shadow"]
    name: str
    who: str = "page"


class KeepScan(Command, frozen=True, tag=True):
    """Keep a custom scan under its name, or change the one of that name; it is turned on while a slot is free."""

    name: str
    scan_code: str
    instrument: str
    location: str
    filters: tuple[tuple[str, str], ...] = ()
    side: Literal["long", "short"] = "long"
    who: str = "page"


class DeleteScan(Command, frozen=True, tag=True):
    """Delete a custom scan."""

    name: str
    who: str = "page"


class WhyNot(Command, frozen=True, tag=True):
    """Why has a symbol (named, or by its con_id) no signal? The answer's `value` has each rule
    (`engine.scanners.why_not`)."""

    text: str


class InspectSignal(Command, frozen=True, tag=True):
    """The card of a signal by its id, "" = of the newest one of a contract.

    The answer's `value` is that of `engine.outcomes.signal_card`.
    """

    signal: str
    con_id: int = 0


class AskNews(Command, frozen=True, tag=True):
    """Headlines of a contract. The answer's `value` is a list of [market time or None, provider, headline]."""

    con_id: int


class RunAudit(Command, frozen=True, tag=True):
    """The missed-signal audit of today, now."""


class OpenSymbol(Command, frozen=True, tag=True):
    """A page shows this symbol: borrow a line and publish `symbol:<con_id>`. Repeated by each poll of the page."""

    con_id: int
    page_id: str


class PinSymbol(Command, frozen=True, tag=True):
    con_id: int
    pinned: bool


class FindSymbol(Command, frozen=True, tag=True):
    """Look a name or a con_id up, at the broker where nothing here is called so.

    The answer's `value` is a list of [con_id, local_symbol, sec_type, exchange, whether the text means just this one]:
    the broker offers what begins alike, too, and what has such a word in its long name.
    """

    text: str


class AskLine(Command, frozen=True, tag=True):
    """What would happen if this symbol got a line of that class? Nothing is subscribed.

    The answer's `value` is [headline, detail, why it has or has not a line now, con_id of the line that would go].
    """

    con_id: int
    line_class: Literal["pinned", "50", "25"]


class EditWatchlist(Command, frozen=True, tag=True):
    """Make, name, order, fill or delete watch-lists.

    `create` takes `name`, `rename` the list and `name`, `delete` the list, `move-list` the list and `place`; `add`,
    `remove` and `move` (to `place`) a contract of the list. Places count from 0.
    """

    action: Literal["create", "rename", "delete", "move-list", "add", "remove", "move"]
    list_id: int = 0
    name: str = ""
    con_id: int = 0
    place: int = 0


class ImportSymbols(Command, frozen=True, tag=True):
    """Look up what a text names and take it into a watch-list; the section "watchlists" has the report."""

    list_id: int
    text: str


class KeepNote(Command, frozen=True, tag=True):
    """The user's note of a contract, "" = none."""

    con_id: int
    text: str


class KeepLevel(Command, frozen=True, tag=True):
    """A horizontal line on a contract's chart: a new one (`level_id` 0), or another price or label of one."""

    con_id: int
    price: float
    label: str = ""
    level_id: int = 0


class DropLevel(Command, frozen=True, tag=True):
    """Delete a horizontal line."""

    con_id: int
    level_id: int


class Reconnect(Command, frozen=True, tag=True):
    """Drop the broker connection and connect afresh."""


class ProbeBroker(Command, frozen=True, tag=True):
    """ "Test connection" of the Settings page: a handshake with another host and port, nothing else."""

    host: str
    port: int


class KeepRule(Command, frozen=True, tag=True):
    """A rule of alerts: a new one (`rule_id` 0), or another version of one. `cool_down_min` None = the kind's own."""

    rule_id: int
    kind: str
    values: dict[str, Any]
    channels: tuple[str, ...] = ()
    severity: Literal["info", "warning", "urgent"] | None = None
    cool_down_min: float | None = None
    tell_cleared: bool = False
    urgent_after_min: float = 0.0


class ChangeRule(Command, frozen=True, tag=True):
    """Turn a rule on or off, or delete it; "usual" adds those that are offered to begin with (`rule_id` 0)."""

    rule_id: int
    action: Literal["on", "off", "delete", "usual"]


class SeeAlerts(Command, frozen=True, tag=True):
    """These were looked at; none = all that are new."""

    ids: tuple[int, ...] = ()


class SnoozeAlert(Command, frozen=True, tag=True):
    """`until`: 15m, 1h, 4h, day, cleared, "" = wake it. `symbol` = all alerts of its symbol."""

    occurrence_id: int
    until: str
    symbol: bool = False


class KeepChannel(Command, frozen=True, tag=True):
    """Where alerts may go; the address is its secret. `heartbeat` = it is that of the sign of life, "" = none."""

    name: str
    url: str
    heartbeat: bool = False

    def __repr__(self) -> str:
        return f"KeepChannel({self.name!r})"


class ChangeChannel(Command, frozen=True, tag=True):
    """Send a test to a channel, or delete it."""

    name: str
    action: Literal["test", "delete"]


class PreviewThresholds(Command, frozen=True, tag=True):
    """What today's signals would be with these thresholds ("breakout.bars_n": 15), on top of those in force.

    {} = those in force alone. The answer is in the section "preview".
    """

    changes: dict[str, float | int | str | bool | None]


class LookForDays(Command, frozen=True, tag=True):
    """What days are recorded: `kind` "app" (our own bars) or "csv" (a folder). The section "lab_source" answers."""

    kind: str
    folder: str = ""


class RunLab(Command, frozen=True, tag=True):
    """Replay recorded days, each set of the product of `ranges` on top of the thresholds in force.

    No symbols = all, no days = all; with `since` or `until` (YYYY-MM-DD, inclusive) only days of that stretch. Progress
    is in the section "lab", the result in "lab_result".
    """

    kind: str
    folder: str = ""
    symbols: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    ranges: tuple[Range, ...] = ()
    least_signals: int = 10
    since: str = ""
    until: str = ""


class CancelLab(Command, frozen=True, tag=True):
    """Stop the run."""


class NoteTrip(Command, frozen=True, tag=True):
    """Note and tags of a round trip, in place of those before. `root`: `Trip.root`."""

    account: str
    model: str
    con_id: int
    root: str
    note: str
    tags: tuple[str, ...] = ()


class NoteDay(Command, frozen=True, tag=True):
    """Note and tags of a trade date (YYYYMMDD) of an account, in place of those before."""

    account: str
    day: str
    note: str
    tags: tuple[str, ...] = ()


class NoteStop(Command, frozen=True, tag=True):
    """A stop of a round trip, in the unit of its quotes; None = those noted before were a slip."""

    account: str
    model: str
    con_id: int
    root: str
    price: float | None


class JoinTrips(Command, frozen=True, tag=True):
    """Take two trips that a roll ties for one campaign, or for two again (`Roll`)."""

    account: str
    model: str
    closed_root: str
    opened_root: str
    joined: bool


TraderCommand = NoteTrip | NoteDay | NoteStop | JoinTrips
DeskCommand = (
    ApplySettings
    | RevertChange
    | UseThresholdSet
    | RunAudit
    | KeepScan
    | DeleteScan
    | WhyNot
    | InspectSignal
    | AskNews
    | OpenSymbol
    | PinSymbol
    | FindSymbol
    | AskLine
    | Reconnect
    | ProbeBroker
    | TraderCommand
    | KeepRule
    | ChangeRule
    | SeeAlerts
    | SnoozeAlert
    | KeepChannel
    | ChangeChannel
    | EditWatchlist
    | ImportSymbols
    | KeepNote
    | KeepLevel
    | DropLevel
)
LabCommand = PreviewThresholds | LookForDays | RunLab | CancelLab
AnyCommand = DeskCommand | LabCommand
