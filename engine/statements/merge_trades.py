"""Trades of one account's statement with the executions that its journal holds: who is who, and what changes. Pure.

Nothing is ever deleted: what no longer counts says so in `state` or `superseded_by`. The order of the rows in the file
changes nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct, field

from engine.journal.contract_names import contract_key
from engine.journal.rows import NO_TRADES, SOURCE_API
from engine.journal.stand_ins import Dealt, left_of_orders
from engine.statements.fields import Values
from engine.statements.pairing import pair
from engine.statements.quotes import LEAST_DECIMALS, decimals_of, told
from engine.statements.understand import Record
from engine.statements.verdicts import Correction, Verdict
from engine.statements.withdrawals import NO_STATEMENTS, Withdrawals

TOLD = Decimal("0.005")  # money that differs by more is reported
_SAME_MONEY = Decimal("0.01")
_NOT_HERE = "which is not here"
_SECTIONS = frozenset({"Trades", "TradeConfirms"})
STAND_INS = ("flex:", "csv:")  # ids of rows for which nobody told an execution id
# What the statement's word stands for, against what was held; the rest is only filled in.
_WINS = (
    "commission", "commission_currency", "taxes", "currency", "fx_rate_to_base", "base_currency", "trade_date",
    "settle_date", "report_date", "kind", "codes", "statement_realized",
)  # fmt: skip
_QUOTE = ("price", "multiplier")  # its word counts, too, in the unit of the row that is held
_FILLS_IN = (
    "symbol", "underlying_con_id", "underlying_symbol", "expiry", "strike", "put_call", "transaction_id", "trade_id",
    "ib_order_id", "orig_transaction_id", "orig_trade_id", "magnifier", "multiplier", "opening", "order_ref",
    "sec_type", "model", "exchange",
)  # fmt: skip
_TOLD, _OVERRULES = (*_FILLS_IN, *_WINS), frozenset(_WINS)
_NOISE = Decimal("1e-9")
_MONEY = ("commission", "taxes", "price")
STORED = (
    "model", "exec_id", "root", "revision", "source", "con_id", "local_symbol", "sec_type", "currency", "multiplier",
    "magnifier", "side", "opening", "quantity", "price", "exchange", "trade_date", "exchange_time", "exchange_zone",
    "commission", "commission_currency", "order_ref", "liquidation", "kind", "order_level", "taxes",
    "fx_rate_to_base", "base_currency", "codes", "symbol", "underlying_con_id", "underlying_symbol", "expiry", "strike",
    "put_call", "transaction_id", "trade_id", "ib_order_id", "orig_transaction_id", "orig_trade_id", "settle_date",
    "report_date", "statement_realized", "market_time",
)  # fmt: skip


class TradePlan(Struct):
    """What is to be written, and the verdict of each record, in the order of the records."""

    verdicts: list[tuple[Record, Verdict, str]] = field(default_factory=list)
    inserts: list[Values] = field(default_factory=list)
    updates: dict[int, Values] = field(default_factory=dict)  # by the held row's number
    corrected: list[Correction] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    withdrawn: int = 0  # held rows that the file withdraws by its silence


def merge_trades(
    records: Sequence[Record],
    held: Sequence[Values],
    statement_ids: Sequence[str],
    account: str,
    withdrawals: Withdrawals = NO_STATEMENTS,
) -> TradePlan:
    """Compare and decide.

    Args:
        records: trades of one account, with the `key` of `settle_contracts`.
        held: rows of `fills` of the same account, in any order, with that key.
        statement_ids: of the file's statements; a record's `place` points into it. Later ones are the newer.
        withdrawals: of all statements of the account, those of the file among them.
    """
    return _Merge(records, held, statement_ids, account, withdrawals).done()


class _Row:
    """One execution as it will stand: held before, or new."""

    __slots__ = ("changes", "row_id", "values")

    def __init__(self, values: Values, row_id: int | None) -> None:
        self.values, self.row_id, self.changes = values, row_id, {}  # type: tuple[Values, int | None, Values]

    def set(self, **changes: Any) -> None:
        for name, value in changes.items():
            if self.values.get(name) != value:
                self.values[name] = self.changes[name] = value

    @property
    def counts(self) -> bool:
        values = self.values
        return not values.get("state") and not values.get("superseded_by") and values["quantity"] != 0


class _Merge:
    def __init__(
        self,
        records: Sequence[Record],
        held: Sequence[Values],
        statement_ids: Sequence[str],
        account: str,
        withdrawals: Withdrawals,
    ) -> None:
        self.plan, self.withdrawals = TradePlan(), withdrawals
        self.statement_ids, self.account = statement_ids, account
        self.records = sorted(records, key=lambda record: _order(record.values))
        ordered = sorted(held, key=lambda values: (values["market_time"], values["exec_id"], values["row_id"]))
        self.held = [_Row(dict(values), values["row_id"]) for values in ordered]
        self.fresh: list[_Row] = []
        self._names = {row.values["exec_id"] for row in self.held}
        self._roots = {_root(row.values) for row in self.held if _by_exec(row.values) is not None}
        prices: dict[str, list[Decimal]] = defaultdict(list)
        for record in records:
            prices[record.values["sec_type"]].append(record.values["price"])
        self._decimals = {sec_type: decimals_of(each) for sec_type, each in prices.items()}
        self._alike: Counter[Hashable] | None = None  # made when a row has no name of its own
        self._canceling = [row for row in self.held if _is_cancel_row(row.values)]
        self._of_contract: dict[Hashable, list[_Row]] = defaultdict(list)
        for row in self.held:
            self._of_contract[row.values["key"]].append(row)

    def done(self) -> TradePlan:
        cancels = [record for record in self.records if record.values["is_cancel"]]
        others = [record for record in self.records if not record.values["is_cancel"]]
        self._fills([record for record in others if not record.values["order_level"]])
        self._orders([record for record in others if record.values["order_level"]])
        self._cancels(cancels)
        self._settle()
        self._withdraw()
        self._supersede()
        self.plan.inserts = [row.values for row in self.fresh]
        self.plan.updates = {row.row_id: row.changes for row in self.held if row.changes and row.row_id is not None}
        return self.plan

    # --- executions -----------------------------------------------------------------------------------------------

    def _fills(self, records: list[Record]) -> None:
        records = self._without_doubles(records)
        candidates = [row for row in self.held if not row.values["order_level"] and not _is_cancel_row(row.values)]
        places = pair(
            [record.values for record in records],
            [row.values for row in candidates],
            ((_by_exec, _by_exec), (_by_transaction, _by_transaction), (_by_trade, _by_trade), (_by_terms, _by_terms)),
            _may_be_same,
        )
        fresh = []
        for place, record in enumerate(records):
            if place in places:
                self._meet(record, candidates[places[place]])
            else:
                fresh.append(record)
        for record in sorted(fresh, key=lambda record: bool(record.values["is_correction"])):
            self._add(record)  # a correction after what it corrects

    def _without_doubles(self, records: list[Record]) -> list[Record]:
        """The same execution twice in one file, told by its id: once is enough."""
        seen: dict[Hashable, Record] = {}
        kept = []
        for record in records:
            key = _by_exec(record.values) or _by_transaction(record.values)
            first = seen.setdefault(key, record) if key is not None else record
            if first is record:
                kept.append(record)
            elif _by_terms(first.values) != _by_terms(record.values):
                self._say(record, "refused", "another row of the file has the same id and another trade")
            else:
                self._say(record, "known", "")
                self.plan.notes["rows stand twice in the file"] += 1
        return kept

    def _meet(self, record: Record, row: _Row) -> None:
        """The row is held already: what the statement adds or corrects."""
        new, known = record.values, row.values
        statement_id = self.statement_ids[record.place]
        is_newer = statement_id >= (known.get("statement_id") or "")
        is_other = known["quantity"] != new["quantity"] or known["side"] != new["side"]
        if is_other and known["source"] == SOURCE_API:
            held = f"{known['side']} {_plain(known['quantity'])}"
            self._say(
                record,
                "refused",
                f"the journal holds {held} under this id, the file {new['side']} {_plain(new['quantity'])}",
            )
            if is_newer:  # it tells the execution, though another quantity of it
                row.set(statement_id=statement_id)
            return
        filled, changed = self._news(known, new, is_newer)
        if is_newer and is_other:
            changed |= {"quantity": new["quantity"], "side": new["side"]}
        if known.get("state") == "withdrawn" and is_newer and self._withdrawn_by(statement_id, known) is None:
            changed |= {"state": None, "remark": None}
        self._tell_corrections(record, known, changed)
        row.set(**filled, **changed)
        if is_newer:
            row.set(statement_id=statement_id)
        self._say(record, "enriched" if filled or changed else "known", "")

    def _news(self, known: Values, new: Values, is_newer: bool) -> tuple[Values, Values]:
        """What the held row lacks, and what a newer statement says otherwise."""
        filled, changed = _told_more(known, new)
        if known["exec_id"].startswith(STAND_INS) and new["exec_id"]:
            filled |= {name: new[name] for name in ("exec_id", "root", "revision")}
        if not known.get("con_id") and new["con_id"]:
            filled["con_id"] = new["con_id"]
        quote = told(known, new, self._decimals_of(new))
        if "magnifier" in filled:
            filled["magnifier"] = quote.magnifier
        if not is_newer:
            return filled, {}
        for name in _QUOTE:
            if (value := getattr(quote, name)) is not None and name not in filled:
                changed[name] = value
        return filled, changed

    def _decimals_of(self, values: Values) -> int:
        """Of the file's prices of that kind of contract."""
        return max(LEAST_DECIMALS, self._decimals.get(values["sec_type"], 0))

    def _tell_corrections(self, record: Record, known: Values, changed: Values) -> None:
        for name in _MONEY:
            if name not in changed or _is_empty(known.get(name)):
                continue
            worth = Decimal(1)
            if name == "price":
                worth = known["quantity"] * (known.get("multiplier") or 1) / (known.get("magnifier") or 1)
            if abs(known[name] - changed[name]) * worth > TOLD:
                self.plan.corrected.append(
                    Correction(
                        self.account, str(known["local_symbol"]), str(record.values["trade_date"]), name,
                        _plain(known[name]), _plain(changed[name]),
                    )
                )  # fmt: skip

    def _add(self, record: Record) -> None:
        row = self._new_row(record)
        target = self._named(row) if record.values["is_correction"] else None
        is_revision = _by_exec(row.values) is not None and _root(row.values) in self._roots
        is_gone = self._withdrawn_by(row.values["statement_id"], row.values) is not None
        self._say(record, "superseded" if is_revision or is_gone or target is not None else "new", "")

    def _new_row(self, record: Record) -> _Row:
        values = {name: record.values[name] for name in STORED}
        if not values["exec_id"]:
            values["exec_id"] = values["root"] = self._stand_in(record.values)
        values |= {
            "time_kind": "exchange", "price_pending": False, "realized_pnl": None, "state": None, "remark": None,
            "superseded_by": None, "statement_id": self.statement_ids[record.place], "key": record.values["key"],
        }  # fmt: skip
        row = _Row(values, None)
        self.fresh.append(row)
        self._names.add(values["exec_id"])
        if self._alike is not None:
            self._alike[_likeness(values)] += 1
        self._of_contract[values["key"]].append(row)
        return row

    def _stand_in(self, values: Values) -> str:
        """An id that the same row gets in every file."""
        prefix = "csv" if values["source"] == "csv" else "flex"
        sort = "Ca" if values["is_cancel"] else ""
        if values["transaction_id"]:
            return f"{prefix}:{sort}T{values['transaction_id']}"[:80]
        if values["trade_id"]:
            return f"{prefix}:{sort}t{values['trade_id']}"[:80]
        terms = (
            values["model"],
            contract_key(values),
            values["market_time"],
            values["signed"],
            values["price"],
            values["kind"],
        )
        digest = hashlib.sha256(repr((*terms, values["order_level"])).encode()).hexdigest()[:20]
        if self._alike is None:
            self._alike = Counter(_likeness(row.values) for row in (*self.held, *self.fresh))
        number = 1 + self._alike[_likeness(values)]  # twins that have a name of their own are counted
        while (name := f"{prefix}:{sort}{digest}:{number}") in self._names:
            number += 1
        return name

    # --- cancels and corrections ----------------------------------------------------------------------------------

    def _cancels(self, records: list[Record]) -> None:
        known = {row.values["exec_id"]: row for row in self._canceling}
        for record in self._without_cancel_doubles(records):
            own = {**record.values, "exec_id": "", "root": ""}
            name = self._stand_in(own)
            if name in known or f"{name.rpartition(':')[0]}:1" in known:
                self._say(record, "known", "")
                continue
            record.values.update(exec_id="", root="", revision=0)
            row = self._new_row(record)
            names = record.values["orig_transaction_id"] or record.values["orig_trade_id"] or "an earlier trade"
            row.set(state="cancelled", remark=f"cancels {names}, {_NOT_HERE}")
            self._canceling.append(row)
            self._say(record, "superseded", "")

    def _settle(self) -> None:
        """Whatever came first: a cancel takes back one trade, a correction the one that it names."""
        for row in sorted(self._canceling, key=lambda row: (row.values["market_time"], row.values["exec_id"])):
            if not str(row.values.get("remark") or "").endswith(_NOT_HERE):
                continue  # it has found its trade
            if (target := self._named(row)) is not None:
                row.set(remark=f"cancels {target.values['exec_id']}")
                target.set(state="cancelled", remark=f"cancelled by {row.values['exec_id']}")
            elif row.row_id is None:
                self.plan.notes["cancelled trades are not here: import the statement of their day, too"] += 1
        for row in (*self.held, *self.fresh):
            if "Co" in row.values["codes"] and not _is_cancel_row(row.values):
                target = self._named(row)
                if target is not None and target is not row and target.values.get("state") != "cancelled":
                    target.set(state="cancelled", remark=f"corrected by {row.values['exec_id']}")

    def _without_cancel_doubles(self, records: list[Record]) -> list[Record]:
        seen: set[Hashable] = set()
        kept = []
        for record in records:
            key = _by_transaction(record.values)
            if key is not None and key in seen:
                self._say(record, "known", "")
                continue
            seen.add(key)
            kept.append(record)
        return kept

    def _named(self, of: _Row) -> _Row | None:
        """The trade that a cancel or correction is about."""
        values = of.values
        rows = [
            row
            for row in self._of_contract[values["key"]]
            if not _is_cancel_row(row.values) and row.values["order_level"] == values["order_level"]
        ]
        for mine, theirs in (("orig_transaction_id", "transaction_id"), ("orig_trade_id", "trade_id")):
            if values.get(mine) and values[mine] != values.get(theirs):
                found = next((row for row in rows if row.values.get(theirs) == values[mine]), None)
                if found is not None:
                    return found
        if values.get("orig_transaction_id") or values.get("orig_trade_id") or not _is_cancel_row(values):
            return None
        opposite = "SLD" if values["side"] == "BOT" else "BOT"
        like = [
            row
            for row in rows
            if row.values["side"] == opposite
            and row.values["quantity"] == values["quantity"]
            and row.values["price"] == values["price"]
            and row.values["market_time"] <= values["market_time"]
            and not row.values.get("state")
        ]
        return like[-1] if like else None

    # --- rows that stand for whole orders -------------------------------------------------------------------------

    def _orders(self, records: list[Record]) -> None:
        """They are kept beside the executions: what of them counts follows from all that is here, whenever it comes."""
        known = [row for row in self.held if row.values["order_level"] and not _is_cancel_row(row.values)]
        terms = [(_by_terms_of_order, _by_terms_of_order)]
        places = pair([record.values for record in records], [row.values for row in known], terms)
        waiting: dict[Hashable, list[Record]] = defaultdict(list)
        for place, record in enumerate(records):
            if place in places:
                self._meet(record, known[places[place]])
            else:
                waiting[_day_of(record.values)].append(record)
        executions: dict[Hashable, list[Values]] = defaultdict(list)
        for row in (*self.held, *self.fresh):
            if row.counts and not row.values["order_level"]:
                executions[_day_of(row.values)].append(row.values)
        for day, group in waiting.items():
            self._orders_of_day(group, executions.get(day, []))

    def _orders_of_day(self, group: list[Record], executions: list[Values]) -> None:
        """One contract, one trade date, one side: the orders' rows against the executions."""
        told = [record.values for record in group]
        of_prices = any(not values.get("multiplier") for values in (*told, *executions))
        rows = [_dealt(values, str(place), of_prices) for place, values in enumerate(told)]
        parts = [_dealt(values, values["exec_id"], of_prices) for values in executions]
        left = left_of_orders(rows, parts)
        for record, rest in zip(group, left, strict=True):
            if rest.quantity:
                self._add(record)
            else:
                self._new_row(record)
                self._say(record, "known", "")
                self.plan.notes["rows of whole orders are covered by executions"] += 1
        if not any(rest.quantity for rest in left):
            self._tell_difference(told[0], rows, parts)

    def _tell_difference(self, first: Values, rows: Sequence[Dealt], parts: Sequence[Dealt]) -> None:
        """The executions count; what the rows of their orders say otherwise is told."""
        told, there = (sum((each.money for each in those), Decimal(0)) for those in (rows, parts))
        quantities = [sum(each.quantity for each in those) for those in (rows, parts)]
        if quantities[0] == quantities[1] and abs(told - there) > max(_SAME_MONEY, abs(told) * Decimal("1e-6")):
            self.plan.notes[
                f"order of {first['local_symbol']} on {first['trade_date']}: the executions held come to"
                f" {_plain(there)}, the file says {_plain(told)}; the executions count. A Flex Query of the day tells"
                " which is right"
            ] += 1

    def _withdraw(self) -> None:
        """What a newer statement of the same days no longer tells, whichever of the two was read first."""
        for row in (*self.held, *self.fresh):
            values = row.values
            if values.get("state") not in (None, "withdrawn") or values["kind"] in NO_TRADES:
                continue
            by = self._withdrawn_by(values.get("statement_id"), values)
            if by is None:
                continue
            if row.row_id is None:
                self.plan.notes["rows are not in a newer statement of the same days: kept, they count for nothing"] += 1
            elif not values.get("state"):
                self.plan.withdrawn += 1
            row.set(state="withdrawn", remark=f"no longer in {by}")

    def _withdrawn_by(self, statement_id: str | None, values: Values) -> str | None:
        return self.withdrawals.by(statement_id, values["trade_date"], _SECTIONS)

    def _supersede(self) -> None:
        """Of several revisions of one execution the highest is in force."""
        roots: dict[Hashable, list[_Row]] = defaultdict(list)
        for row in (*self.held, *self.fresh):
            values = row.values
            if not values["exec_id"].startswith(STAND_INS):
                roots[(values["model"], values["con_id"], values["root"])].append(row)
        for rows in roots.values():
            if len(rows) > 1:
                newest = max(rows, key=lambda row: (row.values["revision"], row.values["exec_id"]))
                for row in rows:
                    row.set(superseded_by=None if row is newest else newest.values["exec_id"])

    def _say(self, record: Record, verdict: Verdict, reason: str) -> None:
        self.plan.verdicts.append((record, verdict, reason))


def _order(values: Values) -> tuple[Any, ...]:
    """The same for every order of the file."""
    if values["exec_id"]:  # enough, and there are many of them
        return (
            values["market_time"], 0, values["exec_id"], str(values["transaction_id"] or ""), values["signed"],
            values["price"], str(values["commission"]), str(values["taxes"]),
        )  # fmt: skip
    names = (
        "exec_id", "transaction_id", "trade_id", "orig_transaction_id", "orig_trade_id", "side", "model", "kind",
        "local_symbol", "con_id", "currency", "exchange", "codes", "order_ref", "ib_order_id", "trade_date",
        "report_date", "settle_date", "opening", "exchange_time", "magnifier", "multiplier", "commission_currency",
    )  # fmt: skip
    numbers = ("signed", "price", "commission", "taxes", "fx_rate_to_base", "statement_realized")
    return (
        values["market_time"], 1, *(str(values[name] or "") for name in names),
        *((values[name] is not None, values[name] or 0) for name in numbers),
    )  # fmt: skip


def _by_exec(values: Values) -> Hashable | None:
    name = values["exec_id"]
    return None if not name or name.startswith(STAND_INS) else name


def _by_transaction(values: Values) -> Hashable | None:
    return values.get("transaction_id") or None


def _by_trade(values: Values) -> Hashable | None:
    name = values.get("trade_id")
    return (name, values["key"], values["side"], values["quantity"]) if name else None


def _by_terms(values: Values) -> Hashable:
    """Contract, second, signed quantity and money price: equal for one fill whoever tells it."""
    return (
        values["key"], round(values["market_time"]), values["side"], _number(values["quantity"]), _money_price(values),
    )  # fmt: skip


def _likeness(values: Values) -> Hashable:
    """Equal for rows that nothing but an id tells apart."""
    return (_by_terms(values), values["model"], values["kind"], values["order_level"])


def _by_terms_of_order(values: Values) -> Hashable | None:
    return _by_terms(values) if values["order_level"] else None


def _day_of(values: Values) -> Hashable:
    return (values["key"], values["trade_date"], values["side"])


def _dealt(values: Values, name: str, of_prices: bool) -> Dealt:
    """`of_prices` = some multiplier is not told: plain prices are compared, then."""
    order = name if values["order_level"] else values.get("perm_id") or values.get("ib_order_id") or name
    size = values["quantity"]
    money = size * _money_price(values) * (1 if of_prices else values["multiplier"])
    return Dealt(size, money, None, values["market_time"], order)


def _may_be_same(new: Values, known: Values) -> bool:
    """Two ids that differ are two executions, however equal the rest is."""
    mine, theirs = _by_exec(new), _by_exec(known)
    if mine is not None and theirs is not None:
        same_model = not new["model"] or not known.get("model") or new["model"] == known["model"]
        same_contract = not new["con_id"] or not known["con_id"] or new["con_id"] == known["con_id"]
        return mine == theirs and same_contract and same_model
    mine, theirs = _by_transaction(new), _by_transaction(known)
    if mine is not None and theirs is not None:
        return mine == theirs
    return bool(known["kind"] in (None, "trade") or known["kind"] == new["kind"])


def _root(values: Values) -> Hashable:
    return (values["root"], values["con_id"])


def _is_cancel_row(values: Values) -> bool:
    return str(values["exec_id"]).startswith(("flex:Ca", "csv:Ca"))


def _money_price(values: Values) -> Decimal:
    return _number((values["price"] / (values.get("magnifier") or 1)).quantize(Decimal("1e-8")))


def _number(value: Decimal) -> Decimal:
    return value.normalize()


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or value == ()


def _told_more(known: Values, new: Values) -> tuple[Values, Values]:
    """What the held row lacks, and what is told otherwise of what a statement's word stands for. Of each of a year's
    rows: without a call for each value.
    """
    filled: Values = {}
    changed: Values = {}
    for name in _TOLD:
        value = new[name]
        if value is None or value == "" or value == ():
            continue
        mine = known.get(name)
        if mine is None or mine == "" or mine == ():
            filled[name] = value
        elif mine != value and name in _OVERRULES and not _is_noise(mine, value):
            changed[name] = value
    return filled, changed


def _is_noise(mine: Any, theirs: Any) -> bool:
    """Of a number that the journal keeps as a float."""
    return isinstance(mine, Decimal) and isinstance(theirs, Decimal) and abs(mine - theirs) <= _NOISE


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
