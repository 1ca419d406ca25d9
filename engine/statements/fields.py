"""What is read of each row: attribute -> column, by a converter of its own, strict about money and dates. Pure.

Attributes that are not named here are nobody's concern; codes and types that nobody knows are kept as they stand.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from engine.domain import CON_ID_MAX, con_id_of
from engine.statements.dates import Dated, Moment, Terms, moment

Value = str | int | Decimal | None
Values = dict[str, Any]
NUMBER = re.compile(r"[+-]?(?:(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,2})?", re.ASCII)
_MOST = Decimal(10) ** 15
_CURRENCY = re.compile(r"[A-Z]{3,5}")
_ABSENT = frozenset({"", "-", "--", "N/A"})
_LONGEST_SHOWN = 40
_MOST_KNOWN = 4_096  # texts of one attribute: those that name each row differ anyway
_LONGEST = 400


class Refused(Exception):
    """A row can't be taken; in words."""


class Field(NamedTuple):
    """One column: read from the first of `names` that the row has."""

    column: str
    names: tuple[str, ...]
    read: Callable[[str, Terms], Value]
    required: bool = False


class Spec(NamedTuple):
    """Rows of one kind: the table that they go to, and what makes two of them the same.

    `exact`: columns that name a row for good, tried in their order; `soft`: those that are equal where neither says so.
    """

    table: str
    fields: tuple[Field, ...]
    exact: tuple[tuple[str, ...], ...]
    soft: tuple[str, ...]


def money(text: str, _terms: Terms) -> Decimal | None:
    """A number as it stands there, never rounded; None = not told."""
    if text in _ABSENT:
        return None
    if not NUMBER.fullmatch(text):
        raise Refused("must be a number, e.g. -1,234.56")
    value = Decimal(text.replace(",", "") if "," in text else text)
    if abs(value) >= _MOST or len(text) > 32:
        raise Refused("is no amount that an account can have")
    return value


def currency(text: str, _terms: Terms) -> str:
    if not _CURRENCY.fullmatch(text):
        raise Refused("must be a currency, e.g. USD")
    return text


def words(text: str, _terms: Terms) -> str:
    return text if len(text) <= _LONGEST and "  " not in text else " ".join(text.split())[:_LONGEST]


def as_it_stands(text: str, _terms: Terms) -> str:
    """With the blanks within, which an option's symbol has."""
    return text[:64]


def day(text: str, terms: Terms) -> str | None:
    """YYYYMMDD."""
    if text in _ABSENT or text == "MULTI":
        return None
    return when(text, terms).label


def contract_id(text: str, _terms: Terms) -> int | None:
    if text in _ABSENT or text == "0":
        return None
    found = con_id_of(text)
    if found is None:
        raise Refused(f"must be a contract number, 1-{CON_ID_MAX}")
    return found


def when(text: str, terms: Terms) -> Moment:
    try:
        return moment(text, terms)
    except Dated as error:
        raise Refused(str(error)) from None


class RowReader:
    """Reads rows of one kind of one file. What a text means is worked out once: most of them come again and again."""

    def __init__(self, spec: Spec, terms: Terms) -> None:
        self._terms = terms
        self._empty: Values = {field.column: None for field in spec.fields}
        self._of_one: dict[str, tuple[str, Callable[[str, Terms], Value], dict[str, Value]]] = {
            field.names[0]: (field.column, field.read, {}) for field in spec.fields if len(field.names) == 1
        }
        self._of_several = tuple(field for field in spec.fields if len(field.names) > 1)
        self._required = tuple(field for field in spec.fields if field.required)

    def values(self, fields: dict[str, str]) -> Values:
        """All columns of a row. Raises Refused: in words that name the attribute and what stood there."""
        out, of_one, terms = self._empty.copy(), self._of_one, self._terms
        for name, text in fields.items():  # a row has half of what its kind may have
            found = of_one.get(name)
            if found is None:
                continue
            column, read, known = found
            if text in known:
                out[column] = known[text]
                continue
            try:
                value = read(text, terms)
            except Refused as refusal:
                raise Refused(f"{name} is {text[:_LONGEST_SHOWN]!r}; {refusal}") from None
            if value == "":
                value = None
            out[column] = value
            if len(known) < _MOST_KNOWN:
                known[text] = value
        for field in self._of_several:
            out[field.column] = _first_of(fields, field, terms)
        for field in self._required:
            if out[field.column] is None:
                raise Refused(f"{field.names[0]} is missing")
        return out


def _first_of(fields: dict[str, str], field: Field, terms: Terms) -> Value:
    for name in field.names:
        if name in fields:
            try:
                value = field.read(fields[name], terms)
            except Refused as refusal:
                raise Refused(f"{name} is {fields[name][:_LONGEST_SHOWN]!r}; {refusal}") from None
            if value is not None and value != "":
                return value
    return None


_CONTRACT = (
    Field("con_id", ("conid",), contract_id),
    Field("symbol", ("symbol",), words),
    Field("sec_type", ("assetCategory",), words),
)
_OWN = (Field("model", ("model",), words), Field("description", ("description",), words))

CASH = Spec(
    "cash_transactions",
    (
        *_OWN,
        *_CONTRACT,
        Field("kind", ("type",), words, required=True),
        Field("day", ("reportDate", "dateTime", "settleDate"), day, required=True),
        Field("settle_date", ("settleDate",), day),
        Field("ex_date", ("exDate",), day),
        Field("currency", ("currency",), currency, required=True),
        Field("amount", ("amount",), money, required=True),
        Field("fx_rate_to_base", ("fxRateToBase",), money),
        Field("transaction_id", ("transactionID",), words),
        Field("action_id", ("actionID",), words),
        Field("trade_id", ("tradeID",), words),
        Field("code", ("code", "notes"), words),
    ),
    exact=(("transaction_id",),),
    soft=("model", "day", "currency", "amount", "sort"),
)
CORPORATE = Spec(
    "corporate_actions",
    (
        *_OWN,
        *_CONTRACT,
        Field("kind", ("type",), words),
        Field("day", ("reportDate", "dateTime"), day, required=True),
        Field("effective", ("dateTime", "reportDate"), words),
        Field("currency", ("currency",), currency),
        Field("quantity", ("quantity",), money, required=True),
        Field("amount", ("amount",), money),
        Field("proceeds", ("proceeds",), money),
        Field("value", ("value",), money),
        Field("multiplier", ("multiplier",), money),
        Field("statement_realized", ("fifoPnlRealized",), money),
        Field("fx_rate_to_base", ("fxRateToBase",), money),
        Field("transaction_id", ("transactionID",), words),
        Field("action_id", ("actionID",), words),
        Field("code", ("code", "notes"), words),
    ),
    exact=(("transaction_id",),),
    soft=("model", "day", "quantity", "value", "proceeds"),
)
OPTION_EVENT = Spec(
    "option_events",
    (
        *_OWN,
        *_CONTRACT,
        Field("kind", ("transactionType",), words, required=True),
        Field("day", ("date", "reportDate"), day, required=True),
        Field("currency", ("currency",), currency),
        Field("underlying_symbol", ("underlyingSymbol",), words),
        Field("expiry", ("expiry",), day),
        Field("strike", ("strike",), money),
        Field("put_call", ("putCall",), words),
        Field("quantity", ("quantity",), money, required=True),
        Field("price", ("tradePrice",), money),
        Field("proceeds", ("proceeds",), money),
        Field("statement_realized", ("realizedPnl",), money),
        Field("trade_id", ("tradeID",), words),
    ),
    exact=(("trade_id", "kind", "key"),),
    soft=("model", "day", "key", "kind", "quantity", "price"),
)
NAV = Spec(
    "nav_days",
    (
        Field("model", ("model",), words),
        Field("day", ("reportDate", "toDate"), day, required=True),
        Field("currency", ("currency",), currency),
        Field("total", ("total", "endingValue"), money, required=True),
        Field("cash", ("cash",), money),
        Field("stock", ("stock",), money),
        Field("options", ("options",), money),
    ),
    exact=(("model", "day"),),
    soft=(),
)
POSITION = Spec(
    "positions_at",
    (
        *_OWN,
        *_CONTRACT,
        Field("day", ("reportDate",), day, required=True),
        Field("currency", ("currency",), currency),
        Field("quantity", ("position",), money, required=True),
        Field("multiplier", ("multiplier",), money),
        Field("mark_price", ("markPrice",), money),
        Field("value", ("positionValue", "value"), money),
        Field("cost_price", ("costBasisPrice",), money),
        Field("cost_money", ("costBasisMoney",), money),
        Field("fx_rate_to_base", ("fxRateToBase",), money),
    ),
    exact=(("model", "day", "key", "side"),),
    soft=(),
)
RATE = Spec(
    "conversion_rates",
    (
        Field("day", ("reportDate",), day, required=True),
        Field("from_currency", ("fromCurrency",), currency, required=True),
        Field("to_currency", ("toCurrency",), currency, required=True),
        Field("rate", ("rate",), money, required=True),
    ),
    exact=(("day", "from_currency", "to_currency"),),
    soft=(),
)
TRANSFER = Spec(
    "transfers",
    (
        *_OWN,
        *_CONTRACT,
        Field("kind", ("type",), words),
        Field("direction", ("direction",), words, required=True),
        Field("day", ("reportDate", "date", "dateTime"), day, required=True),
        Field("currency", ("currency",), currency),
        Field("quantity", ("quantity",), money),
        Field("price", ("transferPrice",), money),
        Field("amount", ("positionAmount",), money),
        Field("cash", ("cashTransfer",), money),
        Field("multiplier", ("multiplier",), money),
        Field("fx_rate_to_base", ("fxRateToBase",), money),
        Field("transaction_id", ("transactionID",), words),
    ),
    exact=(("transaction_id",),),
    soft=("model", "day", "key", "direction", "quantity", "cash"),
)
TRADE = Spec(
    "fills",
    (
        Field("model", ("model",), words),
        Field("exec_id", ("ibExecID",), words),
        Field("con_id", ("conid",), contract_id),
        Field("local_symbol", ("symbol",), as_it_stands, required=True),
        Field("sec_type", ("assetCategory",), words),
        Field("currency", ("currency",), currency, required=True),
        Field("quantity", ("quantity",), money, required=True),
        Field("price", ("tradePrice",), money, required=True),
        Field("multiplier", ("multiplier",), money),
        Field("trade_money", ("tradeMoney",), money),
        Field("proceeds", ("proceeds",), money),
        Field("taxes", ("taxes",), money),
        Field("commission", ("ibCommission",), money),
        Field("commission_currency", ("ibCommissionCurrency",), currency),
        Field("fx_rate_to_base", ("fxRateToBase",), money),
        Field("side", ("buySell",), words),
        Field("opening", ("openCloseIndicator",), words),
        Field("exchange", ("exchange",), words),
        Field("trade_date", ("tradeDate",), day),
        Field("report_date", ("reportDate",), day),
        Field("settle_date", ("settleDateTarget",), day),
        Field("codes", ("notes",), words),
        Field("transaction_type", ("transactionType",), words),
        Field("underlying_con_id", ("underlyingConid",), contract_id),
        Field("underlying_symbol", ("underlyingSymbol",), words),
        Field("expiry", ("expiry",), day),
        Field("strike", ("strike",), money),
        Field("put_call", ("putCall",), words),
        Field("transaction_id", ("transactionID",), words),
        Field("trade_id", ("tradeID",), words),
        Field("ib_order_id", ("ibOrderID",), words),
        Field("orig_transaction_id", ("origTransactionID",), words),
        Field("orig_trade_id", ("origTradeID",), words),
        Field("statement_realized", ("fifoPnlRealized",), money),
        Field("order_ref", ("orderReference",), words),
    ),
    exact=(),
    soft=(),
)
SECURITY = Spec(
    "",
    (
        *_CONTRACT,
        Field("multiplier", ("multiplier",), money),
        Field("underlying_symbol", ("underlyingSymbol",), words),
        Field("underlying_con_id", ("underlyingConid",), contract_id),
        Field("expiry", ("expiry",), day),
        Field("strike", ("strike",), money),
        Field("put_call", ("putCall",), words),
    ),
    exact=(),
    soft=(),
)
KINDS: dict[str, Spec] = {
    "CashTransaction": CASH,
    "CorporateAction": CORPORATE,
    "OptionEAE": OPTION_EVENT,
    "EquitySummaryByReportDateInBase": NAV,
    "NavByAsset": NAV,
    "ChangeInNAV": NAV,
    "OpenPosition": POSITION,
    "ConversionRate": RATE,
    "Transfer": TRANSFER,
    "Trade": TRADE,
    "TradeConfirm": TRADE,
    "Order": TRADE,
    "SecurityInfo": SECURITY,
}
_BESIDE = (
    "accountId", "acctAlias", "levelOfDetail", "dateTime", "tradeTime", "orderTime", "fromDate", "toDate", "date",
    "buySell", "actionDescription", "positionAmountInBase", "direction", "side", "startingValue", "mtmPnl", "cost",
)  # fmt: skip


def attribute_names() -> frozenset[str]:
    """Every attribute that is read of some row."""
    return frozenset(name for spec in KINDS.values() for field in spec.fields for name in field.names) | {*_BESIDE}


def number_names() -> frozenset[str]:
    """Every attribute that is read as a number."""
    fields = [field for spec in KINDS.values() for field in spec.fields if field.read is money]
    return frozenset(name for field in fields for name in field.names) | {"positionAmountInBase"}
