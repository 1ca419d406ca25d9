"""Rows of text -> records of tables. One bad row refuses that row, never the file. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import tzinfo
from decimal import Decimal
from typing import Any

from msgspec import Struct, field

from engine.clock import NEW_YORK
from engine.statements.dates import DateOrder, Terms, decide_order, needs_order
from engine.statements.fields import KINDS, NAV, RATE, SECURITY, TRADE, Refused, RowReader, Spec, Values, money, when
from engine.statements.raw import Head, RawFile, RawRow
from engine.statements.trade_rows import completed

DATE_NAMES = (
    "dateTime", "tradeDate", "reportDate", "settleDate", "settleDateTarget", "date", "expiry", "fromDate", "toDate",
    "tradeTime", "orderTime", "exDate",
)  # fmt: skip
_DATES = frozenset(DATE_NAMES)
_BOUNDED = ("tradeDate", "reportDate")
_LEVELS = {
    "Trade": ("EXECUTION", "ORDER"), "TradeConfirm": ("EXECUTION", "ORDER"), "Order": ("ORDER",),
    "OpenPosition": ("SUMMARY",),
}  # fmt: skip
_OF_EXCHANGES = frozenset({"STK", "OPT", "FUT", "FOP", "BOND", "WAR"})
_SUMMARIES = frozenset({"SUMMARY", "BASE_SUMMARY", "TOTAL", "SUB_TOTAL", "SUBTOTAL"})
_OF_TRADES = frozenset({"Trades", "TradeConfirms"})


class Record(Struct):
    """One row understood: `values` by the columns of `table`; `place` = its statement in the file."""

    line: int
    section: str
    table: str
    place: int
    account: str
    values: Values


class Row(Struct, frozen=True):
    """A row that was not taken, and why."""

    line: int
    section: str
    reason: str


class Understood(Struct):
    """All rows of a file, each in one of the lists. `beside`: rows of sections that nothing is read of, by section."""

    records: list[Record] = field(default_factory=list)
    refused: list[Row] = field(default_factory=list)
    other_level: Counter[str] = field(default_factory=Counter)
    beside: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


def order_of_dates(file: RawFile) -> tuple[DateOrder | None, bool]:
    """(which of day and month stands first, whether somebody must say it)."""
    texts = [*_dates(file.rows)]
    texts += [text for head in file.heads for text in (head.from_date, head.to_date, head.generated)]
    texts = [text for text in texts if "/" in text]
    if not needs_order(texts):
        return None, False
    pairs = [pair for head in file.heads for pair in _pairs(head)]
    bounded = [
        (head.from_date, text, head.to_date)
        for row in file.rows
        if (head := file.heads[row.head]).from_date and head.to_date
        for name in _BOUNDED
        if (text := row.fields.get(name)) and text != "MULTI"
    ]
    weekdays = [
        row.fields["tradeDate"]
        for row in file.rows
        if "/" in row.fields.get("tradeDate", "") and row.fields.get("assetCategory") in _OF_EXCHANGES
    ]
    order = decide_order(texts, pairs, bounded, weekdays)
    return order, order is None


def _dates(rows: Iterable[RawRow]) -> Iterator[str]:
    """Those that slashes part: of the others there is no question."""
    for row in rows:
        for name, text in row.fields.items():
            if "/" in text and name in _DATES:
                yield text


def _pairs(head: Head) -> Iterator[tuple[str, str]]:
    if head.from_date and head.to_date:
        yield head.from_date, head.to_date
    if head.to_date and head.generated:
        yield head.to_date, head.generated


def understand(file: RawFile, order: DateOrder | None = None, zone: tzinfo = NEW_YORK) -> Understood:
    """Every row of the file with its verdict."""
    out, terms = Understood(), Terms(order, zone)
    with_fills = {row.head for row in file.rows if _is_fill(row)}
    securities = _securities(file, terms)
    readers = {name: RowReader(spec, terms) for name, spec in {spec.table: spec for spec in KINDS.values()}.items()}
    for row in file.rows:
        spec = KINDS.get(row.tag)
        if row.tag == "damaged":
            out.refused.append(Row(row.line, row.section, f"the row says {row.fields['damaged']!r}, must be Data"))
        elif not _is_level(row, row.head in with_fills):
            out.other_level[row.section] += 1
        elif spec is None or spec is SECURITY:
            out.beside[row.section] += 1
        else:
            _take(out, file, row, spec, readers[spec.table], terms, securities)
    if any(record.values.pop("no time", False) for record in out.records):
        out.notes.append("Some trades have a date but no time of day: 16:00 is taken. Add Date/Time to the query.")
    return out


def _take(
    out: Understood,
    file: RawFile,
    row: RawRow,
    spec: Spec,
    reader: RowReader,
    terms: Terms,
    securities: dict[tuple[str, str], Values],
) -> None:
    head = file.heads[row.head]
    account = row.fields.get("accountId") or head.account
    if account == "-":  # a consolidated statement's
        account = head.account
    try:
        if "surplus cells" in row.fields:
            raise Refused(f"the row has {row.fields['surplus cells']} more cells than its heading")
        fields = row.fields if "reportDate" in row.fields or not head.to_date else {**row.fields, **_day_of(row, head)}
        values = reader.values(fields)
        if spec is TRADE:
            values = _trade(file, row, values, terms, securities)
        else:
            _finish(values, row, spec, head, terms, securities)
    except Refused as refusal:
        out.refused.append(Row(row.line, row.section, str(refusal)))
        return
    out.records.append(Record(row.line, row.section, spec.table, row.head, account, values))


def _day_of(row: RawRow, head: Head) -> dict[str, str]:
    """Positions and values without a date are of the statement's last day."""
    return {"reportDate": head.to_date} if row.tag in ("OpenPosition", "NavByAsset", "ConversionRate") else {}


def _trade(
    file: RawFile, row: RawRow, values: Values, terms: Terms, securities: dict[tuple[str, str], Values]
) -> Values:
    text = row.fields.get("dateTime") or " ".join(
        part for name in ("tradeDate", "tradeTime") if (part := row.fields.get(name))
    )
    if not text:
        raise Refused("dateTime is missing")
    try:
        moment = when(text, terms)
    except Refused as refusal:
        raise Refused(f"dateTime is {text[:40]!r}; {refusal}") from None
    _fill_in(values, securities)
    values["order_level"] = _level(row) == "ORDER"
    source = "csv" if file.kind == "Activity Statement CSV" else "flex"
    return completed(values, text, moment, terms.zone, file.heads[row.head].base_currency, source)


def _finish(
    values: Values, row: RawRow, spec: Spec, head: Head, terms: Terms, securities: dict[tuple[str, str], Values]
) -> None:
    """What the columns alone do not say."""
    if "con_id" in values:
        _fill_in(values, securities)
    values["model"] = values.get("model") or ""
    if spec.table == "cash_transactions":
        values["sort"] = sort_of_cash(str(values["kind"]))
    if spec.table == "transfers":
        values["amount"] = values["amount"] or _of_base(row.fields.get("positionAmountInBase", ""), values, terms)
    if spec.table == "positions_at":
        values["side"] = row.fields.get("side") or ("Short" if values["quantity"] < 0 else "Long")
    if spec is NAV:
        values["told_by"] = row.tag
        values["currency"] = values["currency"] or head.base_currency or None
    if spec is RATE:
        values.pop("model")
    if spec.table == "corporate_actions":
        effective = when(text, terms) if (text := row.fields.get("dateTime")) else None
        values["effective"] = effective.at if effective is not None else None
        values["description"] = values["description"] or row.fields.get("actionDescription") or None


def _of_base(text: str, values: Values, terms: Terms) -> Decimal | None:
    """Money in the base currency as money of the row's, where the query has chosen that alone."""
    in_base, rate = money(text, terms), values["fx_rate_to_base"]
    return in_base / rate if in_base and rate else None


def _fill_in(values: Values, securities: dict[tuple[str, str], Values]) -> None:
    """What the list of instruments in the same file tells about the contract."""
    if not securities:
        return
    names = [str(values.get(name) or "") for name in ("local_symbol", "symbol")]
    known = next(
        (securities[key] for name in names if (key := (str(values.get("sec_type") or ""), name)) in securities), None
    )
    if known is None:
        return
    for name, value in known.items():
        if name in values and values[name] is None and name != "symbol":
            values[name] = value


def _securities(file: RawFile, terms: Terms) -> dict[tuple[str, str], Values]:
    found: dict[tuple[str, str], Values] = {}
    reader = RowReader(SECURITY, terms)
    for row in file.rows:
        if row.tag == "SecurityInfo":
            try:
                values = reader.values(row.fields)
            except Refused:  # it only completes what others tell
                continue
            for name in str(values["symbol"] or "").split(", "):  # former and present names in one cell
                found[(str(values["sec_type"] or ""), name)] = values
    return found


def _level(row: RawRow) -> str:
    level = row.fields.get("levelOfDetail", "").upper()
    return level or ("ORDER" if row.tag == "Order" else "")


def _is_fill(row: RawRow) -> bool:
    return row.section in _OF_TRADES and row.tag in ("Trade", "TradeConfirm") and _level(row) in ("EXECUTION", "")


def _is_level(row: RawRow, has_fills: bool) -> bool:
    """Whether the row is of the level that is read: the finest that the statement has."""
    level, wanted = _level(row), _LEVELS.get(row.tag)
    if row.section in _OF_TRADES and (wanted is None or (level == "ORDER" and has_fills)):
        return False
    if not level:
        return True
    return level in wanted if wanted is not None else level not in _SUMMARIES


def sort_of_cash(kind: str) -> str:
    """What both a Flex row and an Activity Statement's section say of a booking, in one word."""
    text = kind.lower()
    for word, sort in (
        ("deposit", "deposit"), ("withdrawal", "deposit"), ("withholding", "withholding tax"),
        ("lieu", "payment in lieu"), ("dividend", "dividend"), ("interest", "interest"),
        ("commission", "commission adjustment"), ("fee", "fee"),
    ):  # fmt: skip
        if word in text:
            return sort
    return "other"


def kinds_not_known(records: Iterable[Record]) -> list[str]:
    """Cash types that are kept, but that no sum knows what to make of."""
    found: dict[str, Any] = {
        str(record.values["kind"]): None
        for record in records
        if record.table == "cash_transactions" and record.values["sort"] == "other"
    }
    return list(found)
