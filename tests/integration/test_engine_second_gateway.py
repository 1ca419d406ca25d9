"""The whole engine on a gateway with other habits than the simulator's: it keeps to the protocol, not to a habit."""

import pytest

from engine.journal.reader import JournalReader
from engine.state.commands import ApplySettings, FindSymbol, OpenSymbol, PinSymbol
from tests.integration import second_gateway
from tests.integration.engine_bench import brisk_engine, wait_for
from tests.integration.second_gateway import HELD, SecondGateway
from tests.patience import DEADLINE_S

MSFT, ES, GC, NSRGF = HELD


@pytest.fixture
def chain(tmp_path):
    with SecondGateway() as gateway, brisk_engine(gateway.port, tmp_path) as bench:
        wait_for(lambda: bench.is_connected, "connected")
        yield gateway, bench


def priced(bench, count=3):
    section = bench.read("positions")
    rows = section.tradable if section is not None else ()
    return sum(row.last is not None and row.mark_kind != "portfolio" for row in rows) == count


def test_positions_prices_pnl_and_lines(chain):
    gateway, bench = chain
    wait_for(lambda: priced(bench), "three positions with prices")
    section = bench.read("positions")
    assert {row.local_symbol for row in section.tradable} == {MSFT.local, ES.local, GC.local}
    (filtered,) = section.filtered
    assert (filtered.local_symbol, filtered.kind) == ("NSRGF", "OTC")
    for row, multiplier in ((bench.position(ES.local), 50.0), (bench.position(GC.local), 100.0)):
        assert row.multiplier == multiplier, "an empty multiplier field is filled from the details"
        assert row.unrealized_pnl == pytest.approx(row.quantity * (row.mark * multiplier - row.avg_cost), abs=0.006)
    wait_for(lambda: bench.position(MSFT.local).daily_pnl == 12.5, "reqPnLSingle's daily figure")
    account = bench.read("positions").account
    assert account.net_liquidation == 250_000.50
    assert account.excess_liquidity is None, "1.8e308 is no number"
    assert account.daily_pnl == -120.5
    lines = bench.read("lines")
    assert lines.by_class["100"] == 3
    assert sum(lines.by_class.values()) == lines.used <= 50
    assert bench.read("broker").account.endswith("4321")
    assert bench.read("broker").session == "unknown", "hours in the past say nothing"


def test_both_scanners_have_results_and_lines_stay_within_the_budget(chain):
    gateway, bench = chain
    scanners = wait_for(lambda: (s := bench.read("scanners")) and s.results_market >= 20 and s, "rows of the scans")
    assert scanners.slots_used <= 9
    wait_for(lambda: bench.read("scanners").breakout_run_market, "a breakout cycle", 30)
    wait_for(lambda: bench.read("scanners").with_bars > 3, "history of scanned symbols", 30)
    wait_for(lambda: bench.read("lines").used >= 40, "lines for what the scans found", 30)
    assert gateway.max_lines <= 50
    assert gateway.worst_second() <= 45
    assert not gateway.requests(3) and not gateway.requests(4), "no order message, ever"


def test_settings_pins_and_open_symbols(chain):
    gateway, bench = chain
    wait_for(lambda: priced(bench), "prices")
    bench.send(ApplySettings("a", {"breakout.bars_n": 15, "lines.limit": 20, "lines.buffer": 4}))
    answer = wait_for(lambda: next((a for a in bench.read("answers").answers if a.request_id == "a"), None), "answer")
    assert answer.ok
    wait_for(lambda: bench.read("lines").limit == 20, "the new limit")
    wait_for(lambda: bench.read("lines").used <= 20, "lines given back", 30)
    assert bench.read("settings").changes[0].key in ("breakout.bars_n", "lines.limit", "lines.buffer")
    bench.send(OpenSymbol("o", MSFT.con_id, "tab"))
    section = wait_for(lambda: bench.read(f"symbol:{MSFT.con_id}"), "the symbol's own section")
    assert section.local_symbol == "MSFT" and section.line_text
    wait_for(lambda: bench.read(f"symbol:{MSFT.con_id}").bars, "its bars")
    bench.send(FindSymbol("f", "RBAX"))
    wait_for(lambda: any(a.request_id == "f" and a.ok for a in bench.read("answers").answers), "found at the broker")
    con_id = next(a for a in bench.read("answers").answers if a.request_id == "f").value[0][0]
    bench.send(PinSymbol("p", con_id, True))
    wait_for(lambda: bench.read("lines").by_class["pinned"] == 1, "the pinned line", 30)


def test_a_drop_brings_everything_back_positions_first(chain):
    gateway, bench = chain
    wait_for(lambda: priced(bench), "prices")
    wait_for(lambda: len(gateway.open_lines) > 5, "lines of the scanners", 30)
    gateway.drop(abort=True)
    wait_for(lambda: bench.count("disconnected"), "the loss is noticed")
    assert bench.position(MSFT.local) is not None, "positions stay on the screen"
    wait_for(lambda: bench.count("connected") == 2 and bench.is_connected, "connected again")
    wait_for(lambda: {t.con_id for t in (MSFT, ES, GC)} <= set(gateway.open_lines), "position lines", 5)
    received = [fields for _, fields in list(gateway.received)]
    since = max(i for i, fields in enumerate(received) if fields[0] == "71")  # what the dropped connection still sent
    again = [int(fields[3]) for fields in received[since:] if fields[0] == "1"]
    assert set(again[:3]) == {MSFT.con_id, ES.con_id, GC.con_id}
    kinds = [event.kind for event in bench.engine.rooms.health.events]
    assert kinds.count("disconnected") == 1 and kinds.count("connected") == 2


def test_positions_that_tws_owes_after_a_drop_are_kept_and_closed_only_when_it_says_so(chain, monkeypatch):
    gateway, bench = chain
    wait_for(lambda: priced(bench), "prices")
    assert bench.read("positions").complete
    gateway.withhold = {61, 62, 7}
    gateway.drop()
    wait_for(lambda: bench.count("disconnected"), "the loss is noticed")
    wait_for(lambda: bench.count("connected") == 2 and bench.is_connected, "connected without positions")
    wait_for(lambda: {t.con_id for t in (MSFT, ES, GC)} <= set(gateway.open_lines), "their lines all the same", 5)
    section = bench.read("positions")
    assert len(section.tradable) == 3 and not section.complete
    monkeypatch.setattr(second_gateway, "HELD", HELD[1:])
    gateway.withhold = {10, 52}  # the positions come, the details of their contracts don't
    wait_for(lambda: bench.position(MSFT.local) is None, "the closed one goes once the others came", 15)
    wait_for(lambda: bench.read("positions").complete, "complete")
    assert bench.position(ES.local) and bench.position(GC.local)
    gateway.withhold = set()


def test_history_and_signals_survive_a_restart(tmp_path):
    with SecondGateway() as gateway:
        with brisk_engine(gateway.port, tmp_path) as bench:
            wait_for(lambda: bench.read("pnl") and len(bench.read("pnl").points) >= 2, "points of the curve")
            bench.send(ApplySettings("a", {"breakout.bars_n": 15}))
            wait_for(lambda: bench.read("settings").changes, "the change is journalled")
            assert bench.journal.flush(DEADLINE_S)
        with brisk_engine(gateway.port, tmp_path) as bench:
            wait_for(lambda: bench.read("settings") and bench.read("settings").changes, "changes of the run before")
            assert len(bench.reader.pnl(0.0)) >= 2
    assert (tmp_path / "paper-DF7654321" / "journal.sqlite3").exists()
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {"paper-DF7654321", "state"}


def test_another_login_on_the_same_port_never_writes_into_the_former_accounts_history(tmp_path):
    with SecondGateway() as gateway, brisk_engine(gateway.port, tmp_path) as bench:
        wait_for(lambda: bench.read("pnl") and len(bench.read("pnl").points) >= 2, "points of the first account")
        assert bench.journal.flush(DEADLINE_S)
        gateway.account = "DU9876543"
        gateway.withhold = {6}
        gateway.drop()
        wait_for(lambda: bench.read("broker").account == "DU9876543", "the other account")
        assert bench.read("positions").account.net_liquidation is None, "the former account's money"
        wait_for(lambda: len(bench.read("pnl").points) >= 2, "points of the second account", 30)
        assert bench.journal.flush(DEADLINE_S)
        other = JournalReader()
        for account, first in (("DF7654321", "connected"), ("DU9876543", "connected")):
            other.open(tmp_path / f"paper-{account}" / "journal.sqlite3", "paper")
            assert {point.account for point in other.pnl(0.0)} == {account}
            events = other.connection_events(0.0)
            assert events[0].kind == first
            assert sum(event.kind == "connected" for event in events) == 1
        other.close()


def test_a_link_to_a_symbol_that_no_scan_brought_opens_it_all_the_same(tmp_path):
    with SecondGateway() as gateway:
        gateway.withhold = {20}  # no scan results
        with brisk_engine(gateway.port, tmp_path) as bench:
            wait_for(lambda: bench.is_connected, "connected")
            bench.send(OpenSymbol("o", 700005, "tab"))
            section = wait_for(lambda: bench.read("symbol:700005"), "the symbol's own section")
            assert section.local_symbol == "RAFX"
            wait_for(lambda: 700005 in gateway.open_lines, "its borrowed line")


def test_withheld_details_and_positions_end_do_not_stop_the_start(tmp_path):
    with SecondGateway() as gateway:
        gateway.withhold = {62, 54, 55}
        gateway.unknown = {GC.con_id}
        with brisk_engine(gateway.port, tmp_path) as bench:
            wait_for(lambda: bench.is_connected, "connected in spite of missing Ends", 15)
            wait_for(lambda: bench.position(MSFT.local) and bench.position(MSFT.local).last, "a price", 15)
            wait_for(lambda: bench.position(GC.local), "the position without details stays visible", 15)
