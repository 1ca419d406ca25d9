"""What is saved opens in LibreOffice with the same numbers and no formula: CSV and Excel, headless.

    python start.py test --long exports
Skipped, with a message, where LibreOffice is not installed.
"""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import tempfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from app.exports.cells import Column, Moment, Zone, made
from app.exports.files import file_of
from engine.clock import NEW_YORK
from tests.long.report import finish

NAMES = ("soffice", "libreoffice")
IN_NEW_YORK = Zone(NEW_YORK, "New York time")
AT = 1_762_774_200.0
TEXTS = (
    "=1+1",
    "+1+1",
    "-1-1",
    "@SUM(A1:A2)",
    "\t=1+1",
    " =1+1",
    '=HYPERLINK("http://x","y")',
    "AAPL",
    "Ünïcode, “quoted”",
)
NUMBERS = (1, -2.5, Decimal("1234567.89"), "−1,402.50", "+0.0001", None, 1e9, "▲ 2.1", 0)
CONVERT = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true"  # UTF-8, formulas shown as formulas


def converted(program: str, data: bytes, kind: str, folder: Path) -> list[list[str]]:
    """The cells as LibreOffice has read them."""
    given = folder / f"given.{kind}"
    given.write_bytes(data)
    out = folder / "out"
    command = [program, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", CONVERT]
    if kind == "csv":
        command.append("--infilter=CSV:44,34,76,1,,1033,false,true,false,false,false,0,true")
    subprocess.run([*command, "--outdir", str(out), str(given)], check=True, timeout=180, capture_output=True)
    text = next(out.glob("*.csv")).read_text(encoding="utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def wrong(lines: list[list[str]]) -> list[str]:
    """What differs from what was saved; a calculated formula would show its result."""
    found = []
    for text, number, line in zip(TEXTS, NUMBERS, lines[1:], strict=False):
        if line[0].lstrip("'").strip() != text.strip():
            found.append(f"{text!r} became {line[0]!r}")
        expected = _number(number)
        got = line[1].replace(",", "")
        if (expected is None) != (got == "") or (
            expected is not None and abs(Decimal(got) - expected) > Decimal("1e-9")
        ):
            found.append(f"{number!r} became {line[1]!r}")
        if not line[2].startswith(f"{datetime.fromtimestamp(AT):%Y}"):  # noqa: DTZ006
            found.append(f"the time became {line[2]!r}")
    return found


def _number(value: object) -> Decimal | None:
    if value is None:
        return None
    return Decimal(str(value).replace("−", "-").replace(",", "").lstrip("+▲ "))


def main(arguments: list[str]) -> int:
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        print("LibreOffice is not on this machine: nothing was opened. Skipped.")
        return 0
    columns = (Column("Text"), Column("Number", "number"), Column("When"))
    table = made("Table", columns, [(t, n, Moment(AT)) for t, n in zip(TEXTS, NUMBERS, strict=True)], IN_NEW_YORK)
    found: dict[str, list[str]] = {}
    for kind in ("csv", "xlsx"):
        with tempfile.TemporaryDirectory() as folder:
            found[kind] = wrong(converted(program, file_of(kind, [table], ""), kind, Path(folder)))
        print(f"{kind}: {found[kind] or 'the same'}")
    return finish("exports", not any(found.values()), found, f"{sum(map(len, found.values()))} cells differ")
