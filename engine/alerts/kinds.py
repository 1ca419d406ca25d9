"""The kinds of alerts, each declared once: its fields with units, bounds and defaults, its sentence, its manners.

The page's form, the validation, the API and the text of a rule are all made from these. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any, Literal, NamedTuple

from engine.domain import CON_ID_MAX
from engine.errors import QTradeError
from engine.state.alert_sections import AlertSeverity

FieldType = Literal["number", "choice", "symbol", "account", "list"]
MONEY = "money"  # unit: of the currency that the figure is in
PRICE = "price"  # unit: as the prices of the rule's symbol are written
EVERY_ACCOUNT = "all accounts"
ANY = ""  # no symbol, account or list in particular
OWN_LISTS = (("", "the universe"), ("positions", "my positions"), ("pinned", "my pins"))
COOL_DOWN_MOST_MIN = 1_440.0
CHANNELS_MOST = 20


class RuleRefused(QTradeError):
    """The text is for the user; `errors` belong to fields."""

    def __init__(self, text: str, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.errors = dict(errors or {})


class Field(NamedTuple):
    """One blank of a sentence. `blank` = what no symbol or account at all means, "" = one has to be chosen."""

    key: str
    label: str
    type: FieldType
    default: Any
    unit: str = ""
    least: float = -1e12
    most: float = 1e12
    whole: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    blank: str = ""


class Kind(NamedTuple):
    """One kind of alert. `sentence` follows "Tell me when", with {key} for each field.

    `for_s`: the condition has to hold for so long; (key, seconds) = for that field's value times so many. `keep_s`: it
    has to be over for so long. `has_baseline`: what is so at the first look is listed, not told; without, it is told
    as at any other. `usual`: among the rules that are offered to begin with.
    """

    name: str
    title: str
    sentence: str
    about: str
    fields: tuple[Field, ...] = ()
    severity: AlertSeverity = "warning"
    for_s: float | tuple[str, float] = 0.0
    keep_s: float = 30.0
    cool_down_min: float = 15.0
    has_baseline: bool = True
    usual: bool = False


_BELOW_ABOVE = (("below", "falls below"), ("above", "rises above"))
_SIDE = Field("side", "Direction", "choice", "below", choices=_BELOW_ABOVE)
_ACCOUNT = Field("account", "Account", "account", ANY, blank=EVERY_ACCOUNT)


def _money(default: float) -> Field:
    return Field("amount", "Amount", "number", default, MONEY)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "day_pnl",
            "the day's P&L",
            "the day's P&L of {account} {side} {amount}",
            "IB's P&L of the running trade date, once a second.",
            (_ACCOUNT, _SIDE, _money(-500.0)),
            for_s=5.0,
        ),
        Kind(
            "account_pnl",
            "the unrealised P&L",
            "the unrealised P&L of {account} {side} {amount}",
            "Of all positions that can be traded, valued by their marks.",
            (_ACCOUNT, _SIDE, _money(-1_000.0)),
            for_s=5.0,
        ),
        Kind(
            "position_pnl",
            "the P&L of a position",
            "the {measure} P&L of {symbol} {side} {amount}",
            "In the position's own currency, each account's position by itself.",
            (
                Field(
                    "measure",
                    "P&L",
                    "choice",
                    "unrealised",
                    choices=(("unrealised", "unrealised"), ("day", "day's")),
                ),
                Field("symbol", "Position", "symbol", ANY, blank="any position"),
                _SIDE,
                _money(-500.0),
            ),
            for_s=5.0,
        ),
        Kind(
            "price",
            "the price of a symbol",
            "{symbol} {side} {level}, {often}",
            "Told when the price comes from the other side, also while QTrade was not running. A symbol without a line"
            " of its own is looked at by visits: pin it to hear of every tick.",
            (
                Field("symbol", "Symbol", "symbol", ANY),
                Field(
                    "side",
                    "Direction",
                    "choice",
                    "reaches",
                    choices=(("reaches", "reaches"), ("up", "rises to"), ("down", "falls to")),
                ),
                Field("level", "Price", "number", 0.0, PRICE),
                Field(
                    "often",
                    "How often",
                    "choice",
                    "once",
                    choices=(("once", "once"), ("each", "each time"), ("close", "at the end of a minute")),
                ),
            ),
            severity="info",
            keep_s=0.0,
            cool_down_min=1.0,
            has_baseline=False,
        ),
        Kind(
            "signal",
            "a signal",
            "a {side} signal in {list} scores {score} or more",
            "The score at signal, as the Scanners page shows it.",
            (
                Field(
                    "side",
                    "Side",
                    "choice",
                    "any",
                    choices=(("any", "long or short"), ("long", "long"), ("short", "short")),
                ),
                Field("list", "List", "list", ANY, choices=OWN_LISTS),
                Field("score", "Score", "number", 0.75, least=0.0, most=1.0),
            ),
            severity="info",
            keep_s=0.0,
        ),
        Kind(
            "no_price",
            "a position has no live price",
            "a position has no live price for {seconds} s",
            "Its line brings nothing though others tick, or it has no price at all.",
            (Field("seconds", "Seconds", "number", 60, "s", 0, 3_600, whole=True),),
            for_s=("seconds", 1.0),
            usual=True,
        ),
        Kind(
            "refused",
            "a line is refused to a position",
            "a market-data line is refused to a position",
            "The line budget or TWS has no line for it.",
            for_s=10.0,
            usual=True,
        ),
        Kind(
            "feed_dead",
            "no quotes come",
            "no quotes come on any line for a minute",
            "TWS answers, but prices stand still while the market is open.",
            severity="urgent",
            for_s=30.0,
            has_baseline=False,
            usual=True,
        ),
        Kind(
            "link",
            "TWS can't be reached",
            "TWS can't be reached for {minutes} min",
            "Counts from the moment the connection was lost; IB's nightly reset is waited for, 15 minutes at most.",
            (Field("minutes", "Minutes", "number", 5, "min", 1, 240, whole=True),),
            severity="urgent",
            for_s=("minutes", 60.0),
            has_baseline=False,
            usual=True,
        ),
        Kind(
            "cushion",
            "the cushion gets thin",
            "the cushion of {account} falls below {pct} %",
            "Excess liquidity in per cent of the net liquidation.",
            (_ACCOUNT, Field("pct", "Per cent", "number", 10.0, "%", 0.0, 100.0)),
            severity="urgent",
            for_s=10.0,
            usual=True,
        ),
        Kind(
            "expiry",
            "a contract ends",
            "a position is {days} trading days or fewer before its {what}",
            "Last trade as IB says it; first notice by the exchanges' rule where it is known. In trading days.",
            (
                Field("days", "Days", "number", 3, "days", 0, 60, whole=True),
                Field(
                    "what",
                    "Day",
                    "choice",
                    "both",
                    choices=(
                        ("both", "last trade or first notice"),
                        ("last", "last trade"),
                        ("notice", "first notice"),
                    ),
                ),
            ),
            keep_s=60.0,
            usual=True,
        ),
        Kind(
            "disk",
            "the disk gets full",
            "less than {gb} GB are free on the disk",
            "Of the disk that holds the data folder.",
            (Field("gb", "Gigabytes", "number", 2.0, "GB", 0.1, 10_000.0),),
            for_s=20.0,
            keep_s=60.0,
            usual=True,
        ),
    )
}

# Not made by anybody: QTrade's own, told through the channels that still work.
DEAD_CHANNEL = Kind(
    "channel",
    "a channel is dead",
    "a channel of alerts takes nothing any more",
    "Three failures one after the other, or ten minutes without success.",
    severity="urgent",
    keep_s=0.0,
    has_baseline=False,
)


def kind_of(name: str) -> Kind:
    """Raises RuleRefused where there is none."""
    kind = DEAD_CHANNEL if name == DEAD_CHANNEL.name else KINDS.get(name)
    if kind is None:
        raise RuleRefused(f"There is no kind of alert called {name[:40]!r}.")
    return kind


def defaults(kind: Kind) -> dict[str, Any]:
    """The values of a fresh rule."""
    return {field.key: field.default for field in kind.fields}


def checked(kind: Kind, given: Mapping[str, Any], lists: Collection[int], accounts: tuple[str, ...]) -> dict[str, Any]:
    """Each field's value, of its type and within its bounds; what is not given has its default.

    `lists` = uids of the user's own.

    Raises:
        RuleRefused: with a sentence for each field that can't be used.
    """
    found: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    names = {field.key for field in kind.fields}
    for key in given.keys() - names:
        wrong[str(key)[:40]] = f"{kind.title} has no such field."
    for field in kind.fields:
        try:
            found[field.key] = _checked(field, given.get(field.key, field.default), lists, accounts)
        except ValueError as error:
            wrong[field.key] = f"{field.label}: {error}"
    if wrong:
        raise RuleRefused(" ".join(wrong.values()), wrong)
    return found


def _checked(field: Field, value: Any, lists: Collection[int], accounts: tuple[str, ...]) -> Any:
    if field.type == "number":
        return _number(field, value)
    if field.type == "symbol":
        if value in (ANY, None) and field.blank:
            return ANY
        if type(value) is not int or not 0 < value <= CON_ID_MAX:
            raise ValueError("choose a symbol first.")
        return value
    offered: list[str | int] = [key for key, _words in field.choices]
    if field.type == "list":
        offered += lists
    if field.type == "account":
        offered += ["", *accounts]
    if type(value) not in (str, int) or value not in offered:
        raise ValueError("choose one of those offered.")
    return value


def _number(field: Field, value: Any) -> float | int:
    if isinstance(value, str):
        try:
            value = float(value.replace(",", "").replace("−", "-").strip())
        except ValueError:
            raise ValueError("must be a number.") from None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("must be a number.")
    if not field.least <= value <= field.most:
        raise ValueError(f"must be {field.least:g} to {field.most:g}.")
    if field.whole:
        if value != int(value):
            raise ValueError("must be a whole number.")
        return int(value)
    return float(value)


def dwell_s(kind: Kind, values: Mapping[str, Any]) -> float:
    """For how long the condition has to hold."""
    if isinstance(kind.for_s, tuple):
        key, seconds = kind.for_s
        return float(values[key]) * seconds
    return kind.for_s
