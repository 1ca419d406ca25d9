"""One file into the journals of its accounts: read, understood, compared, written, reported.

Runs in a process of its own (`engine.statements.worker`) that may be ended at any moment: each row is written so that
reading the file again goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import tzinfo
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace
from sqlalchemy import Engine

from engine.bars.trading_day import midnight_utc
from engine.clock import NEW_YORK, zone_of
from engine.errors import StatementError
from engine.journal import tables
from engine.journal.database import open_for_writing, url_of
from engine.statements import derived_fills
from engine.statements.contract_ids import settle_contracts
from engine.statements.dates import DateOrder, Terms, day_of, zones_that_fit
from engine.statements.fields import KINDS, Values
from engine.statements.heads import LEFT_OUT, Statement, account_of, account_questions, statements_of
from engine.statements.merge_rows import RowPlan, merge_rows
from engine.statements.merge_trades import TradePlan, merge_trades
from engine.statements.open_file import read_statement
from engine.statements.raw import RawFile
from engine.statements.store import Store
from engine.statements.understand import Record, Row, Understood, kinds_not_known, order_of_dates, understand
from engine.statements.verdicts import MOST_LISTED, Choice, Correction, Question, RefusedRow, Report
from engine.statements.withdrawals import Made, Withdrawals
from engine.storage.encodable import path_of

log = logging.getLogger("qtrade.statements")

READER = 1  # a higher one reads a file again that an earlier one has read
_DAY_S = 86_400.0
_AROUND_S = 4 * _DAY_S
_SAME_S = 1.5
_TABLES = {spec.table: spec for spec in KINDS.values() if spec.table and spec.table != "fills"}
Progress = Callable[[str], None]


class Job(Struct):
    """One file to import.

    `journals`: account -> its journal (file or database URL), home first. `answers`: to the questions of an earlier
    try, by name. `may_ask` False = nobody is there to answer: what is not clear is refused.
    """

    path: str
    name: str
    mode: str
    journals: dict[str, str]
    at_wall: float
    id: int
    answers: dict[str, str] = field(default_factory=dict)
    may_ask: bool = True


def run(job: Job, progress: Progress = lambda _text: None) -> Report:
    """Import the file; the report is kept unless the file only has to be asked about, or was read before.

    Raises:
        OSError, sqlalchemy.exc.SQLAlchemyError: the file or a journal can't be used.
    """
    began = time.monotonic()
    path = path_of(job.path)
    report = Report(job.id, job.at_wall, job.name, _sha256(path), path.stat().st_size, "read", answers=job.answers)
    with _Journals(job) as journals:
        known = journals.home.newest_report(report.sha256)
        if known is not None and _says_the_same(known, job, journals):
            return replace(known, id=job.id, at_wall=job.at_wall, status="already read", first_read_wall=known.at_wall)
        try:
            _Import(job, journals, report, progress).do()
        except StatementError as error:
            report.status, report.why = "refused", str(error)
        report.took_s = round(time.monotonic() - began, 2)
        if report.status != "asks":
            journals.home.write_report(report)
    return report


def _says_the_same(known: Report, job: Job, journals: _Journals) -> bool:
    """Nothing that it was read by has changed: the answers, the accounts, the aliases, the program."""
    return not job.answers.get("again") and known.read_by == _read_by(job, journals)


def _read_by(job: Job, journals: _Journals) -> str:
    said = {name: value for name, value in job.answers.items() if name in ("dates", "zone")}
    return repr((READER, sorted(said.items()), sorted(job.journals), sorted(journals.aliases.items())))


class _Journals:
    """The open journals of the accounts."""

    def __init__(self, job: Job) -> None:
        if not job.journals:
            raise StatementError("QTrade knows no account yet. Connect to TWS or IB Gateway once, then import.")
        self._job = job
        self._engines: dict[str, Engine] = {}
        self._stores: dict[str, Store] = {}
        self.aliases: dict[str, str] = {}

    def __enter__(self) -> _Journals:
        self.home = self.of(next(iter(self._job.journals)))
        self.aliases = self.home.aliases()
        return self

    def __exit__(self, *_: object) -> None:
        for engine in self._engines.values():
            engine.dispose()

    def of(self, account: str) -> Store:
        if account not in self._stores:
            target = self._job.journals[account]
            if target not in self._engines:
                url = url_of(target if "://" in target else path_of(target))
                self._engines[target] = open_for_writing(url, self._job.at_wall)
            self._stores[account] = Store(self._engines[target], self._job.mode, account, self._job.at_wall)
        return self._stores[account]


class _Import:
    def __init__(self, job: Job, journals: _Journals, report: Report, progress: Progress) -> None:
        self.job, self.journals, self.report, self.progress = job, journals, report, progress
        self.query = ""
        self.refused: list[RefusedRow] = []
        self.corrected: list[Correction] = []
        self.notes: list[str] = []
        self.zone: tzinfo = zone_of(job.answers.get("zone", "")) or NEW_YORK

    def do(self) -> None:
        file = read_statement(path_of(self.job.path), lambda read: self.progress(f"{read / 2**20:.1f} MB read"))
        self.report.kind, self.report.rows, self.query = file.kind, len(file.rows), file.query[:200]
        order = self._order(file)
        accounts = self._accounts(file)
        if self.report.questions:
            self.report.status = "asks"
            return
        terms = Terms(order, self.zone)
        self.progress(f"{len(file.rows):,} rows")
        understood = understand(file, order, self.zone)
        heads = statements_of(file, terms, self.report.sha256)
        file.rows = []
        records = self._of_known_accounts(understood, accounts)
        held = self._held_fills(records, heads, {accounts.get(head.account, LEFT_OUT) for head in file.heads})
        if self._is_of_another_zone(records, held):
            return
        self._tell(understood, heads, accounts)
        by_account: dict[str, list[Record]] = defaultdict(list)
        places: dict[str, set[int]] = defaultdict(set)
        for record in records:
            by_account[record.account].append(record)
            places[record.account].add(record.place)
        for place, head in enumerate(file.heads):
            if account := accounts.get(head.account):
                places[account].add(place)
        for account in sorted(places):
            self.progress(f"writing {account}")
            own = [heads[place] for place in sorted(places[account])]
            self._write(account, by_account[account], held.get(account, []), heads, own)
            for statement in own:
                self.journals.of(account).write_statement(
                    statement, file.kind, self.query, self.job.name, self.report.sha256
                )
        self._finish()

    # --- what the file does not say -------------------------------------------------------------------------------

    def _order(self, file: RawFile) -> DateOrder | None:
        order, must_ask = order_of_dates(file)
        said = self.job.answers.get("dates")
        if said in ("day first", "month first"):
            return said  # type: ignore[return-value]
        if must_ask and self.job.may_ask:
            choices = (
                Choice("day first", "Day first: 08/09 is 8 September"),
                Choice("month first", "Month first: 08/09 is August 9"),
            )
            words = "In this file the dates do not tell which of day and month stands first."
            self.report.questions += (Question("dates", words, choices),)
        elif must_ask:
            raise StatementError(
                "The dates of the file do not tell whether the day or the month stands first. Import it on the page"
                " Journal, which asks; or set the date format of the query to yyyyMMdd."
            )
        return order

    def _accounts(self, file: RawFile) -> dict[str, str]:
        """Name in the file -> account; LEFT_OUT = its rows are refused."""
        names = {head.account for head in file.heads} | {
            name for row in file.rows if (name := row.fields.get("accountId")) and name != "-"
        }
        aliases = dict(self.journals.aliases)
        for name in names:
            said = self.job.answers.get(f"account:{name}")
            if said == "-" or said in self.job.journals:
                aliases[name] = LEFT_OUT if said == "-" else str(said)
                if name and "*" not in name and self.journals.aliases.get(name) != aliases[name]:
                    self.journals.home.write_alias(name, aliases[name])
                    self.journals.aliases[name] = aliases[name]
        found = {name: account_of(name, self.job.journals, aliases) for name in names}
        unknown = [name for name, account in found.items() if account is None]
        if unknown and self.job.may_ask:
            self.report.questions += tuple(account_questions(unknown, self.job.journals))
        elif unknown and all(account is None for account in found.values()):
            raise StatementError(
                f"The file is of {', '.join(map(repr, sorted(unknown)))}, which is none of this login's accounts"
                f" ({', '.join(self.job.journals)}). Import it on the page Journal, which asks whose it is."
            )
        return {name: account or LEFT_OUT for name, account in found.items()}

    def _is_of_another_zone(self, records: list[Record], held: Mapping[str, list[Values]]) -> bool:
        """Compare the times of executions that both sides know. Raises StatementError: no zone explains them."""
        shared = [pair for account, rows in held.items() for pair in _shared_times(account, records, rows)]
        wrong = [pair for pair in shared if abs(pair[0] - pair[1]) > _SAME_S]
        if len(wrong) * 2 <= len(shared):
            if wrong:
                self.notes.append(f"Of {len(wrong)} executions the gateway told another time; that one is kept.")
            return False
        hours = sorted({round((read - true) / 1800) / 2 for read, true in wrong})
        which = "The time of one execution differs" if len(wrong) == 1 else f"Times of {len(wrong)} executions differ"
        words = f"{which} from what the gateway told, by {_hours(hours)}."
        zones = zones_that_fit(wrong, _SAME_S) if "zone" not in self.job.answers else []
        if zones and self.job.may_ask:
            self.report.status = "asks"
            choices = tuple(Choice(zone, f"The file's times are {zone.replace('_', ' ')}'s") for zone in zones)
            self.report.questions = (Question("zone", words, choices),)
            return True
        cure = (
            f"They fit {zones[0]}; import the file on the page Journal, which asks."
            if zones
            else "No zone explains it."
        )
        raise StatementError(f"{words} {cure} Nothing was taken, so that no day gets a wrong trade.")

    # --- comparing and writing ------------------------------------------------------------------------------------

    def _of_known_accounts(self, understood: Understood, accounts: Mapping[str, str]) -> list[Record]:
        kept = []
        for record in understood.records:
            account = accounts.get(record.account, LEFT_OUT)
            if account == LEFT_OUT:
                reason = f"the account {record.account!r} is none of this login's, or its rows were left out"
                understood.refused.append(Row(record.line, record.section, reason))
            else:
                record.account = account
                kept.append(record)
        return kept

    def _held_fills(
        self, records: Sequence[Record], heads: Sequence[Statement], owners: Collection[str]
    ) -> dict[str, list[Values]]:
        trades: dict[str, list[Record]] = {account: [] for account in owners if account != LEFT_OUT}
        for record in records:
            trades.setdefault(record.account, []).append(record)
        found: dict[str, list[Values]] = {}
        days = [day for head in heads for day in (head.from_day, head.to_day) if day]
        for account, mine in trades.items():
            fills = [record.values for record in mine if record.table == "fills"]
            times = [values["market_time"] for values in fills] + [midnight_utc(day_of(day)) for day in days]
            if not times:
                continue
            named = {
                str(name)
                for values in fills
                for name in (values["orig_transaction_id"], values["orig_trade_id"])
                if name
            }
            found[account] = self.journals.of(account).fills(min(times) - _AROUND_S, max(times) + _AROUND_S, named)
        return found

    def _write(
        self,
        account: str,
        records: list[Record],
        held: list[Values],
        heads: Sequence[Statement],
        own: Sequence[Statement],
    ) -> None:
        """All of one account; `own` = its statements among the `heads` of the file."""
        store, ids = self.journals.of(account), [head.id for head in heads]
        trades = [record for record in records if record.table == "fills"]
        others = [record for record in records if record.table != "fills"]
        settle_contracts(held, [record.values for record in records if "con_id" in record.values])
        _tell_kinds(trades, others)
        withdrawals = Withdrawals([*_made(store.statements()), *(self._made_now(each) for each in own)])
        plans: dict[str, RowPlan] = {}
        for table in _TABLES:
            mine = [record for record in others if record.table == table]
            plans[table] = self._merge(store, table, mine, heads, withdrawals)
        plan = merge_trades(trades, held, ids, account, withdrawals)
        self._derive(plan, plans, held, ids)
        store.write_trades(plan)
        self._count(plan.verdicts)
        self.corrected += plan.corrected
        self.notes += [f"{count:,} {words}." for words, count in plan.notes.items()]
        self.report.withdrawn += plan.withdrawn
        for table, rows in plans.items():
            store.write_rows(tables.metadata.tables[table], rows.inserts, rows.updates)
            self._count(rows.verdicts)
            self.report.withdrawn += len(rows.gone)

    def _made_now(self, statement: Statement) -> Made:
        query = (self.report.kind, self.query)
        return Made(statement.id, query, statement.from_day, statement.to_day, frozenset(statement.sections))

    def _merge(
        self,
        store: Store,
        table: str,
        records: list[Record],
        heads: Sequence[Statement],
        withdrawals: Withdrawals,
    ) -> RowPlan:
        days = [str(record.values["day"]) for record in records]
        days += [day for head in heads for day in (head.from_day, head.to_day) if day]
        held = store.rows(tables.metadata.tables[table], min(days), max(days)) if days else []
        if "con_id" in tables.metadata.tables[table].columns:
            settle_contracts(held, [record.values for record in records])
        return merge_rows(_TABLES[table], records, held, [head.id for head in heads], withdrawals)

    def _derive(
        self, plan: TradePlan, plans: Mapping[str, RowPlan], held: Sequence[Values], ids: Sequence[str]
    ) -> None:
        """Positions that changed without a trade stand among the fills, too; they go and come with what told them."""
        there = {str(values["exec_id"]): values for values in held}
        for table, make in _DERIVED.items():
            for record, row_key, is_in_force in plans[table].stored:
                row = make(record.values, row_key)
                if row is None:
                    continue
                known, told_by = there.get(row["exec_id"]), {"statement_id": ids[record.place]}
                now = {"state": None, "remark": row["remark"]} if is_in_force else _NO_LONGER_TOLD
                if known is None:
                    plan.inserts.append({**row, **now, **told_by})
                elif known["state"] != now["state"] or any(known[name] != row[name] for name in _OF_DERIVED):
                    changes = {name: row[name] for name in (*_OF_DERIVED, "trade_date")} if is_in_force else {}
                    plan.updates[known["row_id"]] = {**changes, **now, **told_by}
            for row_key in plans[table].gone:
                if (known := there.get(derived_fills.name_of(table, row_key))) is not None:
                    plan.updates[known["row_id"]] = dict(_NO_LONGER_TOLD)

    # --- the report -----------------------------------------------------------------------------------------------

    def _tell(self, understood: Understood, heads: Sequence[Statement], accounts: Mapping[str, str]) -> None:
        report = self.report
        for row in understood.refused:
            self._refuse(row.line, row.section, row.reason)
        report.other_level = sum(understood.other_level.values())
        report.beside = dict(understood.beside)
        report.accounts = tuple(sorted({account for account in accounts.values() if account}))
        report.from_day = min((head.from_day for head in heads if head.from_day), default="")
        report.to_day = max((head.to_day for head in heads if head.to_day), default="")
        self.notes += understood.notes
        unknown = kinds_not_known(understood.records)
        if unknown:
            self.notes.append(f"Bookings of a kind that is not known are kept as they are: {', '.join(unknown[:5])}.")

    def _refuse(self, line: int, section: str, reason: str) -> None:
        self.report.count(section, "refused")
        self.refused.append(RefusedRow(line, section, reason))

    def _count(self, verdicts: Sequence[tuple[Record, str, str]]) -> None:
        for record, verdict, reason in verdicts:
            if verdict == "refused":
                self._refuse(record.line, record.section, reason)
            else:
                self.report.count(record.section, verdict)  # type: ignore[arg-type]

    def _finish(self) -> None:
        report = self.report
        report.refused = tuple(sorted(self.refused, key=lambda row: row.line)[:MOST_LISTED])
        report.corrected = tuple(self.corrected[:MOST_LISTED])
        report.corrected_count = len(self.corrected)
        report.notes = tuple(dict.fromkeys(self.notes))
        report.read_by = _read_by(self.job, self.journals)


_DERIVED = {"corporate_actions": derived_fills.of_corporate_action, "transfers": derived_fills.of_transfer}
_OF_DERIVED = ("quantity", "side", "price", "market_time")
_NO_LONGER_TOLD: Values = {"state": "withdrawn", "remark": "no longer told"}


def _made(statements: Mapping[str, Values]) -> list[Made]:
    """Statements that were read before."""
    return [
        Made(name, (each["kind"], each["query_name"]), each["from_day"], each["to_day"], frozenset(each["sections"]))
        for name, each in statements.items()
    ]


def _tell_kinds(trades: Sequence[Record], others: Sequence[Record]) -> None:
    """What the list of exercises and expiries says of a booking, where the booking's own codes do not."""
    said = {
        str(record.values["trade_id"]): str(record.values["kind"]).lower()
        for record in others
        if record.table == "option_events" and record.values["trade_id"]
    }
    for record in trades:
        word = said.get(str(record.values["trade_id"]), "")
        if record.values["kind"] in ("trade", "expiry") and word:
            kinds = (
                ("assign", "assignment"),
                ("exercis", "exercise"),
                ("expir", "expiry"),
                ("cash", "cash settlement"),
            )
            record.values["kind"] = next((kind for start, kind in kinds if start in word), record.values["kind"])


def _shared_times(account: str, records: Sequence[Record], held: Sequence[Values]) -> list[tuple[float, float]]:
    """(as the file says, as the gateway said) of each execution that both tell by its id."""
    told = {
        values["exec_id"]: values["market_time"]
        for values in held
        if values["source"] == "api" and values["time_kind"] == "exchange"
    }
    return [
        (record.values["market_time"], told[name])
        for record in records
        if record.account == account and record.table == "fills" and (name := record.values["exec_id"]) in told
        if not record.values["is_cancel"]
    ]


def _hours(values: Sequence[float]) -> str:
    if len(values) > 3:
        return f"{values[0]:+g} to {values[-1]:+g} hours"
    return " or ".join(f"{value:+g} h" for value in values)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()
