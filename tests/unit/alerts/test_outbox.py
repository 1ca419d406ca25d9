"""What goes out when, in one message with what, and what an answer means for it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.alerts.apprise_sender import judged, shown
from engine.alerts.outbox import (
    AT_ONCE,
    BODY_MOST,
    EXPIRES_S,
    FULL,
    Bucket,
    Outcome,
    after,
    composed,
    due,
    expired,
    filled,
    in_quiet,
    queued,
    restored,
    sending,
)
from engine.alerts.quiet import quiet_until
from engine.state.alert_sections import Delivery, Occurrence
from tests.examples import examples

T = 1_000_000.0


def delivery(number: int = 1, **changes: object) -> Delivery:
    occurrence = Occurrence(
        number, 1, 1, "day_pnl", "a", "warning", "raised", f"Title {number}", f"Text {number}.", 1.0, T, T, T
    )
    return replace(queued(occurrence, "phone", "raised", T, None), **changes)


def test_the_first_waits_and_takes_along_what_comes() -> None:
    waiting = [delivery(1), delivery(2, next_wall=T + 14.0)]
    assert due(waiting, (), filled(FULL, T), T + 9.0) == []
    assert due(waiting, (), filled(FULL, T), T + 10.0) == waiting[:1]
    assert [each.occurrence_id for each in due(waiting, (), filled(FULL, T), T + 14.0)] == [1, 2]
    message = composed(waiting, "http://127.0.0.1:8052/alerts")
    assert message.title == "2 alerts: Title 1"
    assert message.body() == "- Title 1. Text 1.\n- Title 2. Text 2.\nhttp://127.0.0.1:8052/alerts"


def test_many_are_one_digest() -> None:
    message = composed([delivery(i) for i in range(42)], "link")
    assert message.title == "42 alerts: Title 0" and "and 37 more" in message.body()
    assert message.body().count("- Title") == AT_ONCE
    recent = [T + 20.0] * AT_ONCE
    assert due([delivery()], recent, filled(FULL, T), T + 60.0) == [], "no more within the minute"
    assert due([delivery()], recent, filled(FULL, T), T + 80.0) == [delivery()]
    urgent = delivery(severity="urgent", next_wall=T + 2.0)
    assert due([urgent], recent, filled(FULL, T), T + 30.0) == [urgent]


LINK = "http://127.0.0.1:8052/alerts"


@examples(80)
@given(st.integers(1, 12), st.integers(0, 800), st.sampled_from((140, 160, 280, 1_024, BODY_MOST)))
def test_a_message_is_shortened_to_what_a_service_takes_and_its_link_is_whole(count: int, long: int, most: int) -> None:
    message = composed([delivery(i, text="x" * long) for i in range(count)], LINK)
    body = message.body(most)
    assert len(body) <= most and body.splitlines()[-1] == LINK
    assert "http" not in message.body(len(LINK) - 1), "whole or not at all"


def test_a_digest_says_how_many_more_however_long_its_lines_are() -> None:
    body = composed([delivery(i, text="x" * 800) for i in range(42)], LINK).body()
    assert body.splitlines()[-2:] == ["and 37 more", LINK]


def test_in_quiet_hours_every_try_waits_for_their_end_but_what_is_urgent() -> None:
    ends = T + 3_600.0
    first = in_quiet(delivery(), ends, T)
    assert (first.next_wall, first.held) == (ends, True)
    retry = after(sending(delivery(), T), Outcome("failed", "away"), T)
    assert in_quiet(retry, None, T + 5.0) == retry
    waits = in_quiet(retry, ends, T + 5.0)
    assert (waits.next_wall, waits.held, waits.tries) == (ends, True, 1)
    assert due([waits], (), FULL, T + 60.0) == []
    urgent = delivery(severity="urgent")
    assert in_quiet(urgent, ends, T) == urgent
    late = after(sending(delivery(), T), Outcome("failed"), T)
    assert in_quiet(late, T + 10.0, T) == late, "its time is after they end"


def test_quiet_hours_that_are_changed_count_as_they_are_now() -> None:
    held = in_quiet(delivery(), T + 3_600.0, T)
    assert in_quiet(held, T + 600.0, T).next_wall == T + 600.0
    assert in_quiet(held, T + 7_200.0, T).next_wall == T + 7_200.0
    assert in_quiet(held, None, T + 60.0).next_wall == T + 60.0
    assert in_quiet(held, T + 3_600.0, T) is held, "nothing to write each second"


def test_a_channel_has_so_many_tokens() -> None:
    bucket = filled(FULL, T)
    assert due([delivery()], (), bucket._replace(tokens=0.9), T + 60.0) == []
    assert filled(Bucket(0.0, T), T + 6.0).tokens == 1.0
    assert filled(Bucket(4.5, T), T + 600.0).tokens == bucket.tokens
    assert filled(Bucket(1.0, T), T - 600.0).tokens == 1.0, "a clock that was set back takes nothing"


def test_what_failed_is_tried_ever_later_and_given_up_after_a_day() -> None:
    waits, each, now = [], delivery(), T
    while each.is_waiting:
        now = each.next_wall
        each = after(sending(each, now), Outcome("failed", "away"), now)
        waits.append(each.next_wall - now)
    assert waits[:6] == [30.0, 60.0, 300.0, 900.0, 900.0, 900.0]
    assert each.state == "expired" and now - T >= EXPIRES_S and not each.repeat
    assert expired(delivery(), T + EXPIRES_S).state == "expired"


def test_a_time_out_is_no_failure_and_its_repeat_says_so() -> None:
    unsure = after(sending(delivery(), T), Outcome("uncertain", "no answer"), T)
    assert unsure.state == "uncertain" and unsure.is_waiting and unsure.repeat
    assert composed([unsure], "").title == "(repeat) Title 1"
    killed = restored(sending(delivery(), T), T + 5.0)
    assert killed.state == "uncertain" and killed.repeat and killed.next_wall == T + 35.0
    both = due([unsure, delivery(2)], (), filled(FULL, T), T + 100.0)
    assert both == [delivery(2)], "what has not been sent yet is not called a repeat"


def test_what_was_refused_is_not_tried_again() -> None:
    refused = after(sending(delivery(), T), Outcome("rejected", "404"), T)
    assert refused.state == "rejected" and not refused.is_waiting
    assert after(sending(delivery(), T), Outcome("accepted"), T).state == "accepted"


@examples(60)
@given(st.lists(st.sampled_from(("failed", "uncertain", "accepted", "rejected")), min_size=1, max_size=12))
def test_one_receipt_at_most(verdicts: list[str]) -> None:
    each, now, accepted = delivery(), T, 0
    for verdict in verdicts:
        now = max(now, each.next_wall)
        if not due([each], (), filled(FULL, now), now):
            break
        each = after(sending(each, now), Outcome(verdict), now)  # type: ignore[arg-type]
        accepted += each.state == "accepted"
    assert accepted <= 1
    assert each.repeat == ("uncertain" in verdicts[: each.tries])


def test_the_words_of_apprise_mean() -> None:
    said = {
        "Failed to send JSON POST notification: Page not found., error=404.": "rejected",
        "Failed to send JSON POST notification: error=302.": "rejected",
        "Failed: error=429.": "failed",
        "Failed: Internal server error., error=500.": "failed",
        "A Connection error. Socket Exception: HTTPConnectionPool(host='h', port=1): Read timed out.": "uncertain",
        "Socket Exception: Max retries exceeded with url: /bot1:SECRET/x (Caused by NewConnectionError": "failed",
        "Connecting to remote SMTP server... Socket Exception: [Errno 111] Connection refused": "failed",
        "SMTP Host: h Email To: x Socket Exception: {'x': (550, b'no such user')}": "rejected",
        "SMTP Host: h Email To: x Socket Exception: {'x': (451, b'later')}": "failed",
        "SMTP Socket Exception: (535, b'5.7.8 credentials')": "rejected",
        "": "failed",
    }
    for words, verdict in said.items():
        outcome = judged("FAILURE", words)
        assert outcome.verdict == verdict, words
        assert "SECRET" not in outcome.words
    assert judged("SUCCESS", "").verdict == "accepted"
    assert judged("TIMEOUT", "").verdict == "uncertain"


def test_an_address_is_shown_without_its_secrets() -> None:
    assert shown("json://127.0.0.1:8149/hook/T0KEN/?method=POST") == "json://127.0.0.1:8149/…"
    assert shown("mailtos://user:****@host/me%40host?mode=starttls") == "mailtos://user:****@host/me%40host"


def test_quiet_hours_cross_midnight() -> None:
    from datetime import UTC, datetime

    def at(hour: int, minute: int = 0) -> float:
        return datetime(2026, 3, 10, hour, minute, tzinfo=UTC).timestamp()

    assert quiet_until("22:00", "07:00", at(23), UTC) == at(7) + 86_400.0
    assert quiet_until("22:00", "07:00", at(6, 59), UTC) == at(7)
    assert quiet_until("22:00", "07:00", at(7), UTC) is None
    assert quiet_until("12:00", "13:30", at(13), UTC) == at(13, 30)
    for never in ((None, "07:00"), ("22:00", None), ("22:00", "22:00"), ("25:00", "07:00")):
        assert quiet_until(*never, at(23), UTC) is None
