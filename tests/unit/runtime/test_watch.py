"""SymbolWatch: borrowed lines end 30 s after the last poll, pins survive a restart."""

from engine.domain import ContractRef
from engine.watch import BORROWED_FOR_S, MAX_OPEN, SymbolWatch


def stock(con_id: int) -> ContractRef:
    return ContractRef(con_id, f"S{con_id}", f"S{con_id}", "STK", exchange="SMART")


def test_a_page_that_stops_polling_gives_its_line_back():
    watch = SymbolWatch()
    assert watch.open("tab1", stock(1), 0.0)
    assert not watch.open("tab1", stock(1), 20.0)
    assert not watch.expire(20.0 + BORROWED_FOR_S)
    assert [d.contract.con_id for d in watch.demands()] == [1]
    assert watch.demands()[0].borrowed
    assert watch.expire(20.1 + BORROWED_FOR_S)
    assert watch.demands() == []


def test_two_pages_on_one_symbol_are_one_wish_and_moving_on_gives_back():
    watch = SymbolWatch()
    watch.open("a", stock(1), 0.0)
    watch.open("b", stock(1), 1.0)
    assert watch.open_ids() == [1]
    assert len(watch.demands()) == 1
    assert watch.open("a", stock(2), 2.0)
    assert sorted(watch.open_ids()) == [1, 2]


def test_open_pages_are_bounded():
    watch = SymbolWatch()
    for i in range(MAX_OPEN + 5):
        watch.open(f"p{i}", stock(i), float(i))
    assert watch.open_ids() == list(range(5, MAX_OPEN + 5))


def test_pins_survive_a_restart_and_are_not_borrowed(tmp_path):
    watch = SymbolWatch()
    watch.attach(tmp_path)
    watch.pin(stock(7), True)
    watch.pin(stock(8), True)
    watch.pin(stock(8), False)
    again = SymbolWatch()
    again.attach(tmp_path)
    assert again.pinned_ids() == [7]
    assert again.is_pinned(7)
    (wish,) = again.demands()
    assert not wish.borrowed


def test_a_damaged_pin_file_is_said_and_survived(tmp_path, caplog):
    (tmp_path / "pins.json").write_text("{nonsense", encoding="utf-8")
    watch = SymbolWatch()
    watch.attach(tmp_path)
    assert watch.pinned_ids() == []
    assert "pins.json" in caplog.text
