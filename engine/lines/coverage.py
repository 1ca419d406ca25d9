"""Coverage: whom the spare lines visit next. Pure judgements of one symbol; time is an argument.

A visit is worth what it may find: a symbol waits, and what is known of it makes its wait count more. Two things are
known for free: the broker's own scans (who has just come up in one), and how near the price was to a breakout level
when it was last seen. How much both may count depends on the load: where the lines come round to everybody within the
minute anyway, a strong preference only starves the rest; where they can't, it decides who is seen at all.
"""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import Struct

from engine.domain import ContractRef

UNSEEN_WAIT_S = 120.0  # a symbol that no line has seen yet waits as if its last visit were so long ago


class CoveragePolicy(Struct, frozen=True):
    """The numbers of the rotation. `hint_weight` and `near_weight` multiply the wait of a symbol at their full.

    Chosen by `benchmarks/coverage.py`; see the table beside it.
    """

    dwell_s: float = 5.0
    messages_per_s: float = 28.0
    hint_weight: float = 5.0
    near_weight: float = 5.0
    hint_half_life_s: float = 30.0
    fast_round_s: float = 40.0  # a round through everybody so short needs no preference
    slow_round_s: float = 120.0  # from here on the preferences count in full


@dataclass(slots=True)
class Place:
    """One symbol of the universe. Times monotonic; `held_mono` = when it last had a line, None = never yet.

    `hint` 0-1 is how much the scans had to say at `hint_mono`, not counting what a visit has answered since.
    `nearness` 0-1: 1 = at or beyond a breakout level.
    """

    contract: ContractRef
    joined_mono: float
    held_mono: float | None = None
    visits: int = 0
    hint: float = 0.0
    hint_mono: float = 0.0
    nearness: float = 0.0

    def hint_now(self, now_mono: float, policy: CoveragePolicy) -> float:
        """The hint with its age: half of it is left after the half-life."""
        if self.hint == 0.0:
            return 0.0
        return float(self.hint * 0.5 ** ((now_mono - self.hint_mono) / policy.hint_half_life_s))


def load_factor(symbols: int, visits_per_s: float, policy: CoveragePolicy) -> float:
    """0-1: how much preferences may count. 0 = the round is fast enough for everybody, 1 = it never can be."""
    if visits_per_s <= 0.0:
        return 1.0
    round_s = symbols / visits_per_s
    span = policy.slow_round_s - policy.fast_round_s
    return max(0.0, min(1.0, (round_s - policy.fast_round_s) / span))


def urgency(place: Place, now_mono: float, load: float, policy: CoveragePolicy) -> float:
    """Seconds of waiting, weighted: who has the most is visited next."""
    wait = UNSEEN_WAIT_S + now_mono - place.joined_mono if place.held_mono is None else now_mono - place.held_mono
    hint = place.hint_now(now_mono, policy)
    return wait * (1.0 + policy.hint_weight * hint + (0.5 + 0.5 * load) * policy.near_weight * place.nearness)
