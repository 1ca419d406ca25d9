"""SymbolWatch: open pages borrow lines, pins survive a restart."""

from engine.domain import ContractRef
from engine.lines.watch import SymbolWatch


def stock(con_id: int) -> ContractRef:
    return ContractRef(con_id, f"S{con_id}", f"S{con_id}", "STK", exchange="SMART")


def test_a_closed_page_gives_its_line_back():
    watch = SymbolWatch()
    assert watch.show([stock(1), stock(2)])
    assert not watch.show([stock(2), stock(1)]), "the same symbols in another order are no news"
    assert [(d.contract.con_id, d.borrowed) for d in watch.demands()] == [(2, True), (1, True)]
    assert watch.show([stock(2)])
    assert watch.open_ids() == [2]
    assert watch.show([])
    assert watch.demands() == []


def test_pins_survive_a_restart_and_are_not_borrowed(tmp_path):
    watch = SymbolWatch()
    watch.attach(tmp_path)
    watch.pin(stock(7), True)
    watch.pin(stock(8), True)
    watch.pin(stock(8), False)
    again = SymbolWatch()
    again.attach(tmp_path)
    again.show([stock(7)])
    assert again.pinned_ids() == [7]
    assert again.is_pinned(7)
    (wish,) = again.demands()
    assert not wish.borrowed
    assert again.contract(7) == stock(7)


def test_pins_belong_to_their_account(tmp_path):
    watch = SymbolWatch()
    watch.pin(stock(7), True)
    watch.attach(tmp_path / "paper-DU1")
    watch.pin(stock(8), True)
    watch.attach(tmp_path / "paper-DU2")
    assert watch.pinned_ids() == []
    watch.pin(stock(9), True)
    watch.attach(tmp_path / "paper-DU1")
    assert watch.pinned_ids() == [7, 8], "the pin made before the account was known is kept, the other account's is not"


def test_a_pin_made_before_the_account_was_known_is_written_down(tmp_path):
    watch = SymbolWatch()
    watch.pin(stock(7), True)
    watch.attach(tmp_path)
    again = SymbolWatch()
    again.attach(tmp_path)
    assert again.pinned_ids() == [7]


def test_a_damaged_pin_file_is_said_and_survived(tmp_path, caplog):
    (tmp_path / "pins.json").write_text("{nonsense", encoding="utf-8")
    watch = SymbolWatch()
    watch.attach(tmp_path)
    assert watch.pinned_ids() == []
    assert "pins.json" in caplog.text
