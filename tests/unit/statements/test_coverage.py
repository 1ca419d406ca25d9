"""For which days statements were read: trading days only, and none that was not over when the statement was made."""

from __future__ import annotations

from datetime import UTC, date, datetime

from engine.statements.coverage import Gap, Span, coverage, gap_words

TRADES = ("CashTransactions", "Trades")
TODAY = date(2025, 12, 1)


def made(year, month, day, hour=9):
    return datetime(year, month, day, hour, tzinfo=UTC).timestamp()


def test_weeks_add_up_and_what_lies_between_is_missing():
    spans = [Span("20251103", "20251107", made(2025, 11, 8), TRADES), Span("20251117", "20251121", None, TRADES)]
    found = coverage("U1", spans, "", TODAY)
    assert (found.first, found.last, found.days, found.covered) == ("20251103", "20251130", 19, 10)
    assert found.missing == (Gap("20251110", "20251114", 5), Gap("20251124", "20251128", 4)), "Thanksgiving is none"
    assert found.words == ("statements for 10 of 19 trading days, missing: 10-14 Nov 2025, 24-28 Nov 2025")


def test_the_history_begins_with_the_first_execution():
    found = coverage("U1", [Span("20251103", "20251128", None, TRADES)], "20251029", TODAY)
    assert found.missing == (Gap("20251029", "20251031", 3),)


def test_a_day_that_was_not_over_does_not_count():
    today = Span("20251105", "20251105", made(2025, 11, 5, 20), ("TradeConfirms",))
    assert coverage("U1", [today], "", date(2025, 11, 6)).covered == 0
    assert coverage("U1", [today._replace(generated=made(2025, 11, 6))], "", date(2025, 11, 6)).covered == 1


def test_a_statement_without_trades_covers_nothing():
    found = coverage("U1", [Span("20251103", "20251107", None, ("CashTransactions",))], "", TODAY)
    assert (found.days, found.words) == (0, "no statement has been read")


def test_days_as_people_say_them():
    assert gap_words(Gap("20250412", "20250412", 1)) == "12 Apr 2025"
    assert gap_words(Gap("20250228", "20250303", 2)) == "28 Feb - 3 Mar 2025"
    assert gap_words(Gap("20241230", "20250102", 3)) == "30 Dec 2024 - 2 Jan 2025"
