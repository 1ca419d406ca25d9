"""The pace of messages: never over the allowance, urgent first, what was withdrawn never leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from engine.broker.pacing import Bucket, Outgoing, OutQueue, Pacer
from engine.clock import FakeClock, SystemClock
from tests.patience import until


def worst_second(times: list[float]) -> int:
    return max((sum(1 for t in times if start <= t < start + 1.0) for start in times), default=0)


def drain(bucket: Bucket, start: float, count: int, late_s: list[float]) -> list[float]:
    """Sends `count` messages as a timer would that fires up to `late_s` late."""
    now, sent = start, []
    for n in range(count):
        while (wait := bucket.wait_s(now)) > 0.0:
            now += wait + (late_s[n % len(late_s)] if late_s else 0.0)
        bucket.take(now)
        sent.append(now)
    return sent


@given(st.lists(st.floats(0.0, 0.4), max_size=20), st.integers(1, 250), st.floats(0.0, 1e6))
def test_never_more_than_42_in_any_second_whatever_the_timers_jitter(late_s, count, start):
    bucket = Bucket()
    sent = drain(bucket, start, count, late_s)
    assert worst_second(sent) <= 42
    assert bucket.worst_second <= 42


@given(st.lists(st.floats(0.0, 3.0), min_size=1, max_size=120))
def test_bursts_never_exceed_five_within_25_ms(gaps):
    bucket, now, sent = Bucket(), 0.0, []
    for gap in gaps:
        now += gap
        while (wait := bucket.wait_s(now)) > 0.0:
            now += wait
        bucket.take(now)
        sent.append(now)
    assert max(sum(1 for t in sent if start <= t < start + 0.0249) for start in sent) <= 5


def test_sustained_rate_is_forty_a_second():
    sent = drain(Bucket(), 0.0, 400, [])
    assert 9.7 < sent[-1] < 10.1


def test_within_a_second_messages_leave_each_25_ms():
    sent = drain(Bucket(), 0.0, 36, [])
    assert all(later - earlier < 0.0251 for earlier, later in zip(sent, sent[1:], strict=False))


def test_a_message_beside_the_queue_counts():
    bucket = Bucket()
    for _ in range(5):
        bucket.take(10.0)
    assert bucket.wait_s(10.0) > 0.02


def test_urgent_leaves_before_normal_and_each_class_in_order():
    queue = OutQueue()
    for name, kind in (("n1", "normal"), ("p1", "probe"), ("u1", "urgent"), ("n2", "normal"), ("u2", "urgent")):
        queue.put(Outgoing(name, None, None), kind)
    assert list(popped(queue)) == ["u1", "u2", "p1", "n1", "n2"]


def test_a_full_second_keeps_room_for_positions_and_room_for_the_probe_beyond_that():
    queue = OutQueue()
    for kind in ("urgent", "probe", "normal"):
        queue.put(Outgoing(kind, None, None), kind)
    assert queue.pop(45) is None
    assert list(popped(queue, 44)) == ["probe"]
    assert list(popped(queue, 42)) == ["urgent"]
    assert list(popped(queue, 41)) == ["normal"]


def test_withdrawn_message_vanishes_and_its_place_costs_nothing():
    queue = OutQueue()
    queue.put(Outgoing("subscribe", ("line", 7), None), "normal")
    queue.put(Outgoing("other", ("line", 8), None), "normal")
    assert queue.withdraw(("line", 7))
    assert not queue.withdraw(("line", 7))
    assert len(queue) == 1
    assert list(popped(queue)) == ["other"]
    assert not queue.withdraw(("line", 8)), "it has left"
    assert queue.pop() is None


def popped(queue: OutQueue, count: int = 0) -> Iterator[str]:
    while (found := queue.pop(count)) is not None:
        yield found[0].message


class LateClock(FakeClock):
    """Follows the loop's clock."""

    def mono(self) -> float:
        return asyncio.get_running_loop().time()


def test_pacer_tells_when_a_message_left_and_forgets_the_queue_of_an_old_connection():
    async def scenario():
        pacer = Pacer(LateClock())
        old, new, left = [], [], []
        pacer.attach(old.append, "time")
        for n in range(8):
            pacer.put(f"m{n}", on_sent=left.append)
        assert old == [f"m{n}" for n in range(5)], "a burst of five at once"
        pacer.attach(new.append, "time")
        pacer.put("fresh", key=("k", 1), on_sent=left.append)
        await until(lambda: new)
        assert new == ["fresh"]
        assert len(left) == 6
        pacer.detach()

    asyncio.run(scenario())


def test_pacer_withdraws_before_the_message_left():
    async def scenario():
        pacer, sent = Pacer(SystemClock()), []
        pacer.attach(sent.append, "time")
        for n in range(10):
            pacer.put(f"m{n}", key=("m", n))
        assert pacer.withdraw(("m", 9))
        assert not pacer.withdraw(("m", 0))
        await until(lambda: len(sent) >= 9 and not pacer.queued)
        await asyncio.sleep(0.05)
        assert [message for message in sent if message != "time"] == [f"m{n}" for n in range(9)]
        assert pacer.queued == 0

    asyncio.run(scenario())
