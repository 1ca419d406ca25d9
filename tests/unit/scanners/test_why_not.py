"""The why-not inspector: any name, its rules with distances, its line, "filtered: CVR"."""

from __future__ import annotations

import pytest

from engine.contracts.symbols import SymbolIndex
from engine.domain import ContractRef, RuleCheck
from engine.errors import QTradeError
from engine.scanners.why_not import WhyNotAnswers, distance_text
from tests.unit.scanners.scanner_samples import Street, flat_history, stock


def desk(made: Street, filtered: dict[int, str] | None = None) -> WhyNotAnswers:
    symbols = SymbolIndex()
    symbols.learn([stock(1, "ACME"), stock(2, "CNCE.CVR"), ContractRef(3, "ACME", "ACMEZ5", "FUT", "CME")])
    scanners, reasons = made.coordinator, filtered or {}
    line = "not in any scan, so it has no line"
    return WhyNotAnswers(
        symbols, scanners, scanners.board.scans_of, lambda _: line, lambda con_id: reasons.get(con_id, "")
    )


def test_each_rule_has_value_limit_distance_and_verdict() -> None:
    made = Street()
    made.warm(stock(1, "ACME"), flat_history(100.0, made.now, minutes=90))
    made.second()
    made.tick(stock(1, "ACME"), 99.9, 100.0)
    found = desk(made).inspect("acme")
    assert (found["sym"], found["kind"], found["filtered"]) == ("ACME", "STK NASDAQ", "")
    assert found["line"] and found["text"]
    rules = {rule[0]: rule for rule in found["long"]}
    assert rules["Price above trigger"][3].startswith("−0.") and rules["Price above trigger"][4] is False
    assert rules["Price floor"][4] is True and rules["Price floor"][3] == "+1,898 %"
    assert len(found["short"]) == len(found["long"]) == 11


def test_a_filtered_position_says_why() -> None:
    found = desk(Street(), {2: "CVR"}).inspect("CNCE.CVR")
    assert found["filtered"] == "filtered: CVR"
    assert found["long"] == [] and found["text"].startswith("A filtered position takes no line")
    assert "Not in the universe" in desk(Street()).inspect("CNCE.CVR")["text"]


def test_by_number_and_unknown_names() -> None:
    assert desk(Street()).inspect("3")["sym"] == "ACMEZ5"
    for text in ("NOBODY", "999", " "):
        with pytest.raises(QTradeError, match="in no scan"):
            desk(Street()).inspect(text)


@pytest.mark.parametrize(
    ("value", "limit", "text"),
    [
        (99.5, 100.0, "−0.50 %"),
        (1.2, 1.5, "−20 %"),
        (3.0, 1.5, "+100 %"),
        (None, 1.0, ""),
        (1.0, 0.0, ""),
        (1.0, None, ""),
    ],
)
def test_the_distance_is_a_share_of_the_limit(value: float | None, limit: float | None, text: str) -> None:
    assert distance_text(RuleCheck("Rule", value, limit, None, "", "")) == text
