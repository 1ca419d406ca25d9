"""A symbol renamed under the same con_id, while the engine looks and by night: its new name everywhere."""

from __future__ import annotations

import re

import pytest

from engine.bars.bar_files import list_symbols
from engine.state.commands import FindSymbol, OpenSymbol, PinSymbol
from tests.integration.engine_bench import running_engine, wait_for
from tests.integration.second_gateway import HELD, SecondGateway

MSFT = HELD[0]
NAMED_IN = (7, 10, 20, 61, 79)  # messages that name contracts


def rename(gateway, old="MSFT", new="MSFX"):
    for number in NAMED_IN:
        gateway.rewrite[number] = lambda text: re.sub(rf"\b{old}\b", new, text)
    gateway.long_names[MSFT.con_id] = f"{new} Corporation".encode()


def names(bench):
    """Under which names each section shows the contract."""
    found = {}
    for section, rows in (
        ("positions", bench.read("positions").tradable), ("lines", bench.read("lines").rows),
        ("quotes", bench.read("quotes").quotes), ("symbol", (bench.read(f"symbol:{MSFT.con_id}"),)),
    ):  # fmt: skip
        found[section] = {row.local_symbol for row in rows if row is not None and row.con_id == MSFT.con_id}
    found["universe"] = {row[1] for row in bench.read("universe").symbols if row[0] == MSFT.con_id}
    return found


def ask(bench, request_id, text):
    bench.send(FindSymbol(request_id, text))
    return wait_for(
        lambda: next((a for a in bench.read("answers").answers if a.request_id == request_id), None), "an answer"
    )


def all_called(bench, name):
    sections = names(bench)
    return sections if all(found == {name} for found in sections.values()) else None


@pytest.mark.thorough
def test_a_symbol_is_renamed_while_we_look_and_by_night(tmp_path):
    with SecondGateway() as gateway:
        with running_engine(gateway.port, tmp_path) as bench:
            wait_for(lambda: bench.is_connected, "connected")
            bench.send(PinSymbol("p", MSFT.con_id, True))
            bench.send(OpenSymbol("o", MSFT.con_id, "page"))
            wait_for(lambda: bench.read(f"symbol:{MSFT.con_id}") and all_called(bench, "MSFT"), "MSFT everywhere")
            bars = wait_for(lambda: len(bench.read(f"symbol:{MSFT.con_id}").bars), "its bars")
            rename(gateway)
            gateway.send(f"61|3|{gateway.account}|{MSFT.names}|{MSFT.quantity}|{MSFT.cost}")
            wait_for(lambda: all_called(bench, "MSFX"), lambda: names(bench))
            assert len(bench.read(f"symbol:{MSFT.con_id}").bars) >= bars, "its history stays"
            assert bench.read("lines").by_class["100"] == 3, "and so does its line"
            wait_for(lambda: bench.position("MSFX").name == "MSFX Corporation", "the details anew")
            assert bench.read("universe").renamed == ((MSFT.con_id, "MSFT"),)
            by_old, by_new = ask(bench, "r1", "msft"), ask(bench, "r2", "MSFX")
            assert by_old.text == "MSFT is called MSFX now." and by_new.text == "1 found."
            assert by_old.value == by_new.value == [[MSFT.con_id, "MSFX", "STK", "NASDAQ", True]]
        assert '"MSFX"' in next(tmp_path.glob("*/pins.json")).read_text()
        (stored,) = [s for s in list_symbols(next(tmp_path.glob("*/bars"))) if s.contract.con_id == MSFT.con_id]
        assert stored.contract.local_symbol == "MSFX"
        rename(gateway, new="MSFZ")
        with running_engine(gateway.port, tmp_path) as bench:
            wait_for(lambda: bench.is_connected, "connected")
            bench.send(OpenSymbol("o", MSFT.con_id, "page"))
            wait_for(lambda: bench.read(f"symbol:{MSFT.con_id}") and all_called(bench, "MSFZ"), "its third name")
            assert ask(bench, "r3", "MSFT").text == "MSFT is called MSFZ now."
            assert ask(bench, "r4", "MSFX").text == "MSFX is called MSFZ now."
            assert '"MSFZ"' in next(tmp_path.glob("*/pins.json")).read_text()


def test_a_name_that_nobody_had_is_no_former_one(tmp_path):
    with SecondGateway() as gateway, running_engine(gateway.port, tmp_path) as bench:
        wait_for(lambda: bench.is_connected, "connected")
        for number, text in enumerate(("MSFT", "msft", "MSFT ")):
            assert ask(bench, f"r{number}", text).text == "1 found."
        assert not ask(bench, "r9", "MSFX").ok
