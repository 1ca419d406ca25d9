"""Coverage: whom the spare lines visit next. Pure judgements of one symbol; time is an argument.

A visit is worth what it may find, and that is known in part, for free:

- *Distance.* A breakout of the next minute begins where the price stands about one average minute's range (ATR) from a
  level, or nearer. Since the last visit the price has walked: its distance counts less by the root of the minutes.
- *The minute's clock.* A running minute's volume can be judged from its 15th second on, so most breakouts are raised
  right then. Who is near a level is due once in every minute after that mark.
- *Hints.* Who has just come up in one of the broker's scans moves now, wherever it stood.

What is left goes by the wait alone, so that nobody is forgotten. The order follows the load by itself: lines that come
round quickly run out of those who are due and go on with the rest; lines that can't stay with the due ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from msgspec import Struct

from engine.domain import ContractRef

MINUTE_S = 60.0
STRETCHED = 3.0
ON_THE_WAY_S = 4.0  # from the wish to the first tick where many wait: what is due after 20 s is asked for after 16
AT_ONCE_S = 1.5  # and of the strong, who come first


class CoveragePolicy(Struct, frozen=True):
    """The numbers of the rotation; chosen by `benchmarks/coverage.py`, see the table beside it."""

    dwell_s: float = 5.0
    messages_per_s: float = 32.0
    judged_from_s: float = 15.0  # of a minute: from here on its volume can be projected (SIGNALS, "Level")
    near_atr: float = 1.0  # up to this distance a symbol is near
    far_atr: float = 1.5  # from here on it is not
    far_value: float = 0.05
    unknown_value: float = 0.3  # no level known: no bars yet
    seen_weight: float = 0.5  # of a near symbol that was seen after the mark already, a minute ago
    again_s: float = 20.0  # who stands beyond a level without having broken out is due again so soon
    hint_weight: float = 1.5
    hint_half_life_s: float = 30.0
    patience_s: float = 600.0  # after such a wait everybody counts as near
    watch_share: float = 0.6  # of the visiting lines, for the prices of running signals
    watch_strong_s: float = 12.0  # the price of a watched signal is due again so soon: of top score
    watch_weak_s: float = 20.0  # and of every other


class Running(NamedTuple):
    """A running signal that has no line of its own. `strong` = its score is that of a top candidate; it `rests` while
    its cool-down holds: a visit finds nothing new then, and only its price is wanted."""

    strong: bool
    rests: bool


@dataclass(slots=True)
class Place:
    """One symbol of the universe. Times monotonic; `held_mono` = when it last had a line, `seen_mono` = when its newest
    tick came, None = never yet. `visits` = those of the market's day that brought a tick; the line of the newest one
    was opened at `visit_mono`.

    `hint` 0-1 is how much the scans had to say at `hint_mono`, not counting what a visit has answered since.
    `distance_atr` is that to the nearer trigger when it was last judged, 0 and less = beyond it; None = no level known.
    `running`: it has a running signal, and no line for it; None = it hasn't.
    """

    contract: ContractRef
    joined_mono: float
    held_mono: float | None = None
    seen_mono: float | None = None
    visit_mono: float | None = None
    visits: int = 0
    hint: float = 0.0
    hint_mono: float = 0.0
    distance_atr: float | None = None
    running: Running | None = None

    def hint_now(self, now_mono: float, policy: CoveragePolicy) -> float:
        """The hint with its age: half of it is left after the half-life."""
        if self.hint == 0.0:
            return 0.0
        return float(self.hint * 0.5 ** ((now_mono - self.hint_mono) / policy.hint_half_life_s))


def since_mark_s(now_market: float, policy: CoveragePolicy) -> float:
    """Market seconds since the running minute's volume could be judged, or the last minute's."""
    return (now_market - policy.judged_from_s) % MINUTE_S


def nearness(distance_atr: float | None, wait_s: float, policy: CoveragePolicy) -> float:
    """0-1: how likely the price is near a level now, `wait_s` after it was seen at this distance."""
    if distance_atr is None:
        return policy.unknown_value
    distance = distance_atr if wait_s <= MINUTE_S else distance_atr / math.sqrt(wait_s / MINUTE_S)
    if distance <= policy.near_atr:
        return 1.0
    if distance >= policy.far_atr:
        return policy.far_value
    share = (policy.far_atr - distance) / (policy.far_atr - policy.near_atr)
    return policy.far_value + (1.0 - policy.far_value) * share


def overdue(place: Place, now_mono: float, policy: CoveragePolicy) -> float:
    """How old the price of a watched signal is against what it may be; from 1 on a visit is due."""
    if place.running is None:
        return 0.0
    strong = place.running.strong
    every_s, ahead_s = (policy.watch_strong_s, AT_ONCE_S) if strong else (policy.watch_weak_s, ON_THE_WAY_S)
    return math.inf if place.held_mono is None else (now_mono - place.held_mono + ahead_s) / every_s


def watch_next(waiting: Iterable[Place], lines: int, now_mono: float, policy: CoveragePolicy) -> list[Place]:
    """The watched signals whose price is due: at most `lines`, the strong ones first, then who waits longest.

    The weak ones stretch first, but not without end: from `STRETCHED` times their due on they come with the strong.
    """
    due = [(place, late) for place in waiting if (late := overdue(place, now_mono, policy)) >= 1.0]
    due.sort(key=lambda each: (not _is_strong(each[0]) and each[1] < STRETCHED, -each[1], each[0].contract.con_id))
    return [place for place, _ in due[: max(0, lines)]]


def _is_strong(place: Place) -> bool:
    return place.running is not None and place.running.strong


def urgency(place: Place, now_mono: float, since_mark: float, policy: CoveragePolicy) -> float:
    """Who has the most is visited next. `since_mark` seconds ago the volume of this minute could first be judged."""
    if place.held_mono is None:
        return (
            1.0 + (now_mono - place.joined_mono) / policy.patience_s
        )  # nothing is known of it yet: as one who is near
    wait = now_mono - place.held_mono
    near = nearness(place.distance_atr, wait, policy)
    if wait > since_mark:
        due = 1.0
    elif place.distance_atr is not None and place.distance_atr <= 0.0:
        due = min(1.0, wait / policy.again_s)
    else:
        due = policy.seen_weight * min(1.0, wait / MINUTE_S)
    return near * due + policy.hint_weight * place.hint_now(now_mono, policy) + wait / policy.patience_s
