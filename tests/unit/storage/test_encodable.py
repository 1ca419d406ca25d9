"""Texts that no encoder takes: shown with their bytes, found again, and never in the way of the others."""

from __future__ import annotations

import io
import json
import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bars.archive import BarArchive, Saved
from engine.bars.bar_files import BarColumns, StoredSession, list_symbols
from engine.domain import ContractRef
from engine.kernel.login import remember_accounts, remembered_accounts
from engine.lab.messages import AskDays, framed, to_lab
from engine.lines.watch import SymbolWatch
from engine.logs.routing import recent_lines, route_logs
from engine.settings.saved import load_saved
from engine.settings.sources import from_yaml
from engine.state.envelope import unwrap, wrap
from engine.state.sections import SettingsSection
from engine.storage.encodable import encodable, path_of, plain_value, printable, to_json, to_page_json

ANY_TEXT = st.text(st.characters(exclude_categories=[]))
VALUES = st.recursive(
    ANY_TEXT | st.floats() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner), max_leaves=8
)
RAW = "caf\udce9 d\udcffta"  # b"caf\xe9 d\xffta" as Python has it


def test_raw_bytes_are_shown_and_halves_of_signs_replaced() -> None:
    assert encodable(RAW) == "caf\\xe9 d\\xffta"
    assert encodable("a\ud83dz") == "a\ufffdz"
    assert encodable("Æ 漢字 🙂 /tmp") == "Æ 漢字 🙂 /tmp"


@given(ANY_TEXT)
def test_whatever_comes_can_be_encoded_and_only_what_could_not_is_changed(text: str) -> None:
    shown = encodable(text)
    shown.encode()
    try:
        text.encode()
    except UnicodeEncodeError:
        assert shown != text
    else:
        assert shown == text


@given(VALUES)
def test_any_value_becomes_json(value: object) -> None:
    json.loads(to_json(value))
    json.dumps(plain_value(value), ensure_ascii=False).encode()


def a_folder(tmp_path: Path) -> Path:
    folder = tmp_path / RAW
    try:
        folder.mkdir()
    except (OSError, UnicodeError):
        pytest.skip("this file system takes no such names")
    return folder


def test_a_path_that_was_shown_is_found_again(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    shown = encodable(str(folder))
    shown.encode()
    assert path_of(shown) == folder
    plain = tmp_path / "caf\\xe9 d\\xffta"
    plain.mkdir()
    assert path_of(shown) == plain, "what is really called so goes first"
    assert path_of(str(tmp_path / "nothing\\xe9")) == tmp_path / "nothing\\xe9"
    assert path_of("\\xe9" * 5_000) == Path("\\xe9" * 5_000)
    assert path_of("\\xe9\0") == Path("\\xe9\0")


def test_a_section_with_such_a_text_is_stored() -> None:
    section = SettingsSection(rows=(), changes=(), sets=(), shadow="", folder=RAW, as_of_wall=1.0, seq=1)
    stored = msgspec.json.encode(wrap(section))
    again = unwrap("settings", stored)
    assert isinstance(again, SettingsSection) and again.folder == "caf\\xe9 d\\xffta"


def test_a_message_to_the_lab_arrives() -> None:
    message = to_lab.decode(framed(AskDays(1, "csv", RAW))[4:])
    assert isinstance(message, AskDays) and message.folder == "caf\\xe9 d\\xffta"


def test_a_log_line_with_such_a_name_can_be_shown_and_is_in_the_file(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    console = io.StringIO()
    routing = route_logs(folder, console=console)
    try:
        logging.getLogger("qtrade.test").info("Data folder: %s", folder)
        line = recent_lines(1)[0].text
    finally:
        routing.close()
    assert "caf\\xe9 d\\xffta" in line
    line.encode()
    console.getvalue().encode("ascii")
    assert "caf\\xe9 d\\xffta" in (folder / "qtrade.log").read_text(encoding="utf-8")


def test_a_contract_with_half_a_sign_keeps_neither_bars_nor_pins_from_disk(tmp_path: Path) -> None:
    odd, good = (ContractRef(n, f"S{n}", name, "STK", "SMART") for n, name in ((1, "A\ud83dB"), (2, "GOOD")))
    archive = BarArchive(tmp_path / "bars", 0.0)
    archive.save([Saved(odd, (), [[1.0, 2.0]], ()), Saved(good, (), [[1.0, 2.0]], ())], 3.0)
    assert set(archive.spans()) == {1, 2}
    archive.close()
    watch = SymbolWatch()
    watch.attach(tmp_path)
    watch.pin(odd, True)
    watch.pin(good, True)
    again = SymbolWatch()
    again.attach(tmp_path)
    assert again.pinned_ids() == [1, 2] and again.contract(1).local_symbol == "A\ufffdB"


@pytest.mark.parametrize(
    "damage", [b'{"paper":"DU\xff"}', b"\xff\xfe", b'{"paper":"\\ud800"}', b"", b"[1]", b'{"paper"']
)
def test_a_note_in_any_bytes_does_not_keep_the_program_from_starting(damage: bytes, tmp_path: Path) -> None:
    (tmp_path / "accounts.json").write_bytes(damage)
    (tmp_path / "pins.json").write_bytes(damage)
    assert remembered_accounts(tmp_path, "paper") == ()
    remember_accounts(tmp_path, "paper", ["DU7654321"])
    assert remembered_accounts(tmp_path, "paper") == ("DU7654321",)
    watch = SymbolWatch()
    watch.attach(tmp_path)
    assert watch.pinned_ids() == []


def test_one_bad_pin_loses_that_pin_and_a_bad_file_is_kept_aside(tmp_path: Path) -> None:
    good = msgspec.json.encode(ContractRef(7, "ACME", "ACME", "STK", "SMART"))
    (tmp_path / "pins.json").write_bytes(b'[{"con_id":"x"},' + good + b",null]")
    watch = SymbolWatch()
    watch.attach(tmp_path)
    assert watch.pinned_ids() == [7]
    (tmp_path / "pins.json").write_bytes(b"\xff\xfe" + good)
    watch = SymbolWatch()
    watch.attach(tmp_path)
    watch.pin(ContractRef(8, "OTHER", "OTHER", "STK", "SMART"), True)
    aside = [each.read_bytes() for each in tmp_path.glob("pins.json.bad-*")]
    assert len(aside) == 2 and b"\xff\xfe" + good in aside, "each is kept"


def test_one_damaged_contract_hides_no_other_bars(tmp_path: Path) -> None:
    archive = BarArchive(tmp_path, 0.0)
    bars = BarColumns(*(np.array([60.0]) for _ in range(7)))
    for con_id in (1, 2):
        contract = ContractRef(con_id, f"S{con_id}", f"S{con_id}", "STK", "SMART")
        archive.save([Saved(contract, (StoredSession(20251105, None, None, bars),), [[1.0, 2.0]], ())], 3.0)
    archive.close()
    with closing(sqlite3.connect(tmp_path / "bars.sqlite3")) as db, db:
        db.execute("UPDATE symbols SET contract = ? WHERE con_id = 1", (b'{"con_id":1,"symbol":"\xff"}',))
    assert [stored.con_id for stored in list_symbols(tmp_path)] == [2]


def test_settings_with_half_a_sign_are_read(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"format": 1, "values": {"sets.shadow": "A\\ud83dB"}}')
    saved = load_saved(tmp_path / "settings.json")
    assert saved.values == {"sets.shadow": "A\ufffdB"} and not saved.notes
    (tmp_path / "config.yaml").write_text('sets:\n  shadow: "A\\ud83dB"\n')
    assert from_yaml(tmp_path / "config.yaml").values == {"sets.shadow": "A\ufffdB"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 日本 😀", "plain é 日本 😀"),
        ("a\x1b]0;x\x07", "a\\x1b]0;x\\x07"),
        ("\x9b2J\x7f\x85", "\\x9b2J\\x7f\\x85"),
        ("a\nb\r", "a\\x0ab\\x0d"),
        ("\u202eabc\u2066\u200f\u2028", "\\u202eabc\\u2066\\u200f\\u2028"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_steers_a_terminal_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert to_page_json({"a": [text]}) == to_json({"a": [printable(text, keep="\n\t\r")]})


@given(st.text())
def test_nothing_printed_is_invisible(text: str) -> None:
    assert not set(printable(text)) & {*map(chr, range(32)), *map(chr, range(127, 160)), "\u202e", "\u2028", "\u200b"}
    assert printable(printable(text)) == printable(text)
