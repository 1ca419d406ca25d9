"""Where log records go: one plain line on the console, everything in the file, account ids nowhere."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.logs import routing as logs
from engine.logs.folding import SHOWN_OF_ONE_ERROR, SHOWN_OF_ONE_PLACE, RepeatFolder
from engine.logs.redaction import redact

A_SECOND = 100  # failures; a real storm has thousands


class Place:
    """A console and a log file of their own."""

    def __init__(self, folder: Path) -> None:
        self.console = io.StringIO()
        self.now = 0.0
        self.routing = logs.route_logs(folder, "INFO", console=self.console, clock_mono=lambda: self.now)

    def lines(self) -> list[str]:
        return self.console.getvalue().splitlines()

    def file(self) -> str:
        assert self.routing.file is not None
        return self.routing.file.read_text(encoding="utf-8")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "logs")
    yield made
    made.routing.close()


def test_one_plain_line_a_record(place: Place) -> None:
    logging.getLogger("qtrade.lines").info("Subscribed LIVE %s (priority=100) – ok\nsecond line", "TSLA")
    (line,) = place.lines()
    assert line[9:] == "INFO    Subscribed LIVE TSLA (priority=100) - ok second line"
    assert line.isascii()
    assert "TSLA (priority=100) – ok" in place.file(), "the file is UTF-8"


def test_a_traceback_is_in_the_file_only(place: Place) -> None:
    try:
        raise ValueError("bad tick")
    except ValueError:
        logging.getLogger("ib_insync.wrapper").exception("handler failed")
    (line,) = place.lines()
    assert line.endswith("handler failed: ValueError: bad tick (details in the log file)")
    assert "Traceback (most recent call last)" in place.file()


def test_repeats_are_folded_on_the_console_not_in_the_file(place: Place) -> None:
    log = logging.getLogger("ib_insync.decoder")
    for req_id in range(50):
        log.error("unknown reqId %d", req_id)
    assert len(place.lines()) == 1
    assert place.file().count("unknown reqId") == 50
    place.now = 61.0
    log.error("unknown reqId 99")
    assert place.lines()[1].endswith("(49 more like this)")


def test_a_storm_of_failures_is_folded_in_the_file_and_on_the_page_but_counted(place: Place) -> None:
    log, counted = logging.getLogger("eventkit"), logs.error_counts().get("eventkit", 0)

    def fail_for(seconds: int) -> None:
        for number in range(seconds * A_SECOND):  # as of a client library: the value that it had is in the text
            place.now += 1 / A_SECOND
            try:
                raise ValueError(f"planted {number}")
            except ValueError:
                log.exception("Value %s caused exception", [number] * 100)

    fail_for(25)
    assert place.file().count("Traceback") == SHOWN_OF_ONE_ERROR
    assert len(place.file()) < 20_000
    assert logs.error_counts()["eventkit"] == counted + 25 * A_SECOND
    place.now += 61.0
    fail_for(1)
    assert f"({25 * A_SECOND - SHOWN_OF_ONE_ERROR} more like this)" in place.file()
    shown = [line for line in logs.recent_lines() if line.logger == "eventkit"]
    assert 0 < len(shown) < 20


def test_another_error_of_the_same_place_is_no_repeat(place: Place) -> None:
    log = logging.getLogger("eventkit")
    for error in [ValueError("a"), KeyError("b")] * 10:
        log.error("failed", exc_info=error)
    assert place.file().count("ValueError: a") == place.file().count("KeyError: 'b'") == SHOWN_OF_ONE_ERROR


def test_warnings_of_one_place_are_limited_and_what_is_no_fault_is_not(place: Place) -> None:
    log = logging.getLogger("qtrade.lines")
    for number in range(1_000):
        log.warning("Cannot subscribe to SYM%d", number)
        log.info("Subscribed LIVE SYM%d", number)
    assert place.file().count("Cannot subscribe") == SHOWN_OF_ONE_PLACE
    assert place.file().count("Subscribed LIVE") == 1_000


def test_our_own_lines_differ_by_their_numbers(place: Place) -> None:
    for count in (3, 4):
        logging.getLogger("qtrade.portfolio").info("Tracking %d tradable positions", count)
    assert len(place.lines()) == 2


def test_libraries_speak_from_warning_on(place: Place) -> None:
    logging.getLogger("ib_insync.client").info("Connected")
    logging.getLogger("ib_insync.client").warning("Peer closed")
    assert [line[9:] for line in place.lines()] == ["WARNING Peer closed"]


def test_a_request_that_waits_for_a_thread_is_no_news_and_a_long_queue_is(place: Place) -> None:
    for depth in (1, 5, logs.LONG_QUEUE):
        logging.getLogger("waitress.queue").warning("Task queue depth is %d", depth)
    assert [line[9:] for line in place.lines()] == [f"WARNING Task queue depth is {logs.LONG_QUEUE}"]


def test_what_nobody_catches_is_one_line(place: Place) -> None:
    def fail() -> None:
        raise RuntimeError("in a thread")

    thread = threading.Thread(target=fail, name="worker")
    thread.start()
    thread.join()
    sys.excepthook(OSError, OSError("in main"), None)
    loop = asyncio.new_event_loop()
    logs.on_loop_exception(loop, {"message": "Task exception was never retrieved", "exception": KeyError("x")})
    loop.close()
    shown = "\n".join(place.lines())
    assert "thread worker died: RuntimeError: in a thread" in shown
    assert "unexpected error: OSError: in main" in shown
    assert "Task exception was never retrieved: KeyError: 'x'" in shown
    assert "Traceback" not in shown


def test_python_warnings_go_to_the_file_only(place: Place) -> None:
    logging.getLogger("py.warnings").warning("x.py:1: DeprecationWarning: old")
    assert place.lines() == []
    assert "DeprecationWarning" in place.file()


def test_account_ids_are_nowhere_whole(place: Place) -> None:
    try:
        raise ValueError("account U7654321 refused")
    except ValueError:
        logging.getLogger("ib_insync.ib").exception("Position(account='DU1234567')")
    assert "DU1234567" not in place.file() + "".join(place.lines())
    assert "7654321" not in place.file() + "".join(place.lines())
    assert "DU***567" in place.file()
    assert "DU***567" in logs.recent_lines()[-1].text


FORGED = "gone\n2026-01-01T00:00:00.000Z ERROR qtrade.app [M] forged\r\x1b]0;owned\x07\x9b2J\u202eesrever\u2028x\x85y"


@pytest.mark.parametrize("as_error", [False, True])
def test_no_text_makes_a_line_of_its_own_or_steers_a_terminal(as_error: bool, place: Place) -> None:
    log = logging.getLogger("ib_insync.wrapper")
    try:
        raise ValueError(FORGED)
    except ValueError:
        log.error("Error %s", FORGED, exc_info=as_error)
    begins = [line for line in place.file().splitlines() if line[:4].isdigit()]
    assert len(begins) == 1 and "Error gone" in begins[0]
    assert len(place.lines()) == 1
    for text in (
        place.file().replace("\n", ""),
        place.console.getvalue().replace("\n", ""),
        logs.recent_lines(1)[0].text,
    ):
        assert text.isprintable(), "each such sign is written out"
        assert "x1b]0;owned" in text and "u202e" in text


def test_programs_read_the_same_as_json(place: Place) -> None:
    try:
        raise ValueError(f"account DU1234567 {FORGED}")
    except ValueError:
        logging.getLogger("qtrade.test").exception("Failed for %s", "U7654321")
    logging.getLogger("qtrade.test").info("and on")
    file = place.routing.file
    assert file is not None
    first, second = map(json.loads, (file.parent / "qtrade.jsonl").read_text(encoding="utf-8").splitlines())
    assert (first["level"], first["logger"], first["text"]) == ("ERROR", "qtrade.test", "Failed for U***321")
    assert first["error"] == "ValueError" and "DU***567" in str(first["trace"]) and "1234567" not in str(first)
    assert (second["text"], "error" in second) == ("and on", False)


def test_a_record_is_never_larger_than_a_page(place: Place) -> None:
    try:
        raise ValueError("v" * 1_000_000)
    except ValueError:
        logging.getLogger("app").exception("m" * 1_000_000)
    assert len(place.file()) < 10_000
    assert len(place.console.getvalue()) < 3_000


def test_the_ring_and_the_error_counts(place: Place) -> None:
    before = logs.error_counts().get("qtrade.test", 0)
    for index in range(600):
        logging.getLogger("qtrade.test").info("line %d", index)
    logging.getLogger("qtrade.test").error("broken")
    lines = logs.recent_lines(1000)
    assert len(lines) == logs.RING_LINES
    assert (lines[-1].text, lines[-1].level) == ("broken", "ERROR")
    assert logs.recent_lines(2)[0].text == "line 599"
    assert logs.error_counts()["qtrade.test"] == before + 1


def test_a_console_that_is_gone_stops_nothing(place: Place) -> None:
    place.console.close()
    logging.getLogger("qtrade.test").warning("still in the file")
    assert "still in the file" in place.file()


def test_a_full_disk_stops_nothing(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    handler = next(h for h in logging.getLogger().handlers if isinstance(h, logs._File))
    handler.stream = Full()  # type: ignore[assignment]
    logging.getLogger("qtrade.test").warning("lost in the file")
    assert place.lines()[-1].endswith("lost in the file")
    assert capsys.readouterr().err == ""
    handler.stream = None


def test_closing_puts_everything_back(tmp_path: Path) -> None:
    before = (sys.excepthook, threading.excepthook, sys.unraisablehook, list(logging.getLogger().handlers))
    Place(tmp_path).routing.close()
    assert (sys.excepthook, threading.excepthook, sys.unraisablehook, list(logging.getLogger().handlers)) == before


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("DU1234567", "DU***567"),
        ("account U1234567, F7654321.", "account U***567, F***321."),
        ("DUH1234567", "DUH***567"),
        ("TSLA 250 NQZ5 U3 QU2025 reqId=1234567 D20251105x", "TSLA 250 NQZ5 U3 QU2025 reqId=1234567 D20251105x"),
        ("6\x002\x00NetLiquidation\x00DU9876543\x00", "6\x002\x00NetLiquidation\x00DU***543\x00"),
        ("accountDU9876543 DU9876543C account_U9876543_x", "accountDU***543 DU***543C account_U***543_x"),
        ("du9876543 accountdu9876543 u9876543", "du***543 accountdu***543 u***543"),
        (repr(["\nDU9876543\t", "DF9876543"]), repr(["\nDU***543\t", "DF***543"])),
        ("/state/paper-DU9876543/state", "/state/paper-DU***543/state"),
        ("build 3f12345678d1234567 2025U", "build 3f12345678d1234567 2025U"),
    ],
)
def test_redaction(text: str, shown: str) -> None:
    assert redact(text) == shown


@given(st.text(), st.sampled_from(["U", "DU", "DF", "F", "I"]), st.integers(10_000, 99_999_999))
def test_an_account_id_never_survives(around: str, prefix: str, number: int) -> None:
    assert f"{prefix}{number}" not in redact(f"{around} {prefix}{number} {around}").replace(around, "")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 30)), max_size=60))
def test_every_repeat_is_shown_or_counted(steps: list[tuple[str, float]]) -> None:
    folder, now, shown, counted = RepeatFolder(), 0.0, 0, 0
    for key, wait_s in [*steps, *((key, 1000.0) for key in "abc")]:
        now += wait_s
        folded = folder.admit(key, now)
        shown += folded is not None
        counted += folded or 0
    assert shown + counted == len(steps) + 3


def test_the_folder_stays_small() -> None:
    folder = RepeatFolder()
    for index in range(10_000):
        assert folder.admit(str(index), 0.0) == 0
    assert len(folder._seen) <= 256
