"""What Python and the browser's code must answer alike, as `cases.json`: node's tests read it, Python's make it.

python -m tests.browser_code.cases          writes it anew
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from app import format as fmt
from app.feed import BY_FIELD, View, diff

CASES_FILE: Final = Path(__file__).with_name("cases.json")

FORMATS: Final[tuple[tuple[Any, tuple[Any, ...], str], ...]] = (
    (fmt.number, (184311.456, 2), "184,311.46"),
    (fmt.number, (-0.001, 2), "0.00"),
    (fmt.number, (None, 2), "–"),
    (fmt.number, (1.005, 2), "1.01"),
    (fmt.signed, (-2624.52, 2), "−2,624.52"),
    (fmt.signed, (240.0, 2), "+240.00"),
    (fmt.signed, (0.0, 2), "0.00"),
    (fmt.percent, (-1.4, 2), "−1.40 %"),
    (fmt.share, (83.24, 1), "83.2 %"),
    (fmt.times, (3.84, 1), "3.8×"),
    (fmt.arrow, (-0.001, 2), ""),
    (fmt.arrow, (-0.4, 2), "▼"),
    (fmt.quantity, (100.0,), "100"),
    (fmt.quantity, (0.125,), "0.125"),
    (fmt.quantity, (0.12345678,), "0.12345678"),
    (fmt.quantity, (1_250_000.0,), "1,250,000"),
    (fmt.quantity, (-12_500_000.5,), "−12,500,000.5"),
    (fmt.quantity, (1e-8,), "0.00000001"),
    (fmt.age, (0.41,), "0.4 s"),
    (fmt.age, (-3.0,), "0.0 s"),
    (fmt.age, (348.2,), "5 min 48 s"),
    (fmt.age, (7500.0,), "2 h 05 min"),
    (fmt.age, (273600.0,), "3 d 4 h"),
    (fmt.held, (131.9,), "2:11"),
    (fmt.held, (9026.0,), "2:30:26"),
    (fmt.held, (1_814_340.0,), "20 d 23 h"),
    (fmt.named, ("AAPL  251219C00300000", 2025), "AAPL 300 C 19 Dec"),
    (fmt.named, ("F     260109P00012500", 2025), "F 12.5 P 9 Jan 26"),
    (fmt.named, ("GOOGL1251219C00005125", 2025), "GOOGL1 5.125 C 19 Dec"),
    (fmt.named, ("E2AX5 C6900", 2025), "E2AX5 C6900"),
    (fmt.named, ("TSLA", 2025), "TSLA"),
)

ROW: Final = {"last": 1.5, "chg": -0.2, "why": ["a", "b"]}
VIEWS: Final[tuple[tuple[str, View, View], ...]] = (
    ("nothing changed", {"strip": {"a": 1}}, {"strip": {"a": 1}}),
    ("a value is replaced whole", {"strip": {"a": {"x": 1, "y": 2}}}, {"strip": {"a": {"x": 1}}}),
    ("zero is not false", {"strip": {"a": 0}}, {"strip": {"a": False}}),
    ("a row changes by field", {"grid:p": {"7": ROW, "8": ROW}}, {"grid:p": {"7": {**ROW, "last": 2.0}, "8": ROW}}),
    ("a field that left is missing", {"rows:p": {"7": ROW}}, {"rows:p": {"7": {"last": 1.5, "why": ["a"]}}}),
    ("rows come and go", {"rows:p": {"7": ROW, "8": ROW}}, {"rows:p": {"8": ROW, "9": {"last": 3.0}}}),
    ("the last row goes, the part stays", {"rows:p": {"7": ROW}}, {"rows:p": {}}),
    ("a key goes", {"strip": {"a": 1, "b": None}}, {"strip": {"a": 1}}),
    ("points are added", {"tail:t": {"1": 1.0}}, {"tail:t": {"1": 1.0, "2": None, "3": 3.0}}),
    ("a part is dropped, another comes", {"heat:a": {"x": [1]}, "strip": {}}, {"heat:b": {"x": [2]}, "strip": {}}),
)


def _seen(before: View, after: View) -> View:
    """`after` as the browser holds it: a field that left its row is there, and missing."""
    view = {part: dict(values) for part, values in after.items()}
    for part in (part for part in view if part.startswith(BY_FIELD)):
        for key, row in view[part].items():
            view[part][key] = dict.fromkeys(before.get(part, {}).get(key, {})) | row
    return view


def cases() -> dict[str, Any]:
    """The table of all cases, as JSON may hold it."""
    return {
        "formats": [[function.__name__, list(arguments), text] for function, arguments, text in FORMATS],
        "deltas": [
            {"name": name, "before": before, "after": _seen(before, after), "delta": diff(before, after)}
            for name, before, after in VIEWS
        ],
    }


def cases_text() -> str:
    return json.dumps(cases(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    CASES_FILE.write_text(cases_text(), encoding="utf-8", newline="\n")
