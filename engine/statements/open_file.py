"""Which kind of statement a file is, by its first bytes; what is none is refused by its name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from engine.errors import StatementError
from engine.statements.activity_csv import read_activity_csv
from engine.statements.flex_csv import ACCOUNT_HEADING, read_flex_csv
from engine.statements.flex_xml import read_flex_xml
from engine.statements.raw import MOST_BYTES, RawFile, Tick, no_tick

_LOOK_BYTES = 64 * 1024
_ACTIVITY = re.compile(r'^"?[^",;\t]{2,60}"?[,;\t]"?Header"?[,;\t]', re.MULTILINE)
_FLEX_CSV = re.compile(rf'^"?(?:BOF|{ACCOUNT_HEADING}|MSG|HEADER)"?[,;|\t]', re.MULTILINE)
_TRADE_LOG = re.compile(r"^(?:ACCOUNT_INFORMATION|ACT_INF\||STOCK_TRANSACTIONS|STK_TRD\|)", re.MULTILINE)
_TWS_EXPORT = ("Fin Instrument", "Financial Instrument,Action", "Contract Description", "Exch. Order ID")
_BY_BYTES = (
    (b"PK\x03\x04", "is packed (zip, or an Excel workbook). Unpack it, and import what is in it: XML or CSV."),
    (b"\x1f\x8b", "is packed (gzip). Unpack it first."),
    (b"%PDF", "is a PDF. Download the same statement as CSV, or make a Flex Query (XML)."),
    (b"\xd0\xcf\x11\xe0", "is an Excel workbook. Download the statement as CSV, or make a Flex Query (XML)."),
)
TAKEN = "QTrade reads Flex Query statements (XML or CSV) and the Activity Statement as CSV in English or German."


def read_statement(path: Path, tick: Tick = no_tick) -> RawFile:
    """All rows of a statement file.

    Raises:
        StatementError: it is none, with what it is instead.
        OSError: it can't be read.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise StatementError(
            f"The file has {size / 2**20:,.0f} MB; at most {MOST_BYTES // 2**20} MB are read. Take a shorter period."
        )
    with path.open("rb") as stream:
        start = stream.read(_LOOK_BYTES)
    if not start.strip():
        raise StatementError("The file is empty.")
    for mark, words in _BY_BYTES:
        if start.startswith(mark):
            raise StatementError(f"The file {words}")
    text = start.decode("utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "replace").lstrip()
    return _reader_of(text)(path, tick)


def _reader_of(text: str) -> Callable[[Path, Tick], RawFile]:
    """By the beginning of the file. Raises StatementError."""
    if text.startswith("<"):
        if re.match(r"<(?:!doctype )?html", text, re.IGNORECASE):
            raise StatementError(f"The file is a web page. {TAKEN}")
        return read_flex_xml
    if _TRADE_LOG.search(text):
        raise StatementError(f"The file is a trade log for other programs (TradeLog format). {TAKEN}")
    first = text.splitlines()[0]
    if any(words in first for words in _TWS_EXPORT):
        raise StatementError(
            f"The file is an export of TWS' Trade Log, which has neither execution ids nor years in it. {TAKEN}"
        )
    if _FLEX_CSV.search(text):
        return read_flex_csv
    if _ACTIVITY.search(text):
        return read_activity_csv
    raise StatementError(f"The file is no statement that is known here; it begins with {first[:80]!r}. {TAKEN}")
