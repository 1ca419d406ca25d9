"""Activity Statements as CSV, in English or German: one row an order, no execution ids, translated headings."""

from __future__ import annotations

import re
from pathlib import Path

from engine.errors import StatementError
from engine.statements import activity_words as words
from engine.statements import decimal_commas
from engine.statements.csv_lines import csv_rows
from engine.statements.raw import Head, RawFile, RawRow, Tick, no_tick

# "November 3, 2025" or "3. November 2025"
_PERIOD = re.compile(r"(?:(\d{1,2})\.? )?([^\W\d]+)\.? (?:(\d{1,2}), )?(\d{4})")
_TAGS = {
    "Trades": "Trade", "CorporateActions": "CorporateAction", "OpenPositions": "OpenPosition",
    "Transfers": "Transfer", "SecuritiesInfo": "SecurityInfo", "ConversionRates": "ConversionRate",
    "NetAssetValue": "NavByAsset",
}  # fmt: skip
_KINDS = frozenset({words.HEADER, words.DATA, "SubTotal", "Total", "Notes"})
NOT_TRANSACTION_HISTORY = (
    'This is a "Transaction History": it has no times and no order in it, so a day can\'t be told from it. In Client'
    " Portal take Performance & Reports > Statements > Activity, or a Flex Query, instead."
)


def read_activity_csv(path: Path, tick: Tick = no_tick) -> RawFile:
    """The rows of the file. Raises StatementError: it is in another language, of another kind, or too long."""
    reading = _Reading()
    for line, cells in csv_rows(path, tick):
        reading.take(line, cells)
    return reading.done()


class _Reading:
    """The state of one reading: headings of each section as they stand now, and whose statement it is."""

    def __init__(self) -> None:
        self.file = RawFile("Activity Statement CSV")
        self._main = Head()
        self._heads: dict[str, int] = {}
        self._names: dict[str, list[str]] = {}
        self._language = ""
        self._told: dict[str, str] = {}

    def take(self, line: int, cells: list[str]) -> None:
        if len(cells) < 2:
            return
        section = words.SECTIONS.get(" ".join(cells[0].split()), "")
        if section == "TransactionHistory":
            raise StatementError(NOT_TRANSACTION_HISTORY)
        kind = cells[1]
        if kind == words.HEADER:
            self._head_row(cells[0], section, cells[2:])
        elif kind == words.DATA and section in ("Statement", "AccountInformation"):
            self._tell(cells)
        elif kind in _KINDS:
            self._row(line, cells[0], section, kind, cells[2:])
        else:
            self.file.add(RawRow(line, cells[0][:60], "damaged", self._head_of(""), {"damaged": kind[:40]}))

    def done(self) -> RawFile:
        """Complete the statement's head. Raises StatementError: nothing in it says what it is."""
        if not self._language:
            raise StatementError(
                "The file is laid out like an Activity Statement, but has no row Statement,Header,Field Name. Download"
                " it again, in English or German."
            )
        self._head_of("")
        period = self._told.get("period", "")
        days = [day for found in _PERIOD.findall(period) if (day := _day(*found))]
        for head in self.file.heads:
            head.account = head.account or self._told.get("account", "")
            head.alias = self._told.get("alias", "")
            head.base_currency = self._told.get("base", "")
            head.generated = self._told.get("generated", "")
            head.from_date, head.to_date = (days[0], days[-1]) if days else ("", "")
            head.sections |= self._main.sections
        self.file.query = self._told.get("title", "")
        return decimal_commas.settle(self.file)

    def _head_row(self, name: str, section: str, cells: list[str]) -> None:
        if section == "Statement":
            first = cells[0] if cells else ""
            if first not in words.FIELD_NAME:
                raise StatementError(
                    f"The Activity Statement is in a language that QTrade does not read (it says {first[:40]!r} for"
                    " 'Field Name'). Set the language of the statement to English or German, or use a Flex Query."
                )
            self._language = words.FIELD_NAME[first]
        if section:
            self._main.sections.add(section)
        self._names[name] = [_heading(cell) for cell in cells]

    def _tell(self, cells: list[str]) -> None:
        field = words.FIELDS.get(cells[2] if len(cells) > 2 else "", "")
        value = cells[3] if len(cells) > 3 else ""
        if field == "title" and value in words.TRANSACTION_HISTORY:
            raise StatementError(NOT_TRANSACTION_HISTORY)
        if field and value:
            self._told.setdefault(field, value.split(" (")[0] if field == "account" else value)

    def _row(self, line: int, name: str, section: str, kind: str, cells: list[str]) -> None:
        names = self._names.get(name, [])
        fields = {key: cell for key, cell in zip(names, cells, strict=False) if key and cell}
        tag = _TAGS.get(section, "CashTransaction" if section in words.CASH_SECTIONS else "row")
        is_total = kind != words.DATA or any(cell.startswith(words.TOTALS) for cell in cells[:3])
        place = self._head_of(fields.get("accountId", ""))
        if section == "NetAssetValue":
            tag, is_total = ("NavByAsset", not (cells and cells[0].startswith(("Total", "Gesamt"))))
        if is_total:
            fields["levelOfDetail"] = "TOTAL"
        else:
            self._complete(section, fields)
        self.file.add(RawRow(line, section or name[:60], tag, place, fields))

    def _complete(self, section: str, fields: dict[str, str]) -> None:
        """What the XML says in a field of its own."""
        if "assetCategory" in fields:
            said = fields["assetCategory"]
            fields["assetCategory"] = next((code for text, code in words.ASSETS if said.startswith(text)), said)
        if section in words.CASH_SECTIONS:
            fields["type"] = section
            fields["levelOfDetail"] = "DETAIL"
        elif section == "Trades":
            fields["levelOfDetail"] = words.LEVELS.get(fields.get("levelOfDetail", ""), "EXECUTION")
            if (money := next((key for key in fields if key.startswith(words.COMMISSION_IN)), None)) is not None:
                fields["ibCommissionCurrency"] = money.rpartition(" ")[2]
                fields["ibCommission"] = fields.pop(money)
        elif section == "OpenPositions":
            level = fields.get("levelOfDetail", "Summary")
            fields["levelOfDetail"] = level.upper()
            if "quantity" in fields:
                fields["position"] = fields.pop("quantity")
            if "markPrice" not in fields and "closePrice" in fields:
                fields["markPrice"] = fields.pop("closePrice")
        elif section == "CorporateActions":
            fields.pop("symbol", None)  # the description names it

    def _head_of(self, account: str) -> int:
        if account not in self._heads:
            self._heads[account] = len(self.file.heads)
            self.file.heads.append(Head(account=account))
        return self._heads[account]


def _heading(cell: str) -> str:
    return words.HEADINGS.get(cell, cell)


def _day(before: str, month: str, behind: str, year: str) -> str:
    number, day = words.MONTHS.get(month, 0), before or behind
    return f"{year}{number:02d}{int(day):02d}" if number and day else ""
