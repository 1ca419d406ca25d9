"""The life of what a rule finds: pending, raised, recovering, cleared; seen and snoozed lie over it. Pure.

One identity (rule, version, subject) has one occurrence at most that is open. Where nothing is known the state stays as
it is: unknown is not over. A cleared one is kept until its cool-down has passed, and holds back the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from engine.alerts.facts import Now
from engine.alerts.looks import Found, Look
from engine.state.alert_sections import UNTIL_CLEARED, AlertSeverity, AlertState, Occurrence

EventName = Literal["raised", "escalated", "again", "cleared"]


class Manner(NamedTuple):
    """How a rule of a kind behaves, in seconds."""

    for_s: float
    keep_s: float
    cool_down_s: float
    urgent_after_s: float = 0.0
    has_baseline: bool = True


class Known(Struct, frozen=True):
    """What is known of one identity. `since_mono` = when its state began, counted on the monotonic clock.

    `occurrence` None = pending: nothing has been raised yet.
    """

    state: AlertState
    since_mono: float
    occurrence: Occurrence | None = None


class Step(NamedTuple):
    """A change of one identity. `known` None = forget it. `raised` = make an occurrence of this look, under that word.

    `event` = what happened that somebody may want to hear.
    """

    subject: str
    known: Known | None
    event: EventName | None = None
    raised: Look | None = None
    found: str = ""


def steps(known: Mapping[str, Known], found: Found, manner: Manner, now: Now, baseline: str = "") -> Iterator[Step]:
    """What changes for one rule. `baseline` = this is its first look, and why: "start" or "made"; "" = it is not.

    Costs little where nothing changes: a thousand that stand as they stood take a fraction of a millisecond.
    """
    true, unknown, is_known = found.true, found.unknown, found.is_known
    baseline = baseline if manner.has_baseline else ""
    cooling = now.mono - manner.cool_down_s if not baseline else float("inf")
    busy = [(subject, mine) for subject, mine in known.items() if mine.state != "cleared" or mine.since_mono <= cooling]
    for subject, mine in busy:
        is_so = (True if subject in true else None if subject in unknown else False) if is_known else None
        if mine.state == "raised" and is_so and mine.occurrence is not None and _rests(mine.occurrence, manner):
            continue
        look = found.look(true[subject]) if is_so and mine.state in ("pending", "cleared") else None
        step = _next(subject, mine, is_so, look, manner, now, baseline)
        if step is not None:
            yield step
    for subject in true.keys() - known.keys():
        yield _begun(subject, found.look(true[subject]), manner, now, baseline)


def _rests(occurrence: Occurrence, manner: Manner) -> bool:
    """Nothing that time alone brings is due of it."""
    return (
        not occurrence.is_unknown
        and occurrence.snoozed_until is None
        and (not manner.urgent_after_s or occurrence.is_escalated)
    )


def _begun(subject: str, look: Look, manner: Manner, now: Now, found: str) -> Step:
    if found or not manner.for_s:
        return _raise(subject, look, now, found)
    return Step(subject, Known("pending", now.mono))


def _raise(subject: str, look: Look, now: Now, found: str = "") -> Step:
    return Step(subject, Known("raised", now.mono), "raised", look, found)


def _next(
    subject: str, mine: Known, is_so: bool | None, look: Look | None, manner: Manner, now: Now, baseline: str
) -> Step | None:
    lasted = now.mono - mine.since_mono
    if mine.occurrence is None:
        return _next_pending(subject, mine, is_so, look, manner, now)
    if mine.state == "cleared":
        if lasted < manner.cool_down_s and not (baseline and look):
            return None
        return _begun(subject, look, manner, now, baseline) if look is not None else Step(subject, None)
    if is_so is None:
        return _unknown(subject, mine, now)
    if is_so:
        return _stands(subject, mine, mine.occurrence, manner, now)
    if mine.state == "raised" and manner.keep_s:
        return Step(subject, _moved(mine, "recovering", now))
    if mine.state == "raised" or lasted >= manner.keep_s:
        return Step(subject, _moved(mine, "cleared", now), "cleared")
    return None if not mine.occurrence.is_unknown else Step(subject, _known_again(mine))


def _next_pending(
    subject: str, mine: Known, is_so: bool | None, look: Look | None, manner: Manner, now: Now
) -> Step | None:
    if is_so is None:
        return None
    if look is None:
        return Step(subject, None)
    return _raise(subject, look, now) if now.mono - mine.since_mono >= manner.for_s else None


def _unknown(subject: str, mine: Known, now: Now) -> Step | None:
    """It stays; what recovers begins its time anew when something is known again."""
    assert mine.occurrence is not None
    since = now.mono if mine.state == "recovering" else mine.since_mono
    if mine.occurrence.is_unknown and since == mine.since_mono:
        return None
    return Step(subject, replace(mine, since_mono=since, occurrence=replace(mine.occurrence, is_unknown=True)))


def _known_again(mine: Known) -> Known:
    assert mine.occurrence is not None
    return replace(mine, occurrence=replace(mine.occurrence, is_unknown=False))


def _stands(subject: str, mine: Known, occurrence: Occurrence, manner: Manner, now: Now) -> Step | None:
    """It is so: what time brings is a snooze that ends, and urgency when nobody looks."""
    if mine.state == "recovering":
        return Step(subject, _moved(mine, "raised", now))
    if occurrence.snoozed_until is not None:
        if now.wall < occurrence.snoozed_until:
            return Step(subject, _known_again(mine)) if occurrence.is_unknown else None
        awake = replace(woken(occurrence, now), again=occurrence.again + 1, is_unknown=False, changed_wall=now.wall)
        return Step(subject, replace(mine, occurrence=awake), "again")
    waits = now.wall - (occurrence.again_wall or occurrence.raised_wall)
    late = 0.0 < manner.urgent_after_s <= waits
    if late and occurrence.seen_wall is None and not occurrence.is_escalated:
        return Step(subject, replace(mine, occurrence=escalated(occurrence, "urgent", now)), "escalated")
    return Step(subject, _known_again(mine)) if occurrence.is_unknown else None


def woken(occurrence: Occurrence, now: Now) -> Occurrence:
    """Its snooze is over: whoever snoozed it had seen it, and has not seen it since."""
    return replace(occurrence, snoozed_until=None, snooze_symbol=False, seen_wall=None, again_wall=now.wall)


def escalated(occurrence: Occurrence, severity: AlertSeverity, now: Now) -> Occurrence:
    """Worth more than it was; once."""
    return replace(occurrence, severity=severity, is_escalated=True, changed_wall=now.wall, is_unknown=False)


def _moved(mine: Known, state: AlertState, now: Now) -> Known:
    assert mine.occurrence is not None
    if state == "cleared":
        occurrence = over(mine.occurrence, now)
    else:
        occurrence = replace(mine.occurrence, state=state, is_unknown=False, changed_wall=now.wall, cleared_wall=None)
    return replace(mine, state=state, since_mono=now.mono, occurrence=occurrence)


def over(occurrence: Occurrence, now: Now) -> Occurrence:
    """It has ended, and with it a snooze that lasts until then: one that stayed would hold for all that come."""
    snoozed = occurrence.snoozed_until
    return replace(
        occurrence,
        state="cleared",
        is_unknown=False,
        changed_wall=now.wall,
        cleared_wall=now.wall,
        snoozed_until=None if snoozed == UNTIL_CLEARED else snoozed,
    )


def restored(occurrence: Occurrence, now: Now) -> Known:
    """Of an earlier run: its times by the wall clock, clamped where that jumped."""
    since = now.mono - max(0.0, now.wall - occurrence.changed_wall)
    return Known(occurrence.state, since, occurrence)
