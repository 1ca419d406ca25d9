"""What the tests of statements share: samples, journals in a folder, an import in this process, and what came of it."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.clock import SystemClock
from engine.domain import Fill
from engine.journal.database import open_for_writing, url_of
from engine.journal.reader import JournalReader
from engine.journal.writer import Journal
from engine.statements.importing import Job, run
from engine.statements.verdicts import VERDICTS, Report
from engine.trades.standing import standing_rows
from tests.patience import DEADLINE_S

SAMPLES = Path(__file__).parent / "samples"
AT = 1_762_600_000.0  # 8 November 2025
ONE, TWO = "U1000001", "U1000002"
MODE = "paper"
_PER_IMPORT = ("row_id", "recorded_at", "change_number", "statement_id", "market_time", "withdrawn_by")
TABLES = (
    "fills", "cash_transactions", "corporate_actions", "option_events", "nav_days", "positions_at", "conversion_rates",
    "transfers",
)  # fmt: skip


@lru_cache(maxsize=1)
def _empty_journal() -> bytes:
    """Made once: two dozen tables are synced one by one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite3"
        open_for_writing(url_of(path), AT).dispose()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
        return path.read_bytes()


class Desk:
    """Journals of some accounts in one folder. `read` imports a file, or a text as one."""

    def __init__(self, folder: Path, accounts: tuple[str, ...] = (ONE, TWO)) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.journals = {name: str(folder / f"{MODE}-{name}" / "journal.sqlite3") for name in accounts}
        for journal in self.journals.values():
            Path(journal).parent.mkdir(parents=True, exist_ok=True)
            Path(journal).write_bytes(_empty_journal())
        self.count = 0

    def read(self, source: Path | str | bytes, may_ask: bool = True, name: str = "", **answers: str) -> Report:
        self.count += 1
        if isinstance(source, Path):
            path = source
        else:
            path = self.folder / f"statement-{self.count}"
            path.write_bytes(source.encode() if isinstance(source, str) else source)
        job = Job(str(path), name or path.name, MODE, self.journals, AT + self.count, self.count, answers, may_ask)
        report = run(job)
        assert sum(report.counts.values()) == report.taken, report
        if report.status == "read":
            assert report.taken + report.other_level + sum(report.beside.values()) == report.rows, report
            assert sum(sum(each[v] for v in VERDICTS) for each in report.sections.values()) == report.taken
        return report

    def record(self, *fills: Fill, account: str = ONE) -> None:
        """As the API reported them."""
        journal = Journal(SystemClock())
        try:
            journal.open(self.journals[account], MODE, account)
            for fill in fills:
                journal.record_fill(fill)
            assert journal.flush(DEADLINE_S), journal.problem
        finally:
            journal.stop()

    def reader(self, account: str = ONE) -> JournalReader:
        reader = JournalReader()
        reader.open(self.journals[account], MODE, account)
        return reader

    def fills(self, account: str = ONE) -> list[Any]:
        """Those that count, as they count."""
        return [
            row
            for row in standing_rows(self.reader(account).fills(0.0, corrected=True, limit=100_000))
            if row.superseded_by is None and row.facts.state == "in force"
        ]

    def rows(self, table: str, account: str = ONE) -> list[dict[str, Any]]:
        if not Path(self.journals[account]).exists():
            return []
        with closing(sqlite3.connect(self.journals[account])) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY row_id")]

    def all(self, *, but: tuple[str, ...] = _PER_IMPORT) -> dict[str, list[str]]:
        """Everything that statements fill, but for when and by which import it was written."""
        return {
            f"{account} {table}": sorted(
                repr({key: value for key, value in row.items() if key not in but}) for row in self.rows(table, account)
            )
            for account in self.journals
            for table in TABLES
        }


def flex(
    *rows: str,
    account: str = ONE,
    made: str = "20251108;041910",
    days: str = "20251103-20251107",
    more: str = "",
    query: str = "Q",
) -> str:
    """A Flex statement of one account with these trades; `more` = other sections."""
    start, end = days.split("-")
    return (
        f'<FlexQueryResponse queryName="{query}" type="AF"><FlexStatements count="1">'
        f'<FlexStatement accountId="{account}" fromDate="{start}" toDate="{end}" whenGenerated="{made}">'
        f'<AccountInformation accountId="{account}" currency="EUR"/>'
        f"<Trades>{''.join(rows)}</Trades>{more}</FlexStatement></FlexStatements></FlexQueryResponse>"
    )


def trade(**changes: str) -> str:
    """One execution; "" leaves an attribute out."""
    fields = {
        "accountId": ONE, "currency": "USD", "assetCategory": "STK", "symbol": "TSLA", "conid": "76792991",
        "multiplier": "1", "ibExecID": "0000e0d5.67290a01.01.01", "transactionID": "70001", "tradeID": "9001",
        "dateTime": "20251105;100000", "tradeDate": "20251105", "quantity": "50", "tradePrice": "409.35",
        "ibCommission": "-1.02", "ibCommissionCurrency": "USD", "buySell": "BUY", "levelOfDetail": "EXECUTION",
    }  # fmt: skip
    fields |= changes
    return _element("Trade", fields)


def cash(**changes: str) -> str:
    fields = {
        "accountId": ONE, "currency": "USD", "type": "Dividends", "dateTime": "20251106", "reportDate": "20251106",
        "amount": "24", "transactionID": "80001", "levelOfDetail": "DETAIL", "description": "XYZ DIVIDEND",
    }  # fmt: skip
    fields |= changes
    return _element("CashTransaction", fields)


def _element(tag: str, fields: dict[str, str]) -> str:
    return f"<{tag} {' '.join(f'{name}={chr(34)}{value}{chr(34)}' for name, value in fields.items() if value)} />\n"
