"""Flex Query statements as CSV: the XML's attributes under other headings, with or without section marks."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from engine.errors import StatementError
from engine.statements import decimal_commas
from engine.statements.csv_lines import csv_rows
from engine.statements.fields import attribute_names
from engine.statements.raw import Head, RawFile, RawRow, Tick, no_tick

ACCOUNT_HEADING = "ClientAccountID"
_MARKS = frozenset({"BOF", "BOA", "BOS", "EOS", "EOA", "EOF", "MSG"})
_OTHER_HEADINGS = {
    "clientaccountid": "accountId", "accountid": "accountId", "accountalias": "acctAlias",
    "currencyprimary": "currency", "assetclass": "assetCategory", "notescodes": "notes", "costbasis": "cost",
    "execid": "ibExecID", "orderid": "ibOrderID", "commission": "ibCommission",
    "commissioncurrency": "ibCommissionCurrency", "tax": "taxes", "price": "tradePrice",
    "positionquantity": "position", "commissionsandtax": "commisionsAndTax",
}  # fmt: skip
# Section -> (row's tag, headings that only its rows have). The first whose headings are all there counts.
_SECTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("OptionEAE", "OptionEAE", ("commisionsAndTax", "realizedPnl", "transactionType")),
    ("Trades", "Trade", ("buySell", "quantity", "tradePrice")),
    ("CorporateActions", "CorporateAction", ("quantity", "type", "actionDescription")),
    ("CorporateActions", "CorporateAction", ("quantity", "type", "reportDate", "proceeds")),
    ("Transfers", "Transfer", ("direction", "quantity")),
    ("CashTransactions", "CashTransaction", ("amount", "type")),
    ("OpenPositions", "OpenPosition", ("position", "markPrice")),
    ("OpenPositions", "OpenPosition", ("quantity", "markPrice", "positionValue")),
    ("ConversionRates", "ConversionRate", ("fromCurrency", "toCurrency", "rate")),
    ("EquitySummaryInBase", "EquitySummaryByReportDateInBase", ("reportDate", "total", "cash")),
    ("ChangeInNAV", "ChangeInNAV", ("startingValue", "endingValue")),
    ("SecuritiesInfo", "SecurityInfo", ("conid", "symbol", "multiplier")),
)


def read_flex_csv(path: Path, tick: Tick = no_tick) -> RawFile:
    """The rows of the file. Raises StatementError: it is none, or has more than it may."""
    reading = _Reading()
    for line, cells in csv_rows(path, tick):
        reading.take(line, cells)
    if reading.is_cut_off:
        raise StatementError(
            "The file has a row BOF and no row EOF: it ends early. Nothing of it is taken: which rows are missing can't"
            " be known. Download it again."
        )
    if not reading.file.heads:
        raise StatementError(f"The file has no row of an account under a heading {ACCOUNT_HEADING!r}.")
    return decimal_commas.settle(reading.file)


class _Reading:
    """The state of one reading: which section, which headings, whose statement."""

    def __init__(self) -> None:
        self.file = RawFile("Flex CSV")
        self.is_cut_off = False  # where beginning and end are marked
        self._label = ""
        self._section, self._tag = "", ""
        self._names: list[str] = []
        self._heads: dict[str, int] = {}
        self._account = ""
        self._told: tuple[str, str, str] = ("", "", "")  # from, to, when generated

    def take(self, line: int, cells: list[str]) -> None:
        if cells[0] in _MARKS:
            self._mark(cells)
            return
        if cells[0] == "HEADER":
            self._label = cells[1] if len(cells) > 1 else ""
            self._head_row(cells[2:])
        elif cells[0] == "DATA":
            self._row(line, cells[2:])
        elif ACCOUNT_HEADING in cells or not self._names:
            self._head_row(cells)
        else:
            self._row(line, cells)

    def _mark(self, cells: list[str]) -> None:
        if cells[0] in ("BOF", "EOF"):
            self.is_cut_off = cells[0] == "BOF"
        if cells[0] == "BOF":
            padded = [*cells, *[""] * 7]
            self.file.query, self._told = padded[2], (padded[4], padded[5], padded[6])
        elif cells[0] == "BOA":
            self._account = cells[1] if len(cells) > 1 else ""
        elif cells[0] == "BOS":
            self._label, self._names = cells[2] if len(cells) > 2 else "", []
            if self._account:
                self._head_of(self._account)

    def _head_row(self, cells: list[str]) -> None:
        self._names = [attribute_of(cell) for cell in cells]
        self._section, self._tag = _section_of(self._names, self._label)

    def _row(self, line: int, cells: list[str]) -> None:
        fields = {name: cell for name, cell in zip(self._names, cells, strict=False) if name and cell}
        place = self._head_of(fields.get("accountId") or self._account)
        head = self.file.heads[place]
        head.sections.add(self._section)
        head.alias = fields.get("acctAlias", head.alias)
        if self._section == "ChangeInNAV" and not head.from_date:
            head.from_date, head.to_date = fields.get("fromDate", ""), fields.get("toDate", "")
        if self._section == "OpenPositions" and "position" not in fields and "quantity" in fields:
            fields["position"] = fields.pop("quantity")
        if len(cells) > len(self._names):
            fields["surplus cells"] = str(len(cells) - len(self._names))
        tag = self._tag
        if tag == "Trade" and not fields.get("levelOfDetail"):
            is_fill = any(name in fields for name in ("ibExecID", "transactionID", "tradeID"))
            fields["levelOfDetail"] = "EXECUTION" if is_fill else "ORDER"
        self.file.add(RawRow(line, self._section, tag, place, fields))

    def _head_of(self, account: str) -> int:
        if account not in self._heads:
            self._heads[account] = len(self.file.heads)
            head = Head(account=account)
            head.from_date, head.to_date, head.generated = self._told
            self.file.heads.append(head)
        return self._heads[account]


@lru_cache(maxsize=4096)
def attribute_of(heading: str) -> str:
    """The Flex XML's name of a heading; a heading that nobody knows stands for itself."""
    plain = "".join(sign for sign in heading.lower() if sign.isalnum())
    return _OTHER_HEADINGS.get(plain) or _known().get(plain) or heading


@lru_cache(maxsize=1)
def _known() -> dict[str, str]:
    return {name.lower(): name for name in attribute_names()}


def _section_of(names: Iterable[str], label: str) -> tuple[str, str]:
    there = set(names)
    for section, tag, needed in _SECTIONS:
        if there >= set(needed):
            return section, tag
    return label.partition(";")[0] or "a section that is not known", "row"
