"""The why-not panel in words: a reading's gates as rows, and the one sentence that says what was missing."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from engine.breakout.rules import CONFIRMATION, COOL_DOWN, LIVE_PRICE, SILENT, VOLUME_GATES, Gate, Reading
from engine.breakout.volumes import COUNTED
from engine.clock import second_text
from engine.config import BreakoutParams
from engine.domain import RuleCheck, Signal
from engine.prices.decimals import average_decimals


def rule_checks(reading: Reading, decimals: int | None = None) -> tuple[RuleCheck, ...]:
    """Every gate as a row: name, value, limit, verdict. `decimals` of the contract's prices, None = not known.

    Of a silent line no other rule has a verdict: its prices stand still.
    """
    rows = tuple(_check(gate, reading, decimals) for gate in reading.gates)
    if not silence(reading):
        return rows
    return tuple(
        replace(row, text=f"{row.text}; not judged") if row.name == LIVE_PRICE else replace(row, passed=None)
        for row in rows
    )


def silence(reading: Reading) -> str:
    """ "line silent since 10:02:10" where the line brings nothing though it should, else ""."""
    said = next((gate.detail for gate in reading.gates if gate.name == LIVE_PRICE and gate.passed is not True), "")
    return said if said.startswith(SILENT) else ""


def nearest_miss(reading: Reading, params: BreakoutParams, decimals: int | None = None) -> str:
    """ "Nearest miss: volume surge at 1.49x of 1.50x. Price is 1.27 (3.4 ATR) under the level."; "" when all pass."""
    if silent := silence(reading):
        return f"Not judged: {silent}."
    missed = [gate for gate in reading.gates[2:] if gate.passed is not True and gate.name != CONFIRMATION]
    sentences: list[str] = []
    measured = [gate for gate in missed if gate.value is not None and gate.limit is not None]
    unknown = [gate for gate in missed if gate not in measured]
    if measured:
        gate = min(measured, key=_shortfall)
        row = _check(gate, reading, decimals)
        young = f" ({COUNTED})" if gate.name in VOLUME_GATES and _is_counted(reading) else ""
        sentences.append(f"Nearest miss: {_lower(gate.name)} at {row.text} of {row.limit_text.lstrip('<>≥ ')}{young}.")
    elif unknown:
        gate = unknown[0]
        sentences.append(f"{gate.name}: {gate.detail or 'unknown'}.")
    if not reading.beyond:
        sentences.append(_level_sentence(reading, decimals))
    elif not missed and reading.gates[-1].passed is not True:
        done = _check(reading.gates[-1], reading, decimals).text
        sentences.append(f"Confirming: {done} of {params_confirmation(params)}.")
    return " ".join(sentence for sentence in sentences if sentence)


def _is_counted(reading: Reading) -> bool:
    """Its line is too young to tell the volume of a minute."""
    return any(gate.detail == COUNTED for gate in reading.gates)


def running_text(signal: Signal, decimals: int | None = None) -> str:
    """What is said instead of a miss while a signal runs."""
    at = second_text(signal.at)
    kind = "the opening range" if signal.level_kind == "opening range" else "the level"
    last, level = price_text(signal.last, decimals), price_text(signal.level, decimals)
    return f"A {signal.side} signal runs since {at}: {last} beyond {kind} {level}."


def params_confirmation(params: BreakoutParams) -> str:
    """The confirmation that is asked for, in words."""
    if params.confirm_bars > 0:
        return f"{params.confirm_bars} closed bars"
    return f"{params.confirm_s:g} s"


def price_text(value: float | None, decimals: int | None = None) -> str:
    """A price with the contract's decimals, where not known with the digits that matter; "–" when missing."""
    if value is None:
        return "–"
    if decimals is not None:
        return f"{value:,.{decimals}f}"
    if abs(value) >= 1.0:
        return f"{value:,.2f}"
    whole, _, digits = f"{value:.8f}".rstrip("0").partition(".")  # 0.006545 of a yen future
    return f"{whole}.{digits.ljust(4, '0')}"


def level_text(level: float | None) -> str:
    """A level in a sentence: short, all its digits, and never a power of ten."""
    if level is None:
        return "–"
    text = f"{level:.9g}"
    is_long = "e" in text or abs(level) >= 1e6
    return f"{level:,.8f}".rstrip("0").rstrip(".") if is_long else text


def _gap_text(value: float | None, decimals: int | None) -> str:
    """A difference of prices or averages."""
    if value is None:
        return "–"
    return price_text(value, average_decimals(value, 2 if decimals is None else decimals))


def count_text(value: float | None) -> str:
    """A volume: "88.4 M", "512 k"."""
    if value is None:
        return "–"
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.1f} {unit}"
    return f"{value:.0f}"


def _check(gate: Gate, reading: Reading, decimals: int | None) -> RuleCheck:
    text, limit = _texts(gate, reading, decimals)
    detail = "" if gate.name == CONFIRMATION else gate.detail  # its unit, which the text has
    return RuleCheck(gate.name, gate.value, gate.limit, gate.passed, text, limit, detail)


def _texts(gate: Gate, reading: Reading, decimals: int | None) -> tuple[str, str]:
    sign = ">" if reading.side == "long" else "<"
    if gate.name.startswith("Price ") and gate.name != "Price floor" or gate.name == "Opening range":
        limit = f"{sign} {price_text(gate.limit, decimals)}" if gate.limit is not None else "–"
        return price_text(gate.value, decimals), limit
    if gate.name.startswith("Trend"):
        return _gap_text(gate.value, decimals), f"{sign} 0"
    if gate.name in ("Volume surge", "Relative volume"):
        return "–" if gate.value is None else f"{gate.value:.2f}x", f"≥ {gate.limit:.2f}x"
    if gate.name == "Warm-up":
        return f"{gate.value:.0f}/{gate.limit:.0f}", f"{gate.limit:.0f} bars"
    if gate.name == COOL_DOWN:
        return "–" if gate.value is None else f"{gate.value:.0f} min", f"≥ {gate.limit:g} min"
    if gate.name == CONFIRMATION:
        return f"{gate.value:.0f} {gate.detail}", f"≥ {gate.limit:g} {gate.detail}"
    if gate.name == LIVE_PRICE:
        return ("yes" if gate.passed else gate.detail), "live, not halted"
    words = price_text if gate.name == "Price floor" else count_text
    return words(gate.value), "–" if gate.limit is None else f"≥ {words(gate.limit)}"


def _shortfall(gate: Gate) -> float:
    """How far a gate is from passing, as a share of its limit."""
    assert gate.value is not None and gate.limit is not None
    return abs(gate.limit - gate.value) / max(abs(gate.limit), 1e-9) if gate.limit else 1.0 + abs(gate.value)


def _level_sentence(reading: Reading, decimals: int | None) -> str:
    if reading.last is None or reading.level is None:
        detail = reading.gates[0].detail
        return f"Level: {detail}." if detail else ""
    places = (2 if reading.level >= 1.0 else 4) if decimals is None else decimals
    gap = price_text(abs(reading.level - reading.last), places)
    behind, edge = ("under", "high") if reading.side == "long" else ("over", "low")
    name = "level" if reading.level_kind == "range" else f"{edge} of the opening range"
    if reading.distance_atr is None:
        return f"Price is {gap} {behind} the {name}."
    if reading.distance_atr > 0:
        return f"Price is beyond the {name}, but within the buffer."
    return f"Price is {gap} ({abs(reading.distance_atr):.1f} ATR) {behind} the {name}."


def _lower(name: str) -> str:
    return name if name.startswith("Trend EMA") else name[:1].lower() + name[1:]


class Why(NamedTuple):
    """The why-not panel of one symbol."""

    long: tuple[RuleCheck, ...]
    short: tuple[RuleCheck, ...]
    text: str
    readings: tuple[Reading, Reading] | None


def why_of(
    readings: tuple[Reading, Reading] | None,
    running: Signal | None,
    params: BreakoutParams,
    decimals: int | None = None,
) -> Why:
    """The panel out of both sides' readings; `running` is the signal that runs now. None = no place in the store."""
    if readings is None:
        return Why((), (), "Not in the universe: no scan has returned it and it is no position.", None)
    long, short = readings
    better = long if long.passed >= short.passed else short
    miss = nearest_miss(better, params, decimals)
    if silence(better):
        text = miss if running is None else f"{running_text(running, decimals)} {miss}"
        return Why(rule_checks(long, decimals), rule_checks(short, decimals), text, readings)
    if miss and better is short:
        miss = f"The short side is nearer. {miss}"
    text = running_text(running, decimals) if running is not None else miss
    return Why(rule_checks(long, decimals), rule_checks(short, decimals), text, readings)
