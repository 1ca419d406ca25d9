"""The why-not panel in words: a reading's gates as rows, and the one sentence that says what was missing."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from engine.breakout.rules import CONFIRMATION, COOL_DOWN, LIVE_PRICE, SILENT, SURGE, VOLUME_GATES, Gate, Reading
from engine.clock import second_told
from engine.config import BreakoutParams
from engine.domain import RuleCheck, Signal
from engine.prices.decimals import average_decimals, exact_decimals

TOO_FEW = "fewer than 60 s were counted since its line began"


def rule_checks(reading: Reading, decimals: int | None = None) -> tuple[RuleCheck, ...]:
    """Every gate as a row: name, value, limit, verdict. `decimals` of the contract's prices, None = not known.

    The two levels are alternatives, so they are one row. Volumes are those of 60 counted seconds.

    Of a silent line no other rule has a verdict: its prices stand still.
    """
    level = _level_check(reading, decimals)
    rows = (level, *(_check(gate, reading, decimals) for gate in reading.gates[2:]))
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
    missed = [
        _check(gate, reading, decimals)
        for gate in reading.gates[2:]
        if gate.passed is not True and gate.name != CONFIRMATION
    ]
    sentences: list[str] = []
    measured = [row for row in missed if row.value is not None and row.limit is not None]
    if measured:
        row = min(measured, key=_shortfall)
        sentences.append(f"Nearest miss: {_lower(row.name)} at {row.text} of {row.limit_text.lstrip('<>≥ ')}.")
    elif missed:
        sentences.append(f"{missed[0].name}: {missed[0].detail or 'unknown'}.")
    if not reading.beyond:
        sentences.append(_level_sentence(reading, decimals))
    elif not missed and reading.gates[-1].passed is not True:
        done = _check(reading.gates[-1], reading, decimals).text
        sentences.append(f"Confirming: {done} of {params_confirmation(params)}.")
    return " ".join(sentence for sentence in sentences if sentence)


def running_text(signal: Signal, decimals: int | None = None) -> str:
    """What is said instead of a miss while a signal runs."""
    at = second_told(signal.at)
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
    """A level in a sentence: all its digits, at least two decimals, and never a power of ten."""
    return "–" if level is None else f"{level:,.{exact_decimals(level)}f}"


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


def _level_check(reading: Reading, decimals: int | None) -> RuleCheck:
    """Both level gates as one row: the price against the trigger, which is the level and its buffer."""
    by_range, by_opening = reading.gates[:2]
    gate, other = (by_range, by_opening) if reading.level_kind == "range" else (by_opening, by_range)
    text, limit = _texts(gate, reading, decimals)
    word = "above" if reading.side == "long" else "below"
    passed = True if reading.beyond else gate.passed
    said = [gate.detail]
    if reading.level is not None and gate.limit is not None:
        apart = abs(gate.limit - reading.level)
        buffer = price_text(apart, decimals) if decimals and apart >= 10.0**-decimals else _gap_text(apart, decimals)
        kind = "level" if gate is by_range else f"opening range's {'high' if reading.side == 'long' else 'low'}"
        said = [f"{kind} {price_text(reading.level, decimals)}, buffer {buffer}"]
    if other.limit is not None:
        name = "opening range" if other is by_opening else "level"
        said.append(f"or by the {name}: {_texts(other, reading, decimals)[1]}")
    detail = "; ".join(filter(None, said))
    return RuleCheck(f"Price {word} trigger", gate.value, gate.limit, passed, text, limit, detail)


def _check(gate: Gate, reading: Reading, decimals: int | None) -> RuleCheck:
    if gate.name in VOLUME_GATES:
        return _volume_check(gate, reading)
    text, limit = _texts(gate, reading, decimals)
    detail = "" if gate.name == CONFIRMATION else gate.detail  # its unit, which the text has
    return RuleCheck(gate.name, gate.value, gate.limit, gate.passed, text, limit, detail)


def _volume_check(gate: Gate, reading: Reading) -> RuleCheck:
    """By 60 counted seconds. What passed by fewer says so; what did not is not known yet."""
    told = reading.told_surge if gate.name == SURGE else reading.told_rel_volume
    limit = f"≥ {gate.limit:.2f}x"
    text = "–" if told is None else f"{told:.2f}x"
    if gate.value is None or (told is not None and gate.limit is not None and (told >= gate.limit) is gate.passed):
        return RuleCheck(gate.name, told, gate.limit, gate.passed, text, limit, gate.detail)
    if gate.passed:
        return RuleCheck(gate.name, gate.value, gate.limit, True, f"{gate.value:.2f}x at this pace", limit, gate.detail)
    passed = None if told is None else gate.passed
    return RuleCheck(gate.name, told, gate.limit, passed, text, limit, TOO_FEW if told is None else gate.detail)


def _texts(gate: Gate, reading: Reading, decimals: int | None) -> tuple[str, str]:
    sign = ">" if reading.side == "long" else "<"
    if gate.name.startswith("Price ") and gate.name != "Price floor" or gate.name == "Opening range":
        limit = f"{sign} {price_text(gate.limit, decimals)}" if gate.limit is not None else "–"
        return price_text(gate.value, decimals), limit
    if gate.name.startswith("Trend"):
        return _gap_text(gate.value, decimals), f"{sign} 0"
    if gate.name == "Warm-up":
        return f"{gate.value:.0f}/{gate.limit:.0f}", f"{gate.limit:.0f} bars"
    if gate.name == COOL_DOWN:
        return "–" if gate.value is None else f"{gate.value:.0f} min", f"≥ {gate.limit:g} min"
    if gate.name == CONFIRMATION:
        if gate.passed and gate.value is not None and gate.limit is not None and gate.value < gate.limit:
            return "signal runs", f"≥ {gate.limit:g} {gate.detail}"
        return f"{gate.value:.0f} {gate.detail}", f"≥ {gate.limit:g} {gate.detail}"
    if gate.name == LIVE_PRICE:
        return ("yes" if gate.passed else gate.detail), "live, not halted"
    words = price_text if gate.name == "Price floor" else count_text
    return words(gate.value), "–" if gate.limit is None else f"≥ {words(gate.limit)}"


def _shortfall(row: RuleCheck) -> float:
    """How far a rule is from passing, as a share of its limit."""
    assert row.value is not None and row.limit is not None
    return abs(row.limit - row.value) / max(abs(row.limit), 1e-9) if row.limit else 1.0 + abs(row.value)


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
    """The why-not panel of one symbol. `text` speaks of the side that is nearer, the other two of one side each."""

    long: tuple[RuleCheck, ...]
    short: tuple[RuleCheck, ...]
    text: str
    readings: tuple[Reading, Reading] | None
    long_text: str = ""
    short_text: str = ""


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
    said = [_side_text(reading, running, params, decimals) for reading in readings]
    text = said[0] if better is long else said[1]
    if running is not None:
        text = said[0] if running.side == "long" else said[1]
    elif text and better is short and not silence(better):
        text = f"The short side is nearer. {text}"
    return Why(rule_checks(long, decimals), rule_checks(short, decimals), text, readings, *said)


def _side_text(reading: Reading, running: Signal | None, params: BreakoutParams, decimals: int | None) -> str:
    """What is to be said of one side: the signal that runs, else what it lacks."""
    miss = nearest_miss(reading, params, decimals)
    if running is None or running.side != reading.side:
        return miss
    runs = running_text(running, decimals)
    return f"{runs} {miss}" if silence(reading) else runs
