"""Contracts by name: the new name shows, the former one finds, across restarts, and nobody is renamed by a gap."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.api_symbols import Known, find, once_called
from app.rows import find as search
from app.rows.find_page import name_parts
from app.snapshots import Snapshots, engine_state
from engine.contracts.symbols import FormerNames, SymbolIndex, is_renamed
from engine.domain import ContractRef
from engine.state.sections import UniverseSection


def stock(con_id: int, name: str, local: str | None = None, exchange: str = "SMART") -> ContractRef:
    return ContractRef(con_id, name, name if local is None else local, "STK", exchange)


@pytest.mark.parametrize(
    ("old", "new", "renamed"),
    [
        (stock(1, "FB"), stock(1, "META"), True),
        (stock(1, "TSLA"), stock(1, "TSLA", "TSLB"), True),
        (stock(1, "BRK B"), stock(1, "BRK.B"), False),
        (stock(1, "VOD"), stock(1, "VOD", "VOD."), False),
        (stock(1, "FB"), stock(1, "", ""), False),
        (ContractRef(2, "ES", "ES", "FUT"), ContractRef(2, "ES", "ESZ5", "FUT"), False),
        (ContractRef(2, "ES", "ESZ5", "FUT"), ContractRef(2, "ES", "ES", "FUT"), False),
        (
            ContractRef(2, "FB", "FB 251219C00700000", "OPT"),
            ContractRef(2, "META", "META 251219C00700000", "OPT"),
            True,
        ),
        (ContractRef(2, "FB1", "FB1  251219C", "OPT"), ContractRef(2, "FB1", "FB2  251219C", "OPT"), True),
    ],
)
def test_what_is_a_rename(old: ContractRef, new: ContractRef, renamed: bool) -> None:
    assert is_renamed(old, new) is renamed


def test_the_new_name_is_shown_and_the_former_one_finds() -> None:
    heard: list[ContractRef] = []
    index = SymbolIndex(heard.append)
    index.learn([stock(1, "FB"), stock(2, "AAPL")])
    assert not heard
    index.learn([stock(1, "META", exchange="")])
    assert heard == [stock(1, "META")], "what it is traded at stays"
    assert [c.local_symbol for c in index.find("fb")] == [c.local_symbol for c in index.find("META")] == ["META"]
    assert index.once_called("FB") == [stock(1, "META")] and index.once_called("META") == []
    assert index.former.rows() == ((1, "FB"),)
    index.learn([stock(3, "FB")])
    assert [c.con_id for c in index.find("FB")] == [3], "who bears the name now goes first"
    index.learn([stock(1, "FB")])
    assert index.former.rows() == ((1, "META"),), "renamed back"


def test_a_rename_by_night_is_noticed_and_former_names_are_kept(tmp_path: Path) -> None:
    heard: list[ContractRef] = []
    index = SymbolIndex(heard.append)
    index.former.attach(tmp_path)
    index.recall([stock(1, "FB"), stock(2, "AAPL")])
    index.learn([stock(1, "META"), stock(2, "AAPL")])
    assert heard == [stock(1, "META")]
    late = SymbolIndex(heard.append)
    late.learn([stock(1, "META")])
    late.recall([stock(1, "FB")])
    assert len(heard) == 2 and late.former.rows() == ((1, "FB"),)
    again = SymbolIndex()
    again.former.attach(tmp_path)
    again.learn([stock(1, "META")])
    assert [c.con_id for c in again.find("FB")] == [1]


@pytest.mark.parametrize("damage", [b"\xff", b"[]", b'{"x":["A"]}', b'{"1":"A"}', b""])
def test_damaged_names_count_for_nothing(damage: bytes, tmp_path: Path) -> None:
    (tmp_path / "names.json").write_bytes(damage)
    names = FormerNames()
    names.attach(tmp_path)
    assert names.rows() == ()


def test_search_and_api_find_by_the_former_name_and_say_so() -> None:
    rows = ((1, "META", "META", "STK", "NASDAQ", "none"), (2, "FBIN", "FBIN", "STK", "NYSE", "none"))
    section = UniverseSection(symbols=rows, renamed=((1, "FB"),), as_of_wall=1.0, seq=1)
    state = Snapshots(engine=engine_state(None), now=1.0, universe=section)
    found = search.find("fb", section)
    assert [(each.local_symbol, each.note) for each in found] == [
        ("META", "FB before, STK NASDAQ"),
        ("FBIN", "STK NYSE"),
    ]
    known = [Known(*row[:5]) for row in rows]
    assert find("FB", known) == []
    assert [each.con_id for each in once_called("fb", known, state)] == [1]
    page = name_parts(state, "fb")
    assert page["find"]["text"] == "FB is called META now." and list(page["rows:found"]) == ["1"]
    assert name_parts(state, "META")["find"]["go"] == 1
