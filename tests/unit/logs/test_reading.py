"""The log read back: filtered, page by page, over rotated files, as clean as it is written."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.logs import reading
from engine.logs.reading import LogEntry, LogFiles, Wanted
from engine.logs.routing import route_logs

ALL = Wanted()


def write(folder: Path, name: str, *numbers: int, **more: object) -> None:
    with (folder / name).open("a", encoding="utf-8") as file:
        for n in numbers:
            level = ("INFO", "WARNING", "ERROR")[n % 3]
            line = {"at": float(n), "level": level, "logger": "qtrade.x", "thread": "t", "text": f"line {n}"} | more
            file.write(json.dumps(line) + "\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "qtrade.jsonl.2", *range(0, 10))
    write(tmp_path, "qtrade.jsonl.1", *range(10, 20))
    write(tmp_path, "qtrade.jsonl", *range(20, 30))
    return tmp_path


def pages(files: LogFiles, wanted: Wanted, most: int) -> Iterator[list[float]]:
    before = ""
    while True:
        found = files.page(wanted, before, most)
        yield [entry.at for entry in found.entries]
        if not (before := found.older):
            return


@pytest.mark.parametrize("most", [1, 3, 7, 10, 29, 30, 99])
def test_the_whole_log_comes_newest_first_page_by_page(folder: Path, most: int) -> None:
    found = list(pages(LogFiles(folder), ALL, most))
    assert [at for page in found for at in page] == [float(n) for n in reversed(range(30))]
    assert all(len(page) == most for page in found[:-1])


def test_it_is_filtered_by_level_and_text(folder: Path) -> None:
    files = LogFiles(folder)
    errors = files.page(Wanted(logging.ERROR), most=4)
    assert [entry.at for entry in errors.entries] == [29.0, 26.0, 23.0, 20.0]
    assert [entry.level for entry in files.page(Wanted(logging.WARNING), errors.older, 2).entries] == [
        "WARNING",
        "ERROR",
    ]
    assert [entry.at for entry in files.page(Wanted(text="LINE 17")).entries] == [17.0]
    assert files.page(Wanted(text="nowhere")) == ([], "")


def test_words_are_found_in_what_belongs_to_a_record(folder: Path) -> None:
    write(folder, "qtrade.jsonl", 30, error="KeyError", trace=["File a.py", "  boom()"])
    for words in ("keyerror", "BOOM()", "qtrade.x"):
        assert LogFiles(folder).page(Wanted(text=words)).entries[0].at == 30.0


def test_lines_that_come_and_files_that_are_renamed_move_no_page(folder: Path) -> None:
    files = LogFiles(folder)
    first = files.page(ALL, most=15)
    write(folder, "qtrade.jsonl", 30, 31)
    (folder / "qtrade.jsonl.1").replace(folder / "qtrade.jsonl.2")
    (folder / "qtrade.jsonl").replace(folder / "qtrade.jsonl.1")
    write(folder, "qtrade.jsonl", 32)
    assert [entry.at for entry in files.page(ALL, first.older, 99).entries] == [
        float(n) for n in reversed(range(10, 15))
    ]
    (folder / "qtrade.jsonl.2").unlink()
    assert files.page(ALL, first.older) == ([], ""), "that file is gone"


@pytest.mark.parametrize("before", ["x", "1-", "1-x", "-5", "999999999999-0", "\x00"])
def test_a_place_that_is_none_finds_nothing(folder: Path, before: str) -> None:
    assert LogFiles(folder).page(ALL, before) == ([], "")


def test_what_is_no_record_is_passed_over(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_BLOCK", 64)
    with (folder / "qtrade.jsonl").open("ab") as file:
        file.write(b"no json\n\n[1]\n\xff\xfe\n" + b'{"at": 30.0, "level": "INFO", "logger": "x", "text": "wh')
    assert [entry.at for entry in LogFiles(folder).page(ALL, most=2).entries] == [29.0, 28.0]


def test_what_an_earlier_build_wrote_leaves_clean(tmp_path: Path) -> None:
    write(tmp_path, "qtrade.jsonl", 1, text="DU1234567 \x1b]0;owned\x07", trace=["\tDU1234567"])
    (entry,) = LogFiles(tmp_path).page(ALL).entries
    assert (entry.text, entry.trace) == ("DU***567 \\x1b]0;owned\\x07", ["\tDU***567"])
    assert b"1234567" not in b"".join(LogFiles(tmp_path).lines(ALL))


def test_to_be_kept_it_comes_oldest_first(folder: Path) -> None:
    lines = list(LogFiles(folder).lines(Wanted(logging.WARNING)))
    assert [json.loads(line)["at"] for line in lines] == [float(n) for n in range(30) if n % 3]


def test_it_reads_what_the_log_writes(tmp_path: Path) -> None:
    routing = route_logs(tmp_path, console=io.StringIO())
    try:
        logging.getLogger("qtrade.a").info("first")
        try:
            json.loads("x")
        except ValueError:
            logging.getLogger("qtrade.b").exception("second")
    finally:
        routing.close()
    second, first = LogFiles(tmp_path).page(ALL).entries
    assert (first.logger, first.level, first.text, first.trace) == ("qtrade.a", "INFO", "first", [])
    assert (second.error, second.level) == ("JSONDecodeError", "ERROR") and "json.loads" in " ".join(second.trace)


def test_without_files_there_is_nothing(tmp_path: Path) -> None:
    for files in (LogFiles(), LogFiles(tmp_path), LogFiles(tmp_path / "missing")):
        assert files.page(ALL) == ([], "") and list(files.lines(ALL)) == []


@pytest.mark.skipif(os.name != "posix", reason="links as POSIX has them")
def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    write(tmp_path, "elsewhere", 1)
    (tmp_path / "logs" / "qtrade.jsonl").symlink_to(tmp_path / "elsewhere")
    assert LogFiles(tmp_path / "logs").page(ALL) == ([], "")


def test_an_entry_is_json_without_what_is_empty() -> None:
    assert json.loads(reading.to_json(LogEntry(1.0, "INFO", "x", "words"))) == {
        "at": 1.0, "level": "INFO", "logger": "x", "text": "words",
    }  # fmt: skip
