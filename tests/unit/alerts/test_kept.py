"""Rules, occurrences and deliveries in the journal's database: together or not at all, and found again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.alerts.outbox import Outcome, after, queued, sending
from engine.clock import FakeClock
from engine.journal.reader import JournalReader
from engine.journal.writer import Journal
from engine.state.alert_sections import UNTIL_CLEARED, Delivery, Occurrence, Rule

T = 1_762_354_800.0
RULE = Rule(7, 1, "day_pnl", {"amount": -500.0, "side": "below", "account": ""}, ("phone",), "warning", 15.0, T)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(FakeClock(wall=T))
    made.open(tmp_path / "journal.sqlite3", "paper", "DU1")
    yield made
    made.stop()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[JournalReader]:
    made = JournalReader()
    made.open(tmp_path / "journal.sqlite3", "paper", "DU1")
    yield made
    made.close()


def occurrence(number: int = 1, **changes: object) -> Occurrence:
    made = Occurrence(
        number, 7, 1, "day_pnl", "all", "warning", "raised", "t", "x", -600.0, T + number, T, T, account="DU9999999"
    )
    return replace(made, **changes)


def delivery(of: Occurrence) -> Delivery:
    return queued(of, "phone", "raised", T, None)


def test_what_was_kept_is_found_again(journal: Journal, reader: JournalReader) -> None:
    journal.record_rule(RULE, T)
    journal.record_rule(replace(RULE, version=2, memory={"side": -1}), T)
    journal.record_rule(replace(RULE, id=8, deleted=True), T)
    one = occurrence(snoozed_until=UNTIL_CLEARED)
    journal.record_occurrence(one, [delivery(one)])
    assert journal.flush()
    assert [(rule.id, rule.version, rule.deleted) for rule in reader.alert_rules()] == [(7, 2, False), (8, 1, True)]
    assert reader.alert_rules()[0].memory == {"side": -1}
    assert reader.alert_occurrences(10) == [one]
    assert reader.alert_deliveries(10) == [delivery(one)]


def test_a_rule_is_kept_with_what_it_found_or_not_at_all(journal: Journal, reader: JournalReader) -> None:
    journal.record_rule(RULE, T)
    done = replace(RULE, enabled=False, memory={"crossed": True})
    journal.record_occurrence(occurrence(), [replace(delivery(occurrence()), channel=None)], done)  # type: ignore[arg-type]
    assert journal.flush()
    assert reader.alert_rules() == [RULE] and reader.alert_occurrences(10) == []
    journal.record_occurrence(occurrence(), [delivery(occurrence())], done)
    assert journal.flush()
    assert reader.alert_rules() == [done] and reader.alert_deliveries(10) == [delivery(occurrence())]


def test_the_open_ones_are_found_however_old_they_are(journal: Journal, reader: JournalReader) -> None:
    for number in range(1, 9):
        journal.record_occurrence(occurrence(number, state="raised" if number < 3 else "cleared"))
    assert journal.flush()
    assert {each.id for each in reader.alert_occurrences(2)} == {1, 2, 7, 8}


def test_an_accepted_delivery_has_one_receipt(journal: Journal, reader: JournalReader, tmp_path: Path) -> None:
    one = occurrence()
    journal.record_occurrence(one, [delivery(one)])
    under_way = sending(delivery(one), T)
    journal.record_deliveries([under_way])
    done = after(under_way, Outcome("accepted", "taken"), T + 1.0)
    journal.record_deliveries([done])
    journal.record_deliveries([done])
    assert journal.flush()
    assert reader.alert_deliveries(10) == [done]
    with closing(sqlite3.connect(tmp_path / "journal.sqlite3")) as connection:
        rows = connection.execute("SELECT channel, event, tries, words FROM alert_receipts").fetchall()
    assert rows == [("phone", "raised", 1, "taken")]


def test_an_occurrence_and_its_deliveries_are_written_together_or_not_at_all(
    journal: Journal, reader: JournalReader
) -> None:
    bad = replace(delivery(occurrence(5)), channel=None)  # type: ignore[arg-type]
    journal.record_occurrence(occurrence(5), [delivery(occurrence(5)), bad])
    journal.record_occurrence(occurrence(6), [delivery(occurrence(6))])
    assert journal.flush()
    assert [each.id for each in reader.alert_occurrences(10)] == [6], "the first one's delivery can't be written"
    assert [each.occurrence_id for each in reader.alert_deliveries(10)] == [6]
    assert journal.dropped == 1
