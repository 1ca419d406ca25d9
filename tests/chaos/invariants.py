"""What must hold whatever is planted: by the gateway's ledger, the engine's own words, its rows and its files."""

from __future__ import annotations

import math
import re
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

# What the engine may say at ERROR level of things that were planted: they are its job to say.
EXPECTED = (
    "planted", "TWS", "IB", "onnect", "Can't", "can't be", "damaged", "No quotes come", "no price since", "The part",
    "A part of the engine", "A step of the thread", "The engine ended by itself", "The engine thread ended",
    "History", "No market-data line free", "More positions than lines", "A task of the connection failed",
    "Too many", "Error ", "was moved", "set aside", "lost", "Another session", "Unknown contract", "writing to",
)  # fmt: skip
OF_LIBRARIES = ("ib_insync", "eventkit", "asyncio", "ib_async")
# Of these nothing is excused by the words around it: only a mistake in our own code raises them.
_MISTAKE = re.compile(
    r"\[(Attribute|Type|Name|UnboundLocal|Index|ZeroDivision|Assertion|Recursion|NotImplemented)Error\("
)


def of_ledgers(ledgers: Iterable[Mapping[str, Any]], limit: int, buffer: int, *, limit_lowered: bool) -> list[str]:
    """The account's own counts, of every gateway of the sequence."""
    broken = []
    for ledger in ledgers:
        rules = {
            "max_lines": ledger["max_lines"] <= limit,
            "max_non_position_lines": ledger["max_non_position_lines"] <= limit - buffer,
            "duplicate_lines": not ledger["duplicate_lines"],
            "position_lines_cancelled": not ledger["position_lines_cancelled"],
            "order_messages": not ledger["order_messages"],
            "parse_errors": not ledger["parse_errors"],
            "worst_second": ledger["worst_second"] <= 45,
            "pacing_violations": not ledger["pacing_violations"],
            "errors of code 101": limit_lowered or not ledger["errors"].get("101"),
            "errors of code 100": not ledger["errors"].get("100"),
            "max_scanner_slots": ledger["max_scanner_slots"] <= 10,
        }
        broken += [f"ledger: {name} is {ledger.get(name, 'above 0')}" for name, holds in rules.items() if not holds]
        if ledger["position_lines_cancelled"]:
            broken.append(f"ledger: position cancels {ledger['position_cancels'][:3]}")
        if ledger["duplicate_lines"]:
            broken.append(f"ledger: duplicates {ledger['duplicates'][:3]}")
    return broken


def of_lines(said: Iterable[Mapping[str, Any]], limit: int) -> list[str]:
    """What /api/v1/status says of the lines at each sample; the ledger judges which of them are positions'."""
    worst = max((each["used"] for each in said), default=0)
    return [f"the engine counts {worst} lines of {limit}"] if worst > limit else []


def of_rows(said: Sequence[tuple[float, Sequence[Mapping[str, Any]]]]) -> list[str]:
    """Prices and P&L of positions at each sample: finite, of a sane size, of an age."""
    broken: dict[str, str] = {}
    for t, rows in said:
        for row in rows:
            name = row["local_symbol"]
            for field in ("last", "mark"):
                value = row[field]
                if value is not None and not 0 < value < 1e6:
                    broken.setdefault(f"{name} {field}", f"at {t:.1f} s {name} shows {field} {value}")
            for field in ("last_age_s", "mark_age_s"):
                age = row[field]
                if age is not None and not (math.isfinite(age) and age >= 0.0):
                    broken.setdefault(f"{name} {field}", f"at {t:.1f} s {name} says {field} {age}")
            pnl = row["unrealized_pnl"]
            if pnl is not None and abs(pnl) > 1e6:
                broken.setdefault(f"{name} pnl", f"at {t:.1f} s {name} shows a P&L of {pnl}")
    return list(broken.values())


def of_log(lines: Iterable[str]) -> list[str]:
    """ERROR lines that nothing planted explains; libraries may name no exception of ours."""
    counted = Counter(line for line in lines if not _is_expected(line))
    return [f"logged {count}x: {line[:300]}" for line, count in counted.most_common(5)]


def _is_expected(line: str) -> bool:
    logger, _, said = line.partition(":")
    if logger.partition(".")[0] in OF_LIBRARIES:
        return "planted" in line or "error" not in line.lower() or "Error 1" in line or "Error 2" in line
    if _MISTAKE.search(said) and "planted" not in said:
        return False
    return any(words in said for words in EXPECTED)


def of_section(name: str, section: object) -> str:
    """The first number in it that is NaN or infinite, by its place; "" = none. JSON would make it null."""
    try:
        return _not_finite(name, msgspec.to_builtins(section, str_keys=True))
    except TypeError as error:
        return f"{name} is not plain: {error}"


def _not_finite(place: str, value: object) -> str:
    if isinstance(value, float):
        return "" if math.isfinite(value) else f"{place} is {value}"
    inside: Iterable[tuple[object, object]] = ()
    if isinstance(value, Mapping):
        inside = value.items()
    elif isinstance(value, list | tuple):
        inside = enumerate(value)
    return next((found for key, each in inside if (found := _not_finite(f"{place}.{key}", each))), "")


def of_journal(folder: Path, acknowledged: Collection[float]) -> list[str]:
    """Every P&L point that was on disk is there, none twice. A journal that is not there was never written."""
    broken, kept = [], set[float]()
    for file in folder.rglob("journal.sqlite3"):
        if not file.is_file() or not file.stat().st_size:
            continue
        try:
            connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        except sqlite3.Error as error:
            broken.append(f"{file.name} can't be opened: {error}")
            continue
        try:
            (checked,) = connection.execute("PRAGMA quick_check").fetchone()
            twice = connection.execute(
                "SELECT account, t, COUNT(*) FROM pnl_points GROUP BY account, mode, t HAVING COUNT(*) > 1"
            ).fetchall()
            kept |= {t for (t,) in connection.execute("SELECT t FROM pnl_points")}
            if checked != "ok":
                broken.append(f"{file.name}: {checked}")
            if twice:
                broken.append(f"{file.name}: {len(twice)} points twice")
        except sqlite3.Error as error:
            broken.append(f"{file.name}: {error}")
        finally:
            connection.close()
    if lost := set(acknowledged) - kept:
        broken.append(f"{len(lost)} of {len(acknowledged)} P&L points are lost that were on disk")
    return broken
