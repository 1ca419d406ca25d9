"""A challenge among equals: who of the same class may be displaced by a newcomer, and if nobody, why not."""

from __future__ import annotations

from collections.abc import Sequence

from engine.domain import Demand
from engine.lines import words
from engine.lines.model import LinePolicy, RefusedKind
from engine.lines.seats import Seat


def challenge(
    demand: Demand, rivals: Sequence[Seat], swaps_left: int, now_mono: float, policy: LinePolicy
) -> Seat | tuple[RefusedKind, str]:
    """The seat that `demand` takes, or why it takes none.

    The newcomer must be better by the hysteresis, the incumbent outside its minimum hold and its dwell, and only so
    many swaps are made a minute. `rivals` come first out first.
    """
    margin = 1.0 + policy.hysteresis_pct / 100.0
    beaten = [s for s in rivals if demand.score > s.score and demand.score >= s.score * margin]
    if not beaten:
        return _not_better(demand, rivals, policy)
    victim = next((s for s in beaten if outside_hold(s, now_mono, policy)), None)
    if victim is None:
        return "hold", words.inside_hold(beaten[0].symbol)
    if swaps_left <= 0:
        return "swaps", f"would evict {victim.symbol}, but this minute's swaps are used up"
    return victim


def outside_hold(seat: Seat, now_mono: float, policy: LinePolicy) -> bool:
    """Dwell and minimum hold are over."""
    return not seat.young and now_mono - seat.held.class_since_mono >= policy.min_hold_s


def _not_better(demand: Demand, rivals: Sequence[Seat], policy: LinePolicy) -> tuple[RefusedKind, str]:
    if demand.line_class == "25" and policy.normal_max == 0:
        return "normal_max", "no lines are given to ordinary candidates"
    if not rivals:  # the places of the class went to better newcomers of the same plan
        return ("normal_max", words.normals_taken(policy.normal_max)) if demand.line_class == "25" else ("limit", "")
    weakest = min(rivals, key=lambda s: (s.score, s.con_id))
    return "score", words.does_not_beat(demand.score, weakest.symbol, weakest.score, policy.hysteresis_pct)
