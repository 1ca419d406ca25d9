"""What the API shows of positions, accounts and fills against the simulated broker's own book, to the cent."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

ROW = Decimal("0.0051")  # one rounding
SUM = Decimal("0.0151")  # of sums that contain amounts which IB had rounded already

Book = dict[str, Any]


class Comparison:
    """One look at both books; `broken` says what differs."""

    def __init__(self, book: Book, positions: Any, status: Any) -> None:
        self.broken: list[str] = []
        self.figures = 0
        self._book = book
        self._rows = {(row["account"], row["con_id"]): row for row in positions["tradable"]}
        self._filtered = {(row["account"], row["con_id"]): row for row in positions["filtered"]}
        for account in book["accounts"]:
            self._positions(account)
            figures = next((one for one in status["accounts"] if one["account"] == account["account"]), None)
            if figures is None:
                self.broken.append(f"{account['account']} has no figures")
            else:
                self._account(account, figures)
        self._all(status["account"])

    def _equal(self, what: str, ours: Any, theirs: str | None, tolerance: Decimal = ROW) -> None:
        self.figures += 1
        if ours is None or theirs is None:
            if not (ours is None and theirs is None):
                self.broken.append(f"{what}: shown {ours}, book {theirs}")
        elif abs(Decimal(str(ours)) - Decimal(theirs)) > tolerance:
            self.broken.append(f"{what}: shown {ours}, book {theirs}")

    def _positions(self, account: Book) -> None:
        held = [row for row in account["positions"] if row["quantity"] != "0"]
        for row in held:
            key = (account["account"], row["con_id"])
            name = f"{key[0]} {row['local_symbol']}"
            shown, filtered = self._rows.get(key), self._filtered.get(key)
            if shown is not None:
                realized = row["realized"] if row["traded_today"] else None
                self._equal(f"{name} quantity", shown["quantity"], row["quantity"], Decimal(0))
                self._equal(f"{name} P&L", shown["unrealized_pnl"], row["unrealized"])
                self._equal(f"{name} exposure", shown["exposure"], row["exposure"])
                self._equal(f"{name} exposure in base", shown["exposure_base"], row["base"]["exposure"])
                self._equal(f"{name} realised", shown["realized_pnl"], realized)
                self._equal(f"{name} day P&L", shown["daily_pnl"], row["daily"])
            elif filtered is not None:
                self._equal(f"{name} quantity", filtered["quantity"], row["quantity"], Decimal(0))
                self._equal(f"{name} P&L", filtered["unrealized_pnl"], row["unrealized"], SUM)
            else:
                self.broken.append(f"{name} is not shown")
        known = {(account["account"], row["con_id"]) for row in held}
        for key in [*self._rows, *self._filtered]:
            if key[0] == account["account"] and key not in known:
                self.broken.append(f"{key} is shown and not held")

    def _account(self, account: Book, shown: Any) -> None:
        name, sums = account["account"], account["base_sums"]
        self._equal(f"{name} net liquidation", shown["net_liquidation"], account["net_liquidation"], SUM)
        self._equal(f"{name} realised", shown["realized_today"], sums["realized"], SUM)
        self._equal(f"{name} day P&L", shown["daily_pnl"], sums["daily"], SUM)
        self._equal(f"{name} P&L of IB", shown["ib_unrealized_pnl"], sums["unrealized"], SUM)
        rows = [row for row in account["positions"] if (name, row["con_id"]) in self._rows and row["quantity"] != "0"]
        if rows:
            self._equal(f"{name} P&L", shown["unrealized_pnl"], _total(row["base"]["unrealized"] for row in rows), SUM)
            self._equal(
                f"{name} exposure", shown["gross_exposure"], _total(row["base"]["exposure"] for row in rows), SUM
            )
        fills, commission = self._fills_today(account)
        self._equal(f"{name} fills", shown["fills_today"], str(fills), Decimal(0))
        shown_commission = 0.0 if shown["commission_today"] is None else shown["commission_today"]
        self._equal(f"{name} commissions", shown_commission, str(commission), SUM)

    def _fills_today(self, account: Book) -> tuple[int, Decimal]:
        """How many count today, and what the reported ones of them cost in the base currency."""
        today = [fill for fill in self._book["fills"] if fill["account"] == account["account"] and fill["today"]]
        real = [fill for fill in today if not fill["is_heading"]]
        costs = [Decimal(f["commission"]) * Decimal(account["rates"][f["commission_currency"]]) for f in real
                 if f["reported"]]  # fmt: skip
        return len(real), sum(costs, Decimal(0))

    def _all(self, shown: Any) -> None:
        whole = self._book["all"]
        pairs = {"net_liquidation": "net_liquidation", "realized_today": "realized", "daily_pnl": "daily",
                 "ib_unrealized_pnl": "unrealized"}  # fmt: skip
        for name, key in pairs.items():
            self._equal(f"all accounts {name}", shown[name], whole[key], 2 * SUM)
        costs = [self._fills_today(account)[1] for account in self._book["accounts"]]
        commission = 0.0 if shown["commission_today"] is None else shown["commission_today"]
        self._equal("all accounts commissions", commission, str(sum(costs, Decimal(0))), 2 * SUM)


def _total(parts: Iterable[str | None]) -> str:
    return str(sum((Decimal(part) for part in parts if part is not None), Decimal(0)))


def compare_fills(book: Book, answer: Any) -> list[str]:
    """The journal's fills in force against the book's: none lost, none doubled, each with its money."""
    broken = []
    shown = [fill for fill in answer["fills"] if fill["counts"]]
    by_id: dict[tuple[str, str], Any] = {(fill["account"], fill["exec_id"]): fill for fill in shown}
    if len(by_id) != len(shown):
        broken.append(f"{len(shown) - len(by_id)} fills are doubled")
    expected = {(f["account"], f["exec_id"]): f for f in book["fills"] if not f["is_heading"]}
    broken += [f"fill {key} is lost" for key in expected if key not in by_id]
    broken += [f"fill {key} is not the broker's" for key in by_id if key not in expected]
    for key in expected.keys() & by_id.keys():
        mine, theirs = by_id[key], expected[key]
        label = f"{theirs['local_symbol']} {key} ({theirs['clock']})"
        commission = theirs["commission"] if theirs["reported"] else None
        pairs = [("side", theirs["side"]), ("con_id", theirs["con_id"]), ("currency", theirs["currency"])]
        pairs += (
            [("time", theirs["time"]), ("trade_date", theirs["trade_date"])] if theirs["clock"] != "unknown" else []
        )
        pairs += [("commission_currency", theirs["commission_currency"])] if commission is not None else []
        broken += [f"fill {label} {name}: {mine[name]}, book {value}" for name, value in pairs if mine[name] != value]
        for name, value in (("quantity", theirs["quantity"]), ("price", theirs["price"]), ("commission", commission)):
            if (mine[name] is None) != (value is None) or (
                value is not None and Decimal(str(mine[name])) != Decimal(value)
            ):
                broken.append(f"fill {label} {name}: {mine[name]}, book {value}")
    return broken
