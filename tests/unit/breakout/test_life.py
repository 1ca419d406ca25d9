"""The life of a breakout: each step, and what happens when the price or the clock goes away."""

from __future__ import annotations

from engine.breakout.life import LOST_S, STALE_S, Tracker
from engine.breakout.rules import Frozen
from engine.config import BreakoutParams

PARAMS = BreakoutParams()
FROZEN = Frozen(100.0, "range", 1.0)  # beyond from 100.1
T = 1_000_000.0


def confirming() -> Tracker:
    tracker = Tracker()
    tracker.trigger(7, "long", FROZEN, T)
    return tracker


def running() -> Tracker:
    tracker = confirming()
    tracker.begin(7, "long", T + 10)
    return tracker


def test_ten_seconds_beyond_confirm() -> None:
    tracker = confirming()
    assert tracker.price(7, "long", 100.2, T + 9.9, PARAMS) == "none"
    assert tracker.progress(7, "long", T + 9.5).confirmed_s == 9.5
    assert tracker.price(7, "long", 100.2, T + 10.0, PARAMS) == "confirmed"


def test_at_the_edge_is_not_beyond() -> None:
    assert confirming().price(7, "long", 100.1, T + 1, PARAMS) == "dropped"


def test_a_confirmation_does_not_outlive_its_price() -> None:
    tracker = confirming()
    assert tracker.price(7, "long", None, T + STALE_S, PARAMS) == "none"
    assert tracker.price(7, "long", None, T + STALE_S + 1, PARAMS) == "dropped"
    assert tracker.busy == set()


def test_back_inside_must_last_for_the_hold() -> None:
    tracker = running()
    assert tracker.price(7, "long", 99.9, T + 20, PARAMS) == "none"
    assert tracker.price(7, "long", 100.05, T + 49, PARAMS) == "none", "out again, if only within the buffer"
    assert tracker.price(7, "long", 99.9, T + 60, PARAMS) == "none"
    assert tracker.price(7, "long", 99.9, T + 89.9, PARAMS) == "none"
    assert tracker.price(7, "long", 99.9, T + 90.0, PARAMS) == "ended"
    assert tracker.phase(7, "long") == "idle" and tracker.busy == set()
    assert tracker.progress(7, "long", T + 100).since_signal_s == 90.0


def test_a_signal_without_a_price_ends_unseen() -> None:
    tracker = running()
    assert tracker.price(7, "long", 100.4, T + 20, PARAMS) == "none"
    assert tracker.price(7, "long", None, T + 20 + LOST_S, PARAMS) == "none"
    assert tracker.price(7, "long", None, T + 21 + LOST_S, PARAMS) == "ended"


def test_confirmation_by_bars_counts_closes() -> None:
    params = BreakoutParams(confirm_bars=2)
    tracker = confirming()
    assert tracker.price(7, "long", 99.0, T + 30, params) == "none", "only closes count"
    assert tracker.bar_closed(7, "long", 100.5, params) == "none"
    assert tracker.bar_closed(7, "long", 99.5, params) == "dropped"
    tracker.trigger(7, "long", FROZEN, T + 200)
    assert tracker.bar_closed(7, "long", 100.5, params) == "none"
    assert tracker.bar_closed(7, "long", 100.5, params) == "confirmed"


def test_a_renewal_is_confirmed_like_the_first() -> None:
    tracker, higher = running(), Frozen(102.0, "range", 1.0)
    tracker.renew(7, "long", higher, T + 1_000)
    assert tracker.price(7, "long", 101.0, T + 1_005, PARAMS) == "none", "back under the new level: void"
    assert tracker.price(7, "long", 102.5, T + 1_030, PARAMS) == "none"
    assert not tracker.is_confirming(7)
    tracker.renew(7, "long", higher, T + 1_040)
    assert tracker.is_confirming(7), "a visit must not end before it is decided"
    assert tracker.price(7, "long", 102.5, T + 1_050, PARAMS) == "renewed"
    tracker.begin(7, "long", T + 1_050)
    assert tracker.frozen(7, "long") == higher
    bars = BreakoutParams(confirm_bars=1)
    tracker.renew(7, "long", Frozen(104.0, "range", 1.0), T + 2_000)
    assert tracker.bar_closed(7, "long", 103.0, bars) == "none"
    tracker.renew(7, "long", Frozen(104.0, "range", 1.0), T + 2_000)
    assert tracker.bar_closed(7, "long", 105.0, bars) == "renewed"


def test_the_short_side_is_apart() -> None:
    tracker = confirming()
    assert tracker.phase(7, "short") == "idle"
    assert tracker.price(7, "short", 99.0, T, PARAMS) == "none"
    assert tracker.bar_closed(7, "short", 99.0, BreakoutParams(confirm_bars=1)) == "none"
    tracker.trigger(7, "short", FROZEN, T)
    assert tracker.price(7, "long", 99.0, T + 1, PARAMS) == "dropped"
    assert tracker.busy == {7}, "the other side still confirms"


def test_what_was_signalled_earlier_today_cools_down() -> None:
    tracker = Tracker()
    tracker.restore(7, "long", T + 50)
    tracker.restore(7, "long", T + 10)
    assert tracker.progress(7, "long", T + 60).since_signal_s == 10.0
    tracker.set_back(T + 55)
    assert tracker.progress(7, "long", T + 60).since_signal_s == 10.0
    tracker.set_back(T + 45)
    assert tracker.progress(7, "long", T + 60).since_signal_s is None, "not from the future"
