"""The whole engine on an advisor's login: positions, figures, curves, folders of each account, and of all together."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from engine.domain import ALL_ACCOUNTS
from engine.journal.reader import JournalReader
from engine.settings.saved import FILE_NAME, load_saved
from engine.state.commands import ApplySettings
from tests.integration.engine_bench import brisk_engine, running_simulator, wait_for
from tests.integration.second_gateway import HELD, SecondGateway
from tests.patience import DEADLINE_S

MASTER, FIRST, SECOND = "DF7654321", "DU1000001", "DU1000002"
MSFT, ES, *_ = HELD
CLIENTS = {FIRST: [MSFT, ES], SECOND: [replace(MSFT, quantity=-20, cost=411.5)]}


@pytest.fixture
def advisor():
    with SecondGateway(account=MASTER, clients=CLIENTS) as running:
        yield running


@pytest.fixture
def chain(advisor, tmp_path):
    with brisk_engine(advisor.port, tmp_path) as bench:
        wait_for(lambda: bench.is_connected, "connected")
        yield advisor, bench


def rows(bench):
    section = bench.read("positions")
    return {(row.account, row.local_symbol): row for row in (section.tradable if section else ())}


def show(bench, account):
    bench.send(ApplySettings("a" * 32, {"view.account": account}))


def points(folder, account):
    with closing(sqlite3.connect(folder / "journal.sqlite3")) as connection:
        query = "SELECT account, daily FROM pnl_points WHERE account = ? AND daily IS NOT NULL"
        return connection.execute(query, (account,)).fetchall()


def test_positions_of_all_accounts_together(chain):
    advisor, bench = chain
    wait_for(lambda: len(rows(bench)) == 3 and all(row.mark for row in rows(bench).values()), "three marked positions")
    net = 3 * 250000.5 + 3000.0
    wait_for(lambda: bench.read("positions").account.daily_pnl is not None, "day P&L of all")
    wait_for(lambda: bench.read("positions").account.net_liquidation == net, "values of all")
    section = bench.read("positions")
    assert set(rows(bench)) == {(FIRST, "MSFT"), (FIRST, ES.local), (SECOND, "MSFT")}
    for row in rows(bench).values():
        assert row.unrealized_pnl == pytest.approx(row.quantity * (row.mark * row.multiplier - row.avg_cost), abs=0.006)
    assert section.account.account == ""
    assert [figures.account for figures in section.accounts] == [MASTER, FIRST, SECOND]
    assert section.account.daily_pnl == -120.5 - 119.5 - 118.5
    assert bench.read("broker").accounts == (MASTER, FIRST, SECOND)
    wait_for(lambda: bench.read("lines").by_class["100"] == 2, "one line a contract, whatever accounts hold it")
    wait_for(lambda: len(advisor.requests(94)) == 3, "P&L of each position of each account")
    wait_for(lambda: bench.read("pnl").account == ALL_ACCOUNTS, "the curve of all")


def test_a_choice_shows_nothing_of_the_others_and_stays_over_a_restart(advisor, tmp_path):
    with brisk_engine(advisor.port, tmp_path) as bench:
        wait_for(lambda: bench.is_connected and len(rows(bench)) == 3, "all positions")
        wait_for(lambda: any(p.daily == -358.5 for p in bench.read("pnl").points), "a point of all together")
        show(bench, SECOND)
        wait_for(lambda: bench.read("pnl").account == SECOND, "the choice")
        section = bench.read("positions")
        assert set(rows(bench)) == {(SECOND, "MSFT")}
        assert (section.account.account, section.account.daily_pnl) == (SECOND, -118.5)
        assert {point.daily for point in bench.read("pnl").points} <= {-118.5, None}
        assert bench.read("broker").accounts == (MASTER, FIRST, SECOND), "all stay watched"
        wait_for(lambda: bench.read("lines").by_class["100"] == 2, "the others keep their lines")
        show(bench, None)
        wait_for(lambda: len(rows(bench)) == 3 and bench.read("pnl").account == ALL_ACCOUNTS, "all again")
        assert {point.daily for point in bench.read("pnl").points} <= {-358.5, None}
        show(bench, SECOND)
        wait_for(lambda: set(rows(bench)) == {(SECOND, "MSFT")}, "one again")
    assert len(advisor.connects) == 1, "without a new connection"
    saved = load_saved(tmp_path / FILE_NAME).values
    with brisk_engine(advisor.port, tmp_path, **saved) as bench:
        pnl = wait_for(lambda: bench.read("pnl"), "the first pass")
        assert pnl.account == SECOND, "before the broker answers"
        wait_for(lambda: bench.is_connected and rows(bench), "connected")
        assert set(rows(bench)) == {(SECOND, "MSFT")}


def test_money_is_written_to_each_accounts_own_folder(advisor, tmp_path):
    with brisk_engine(advisor.port, tmp_path) as bench:
        wait_for(lambda: bench.is_connected, "connected")
        wait_for(lambda: any(p.daily == -358.5 for p in bench.read("pnl").points), "a point of all together")
        assert bench.journal.flush(DEADLINE_S)
    for account, daily in ((MASTER, -120.5), (FIRST, -119.5), (SECOND, -118.5)):
        folder = tmp_path / f"paper-{account}"
        assert set(points(folder, account)) == {(account, daily)}
        reader = JournalReader()
        reader.open(folder / "journal.sqlite3", "paper", account)
        assert {point.daily for point in reader.pnl(0.0)} - {None} == {daily}
        reader.close()
        other = [name for name in (MASTER, FIRST, SECOND, ALL_ACCOUNTS) if name != account and account != MASTER]
        assert not any(points(folder, name) for name in other)
    assert set(points(tmp_path / f"paper-{MASTER}", ALL_ACCOUNTS)) == {(ALL_ACCOUNTS, -358.5)}
    assert (tmp_path / "state").is_dir(), "the state is the engine's, of all its accounts"
    assert not any((tmp_path / f"paper-{account}" / "state").exists() for account in (MASTER, FIRST))


def test_closing_one_accounts_position_keeps_the_others_and_its_line(chain):
    advisor, bench = chain
    wait_for(lambda: len(rows(bench)) == 3, "all positions")
    asked = ["94", FIRST, str(MSFT.con_id)]
    wait_for(lambda: any([f[0], f[2], f[4]] == asked for f in advisor.requests(94)), "its P&L is asked for")
    advisor.send(f"61|3|{FIRST}|{MSFT.names}|0|0")
    wait_for(lambda: set(rows(bench)) == {(FIRST, ES.local), (SECOND, "MSFT")}, "closed in one account")
    wait_for(lambda: advisor.requests(95), "its P&L request is taken back")
    wait_for(lambda: bench.read("lines").by_class["100"] == 2, "the other's line")
    assert len(advisor.requests(95)) == 1


def test_after_a_drop_what_an_account_closed_meanwhile_is_gone(chain):
    advisor, bench = chain
    wait_for(lambda: len(rows(bench)) == 3, "all positions")
    advisor.clients_hold = {**CLIENTS, FIRST: [ES]}
    advisor.drop()
    wait_for(lambda: len(advisor.connects) == 2 and bench.is_connected, "connected again")
    wait_for(lambda: set(rows(bench)) == {(FIRST, ES.local), (SECOND, "MSFT")}, "two are left")


def test_another_login_has_nothing_of_the_former(chain, tmp_path):
    advisor, bench = chain
    wait_for(lambda: any(p.daily == -358.5 for p in bench.read("pnl").points), "a point of all together")
    advisor.account, advisor.clients_hold = "DU5555555", None
    advisor.values["DU5555555"] = ["NetLiquidation|9000.00|USD"]
    advisor.pnl["DU5555555"] = "1.5|2.5|0.0"
    advisor.drop()
    wait_for(lambda: set(rows(bench)) == {("DU5555555", t.local) for t in HELD[:3]}, "the other login's positions")
    wait_for(lambda: bench.read("positions").account.daily_pnl == 1.5, "its P&L")
    wait_for(lambda: bench.read("positions").account.net_liquidation == 9000.0, "its value")
    wait_for(lambda: bench.read("pnl").account == "DU5555555", "its curve")
    assert {point.daily for point in bench.read("pnl").points} <= {1.5, None}
    wait_for(lambda: (tmp_path / "paper-DU5555555").is_dir(), "its own folder")


def test_an_account_without_a_figure_leaves_a_gap_in_the_sum(advisor, tmp_path):
    advisor.pnl[FIRST] = "1.7976931348623157E308|1.7976931348623157E308|0.0"
    with brisk_engine(advisor.port, tmp_path) as bench:
        wait_for(lambda: bench.is_connected and len(rows(bench)) == 3, "all positions")
        wait_for(lambda: bench.read("pnl").points, "points")
        assert all(point.daily is None for point in bench.read("pnl").points)
        assert bench.read("positions").account.daily_pnl is None
        advisor.pnl[MASTER] = "1.7976931348623157E308||"
        advisor.pnl[FIRST] = "4.0|5.0|0.0"
        advisor.drop()
        wait_for(lambda: any(p.daily == -114.5 for p in bench.read("pnl").points), "the master holds nothing to miss")


def test_every_account_of_the_simulated_world_equals_the_gateways_own_book(tmp_path):
    """Wheat, pence, yen, a bond, lent shares ...: held by two accounts with EUR as their base, beside their master."""
    arguments = ("--portfolio", "world", "--accounts", "3")
    with running_simulator(*arguments) as gateway, brisk_engine(gateway.port, tmp_path, "simulated") as bench:
        names = wait_for(lambda: bench.is_connected and bench.read("broker").accounts, "connected")
        assert len(names) == 3 and names[0].startswith("DF")

        def all_valued():
            section = bench.read("positions")
            return len(section.accounts) == 3 and section.tradable and all(row.mark_kind for row in section.tradable)

        wait_for(all_valued, "a mark for each position", 60.0)
        gateway.call("POST", "/hold", {"seconds": 60.0})
        book = gateway.call("GET", "/book")
        expected = {
            (account["account"], row["con_id"]): float(row["unrealized"])
            for account in book["accounts"]
            for row in account["positions"]
            if row["unrealized"] is not None and row["avg_cost"] is not None
        }

        def differing():
            section = bench.read("positions")
            off = [
                (row.account, row.local_symbol, row.unrealized_pnl, expected[row.account, row.con_id])
                for row in section.tradable
                if row.unrealized_pnl is not None
                and abs(row.unrealized_pnl - expected[row.account, row.con_id]) > 0.0051
            ]
            for figures, account in zip(section.accounts, book["accounts"], strict=True):
                for name, key in ("net_liquidation", None), ("daily_pnl", "daily"):
                    theirs = float(account[name] if key is None else account["base_sums"][key])
                    ours = getattr(figures, name)
                    if ours is None or figures.currency != "EUR" or abs(ours - theirs) > 0.0051:
                        off.append((figures.account, name, ours, theirs))
            total = float(book["all"]["daily"])
            if section.account.daily_pnl is None or abs(section.account.daily_pnl - total) > 0.0051:
                off.append(("all", "daily", section.account.daily_pnl, total))
            return off

        try:
            wait_for(lambda: not differing(), "both books say the same", 30.0)
        except AssertionError:
            assert differing() == []
