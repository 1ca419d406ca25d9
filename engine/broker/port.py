"""The seam between the broker and the rest of the engine: requests, events, and one protocol.

Only `engine.broker` knows the client library; everything else is given a `BrokerPort` and receives `BrokerEvent`s
through the one sink that `engine.kernel.runtime` installs. All of it runs in the engine thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from engine.domain import Bar, BrokerMode, ContractInfo, ContractRef, Fill, PositionRecord, TickUpdate

LinkPhase = Literal["connecting", "connected", "waiting", "refused"]
ACCOUNTS_MAX = 50  # TWS' limit on accounts whose values and P&L a client may follow


class HistoryRequest(Struct, frozen=True):
    """One request for bars of trades, or of what the contract's type has instead; `end_market` None = now.

    Durations as IB writes them ("2 D", "20 D", "1 Y").
    """

    duration: str
    bar_size: str  # "1 min", "15 mins", "1 day"
    rth: bool = False
    end_market: float | None = None


class ScanSpec(Struct, frozen=True):
    """One scanner subscription. `filters` are tag/value pairs of the scanner-parameter XML."""

    name: str
    scan_code: str
    instrument: str
    location: str
    rows: int = 50
    filters: tuple[tuple[str, str], ...] = ()
    stock_type: str = ""


class ScanRow(Struct, frozen=True):
    rank: int
    contract: ContractRef


class Seen(Struct, frozen=True):
    """What the engine sees of the session from outside, told four times a second and after each notice of TWS."""

    servers_lost: bool
    feed_dead: bool  # and no other session has the market data: that one gives them back in its own time
    part_lacks: bool
    in_reset_window: bool


class Headline(Struct, frozen=True):
    """One headline as a person reads it: plain text, never markup. `time_market` None = it came without a time."""

    time_market: float | None
    provider: str
    article_id: str
    text: str


# --- events, broker -> engine ---------------------------------------------------------------------------------


class Connected(Struct, frozen=True):
    """The connection is usable: accounts known, positions received or timed out. `epoch` grows by one each time.

    `account` is the one whose folder is used: the chosen one, else the first of the login. `accounts` are watched:
    the chosen one alone, else all of `login_accounts`.

    `positions_known` false = TWS has not sent its positions yet: none of those known before may be taken for closed
    until PositionsKnown comes.
    """

    epoch: int
    account: str
    server_version: int
    at_wall: float
    client_id: int
    positions_known: bool = True
    accounts: tuple[str, ...] = ()
    login_accounts: tuple[str, ...] = ()


class PositionsKnown(Struct, frozen=True):
    """The positions that were missing at Connected have come: what was not told is closed."""


class Disconnected(Struct, frozen=True):
    """`reason` in plain words; `retry_at_mono` None = not retrying: the engine is stopping.

    `since_wall`: since when nothing can be trusted, None = as of `at_wall`: a half-open connection ended before.
    `is_asked`: a new connection was asked for, no fault ended this one.
    """

    reason: str
    at_wall: float
    retry_at_mono: float | None
    since_wall: float | None = None
    is_asked: bool = False


class Ticks(Struct, frozen=True):
    """All lines that changed in one packet of the socket."""

    updates: tuple[TickUpdate, ...]


class Rerouted(Struct, frozen=True):
    """TWS sends the line's prices from another contract (a CFD's from its underlying); the line asks there now."""

    req_id: int
    con_id: int
    exchange: str


class RequestError(Struct, frozen=True):
    """An error that names a request of ours (line, scan, history). History awaits also get it as an exception."""

    req_id: int
    code: int
    text: str


class SystemNotice(Struct, frozen=True):
    """An error without a request: 1100, 1101, 1102, 2103 ... `farm` where the text names one."""

    code: int
    text: str
    farm: str = ""


class PositionUpdate(Struct, frozen=True):
    """Open, changed, or (quantity 0) closed."""

    record: PositionRecord


class PortfolioMark(Struct, frozen=True):
    """IB's own valuation of one position, about every 3 minutes or on change."""

    contract: ContractRef
    quantity: float
    market_price: float | None
    market_value: float | None
    avg_cost: float | None
    unrealized_pnl: float | None
    realized_pnl: float | None
    account: str = ""


class AccountValue(Struct, frozen=True):
    """One account value as TWS writes it: of the base currency (its code or BASE), of a currency, or of none ("").

    `value` None = no number: `text` says what it is (AccountType, Currency ...), "" = TWS has unset it.
    """

    tag: str  # NetLiquidation, ExcessLiquidity, GrossPositionValue, ExchangeRate ... without `$LEDGER-`
    value: float | None
    currency: str
    account: str = ""
    text: str = ""


class AccountPnl(Struct, frozen=True):
    """reqPnL's figures of one account, in its base currency."""

    daily: float | None
    unrealized: float | None
    realized: float | None
    account: str = ""


class PositionPnl(Struct, frozen=True):
    """reqPnLSingle's figures of one position; `quantity` = the one that they are of, None = not told."""

    con_id: int
    daily: float | None
    unrealized: float | None
    realized: float | None
    value: float | None
    account: str = ""
    quantity: float | None = None


class ScanRows(Struct, frozen=True):
    """The newest complete result of one scanner subscription, best first."""

    req_id: int
    rows: tuple[ScanRow, ...]


class FillReport(Struct, frozen=True):
    """A fill, sent again when its commission report arrives."""

    fill: Fill


class ClockSample(Struct, frozen=True):
    """One reqCurrentTime round trip: the probe. `offset_s` = gateway's clock minus this machine's wall clock."""

    offset_s: float
    round_trip_s: float


BrokerEvent = (
    Connected
    | PositionsKnown
    | Disconnected
    | Ticks
    | Rerouted
    | RequestError
    | SystemNotice
    | PositionUpdate
    | PortfolioMark
    | AccountValue
    | AccountPnl
    | PositionPnl
    | ScanRows
    | FillReport
    | ClockSample
)
EventSink = Callable[[BrokerEvent], None]


class LinkState(Struct, frozen=True):
    """How the link stands now. `connected` is false as soon as the probe has failed, whatever the socket says.

    `since_wall`: since when it has been connected, or has not: tries that fail in between begin nothing anew.
    `state` is that of `session_states`, with its words; `state_since_mono` when it was entered.
    `account` is None and `accounts` are empty until Connected has told of them: no name stands beside other money.
    """

    phase: LinkPhase
    connected: bool
    mode: BrokerMode
    host: str
    port: int
    client_id: int
    account: str | None
    server_version: int | None
    epoch: int
    since_wall: float
    reason: str = ""  # why not connected, in plain words
    cure: str = ""
    retry_at_mono: float | None = None
    retry_every_s: float | None = None  # the pace of the tries while it stays even
    reconnects: int = 0
    sent_worst_second: int = 0
    sent_kinds: tuple[tuple[str, int], ...] = ()  # what has left for TWS since the engine began, by its kind
    kept_back: int = 0  # messages that do not read: none of them leaves
    decoded_per_s: float | None = None
    accounts: tuple[str, ...] = ()  # watched; see Connected
    login_accounts: tuple[str, ...] = ()
    busy_client_id: int | None = None  # our own, while another had to be taken for it (326)
    state: str = "live"
    state_title: str = ""
    state_tone: str = "ok"  # ok, busy, warning, error
    state_since_mono: float = 0.0
    is_excused: bool = False  # IB resets its servers: an outage is no error for now


class LinkCounts(Struct, frozen=True):
    """Since this broker was made, over all of its connections. `ends` of connections and `failed` tries by their cause.

    `round_trip_s`: from the newest question for the time, when it left, to its decoded answer: what waits in the socket
    makes it longer. None = none was answered yet.
    """

    messages: int
    undecodable: int
    sent: int
    round_trip_s: float | None
    connections: int
    ends: dict[str, int]
    failed: dict[str, int]


class BrokerPort(Protocol):
    """What the rooms may ask of the broker. Every method asserts the engine thread.

    `subscribe`, `cancel`, `open_scan` and `close_scan` return at once: the message goes out through the pacer, and
    only the caller that got the req_id may cancel it. After a disconnect all req_ids are dead.
    """

    @property
    def link(self) -> LinkState: ...

    def subscribe(self, contract: ContractRef, *, urgent: bool) -> int:
        """Open one market-data line, with the generic ticks that the contract takes. `urgent` = a position."""

    def cancel(self, req_id: int, *, urgent: bool = False) -> None:
        """Close one line. Ticks that arrive later for it are ignored.

        `urgent` where its contract is asked for again with the next message: the two must leave in that order.
        """

    def sent_at_mono(self, req_id: int) -> float | None:
        """When the subscribe message really left the pacer; None = still queued."""

    def cancel_sent_at_mono(self, req_id: int) -> float | None:
        """When the cancel message really left; None = still queued. Forgotten after 60 s (then 0.0)."""

    async def history(self, contract: ContractRef, request: HistoryRequest, timeout_s: float = 60.0) -> list[Bar]:
        """Bars oldest first, volume in the gateway's unit (not yet shares).

        Raises RequestRejected (162, 200 ...), RequestTimeout, BrokerUnavailable.
        """

    async def contract_info(self, contract: ContractRef, timeout_s: float = 15.0) -> list[ContractInfo]:
        """Details by con_id (or by symbol and type when con_id is 0). Empty list for error 200."""

    async def search(self, pattern: str, timeout_s: float = 10.0) -> list[ContractRef]:
        """reqMatchingSymbols."""

    def open_scan(self, spec: ScanSpec) -> int: ...

    def close_scan(self, req_id: int) -> None: ...

    async def scanner_parameters(self, timeout_s: float = 30.0) -> str:
        """The XML, 1-2 MB at IB."""

    async def news_providers(self, timeout_s: float = 10.0) -> list[str]:
        """Codes of the providers whose news the account may have by the API; [] = none."""

    async def headlines(
        self, con_id: int, providers: Sequence[str], most: int, timeout_s: float = 15.0
    ) -> list[Headline]:
        """The newest of these providers, the newest first. Raises as `history`."""

    def request_position_pnl(self, account: str, con_id: int) -> None:
        """Start reqPnLSingle for a position (once; ended by itself on disconnect)."""

    def cancel_position_pnl(self, account: str, con_id: int) -> None: ...

    def reconnect(self, reason: str) -> None:
        """Drop the connection and connect afresh at once."""
