"""Fills through the whole engine and over a restart: out of the journal before the broker answers, none twice."""

from __future__ import annotations

import datetime as dt

from engine.state.commands import NoteTrip
from engine.trades.held import EVERYTHING
from tests.integration.engine_bench import brisk_engine, wait_for
from tests.integration.second_gateway import HELD, SecondGateway
from tests.integration.test_executions import OWN, UNSET, execution
from tests.patience import DEADLINE_S

MSFT = HELD[0]


def test_a_restart_in_the_middle_of_the_day_loses_and_doubles_no_fill(tmp_path):
    now = dt.datetime.now(dt.UTC).strftime("%Y%m%d-%H:%M:%S")
    with SecondGateway() as gateway, brisk_engine(gateway.port, tmp_path) as bench:
        wait_for(lambda: own_fills(bench), "the gateway's own fill")
        for text in (
            execution("a.01.01", now, perm_id=7),
            execution("a.01.02", now, perm_id=7, price="300.15"),
            f"59|1|a.01.02|1.02|EUR|{UNSET}||",
            execution("b.01.01", now, perm_id=8, side="SLD", shares="10", cum="10"),
            "59|1|b.01.01|0.5|USD|12.5||",
            execution("c.01.01", "20251110 10:00:00 Moon/Base", perm_id=9),
            f"59|1|c.01.01|0.5|USD|{UNSET}||",
        ):
            gateway.send(text)
        before = wait_for(lambda: (kept := recorded(bench)) and len(kept) == 5 and complete(kept) and kept, "five rows")
        assert {row.fill.exec_id: row.superseded_by for row in before} == {
            OWN: None, "a.01.01": "a.01.02", "a.01.02": None, "b.01.01": None, "c.01.01": None,
        }  # fmt: skip
        by_id = {row.fill.exec_id: row.fill for row in before}
        assert (by_id["a.01.02"].commission_currency, by_id["b.01.01"].realized_pnl) == ("EUR", 12.5)
        assert by_id["c.01.01"].time_kind == "received"
        assert {fill.price_magnifier for fill in by_id.values()} == {1.0}
        assert {fill.account for fill in by_id.values()} == {"DF7654321"}
        seen = wait_for(lambda: noted(bench), "positions, and since when all are known")
        assert MSFT.con_id in seen and seen[EVERYTHING].account == "DF7654321"
        bench.send(NoteTrip("r1", "DF7654321", "", MSFT.con_id, "a.01", "too early", ("gap",)))
        wait_for(lambda: bench.reader.trader_words().trips, "the note")
        shown = {OWN, "a.01.02", "b.01.01", "c.01.01"}
        wait_for(lambda: set(by_ids(own_fills(bench))) == shown, "four fills on the pages")

    with brisk_engine(1, tmp_path) as nobody:  # a port where nothing listens
        wait_for(lambda: set(by_ids(own_fills(nobody))) == shown, "fills before the broker answers")
        assert by_ids(own_fills(nobody))["a.01.02"].price == 300.15
        figures = nobody.read("positions").account
        assert (figures.fills_today, figures.realized_today, figures.currency) == (4, 12.5, "USD")

    with SecondGateway() as gateway, brisk_engine(gateway.port, tmp_path) as bench:
        wait_for(lambda: bench.is_connected and gateway.requests(7), "connected and asked")
        gateway.send(execution("a.01.01", now, perm_id=7))
        gateway.send(execution("a.01.02", now, perm_id=7, price="300.15"))
        gateway.send(execution("c.01.01", "20251110 10:00:00 Moon/Base", perm_id=9))
        gateway.send(execution("d.01.01", now, perm_id=10))
        wait_for(lambda: "d.01.01" in by_ids(own_fills(bench)), "the new fill")
        fills = by_ids(own_fills(bench))
        assert set(fills) == shown | {"d.01.01"} and len(own_fills(bench)) == len(fills)
        assert fills["a.01.02"].commission == 1.02, "its report has not come again"
        assert fills["c.01.01"].time_market == by_id["c.01.01"].time_market
        wait_for(lambda: len(recorded(bench)) == 6, "one row more")
        assert [note.tags for note in bench.reader.trader_words().trips] == [("gap",)]
        assert len([each for each in bench.reader.positions_seen() if each.con_id == EVERYTHING]) == 1


def noted(bench):
    """By contract, once the note has come that all are known."""
    seen = {each.con_id: each for each in bench.reader.positions_seen()}
    return seen if EVERYTHING in seen else None


def own_fills(bench):
    section = bench.read("positions")
    return section.fills if section is not None else ()


def by_ids(fills):
    return {fill.exec_id: fill for fill in fills}


def recorded(bench):
    bench.journal.flush(DEADLINE_S)
    return bench.reader.fills(0.0, corrected=True)


def complete(rows):
    """The details, and with them trade date and magnifier, came."""
    return all(row.fill.price_magnifier and row.fill.trade_date for row in rows)
