"""Prices and levels in the words of the why-not panel and the event list."""

from __future__ import annotations

import pytest

from engine.breakout.rules import Gate, Reading
from engine.breakout.why import level_text, nearest_miss, price_text, rule_checks
from engine.config import BreakoutParams
from engine.domain import REL_VOLUME
from engine.prices.decimals import average_decimals, contract_decimals, exact_decimals


@pytest.mark.parametrize(
    ("value", "price", "level"),
    [
        (24688.5, "24,688.50", "24,688.50"),
        (45.1, "45.10", "45.10"),
        (0.5, "0.5000", "0.50"),
        (0.006545, "0.006545", "0.006545"),
        (1_250_000.0, "1,250,000.00", "1,250,000.00"),
        (0.00001, "0.00001", "0.00001"),
        (24688.25, "24,688.25", "24,688.25"),
        (0.0065435, "0.0065435", "0.0065435"),
        (0.1 + 0.2, "0.3000", "0.30"),
        (0.0, "0.0000", "0.00"),
        (-4.0, "-4.00", "-4.00"),
        (None, "–", "–"),
    ],
)
def test_prices_in_words_have_no_power_of_ten(value, price, level):
    assert (price_text(value), level_text(value)) == (price, level)


def reading_of(side, last, level, limit, gap, kind="range") -> Reading:
    sign = ">" if side == "long" else "<"
    gates = (
        Gate("Price above level", last, limit, False),
        Gate("Opening range", last, limit, False),
        Gate(f"Trend EMA 8 {sign} 21", gap, 0.0, True),
        Gate("Confirmed", 0.0, 10.0, False, "s"),
    )
    return Reading(side, last, level, kind, 1.0, -0.5, None, None, "", gates, 1, 3, False, 34, 34)


@pytest.mark.parametrize(
    ("min_tick", "sec_type", "last", "limit", "gap", "texts"),
    [
        (0.25, "FUT", 24_688.25, 24_690.1234, -0.16398086, ("24,688.25", "> 24,690.12", "-0.16")),
        (0.0000005, "FUT", 0.0065435, 0.00654357, -0.00000012345, ("0.0065435", "> 0.0065436", "-0.00000012")),
        (0.00005, "CASH", 1.15, 1.150237, 0.000021, ("1.15000", "> 1.15024", "0.000021")),
        (0.001, "BOND", 97.8625, 97.86, 0.0123, ("97.862", "> 97.860", "0.012")),
        (0.01, "STK", 408.08, 409.3512, 1.2345, ("408.08", "> 409.35", "1.23")),
        (0.01, "STK", 408.08, 409.3512, 0.00198, ("408.08", "> 409.35", "0.0020")),
        (None, "STK", 408.08, 409.3512, -0.16398086, ("408.08", "> 409.35", "-0.16")),
    ],
)
def test_rules_have_the_decimals_of_the_contract(min_tick, sec_type, last, limit, gap, texts):
    decimals = None if min_tick is None else contract_decimals(min_tick, last, sec_type)
    rows = {row.name: row for row in rule_checks(reading_of("long", last, limit, limit, gap), decimals)}
    level, trend = rows["Price above trigger"], rows["Trend EMA 8 > 21"]
    assert (level.text, level.limit_text, trend.text) == texts


@pytest.mark.parametrize(
    ("side", "kind", "text"),
    [
        ("long", "range", "Price is 0.59 (0.5 ATR) under the level."),
        ("short", "range", "Price is 0.59 (0.5 ATR) over the level."),
        ("long", "opening range", "Price is 0.59 (0.5 ATR) under the high of the opening range."),
        ("short", "opening range", "Price is 0.59 (0.5 ATR) over the low of the opening range."),
    ],
)
def test_the_sentence_names_the_edge_that_it_measures_from(side, kind, text):
    level = 100.59 if side == "long" else 99.41
    assert nearest_miss(reading_of(side, 100.0, level, level, 0.1, kind), BreakoutParams(), 2) == text


@pytest.mark.parametrize(
    ("level", "decimals"), [(100.0, 2), (0.0065435, 7), (1.15023, 5), (97.125, 3), (0.1 + 0.2, 2), (24_688.25, 2)]
)
def test_a_level_shows_all_its_decimals(level, decimals):
    assert exact_decimals(level) == decimals


@pytest.mark.parametrize(
    ("atr", "decimals", "shown"), [(12.345, 2, 2), (0.0523, 2, 3), (0.000000838, 7, 8), (0.0, 2, 4), (0.00001, 2, 4)]
)
def test_an_average_shows_two_digits(atr, decimals, shown):
    assert average_decimals(atr, decimals) == shown


def levels(range_gate: Gate, opening: Gate, kind: str = "range", level: float = 100.0) -> Reading:
    rest = (Gate("Trend EMA 8 > 21", 0.1, 0.0, True), Gate("Confirmed", 0.0, 10.0, False, "s"))
    gates = (range_gate, opening, *rest)
    return Reading("long", 99.5, level, kind, 1.0, -0.5, None, None, "", gates, 1, 3, False, 34, 34)


def test_the_two_levels_are_one_row_with_the_buffer_said() -> None:
    closed = Gate("Opening range", 99.5, None, None, "only in the first 2 h")
    row, *others = rule_checks(levels(Gate("Price above level", 99.5, 100.1, False), closed), 2)
    assert (row.name, row.text, row.limit_text, row.passed) == ("Price above trigger", "99.50", "> 100.10", False)
    assert row.detail == "level 100.00, buffer 0.10"
    assert [each.name for each in others] == ["Trend EMA 8 > 21", "Confirmed"], "one failure, not two"
    broken = Gate("Opening range", 99.5, 99.1, True)
    row = rule_checks(levels(Gate("Price above level", 99.5, 100.1, False), broken, "opening range", 99.0), 2)[0]
    assert (row.passed, row.limit_text) == (True, "> 99.10"), "either may fire"
    assert row.detail == "opening range's high 99.00, buffer 0.10; or by the level: > 100.10"


@pytest.mark.parametrize(
    ("judged", "told", "passed", "row"),
    [
        (1.6, 1.6, True, ("1.60x", True)),
        (8.1, None, True, ("8.10x at this pace", True)),
        (8.1, 0.4, True, ("8.10x at this pace", True)),
        (0.0, None, False, ("–", None)),  # three seconds of nothing are no verdict
        (None, None, None, ("–", None)),
    ],
)
def test_volume_is_told_of_60_counted_seconds(judged, told, passed, row) -> None:
    gates = (
        Gate("Price above level", 99.5, 100.1, False),
        Gate("Opening range", 99.5, None, None),
        Gate(REL_VOLUME, judged, 1.5, passed, "20 sessions"),
        Gate("Confirmed", 0.0, 10.0, False, "s"),
    )
    reading = Reading(
        "long", 99.5, 100.0, "range", 1.0, -0.5, None, judged, "20 sessions", gates, 1, 3, False, 34, 34,
        told_rel_volume=told,
    )  # fmt: skip
    checked = next(each for each in rule_checks(reading) if each.name == REL_VOLUME)
    assert (checked.text, checked.passed) == row


def test_a_signal_that_runs_needs_no_seconds_any_more() -> None:
    done = levels(Gate("Price above level", 99.5, 100.1, True), Gate("Opening range", 99.5, None, None))
    done = done._replace(gates=(*done.gates[:-1], Gate("Confirmed", 0.0, 10.0, True, "s")))
    assert rule_checks(done)[-1].text == "signal runs"
