"""Messages on their way out: what goes next, in one message with what, and what an answer means for it. Pure.

A time-out is no failure: the message may be out, so the next try says "(repeat)". Times are the engine's steady wall
clock, UTC epoch seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from msgspec.structs import replace

from engine.alerts.words import clean
from engine.state.alert_sections import AlertSeverity, Delivery, DeliveryState, Occurrence

GROUP_WAIT_S = 10.0  # the first waits so long and takes along what comes
URGENT_WAIT_S = 2.0
AT_ONCE = 5  # more within a minute are one digest
MINUTE_S = 60.0
RETRY_S = (30.0, 60.0, 300.0, 900.0)  # the last one again and again
EXPIRES_S = 24 * 3_600.0
UNCERTAIN_S = 30.0
BODY_MOST = 1_500  # of a message, link included; services that take less say so
DIGEST_LINE_MOST = 240
REPEAT = "(repeat) "

Verdict = Literal["accepted", "failed", "rejected", "uncertain"]


class Outcome(NamedTuple):
    """What a service made of a message; `words` hold no secret."""

    verdict: Verdict
    words: str = ""


class Message(NamedTuple):
    """`text` may be shortened to what a service takes; `link` goes under it, whole or not at all."""

    title: str
    text: str
    severity: AlertSeverity = "warning"
    link: str = ""

    def body(self, most: int = BODY_MOST) -> str:
        """Text and link in at most so many characters."""
        link = self.link if len(self.link) <= most else ""
        room = most - (len(link) + 1 if link else 0)
        text = self.text if len(self.text) <= room else f"{self.text[: max(0, room - 1)].rstrip()}…"[: max(0, room)]
        return "\n".join(part for part in (text, link) if part)


class Bucket(NamedTuple):
    """Tokens of one channel: chat services cut off who sends more than some twenty a minute."""

    tokens: float
    at_wall: float


BUCKET_MOST = 5.0
TOKENS_PER_S = 10.0 / 60.0
FULL = Bucket(BUCKET_MOST, float("-inf"))


def filled(bucket: Bucket, now_wall: float) -> Bucket:
    if bucket.at_wall == float("-inf"):
        return Bucket(BUCKET_MOST, now_wall)
    gained = max(0.0, now_wall - bucket.at_wall) * TOKENS_PER_S
    return Bucket(min(BUCKET_MOST, bucket.tokens + gained), now_wall)


def queued(occurrence: Occurrence, channel: str, event: str, now_wall: float, quiet_until: float | None) -> Delivery:
    """A delivery of something that has just happened. In quiet hours it waits for their end unless it is urgent."""
    over = "Over: " if event == "cleared" else ""
    made = Delivery(
        occurrence_id=occurrence.id,
        channel=channel,
        event=event,
        severity=occurrence.severity,
        title=f"{over}{occurrence.title}",
        text=occurrence.text,
        state="queued",
        made_wall=now_wall,
        next_wall=now_wall + (URGENT_WAIT_S if occurrence.severity == "urgent" else GROUP_WAIT_S),
        changed_wall=now_wall,
    )
    return in_quiet(made, quiet_until, now_wall)


def in_quiet(delivery: Delivery, quiet_until: float | None, now_wall: float) -> Delivery:
    """The delivery as the quiet hours of now want it: whichever try it is, it waits for their end unless it is urgent.

    Those that were ended by hand, or last shorter or longer than they were to, count as they are now.
    """
    if not delivery.is_waiting or delivery.severity == "urgent":
        return delivery
    if quiet_until is None:
        return replace(delivery, next_wall=now_wall) if delivery.held and delivery.next_wall > now_wall else delivery
    if delivery.next_wall >= quiet_until and not delivery.held or delivery.next_wall == quiet_until:
        return delivery
    return replace(delivery, next_wall=quiet_until, held=True)


def due(waiting: Iterable[Delivery], sent: Sequence[float], bucket: Bucket, now_wall: float) -> list[Delivery]:
    """What goes out now in one message, of one channel's deliveries; [] = nothing yet.

    `sent` = wall times at which deliveries went out; after more than `AT_ONCE` in a minute the rest waits for a digest,
    but for what is urgent.
    """
    ready = [each for each in waiting if each.is_waiting and each.next_wall <= now_wall]
    if not ready or bucket.tokens < 1.0:
        return []
    recent = sum(1 for at in sent if now_wall - at < MINUTE_S)
    if recent >= AT_ONCE and not any(each.severity == "urgent" for each in ready):
        return []
    # What may have arrived is told apart from what has not: one word must not stand for both.
    repeats = [each for each in ready if each.repeat]
    together = [each for each in ready if not each.repeat] or repeats
    return sorted(together, key=lambda each: (each.severity != "urgent", each.made_wall, each.occurrence_id))


def composed(deliveries: Sequence[Delivery], link: str) -> Message:
    """One message of one or many; of many the first five and how many more."""
    first = deliveries[0]
    severity: AlertSeverity = "urgent" if any(d.severity == "urgent" for d in deliveries) else first.severity
    repeat = REPEAT if any(d.repeat for d in deliveries) else ""
    if len(deliveries) == 1:
        title, lines = first.title, [first.text]
    else:
        more = len(deliveries) - AT_ONCE
        title = f"{len(deliveries)} alerts: {first.title}"
        lines = [clean(f"- {each.title}. {each.text}", DIGEST_LINE_MOST) for each in deliveries[:AT_ONCE]]
        lines += [f"and {more} more"] if more > 0 else []
    urgent = "Urgent: " if severity == "urgent" else ""
    text = "\n".join(clean(line) for line in lines if line)
    return Message(clean(f"{repeat}{urgent}{title}", 160), text, severity, link)


def sending(delivery: Delivery, now_wall: float) -> Delivery:
    return replace(delivery, state="sending", tries=delivery.tries + 1, changed_wall=now_wall)


def after(delivery: Delivery, outcome: Outcome, now_wall: float) -> Delivery:
    """The delivery once the service has answered, or hasn't."""
    state: DeliveryState = "retry"
    if outcome.verdict == "accepted":
        state = "accepted"
    elif outcome.verdict == "rejected":
        state = "rejected"
    elif outcome.verdict == "uncertain":
        state = "uncertain"
    wait = RETRY_S[min(max(delivery.tries, 1), len(RETRY_S)) - 1]
    later = replace(
        delivery,
        state=state,
        words=clean(outcome.words, 120),
        changed_wall=now_wall,
        next_wall=now_wall + wait if state in ("retry", "uncertain") else delivery.next_wall,
        repeat=delivery.repeat or state == "uncertain",
    )
    return expired(later, now_wall) if later.is_waiting else later


def expired(delivery: Delivery, now_wall: float) -> Delivery:
    """Given up when it is older than a day."""
    if delivery.is_waiting and now_wall - delivery.made_wall >= EXPIRES_S:
        return replace(delivery, state="expired", changed_wall=now_wall, words=delivery.words or "no answer for a day")
    return delivery


def outlived(delivery: Delivery, now_wall: float) -> Delivery:
    """What it tells of was over before quiet hours ended, or is seen: nobody needs it."""
    return replace(delivery, state="expired", changed_wall=now_wall, words="it was over before it was sent")


def restored(delivery: Delivery, now_wall: float) -> Delivery:
    """Of an earlier run. What was being sent then may have arrived."""
    if delivery.state == "sending":
        return replace(
            delivery, state="uncertain", repeat=True, next_wall=now_wall + UNCERTAIN_S, changed_wall=now_wall,
            words="QTrade ended while it was sent",
        )  # fmt: skip
    return expired(delivery, now_wall)
