"""The life of an occurrence: a table of its turns, and what holds whatever happens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.alerts.facts import Now
from engine.alerts.life import Known, Manner, Step, restored, steps
from engine.alerts.looks import UNKNOWN, Found, Look
from engine.state.alert_sections import UNTIL_CLEARED, Occurrence
from tests.examples import examples

MANNER = Manner(for_s=5.0, keep_s=10.0, cool_down_s=60.0)
SO, NOT_SO = Found({"a": Look("a", 1.0)}), Found()


def occurrence(at: float, **changes: object) -> Occurrence:
    known = Occurrence(1, 1, 1, "day_pnl", "a", "warning", "raised", "", "", 1.0, at, at, at)
    return replace(known, **changes)


class Life:
    """One identity, looked at once a second; `events` = (second, what happened)."""

    def __init__(self, manner: Manner = MANNER) -> None:
        self.manner = manner
        self.known: dict[str, Known] = {}
        self.at = 1_000.0
        self.events: list[tuple[float, str]] = []
        self.raised: list[Step] = []

    def look(self, found: Found, seconds: float = 1.0, baseline: str = "") -> None:
        self.at += seconds
        for step in list(steps(self.known, found, self.manner, Now(self.at, self.at, self.at), baseline)):
            known = step.known
            if step.event:
                self.events.append((self.at, step.event))
            if known is None:
                self.known.pop(step.subject, None)
                continue
            if step.raised is not None:
                self.raised.append(step)
                known = replace(known, occurrence=occurrence(self.at, id=len(self.raised), found=step.found))
            self.known[step.subject] = known

    def looks(self, found: Found, count: int) -> None:
        for _ in range(count):
            self.look(found)

    @property
    def names(self) -> list[str]:
        return [name for _at, name in self.events]

    @property
    def occurrence(self) -> Occurrence:
        known = self.known["a"].occurrence
        assert known is not None
        return known

    def change(self, **changes: object) -> None:
        self.known["a"] = replace(self.known["a"], occurrence=replace(self.occurrence, **changes))


def test_it_has_to_hold_for_a_while_and_to_be_over_for_a_while() -> None:
    life = Life()
    life.looks(SO, 5)
    assert life.names == [] and life.known["a"].state == "pending"
    life.look(SO)
    assert life.names == ["raised"]
    life.looks(NOT_SO, 10)
    assert life.occurrence.state == "recovering" and life.names == ["raised"]
    life.look(SO)
    assert life.occurrence.state == "raised" and life.names == ["raised"], "it was not over"
    life.looks(NOT_SO, 11)
    assert life.names == ["raised", "cleared"] and life.occurrence.state == "cleared"


def test_what_does_not_hold_is_never_raised() -> None:
    life = Life()
    for _ in range(20):
        life.looks(SO, 4)
        life.look(NOT_SO)
    assert life.names == [] and life.known == {}


def test_unknown_is_not_over() -> None:
    life = Life()
    life.looks(SO, 6)
    life.looks(UNKNOWN, 600)
    assert life.names == ["raised"] and life.occurrence.is_unknown
    life.look(SO)
    assert not life.occurrence.is_unknown
    life.look(NOT_SO)
    life.looks(Found(unknown=frozenset({"a"})), 600)
    assert life.occurrence.state == "recovering", "and what recovers waits"
    life.looks(NOT_SO, 9)
    assert life.names == ["raised"]
    life.looks(NOT_SO, 2)
    assert life.names == ["raised", "cleared"]


def test_the_next_comes_after_the_cool_down_and_is_told_although_it_is_the_same() -> None:
    life = Life()
    life.looks(SO, 6)
    life.looks(NOT_SO, 12)
    cleared = life.at
    life.looks(SO, 59)
    assert life.names == ["raised", "cleared"]
    life.looks(SO, 10)
    assert life.names == ["raised", "cleared", "raised"]
    assert life.events[-1][0] - cleared >= MANNER.cool_down_s


def test_what_was_so_before_the_first_look_is_found_there() -> None:
    life = Life()
    life.look(SO, baseline="start")
    assert life.names == ["raised"] and life.raised[0].found == "start"
    events = Life(MANNER._replace(has_baseline=False))
    events.look(SO, baseline="start")
    assert events.names == [], "an outage counts from now on"


def test_nobody_looks_so_it_becomes_urgent_once() -> None:
    life = Life(MANNER._replace(urgent_after_s=60.0))
    life.looks(SO, 66)
    assert life.names == ["raised", "escalated"] or life.occurrence.severity == "warning"
    life.looks(SO, 300)
    assert life.names == ["raised", "escalated"] and life.occurrence.severity == "urgent"
    seen = Life(MANNER._replace(urgent_after_s=60.0))
    seen.looks(SO, 6)
    seen.change(seen_wall=seen.at)
    seen.looks(SO, 300)
    assert seen.names == ["raised"]


def test_a_snooze_ends_by_time_or_with_what_it_lies_over() -> None:
    life = Life()
    life.looks(SO, 6)
    life.change(snoozed_until=life.at + 30.0, seen_wall=life.at)
    life.looks(SO, 29)
    assert life.names == ["raised"]
    life.look(SO)
    assert life.names == ["raised", "again"] and life.occurrence.seen_wall is None and life.occurrence.again == 1
    life.change(snoozed_until=UNTIL_CLEARED)
    life.looks(SO, 3_000)
    life.looks(NOT_SO, 11)
    assert life.names == ["raised", "again", "cleared"] and life.occurrence.snoozed_until is None


def test_over_a_restart_time_goes_on_by_the_wall_clock_and_never_backwards() -> None:
    before = occurrence(1_000.0, state="cleared", changed_wall=1_000.0)
    assert restored(before, Now(50.0, 1_040.0, 0.0)).since_mono == 10.0
    assert restored(before, Now(50.0, 900.0, 0.0)).since_mono == 50.0, "the wall clock was set back"


TRUTHS = st.lists(st.tuples(st.sampled_from((SO, NOT_SO, UNKNOWN)), st.integers(1, 40)), max_size=30)


@examples(80)
@given(TRUTHS, st.sampled_from((0.0, 5.0)), st.sampled_from((0.0, 10.0)), st.sampled_from((0.0, 60.0)))
def test_whatever_happens(truths: list[tuple[Found, int]], for_s: float, keep_s: float, cool_s: float) -> None:
    """Raised and cleared take turns; between two raisings lie dwell, keep and cool-down; unknown changes neither."""
    life = Life(Manner(for_s, keep_s, cool_s))
    held = since_so = 0.0
    for found, count in truths:
        for _ in range(count):
            before = len(life.events)
            life.look(found)
            since_so = life.at if found is NOT_SO else since_so
            new = life.names[before:]
            if found is UNKNOWN:
                assert new == []
            if new == ["raised"]:
                assert found is SO and life.at - since_so >= for_s
            if new == ["cleared"]:
                assert found is NOT_SO
            held = max(held, len(life.known))
    assert held <= 1
    assert life.names == [("raised", "cleared")[i % 2] for i in range(len(life.names))]
    raised = [at for at, name in life.events if name == "raised"]
    assert all(later - earlier >= cool_s + keep_s for earlier, later in zip(raised, raised[1:], strict=False))
