"""What the Lab page's form may ask: which thresholds can vary, the values they take, the command of a request. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from app.rows.thresholds import BREAKOUT_KEYS, describe, shown
from engine.errors import LabError
from engine.state.commands import RunLab
from engine.state.lab_sections import MOST_RANGES, MOST_SETS, MOST_VALUES, Range

MOST_TEXT = 250
FIRST_RANGES = {"bars_n": (10.0, 55.0, 10), "buffer_atr": (0.0, 0.9, 10)}  # varied when the page is opened


class Vary(NamedTuple):
    """A threshold that can vary: bounds from its model, and what the form suggests."""

    name: str
    label: str
    unit: str
    low: float
    high: float
    whole: bool
    options: tuple[float, ...]  # of a choice; () = any number between the bounds
    start: float
    end: float
    steps: int
    is_on: bool


def varying() -> tuple[Vary, ...]:
    """Every threshold with a number, in the order of the model."""
    found = (_vary(key) for key in BREAKOUT_KEYS)
    return tuple(each for each in found if each is not None)


def _vary(key: str) -> Vary | None:
    control, name = describe(key), key.partition(".")[2]
    options = tuple(float(value) for value, _word in control.get("options", []))
    if not options and (control["kind"] != "range" or name == "top_score"):
        return None  # a switch has nothing between; the score to be top makes no signal
    low, high = (min(options), max(options)) if options else (control["low"], control["high"])
    start, end, count = FIRST_RANGES.get(name, (low, high, len(options) or 5))
    return Vary(
        name, control["label"], control.get("unit", ""), float(low), float(high), bool(control.get("whole")),
        options, start, end, count, name in FIRST_RANGES,
    )  # fmt: skip


VARYING: dict[str, Vary] = {each.name: each for each in varying()}


def vary_part() -> dict[str, Any]:
    """The part "vary": what the form needs to draw a line for each threshold; never changes."""
    return {each.name: {"order": place, **each._asdict()} for place, each in enumerate(VARYING.values())}


def values_of(vary: Vary, start: float, end: float, count: int) -> tuple[float, ...]:
    """`count` values from `start` to `end`; whole numbers and choices are met, so there can be fewer.

    Raises:
        LabError: out of bounds, upside down, or too many.
    """
    if not all(math.isfinite(each) for each in (start, end)) or not vary.low <= start <= end <= vary.high:
        low, high = (shown(f"breakout.{vary.name}", each) for each in (vary.low, vary.high))
        raise LabError(f"{vary.label}: from and to must lie between {low} and {high}, from not above to.")
    if not 1 <= count <= MOST_VALUES:
        raise LabError(f"{vary.label}: takes {count} values; must be 1 to {MOST_VALUES}.")
    if vary.options:
        found = tuple(each for each in vary.options if start <= each <= end)
        if not found:
            words = ", ".join(shown(f"breakout.{vary.name}", each) for each in vary.options)
            raise LabError(f"{vary.label}: can be {words}; none of them lies between from and to.")
        return found
    spaced = [start + (end - start) * number / max(1, count - 1) for number in range(count)]
    rounded = [float(round(each)) if vary.whole else round(each, 4) for each in spaced]
    return tuple(dict.fromkeys(rounded))


def run_command(request_id: str, asked: Mapping[str, Any]) -> RunLab:
    """The command of a run. Raises LabError with words for the user."""
    ranges = tuple(_range(each) for each in _list(asked, "ranges"))
    if len({each.name for each in ranges}) < len(ranges) or len(ranges) > MOST_RANGES:
        raise LabError(f"{len(ranges)} thresholds vary; at most {MOST_RANGES} can at once.")
    sets = math.prod(len(each.values) for each in ranges)
    if sets > MOST_SETS:
        raise LabError(f"{sets:,} sets; at most {MOST_SETS:,} are run. Take fewer values.")
    least = asked.get("least")
    if type(least) is not int or not 1 <= least <= 1_000:
        raise LabError("The least number of signals must be 1 to 1,000, a whole number.")
    kind, folder = source_of(asked)
    names = tuple(text.upper() for text in _texts(asked, "symbols"))
    days = tuple(_texts(asked, "days"))
    wrong = next((day for day in days if not _is_date(day)), None)
    if wrong is not None:
        raise LabError(f"{wrong[:20]!r} is no date; days are written like 2013-10-07. Choose the days again.")
    since, until = (_date_of(asked, name) for name in ("since", "until"))
    return RunLab(request_id, kind, folder, names, days, ranges, least, since, until)


def _date_of(asked: Mapping[str, Any], name: str) -> str:
    text = asked.get(name, "")
    if not isinstance(text, str) or (text and not _is_date(text)):
        raise LabError(f"{str(text)[:20]!r} is no date; write it like 2013-10-07.")
    return text


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def source_of(asked: Mapping[str, Any]) -> tuple[str, str]:
    """(kind, folder). Raises LabError."""
    kind, folder = asked.get("kind"), asked.get("folder", "")
    if kind not in ("app", "csv", "archive") or not isinstance(folder, str) or len(folder) > MOST_TEXT:
        raise LabError("The source is not valid. Choose it again.")
    if kind == "csv" and not folder.strip():
        raise LabError("Type the folder that holds the recorded days first.")
    return kind, folder.strip() if kind == "csv" else ""


def _range(asked: Any) -> Range:
    values = asked if isinstance(asked, dict) else {}
    vary = VARYING.get(str(values.get("name")))
    start, end, count = values.get("start"), values.get("end"), values.get("count")
    if vary is None:
        raise LabError("This version does not know that threshold. Reload the page.")
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in (start, end)):
        raise LabError(f"{vary.label}: from and to must be numbers.")
    if type(count) is not int:
        raise LabError(f"{vary.label}: the number of values must be a whole number.")
    assert isinstance(start, int | float) and isinstance(end, int | float)
    return Range(vary.name, values_of(vary, float(start), float(end), count))


def _list(asked: Mapping[str, Any], name: str) -> Sequence[Any]:
    found = asked.get(name)
    if not isinstance(found, list):
        raise LabError("The request is not valid. Reload the page.")
    return list(found)


def _texts(asked: Mapping[str, Any], name: str) -> list[str]:
    found = _list(asked, name)
    if not all(isinstance(each, str) and 0 < len(each) <= 32 for each in found):
        raise LabError(f"One of the {name} is not valid.")
    return list(found)
