"""Models of `config.yaml` and of what the pages may change: bounds, defaults, units, help in one place.

A control on a page, the server-side validation and the documentation are generated from these fields: `title`,
`description`, bounds, and `json_schema_extra` with `unit` and `step`. Reading, precedence and provenance are in
`engine.settings.effective`.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from engine.domain import REL_VOLUME, BrokerMode, Side

DEFAULT_PORTS: dict[str, int] = {"paper": 7497, "live": 7496}


CLOCK = r"^([01]?\d|2[0-3]):[0-5]\d$"


class UsualGateway(NamedTuple):
    """What listens where out of the box."""

    program: str
    mode: BrokerMode
    port: int

    @property
    def words(self) -> str:
        return f"{self.program.removeprefix('IB ')} {self.mode} {self.port}"


USUAL_GATEWAYS = (
    UsualGateway("TWS", "paper", 7497),
    UsualGateway("IB Gateway", "paper", 4002),
    UsualGateway("TWS", "live", 7496),
    UsualGateway("IB Gateway", "live", 4001),
)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _f(
    default: Any,
    title: str,
    description: str,
    *,
    unit: str = "",
    step: float | None = None,
    is_name: bool = False,
    is_secret: bool = False,
    **bounds: Any,
) -> Any:
    """A field that a page can draw: default, bounds, label, help, unit and slider step. `is_name`: a number that counts
    nothing (a port), which is written without a thousands separator. `is_secret`: a URL that may hold a password."""
    return Field(
        default,
        title=title,
        description=description,
        json_schema_extra={"unit": unit, "step": step, "is_name": is_name, "is_secret": is_secret},
        **bounds,
    )


_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_NUMBER_MOST = 1e15  # of a kept set: greater ones are no thresholds, and some can't be published


def _host(text: str) -> str:
    """A name that can be looked up, or an address. What passes is sent to the resolver, so nothing else may."""
    is_address = "%" not in text and _is_address(text)  # a zone behind an address may be any text
    if not is_address and (len(text) > 253 or not all(_LABEL.fullmatch(label) for label in text.split("."))):
        raise ValueError("must be a computer's name or an address like 127.0.0.1")
    return text


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether the host can only be this computer."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _hosts(text: str | None) -> str | None:
    """Names with commas between."""
    names = [] if text is None else [name.strip() for name in text.split(",") if name.strip()]
    if len(names) > 20:
        raise ValueError("must be 20 names at most")
    return ", ".join(map(_host, names)) or None


def _proxy(text: str | None) -> str | None:
    if text is not None and ("%" in text or not _is_address(text)):
        raise ValueError("must be an address like 127.0.0.1")
    return text


def _account(text: str | None) -> str | None:
    """What passes is sent to TWS, handed to the simulator's command line, and names a folder."""
    if text is not None and not _ACCOUNT.fullmatch(text):
        raise ValueError("must be an account id, letters and digits like DU1234567")
    return text


def _folder(text: str | None) -> str | None:
    if text is not None and not (0 < len(text) <= 1_000 and "\0" not in text):
        raise ValueError("must be the name of a folder")
    return text


_ENGINE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
FOLDER_SCHEME, REDIS_SCHEMES = "diskcache://", ("redis://", "rediss://")
SERVER_SCHEME = "postgresql+psycopg://"
DASK_SCHEMES = ("tcp://", "tls://")
ARCHIVE_SCHEMES = ("file://", "s3://", "gs://", "abfs://")


def _engine_name(text: str) -> str:
    """It names a folder, and keys in Redis."""
    if not _ENGINE_NAME.fullmatch(text):
        raise ValueError("must be 1 to 32 letters, digits, dashes or underscores")
    return text


def _group_name(text: str | None) -> str | None:
    return None if text is None else _engine_name(text)


def _state_url(text: str | None) -> str | None:
    if text is None or (text.startswith(FOLDER_SCHEME) and _folder(text[len(FOLDER_SCHEME) :])):
        return text
    if text.startswith(REDIS_SCHEMES) and _is_word(text) and _has_host(text, r"/?\d{0,2}"):
        return text
    raise ValueError("must be diskcache://<folder>, redis://<host>:<port>/<number> or rediss:// for TLS")


def _journal_url(text: str | None) -> str | None:
    if text is None or (text.startswith(SERVER_SCHEME) and _is_word(text) and _has_host(text, r"/[^/]+")):
        return text
    raise ValueError(f"must be {SERVER_SCHEME}<user>@<host>:<port>/<database>; without it the journal is a file")


def _dask_address(text: str | None) -> str | None:
    if text is not None:
        parts = urlsplit(text) if text.startswith(DASK_SCHEMES) and _is_word(text) and _has_host(text, "") else None
        if parts is None or parts.port is None or parts.username is not None or parts.query or parts.fragment:
            raise ValueError("must be tcp://<host>:<port> of a Dask scheduler, or tls:// with TLS; its port is 8786")
    return text


def _archive_url(text: str | None) -> str | None:
    scheme, _, place = (text or "").partition("://")
    is_place = bool(_folder(place) if scheme == "file" and place else _is_word(place) and place.strip("/"))
    if text is not None and not (text.startswith(ARCHIVE_SCHEMES) and is_place):
        raise ValueError("must be file://<folder>, or an object store: s3://<bucket>/<folder>, gs:// or abfs://")
    return text


def _is_word(text: str) -> bool:
    return len(text) <= 1_000 and text.isprintable() and " " not in text


def _has_host(url: str, path: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0 and re.fullmatch(path, parts.path) is not None
    except ValueError:
        return False


def _name(most: int, least: int = 1) -> AfterValidator:
    """A name that a person gave: it is shown, logged and kept, so nothing in it may be invisible."""

    def checked(text: str) -> str:
        if not least <= len(text) <= most or not text.isprintable() or text != " ".join(text.split()):
            raise ValueError(f"must be a name of {least} to {most} characters")
        return text

    return AfterValidator(checked)


def _bounded(value: bool | float) -> bool | float:
    if abs(value) > _NUMBER_MOST:
        raise ValueError("must be a threshold's value")
    return value


Host = Annotated[str, AfterValidator(_host)]
Account = Annotated[str | None, AfterValidator(_account)]
ScanName = Annotated[str, _name(24)]
SetName = Annotated[str, _name(40)]
ThresholdName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
KeptNumber = Annotated[bool | int | float, AfterValidator(_bounded)]


class EngineSettings(_Model):
    name: Annotated[str, AfterValidator(_engine_name)] = _f(
        "main", "Engine's name", "Under which it publishes; several engines on one state need different ones"
    )
    share: Annotated[str | None, AfterValidator(_group_name)] = _f(
        None,
        "Shares its symbols with",
        "Engines that name the same group visit one universe, each its part; needs Redis",
    )


class StateSettings(_Model):
    url: Annotated[str | None, AfterValidator(_state_url)] = _f(
        None,
        "Where the state is published",
        "None: a folder in the data folder; else diskcache://<folder>, or a Redis or Valkey server",
        is_secret=True,
    )


class BrokerSettings(_Model):
    mode: BrokerMode = _f("simulated", "Broker", "simulated, TWS paper or live account")
    host: Host = _f("127.0.0.1", "Host", "Where TWS or IB Gateway listens")
    port: int | None = _f(
        None, "Port", "None: 7497 for paper, 7496 for live, the simulator's own", is_name=True, ge=1, le=65535
    )
    client_id: int = _f(
        52, "Client id", "0 would bind TWS' own orders, 1 is what other scripts use", is_name=True, ge=2, le=9999
    )
    account: Account = _f(None, "Account", "None: all accounts of the login; else this one alone")
    market_data_type: Literal[1, 2, 3, 4] = _f(4, "Market data", "1 live, 2 frozen, 3 delayed, 4 best available")
    allow_delayed_signals: bool = _f(False, "Delayed prices may signal", "Delayed prices always give P&L, labelled")

    def effective_port(self) -> int | None:
        """The port to connect to; None in simulated mode (the launcher knows it)."""
        return self.port if self.port is not None else DEFAULT_PORTS.get(self.mode)


class WebSettings(_Model):
    """`app/login/` says who is let in; what needs a password is decided at the start (`app/launch/preparation.py`)."""

    host: Host = _f(
        "127.0.0.1", "Host", "Address the dashboard listens on; another than this computer's own needs a password"
    )
    port: int = _f(8052, "Port", "Port of the dashboard", is_name=True, ge=1, le=65535)
    open_browser: bool = _f(True, "Open the browser", "At start")
    local_token: bool = _f(
        False, "Log in by a link", "For a machine that others use, too: printed and opened at start, good once"
    )
    trusted_hosts: Annotated[str | None, AfterValidator(_hosts)] = _f(
        None,
        "Names",
        "Further ones that browsers open it by, with commas between: qtrade.example.org",
        max_length=1_000,
    )
    trusted_proxy: Annotated[str | None, AfterValidator(_proxy)] = _f(
        None, "Reverse proxy", "Address of the one whose word on visitors (X-Forwarded-...) is taken. None: nobody's"
    )
    session_idle_h: float = _f(
        8.0, "Log out after", "So long after the last page that was in sight", unit="h", step=0.5, ge=0.5, le=168
    )
    session_max_h: float = _f(168.0, "Log out at the latest", "So long after the login", unit="h", step=1, ge=1, le=720)

    def address(self) -> str:
        """Where a browser of this computer opens it: "http://127.0.0.1:8052"."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - "all addresses"
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


class LineSettings(_Model):
    limit: int = _f(50, "Line limit", "Market-data lines that QTrade may use", unit="lines", step=1, ge=1, le=1000)
    buffer: int = _f(5, "Kept for positions", "Lines that only positions may take", unit="lines", step=1, ge=0, le=100)
    normal_max: int = _f(2, "Ordinary candidates", "Lines at priority 25 at most", unit="lines", step=1, ge=0, le=40)
    top_max: int = _f(
        8,
        "Running signals that stream",
        "Lines at priority 50 at most: the newest of two minutes, then the best; the others are watched by visits",
        unit="lines",
        step=1,
        ge=0,
        le=100,
    )
    ttl_s: int = _f(
        600,
        "Idle time to live",
        "An idle line at 25 or 50 lives this long",
        unit="s",
        step=30,
        ge=60,
        le=3600,
    )
    min_hold_s: int = _f(120, "Minimum hold", "An admitted 25 or 50 is kept at least", unit="s", step=10, ge=0, le=900)
    hysteresis_pct: float = _f(
        15.0, "Challenger's margin", "How much better a newcomer must score", unit="%", step=1, ge=0, le=100
    )
    swaps_per_minute: int = _f(5, "Swaps a minute", "Challenges carried out at most", step=1, ge=0, le=60)

    @model_validator(mode="after")
    def _buffer_below_limit(self) -> LineSettings:
        if self.buffer >= self.limit:
            raise ValueError(f"buffer is {self.buffer}; must be below limit ({self.limit}). Lower the buffer first")
        return self


class CoverageSettings(_Model):
    """How the spare lines go round the universe (LINES, "Coverage")."""

    dwell_s: float = _f(
        5.0,
        "Shortest visit",
        "From subscribe to cancel; only a position cuts it short",
        unit="s",
        step=1,
        ge=2,
        le=60,
    )
    messages_per_s: float = _f(
        32.0,
        "Messages for visits",
        "Two a visit; the rest of what TWS allows is for positions, scans and history",
        unit="/s",
        step=1,
        ge=2,
        le=34,
    )
    watch_pct: int = _f(
        60,
        "Lines for watched signals",
        "Share of the visiting lines that running signals without a line of their own may take, the best first",
        unit="%",
        step=5,
        ge=5,
        le=100,
    )
    rotating_pct: int = _f(
        100,
        "Lines kept for visits",
        "While fewer rotate, lines that nobody asks for any more go back before their time to live is over",
        unit="%",
        step=5,
        ge=0,
        le=100,
    )


class BreakoutParams(_Model):
    """Thresholds of the BreakoutScanner (SIGNALS: the table of parameters)."""

    bars_n: int = _f(20, "Bars N", "high of the last N closed bars", unit="bars", step=1, ge=10, le=55)
    buffer_atr: float = _f(0.1, "Buffer", "ATR above the level", unit="ATR", step=0.05, ge=0, le=1.5)
    atr_length: int = _f(14, "ATR length", "Wilder's average", unit="bars", step=1, ge=7, le=30)
    volume_surge: float = _f(1.5, "Volume surge", "x SMA20 of bar volume", unit="x", step=0.1, ge=1.0, le=5.0)
    rel_volume: float = _f(
        1.5, REL_VOLUME, "last 60 s, x usual in this minute of the day", unit="x", step=0.1, ge=0.5, le=10.0
    )
    opening_range_min: Literal[0, 5, 15, 30, 60] = _f(
        15, "Opening range", "minutes, an extra level in the first 2 h; 0 = off", unit="min"
    )
    ema_fast: int = _f(8, "EMA fast", "trend gate: fast above slow", unit="bars", step=1, ge=3, le=50)
    ema_slow: int = _f(21, "EMA slow", "trend gate", unit="bars", step=1, ge=10, le=200)
    price_floor_usd: float = _f(5.0, "Price floor", "stocks of the universe only", unit="USD", step=0.5, ge=0, le=50)
    avg_volume_floor: int = _f(
        500_000, "Average volume floor", "shares a day", unit="shares", step=50_000, ge=0, le=5_000_000
    )
    confirm_s: float = _f(10.0, "Confirmation", "seconds beyond the level", unit="s", step=1, ge=0, le=120)
    confirm_bars: int = _f(
        0,
        "Confirming bars",
        "closed bars beyond the level; 0 = use the seconds",
        unit="bars",
        step=1,
        ge=0,
        le=3,
    )
    alert_hold_s: float = _f(
        30.0, "Alert hold", "back inside for this long ends the signal", unit="s", step=5, ge=0, le=120
    )
    cool_down_min: float = _f(
        15.0, "Cool-down", "between two signals of one symbol and side", unit="min", step=1, ge=1, le=120
    )
    top_score: float = _f(0.7, "Score to be top", "from here on priority 50", step=0.05, ge=0, le=1)
    longs: bool = _f(True, "Long side", "breakouts upward")
    shorts: bool = _f(True, "Short side", "breakdowns")

    @model_validator(mode="after")
    def _fast_below_slow(self) -> BreakoutParams:
        if self.ema_fast >= self.ema_slow:
            raise ValueError(f"ema_fast is {self.ema_fast}; must be below ema_slow ({self.ema_slow})")
        return self


Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.]{1,60}$")]
FilterValue = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.,:;+\-]{1,60}$")]


class CustomScan(_Model):
    """A scan of the user's own; the liquidity floors hold too, unless one of its filters has the same tag."""

    scan_code: Code
    instrument: Code = "STK"
    location: Code = "STK.US.MAJOR"
    filters: tuple[tuple[Code, FilterValue], ...] = Field(default=(), max_length=20)
    side: Side = "long"

    @model_validator(mode="after")
    def _each_tag_once(self) -> CustomScan:
        tags = [tag for tag, _ in self.filters]
        twice = next((tag for tag in tags if tags.count(tag) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice} is set twice; each filter may be set once")
        return self


class MarketScanSettings(_Model):
    enabled: tuple[ScanName, ...] = _f(
        (
            "Momentum",
            "Since open",
            "Relative volume",
            "52-week high",
            "Trend break",
            "Volume pace",
            "Short side",
            "Halted",
        ),
        "Scans",
        "Presets and custom scans that run",
        max_length=20,
    )
    custom: dict[ScanName, CustomScan] = _f({}, "Custom scans", "scans of one's own", max_length=10)
    price_above_usd: float = _f(5.0, "Price above", "floor of all stock presets", unit="USD", step=1, ge=0, le=1000)
    avg_volume_above: int = _f(
        500_000,
        "Average volume above",
        "floor of all stock presets",
        unit="shares",
        step=50_000,
        ge=0,
        le=50_000_000,
    )
    avg_usd_volume_above: int = _f(
        5_000_000,
        "Average dollar volume above",
        "floor of all stock presets",
        unit="USD",
        step=500_000,
        ge=0,
        le=1_000_000_000,
    )


class ThresholdSetSettings(_Model):
    """Thresholds kept under a name; values are judged when a set is loaded, so that an old set is never lost."""

    saved: dict[SetName, Annotated[dict[ThresholdName, KeptNumber], Field(max_length=60)]] = _f(
        {}, "Named sets", "breakout thresholds kept under a name", max_length=30
    )
    shadow: Annotated[str, _name(40, least=0)] = _f(
        "", "Shadow set", "runs beside the thresholds in force, without lines or alerts"
    )


class PositionSettings(_Model):
    ema_fast: int = _f(8, "EMA fast", "of each position's 1-minute bars", unit="bars", step=1, ge=3, le=50)
    ema_slow: int = _f(21, "EMA slow", "of each position's 1-minute bars", unit="bars", step=1, ge=10, le=200)

    @model_validator(mode="after")
    def _fast_below_slow(self) -> PositionSettings:
        if self.ema_fast >= self.ema_slow:
            raise ValueError(f"ema_fast is {self.ema_fast}; must be below ema_slow ({self.ema_slow})")
        return self


class JournalSettings(_Model):
    url: Annotated[str | None, AfterValidator(_journal_url)] = _f(
        None, "Where the journal is kept", "None: an SQLite file of each account; else PostgreSQL", is_secret=True
    )
    import_dir: str | None = _f(
        None, "Import folder", "Statements laid here are read. None: import, in the data folder", max_length=400
    )


class LabSettings(_Model):
    dask: Annotated[str | None, AfterValidator(_dask_address)] = _f(
        None, "Cluster for runs of the Lab", "None: this computer runs them; else a Dask scheduler, tcp://<host>:<port>"
    )


class ArchiveSettings(_Model):
    url: Annotated[str | None, AfterValidator(_archive_url)] = _f(
        None,
        "Archive of years",
        "None: bars are kept for 20 days; else file://<folder>, or an object store (s3://, gs://, abfs://)",
        is_secret=True,
    )
    ticks: bool = _f(False, "Ticks in the archive", "Each quote, some 100 MB a day; bars alone take some 10 MB")
    keep_days: int | None = _f(None, "Kept in the archive", "None: for ever", unit="days", step=30, ge=30, le=36_500)


class NewsSettings(_Model):
    enabled: bool = _f(False, "News headlines", "On a symbol's page, where the account has a provider for the API")
    most: int = _f(12, "Headlines", "The newest so many of a symbol", step=1, ge=1, le=50)


class ViewSettings(_Model):
    """What the pages show of what is watched."""

    account: Account = _f(
        None, "Account shown", "None: all together. All accounts of a login stay watched; the strip chooses, too"
    )
    market_strip: str = _f(
        "ES, NQ, VIX",
        "Market strip",
        "Up to 6 names, or contracts as in an import with semicolons between; an eighth of the lines at most",
        max_length=200,
    )


class AlertSettings(_Model):
    """When alerts keep quiet; rules and channels are kept with the account (`engine.alerts`)."""

    quiet_from: str | None = _f(None, "Quiet from", "HH:MM", pattern=CLOCK)
    quiet_to: str | None = _f(None, "Quiet until", "HH:MM", pattern=CLOCK)


SimulatedDay = Literal[
    "weekday", "weekend", "half-day", "holiday", "clocks-back", "clocks-forward", "futures-reset", "account-reset",
    "nightly-restart", "nightly-reset", "farm-flap", "competing-login", "wrong-port", "half-open", "data-lost",
    "data-kept", "expiry",
]  # fmt: skip


class SimulatorSettings(_Model):
    seed: int = _f(7, "Seed", "the same seed gives the same market", is_name=True, ge=0, le=2**31 - 1)
    speed: float = _f(1.0, "Speed", "market seconds a second", unit="x", ge=0.1, le=120)
    portfolio: Literal["demo", "world"] = _f("demo", "Portfolio", "world holds a contract of every kind, in euros")
    accounts: int = _f(1, "Accounts", "from 3 on an advisor's login: a master and its clients", ge=1, le=20)
    scenario: SimulatedDay = _f(
        "weekday", "Scenario", "the day and hour at which the market begins, and what goes wrong on it"
    )
    line_limit: int = _f(100, "Gateway's line limit", "what the simulated TWS allows", ge=1, le=10_000)
    volume_unit: Literal["lots", "shares", "mixed"] = _f("lots", "Volume unit", "as TWS is set")
    fresh: bool = _f(False, "Start over", "else the simulated clock goes on from where it stopped")


class LogSettings(_Model):
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = _f("INFO", "Log level", "of the console")


class AppConfig(_Model):
    """All of `config.yaml`."""

    engine: EngineSettings = EngineSettings()
    state: StateSettings = StateSettings()
    broker: BrokerSettings = BrokerSettings()
    web: WebSettings = WebSettings()
    lines: LineSettings = LineSettings()
    coverage: CoverageSettings = CoverageSettings()
    breakout: BreakoutParams = BreakoutParams()
    market_scan: MarketScanSettings = MarketScanSettings()
    sets: ThresholdSetSettings = ThresholdSetSettings()
    positions: PositionSettings = PositionSettings()
    news: NewsSettings = NewsSettings()
    view: ViewSettings = ViewSettings()
    alerts: AlertSettings = AlertSettings()
    journal: JournalSettings = JournalSettings()
    lab: LabSettings = LabSettings()
    archive: ArchiveSettings = ArchiveSettings()
    simulator: SimulatorSettings = SimulatorSettings()
    log: LogSettings = LogSettings()
    data_dir: Annotated[str | None, AfterValidator(_folder)] = _f(
        None, "Data folder", "None: the per-user folder of this system"
    )

    def connection(self) -> tuple[Any, ...]:
        """What the connection to the gateway is made from: where one of these changes, another one is made."""
        broker = self.broker
        gateway = self.simulator if broker.mode == "simulated" else (broker.host, broker.effective_port())
        return broker.mode, broker.client_id, broker.account, broker.market_data_type, gateway

    def gateway_words(self) -> str:
        """The gateway that these settings name: "127.0.0.1:7497 (paper)"."""
        broker = self.broker
        if broker.mode == "simulated":
            return "the simulated gateway"
        return f"{broker.host}:{broker.effective_port()} ({broker.mode})"
