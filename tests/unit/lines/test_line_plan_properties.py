"""What must hold for every input of the plan (LINES: "The plan is a pure function")."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.domain import Demand
from engine.lines.model import RANK, HeldLine, LinePlan, LinePolicy
from engine.lines.plan import plan
from tests.examples import examples
from tests.unit.lines.line_samples import NOW, line, want

CLASSES = st.sampled_from(["100", "pinned", "50", "25", "coverage"])
CON_IDS = st.integers(1, 40)
SCORES = st.floats(0, 1, allow_nan=False)

demands_of = st.lists(
    st.builds(
        want,
        CON_IDS,
        CLASSES,
        SCORES,
        exposure=st.floats(0, 1e6),
        borrowed=st.booleans(),
        since=st.floats(0, 1_000),
    ),
    max_size=60,
)
held_of = st.lists(
    st.builds(
        line,
        CON_IDS,
        CLASSES,
        SCORES,
        age=st.floats(0, 2_000),
        idle=st.none() | st.floats(0, 2_000),
        state=st.sampled_from(["pending", "live", "error", "cancelling", "renewing"]),
        sent=st.booleans(),
        borrowed=st.booleans(),
    ),
    max_size=30,
    unique_by=lambda h: h.con_id,
)
policies = st.builds(
    LinePolicy,
    buffer=st.integers(0, 8),
    normal_max=st.integers(0, 12),
    top_max=st.integers(0, 12),
    coverage_dwell_s=st.floats(2, 60),
    rotating_share=st.floats(0, 1),
    swaps_left=st.integers(0, 5),
)
limits = st.integers(1, 30)
every_input = given(demands_of, held_of, limits, policies)


def positions_of(demands: list[Demand]) -> set[int]:
    return {d.contract.con_id for d in demands if d.line_class == "100"}


def open_after(result: LinePlan, held: list[HeldLine]) -> set[int]:
    gone = {c.con_id for c in result.cancel}
    return {h.con_id for h in held if h.con_id not in gone and h.state != "cancelling"} | {
        s.demand.contract.con_id for s in result.subscribe
    }


def is_young(h: HeldLine, policy: LinePolicy) -> bool:
    return h.sent_mono is not None and NOW - h.sent_mono < policy.dwell_of(h.line_class)


@every_input
def test_nothing_is_opened_beyond_limit_or_capacity(
    demands: list[Demand], held: list[HeldLine], limit: int, policy: LinePolicy
) -> None:
    result = plan(demands, held, limit, NOW, policy)
    if result.subscribe:
        assert len(held) + len(result.subscribe) <= limit, "lines on their way out still count"
    positions = positions_of(demands)
    others = [s for s in result.subscribe if s.line_class != "100"]
    if others:
        other_held = [h for h in held if h.con_id not in positions]
        assert len(other_held) + len(others) <= limit - policy.buffer


@every_input
def test_lines_fit_the_limit_but_for_positions_and_lines_inside_their_dwell(
    demands: list[Demand], held: list[HeldLine], limit: int, policy: LinePolicy
) -> None:
    result = plan(demands, held, limit, NOW, policy)
    after = open_after(result, held)
    positions = positions_of(demands)
    strictest = LinePolicy(dwell_s=max(policy.dwell_s, policy.coverage_dwell_s), coverage_dwell_s=60.0)
    young = {h.con_id for h in held if is_young(h, strictest)}
    assert len(after) <= max(limit, len(after & (positions | young)))
    assert len(after - positions) <= max(limit - policy.buffer, 0, len((after - positions) & young))


@every_input
def test_a_positions_line_is_never_cancelled(
    demands: list[Demand], held: list[HeldLine], limit: int, policy: LinePolicy
) -> None:
    result = plan(demands, held, limit, NOW, policy)
    assert not positions_of(demands) & {c.con_id for c in result.cancel}


@every_input
def test_no_cancel_inside_the_dwell_but_for_a_position(
    demands: list[Demand], held: list[HeldLine], limit: int, policy: LinePolicy
) -> None:
    by_id = {h.con_id: h for h in held}
    for cancel in plan(demands, held, limit, NOW, policy).cancel:
        assert cancel.for_position or not is_young(by_id[cancel.con_id], policy)


@every_input
def test_no_contract_is_opened_twice_nor_cancelled_twice(
    demands: list[Demand], held: list[HeldLine], limit: int, policy: LinePolicy
) -> None:
    result = plan(demands, held, limit, NOW, policy)
    opened = [s.demand.contract.con_id for s in result.subscribe]
    gone = [c.con_id for c in result.cancel]
    assert len(opened) == len(set(opened))
    assert len(gone) == len(set(gone))
    assert not set(opened) & {h.con_id for h in held}
    assert set(gone) <= {h.con_id for h in held if h.state != "cancelling"}


@every_input
def test_the_classes_keep_to_their_numbers(
    demands: list[Demand], held: list[HeldLine], limit: int, policy: LinePolicy
) -> None:
    result = plan(demands, held, limit, NOW, policy)
    leaving = {h.con_id for h in held if h.idle_since_mono is not None and NOW - h.idle_since_mono >= policy.ttl_s}
    now = [k.line_class for k in result.keep if k.demand is not None or k.con_id not in leaving]
    now += [s.line_class for s in result.subscribe]
    assert now.count("25") <= policy.normal_max
    assert now.count("50") <= policy.top_max
    pinned = [k for k in result.keep if k.line_class == "pinned" and k.demand is not None]
    assert len(pinned) + sum(s.line_class == "pinned" for s in result.subscribe) <= policy.pins_max
    assert sum(c.swap for c in result.cancel) <= policy.swaps_left


@every_input
def test_every_decision_carries_its_reason(
    demands: list[Demand], held: list[HeldLine], limit: int, policy: LinePolicy
) -> None:
    result = plan(demands, held, limit, NOW, policy)
    assert all(c.reason for c in result.cancel)
    assert all(r.reason for r in result.refused)


@every_input
def test_every_position_has_a_line_or_waits_for_one_while_lines_are_to_be_had(
    demands: list[Demand], held: list[HeldLine], limit: int, policy: LinePolicy
) -> None:
    result = plan(demands, held, limit, NOW, policy)
    positions = positions_of(demands)
    if result.positions_without_line:
        kept = {k.con_id for k in result.keep}
        assert kept <= positions, "somebody else holds a line while a position has none"
    served = open_after(result, held) | {r.demand.contract.con_id for r in result.refused if r.kind == "waiting"}
    assert len(positions - served) == result.positions_without_line


@every_input
def test_nobody_weaker_stays_while_a_top_candidate_is_refused(
    demands: list[Demand], held: list[HeldLine], limit: int, policy: LinePolicy
) -> None:
    result = plan(demands, held, limit, NOW, policy)
    refused = [r for r in result.refused if r.kind == "limit" and r.demand.line_class == "50"]
    surplus = len(held) > limit or len(open_after(result, held)) >= limit
    if refused and not surplus:
        by_id = {h.con_id: h for h in held}
        weaker = [k for k in result.keep if RANK[k.line_class] > RANK["50"] and not is_young(by_id[k.con_id], policy)]
        assert not weaker


@examples(40)
@given(demands_of, held_of, limits, policies, st.randoms(use_true_random=False))
def test_the_same_input_gives_the_same_plan_in_any_order(
    demands: list[Demand], held: list[HeldLine], limit: int, policy: LinePolicy, rng: random.Random
) -> None:
    first = plan(demands, held, limit, NOW, policy)
    assert plan(demands, held, limit, NOW, policy) == first
    unique: dict[int, Any] = {d.contract.con_id: d for d in demands}
    shuffled = list(unique.values())
    ordered = plan(shuffled, held, limit, NOW, policy)
    rng.shuffle(shuffled)
    again = plan(shuffled, held, limit, NOW, policy)
    assert (ordered.cancel, ordered.subscribe) == (again.cancel, again.subscribe)


@every_input
def test_carried_out_repeatedly_the_plan_comes_to_rest(
    demands: list[Demand], held: list[HeldLine], limit: int, policy: LinePolicy
) -> None:
    """With standing demands and all dwell times over, the lines settle: no churn."""
    calm = LinePolicy(
        buffer=policy.buffer, normal_max=policy.normal_max, top_max=policy.top_max, dwell_s=0, coverage_dwell_s=0
    )
    lines_now = [h for h in held if h.state != "cancelling"]
    for _ in range(60):
        result = plan(demands, lines_now, limit, NOW, calm)
        if not result.cancel and not result.subscribe:
            return
        kept = {k.con_id: k for k in result.keep}
        lines_now = [_carried_over(h, kept[h.con_id].line_class) for h in lines_now if h.con_id in kept]
        lines_now += [
            line(s.demand.contract.con_id, s.line_class, s.demand.score, borrowed=s.demand.borrowed)
            for s in result.subscribe
        ]
    raise AssertionError("the plan did not come to rest in 60 rounds")


def _carried_over(h: HeldLine, line_class: Any) -> HeldLine:
    return line(h.con_id, line_class, h.score, idle=1.0 if h.idle_since_mono is not None else None)
