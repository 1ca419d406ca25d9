"""Prices and levels in the words of the why-not panel and the event list."""

from __future__ import annotations

import pytest

from engine.scanners.why import level_text, price_text


@pytest.mark.parametrize(
    ("value", "price", "level"),
    [
        (24688.5, "24,688.50", "24688.5"),
        (45.1, "45.10", "45.1"),
        (0.5, "0.5000", "0.5"),
        (0.006545, "0.006545", "0.006545"),
        (1_250_000.0, "1,250,000.00", "1,250,000"),
        (0.00001, "0.00001", "0.00001"),
        (0.0, "0.0000", "0"),
        (-4.0, "-4.00", "-4"),
        (None, "–", "–"),
    ],
)
def test_prices_in_words_have_no_power_of_ten(value, price, level):
    assert (price_text(value), level_text(value)) == (price, level)
