"""The harness's own parts: sequences are data of their seed, a lie is found, what fails is cut down to its cause."""

from __future__ import annotations

import itertools
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.damage import DAMAGES, damage_file
from tests.chaos.fault_table import GONE, KINDS, LINK, NO_QUOTES, SCALED, paced
from tests.chaos.honesty import Sample, Span, deadline, judge, measure, undisturbed
from tests.chaos.invariants import of_ledgers, of_log, of_rows, of_section
from tests.chaos.run import Runner, Verdict
from tests.chaos.sequences import FAMILIES, FaultSequence, family_of, in_conflict, make_sequence
from tests.chaos.shrinking import shrink
from tests.chaos.stage import Stage

SEEDS = st.integers(0, 100_000)


# --- sequences


@given(SEEDS)
def test_a_seed_is_one_sequence_for_ever(seed: int) -> None:
    assert make_sequence(seed) == make_sequence(seed)
    assert str(make_sequence(seed).faults[0]) == str(make_sequence(seed).faults[0])


@given(SEEDS)
def test_faults_come_in_order_and_none_takes_what_another_uses(seed: int) -> None:
    sequence = make_sequence(seed)
    assert [fault.number for fault in sequence.faults] == list(range(len(sequence.faults)))
    assert list(sequence.faults) == sorted(sequence.faults, key=lambda fault: fault.at)
    assert all(fault.at >= sequence.family.warm_s for fault in sequence.faults)
    assert not any(in_conflict(one, other) for one, other in itertools.combinations(sequence.faults, 2))
    assert all(
        sequence.family.name in KINDS[f.kind].families or sequence.family.name == "crash" for f in sequence.faults
    )


@given(SEEDS, st.data())
def test_a_part_of_a_sequence_keeps_its_times_and_names_the_command_that_runs_it(
    seed: int, data: st.DataObject
) -> None:
    whole = make_sequence(seed)
    chosen = data.draw(st.sets(st.sampled_from([fault.number for fault in whole.faults]), min_size=1))
    part = whole.only(chosen)
    assert [fault for fault in whole.faults if fault.number in chosen] == list(part.faults)
    assert f"--seed {seed} --only {','.join(map(str, sorted(chosen)))}" in part.replay()


def test_every_hundred_seeds_hold_all_families_and_every_kind_is_drawn() -> None:
    for first in (0, 100, 7_300):
        drawn = [family_of(seed).name for seed in range(first, first + 100)]
        assert {family.name: drawn.count(family.name) / 100 for family in FAMILIES} == {
            family.name: pytest.approx(family.share) for family in FAMILIES
        }
    seen = {fault.kind for seed in range(1_000) for fault in make_sequence(seed).faults}
    assert seen == set(KINDS)


def test_every_kind_can_be_planted() -> None:
    for kind in KINDS:
        name = "_" + "".join(c if c.isalnum() else "_" for c in kind.replace("'", "")).strip("_")
        assert callable(getattr(Stage, name, None)), name


def test_a_slower_pace_lengthens_every_time_of_the_engine() -> None:
    assert paced(1.0) == SCALED
    slow = paced(3.0)
    assert (slow.probe_timeout_s, slow.retry_busy_s, slow.undecodable_per_minute) == (6.0, (3.0, 6.0), 20)


# --- honesty


def said(*spells: tuple[float, float, str], until: float = 40.0) -> list[Sample]:
    """A sample each 0.2 s; each spell = from, to, the reason."""
    times = [i * 0.2 for i in range(int(until / 0.2))]
    return [Sample(t, tuple(reason for begin, end, reason in spells if begin <= t < end)) for t in times]


DOWN, DEAD = "broker: not connected; TWS closed", NO_QUOTES
REFUSED, FEED = Span(0, "refused", 10.0, 14.0), Span(1, "dead feed", 10.0, 25.0)


def test_red_in_time_and_green_in_time_is_honest_and_measured() -> None:
    samples = said((10.4, 15.0, DOWN))
    assert judge(samples, [REFUSED]) == []
    (measured,) = measure(samples, [REFUSED])
    assert measured.red_s == pytest.approx(0.4) and measured.green_s == pytest.approx(1.0)


def test_green_while_a_fault_is_in_force_past_its_time_is_a_lie() -> None:
    (never,) = judge(said(), [FEED])
    assert "dead feed: said never" in never
    (late,) = judge(said((20.0, 26.0, DEAD)), [FEED])
    assert "said after 10.0 s" in late
    (gap,) = judge(said((15.0, 18.0, DEAD), (19.0, 26.0, DEAD)), [FEED])
    assert "not said at 18.0 s (5 samples)" in gap
    assert judge(said(), [Span(1, "dead feed", 10.0, 14.0)]) == [], "it was over before it had to be said"


def test_red_without_a_cause_or_for_longer_than_its_recovery_is_a_lie() -> None:
    (alarm,) = judge(said((5.0, 6.0, DOWN)), [])
    assert "red without a cause, 5.0-5.8 s" in alarm
    (long,) = judge(said((10.2, 30.0, DOWN)), [REFUSED])
    assert "over at 14.0 s" in long
    (other,) = judge(said((10.2, 14.4, DOWN), (11.0, 12.0, DEAD)), [REFUSED])
    assert DEAD in other


def test_a_slow_machine_lengthens_every_limit() -> None:
    late = said((18.0, 28.5, DEAD))
    assert len(judge(late, [FEED])) == 2
    assert judge(late, [FEED], slack_s=2.0) == []


def test_what_makes_the_feed_begin_anew_begins_its_time_anew() -> None:
    cut = Span(0, "FIN", 14.0, 14.0)
    (before, after) = undisturbed(FEED, [FEED, cut], 0.0)
    assert (before.begin, after.end) == (10.0, 25.0) and after.begin == deadline(cut, [FEED, cut], 0.0)
    silent_again = after.begin + (KINDS["dead feed"].red_s or 0.0)
    samples = said((14.2, 15.0, DOWN), (silent_again - 1.0, 26.0, DEAD))
    assert judge(samples, [FEED, cut]) == []


def test_a_cut_during_the_recovery_of_another_holds_it_up() -> None:
    cut = Span(1, "FIN", 16.0, 16.0)
    assert deadline(REFUSED, [REFUSED, cut], 0.0) > REFUSED.end + KINDS["refused"].green_s


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(0.1, 5.0)), max_size=4))
def test_silence_of_whatever_is_not_planted_is_never_excused(spells: list[tuple[float, float]]) -> None:
    samples = said(*((begin, begin + lasts, DOWN) for begin, lasts in spells))
    assert bool(judge(samples, [])) == any(sample.reasons for sample in samples)


def test_each_kind_says_what_belongs_to_it() -> None:
    for kind in KINDS.values():
        re.compile(kind.sign)
        assert kind.red_s is None or kind.sign, f"{kind.name} must be said within {kind.red_s} s, but how?"
        assert not (kind.disturbs and kind.green_s == 0.0), kind.name
    assert re.search(KINDS["kill -9"].sign, GONE) and re.search(LINK, DOWN)


@pytest.mark.parametrize(
    ("late_s", "broken", "runs"), [(1.9, True, 1), (2.1, True, 3), (4.9, False, 1), (5.1, False, 3)]
)
def test_what_a_slow_machine_excuses_is_run_again(tmp_path, late_s: float, broken: bool, runs: int) -> None:
    done: list[int] = []

    class Stub(Runner):
        def run(self, sequence: FaultSequence) -> Verdict:
            done.append(sequence.seed)
            return Verdict(sequence.seed, "quick", broken=["a lie"] if broken else [], late_s=late_s)

    verdict = Stub(tmp_path, 1.0).judged(make_sequence(7))
    assert len(done) == runs and verdict.repeats == runs - 1


# --- shrinking


@given(st.integers(1, 12), st.data())
def test_shrinking_finds_the_faults_that_it_takes(count: int, data: st.DataObject) -> None:
    numbers = list(range(count))
    guilty = data.draw(st.sets(st.sampled_from(numbers), min_size=1, max_size=3))
    assert set(shrink(numbers, lambda part: guilty <= set(part), most_runs=500)) == guilty


def test_shrinking_stops_after_so_many_runs() -> None:
    asked: list[tuple[int, ...]] = []
    shrink(range(16), lambda part: bool(asked.append(part)), most_runs=5)
    assert len(asked) == 5


# --- invariants


def test_a_ledger_beyond_its_rules_is_told_by_name() -> None:
    good = {
        "max_lines": 16, "max_non_position_lines": 13, "duplicate_lines": 0, "position_lines_cancelled": 0,
        "order_messages": 0, "parse_errors": 0, "worst_second": 36, "pacing_violations": 0, "errors": {},
        "max_scanner_slots": 9,
    }  # fmt: skip
    assert of_ledgers([good], 16, 3, limit_lowered=False) == []
    for name, value in (("max_lines", 17), ("max_non_position_lines", 14), ("worst_second", 46), ("order_messages", 1)):
        assert name in of_ledgers([good, {**good, name: value}], 16, 3, limit_lowered=False)[0]
    refused = {**good, "errors": {"101": 2}}
    assert of_ledgers([refused], 16, 3, limit_lowered=True) == []
    assert "101" in of_ledgers([refused], 16, 3, limit_lowered=False)[0]


def test_rows_of_no_sane_price_age_or_result_are_told() -> None:
    row = {"local_symbol": "TSLA", "last": 400.0, "mark": 400.0, "last_age_s": 0.1, "mark_age_s": 0.1,
           "unrealized_pnl": 5.0}  # fmt: skip
    assert of_rows([(1.0, [row])]) == []
    for field, value in (("last", 0.0), ("mark", 1e9), ("last_age_s", -3.0), ("unrealized_pnl", 1e12)):
        assert "TSLA" in of_rows([(1.0, [{**row, field: value}])])[0]


def test_the_log_may_name_what_was_planted_and_nothing_else() -> None:
    assert of_log(["qtrade.engine: The part lines died [RuntimeError('planted')]"]) == []
    assert of_log(["qtrade.web: A callback failed: division by zero"]) != []
    assert of_log(["qtrade.TWS: nothing is known of this"]) != [], "the logger's name excuses nothing"
    step = "qtrade.storage: A step of the thread journal failed and is taken again"
    assert of_log([f"{step} [KeyError('planted')]", f"{step} [OSError(28, 'No space left on device')]"]) == []
    assert of_log([f"{step} [TypeError('planted')]"]) == []
    assert of_log([f"{step} [TypeError('int and None')]"]) != [], "a mistake of our own, whatever is said around it"


class Quote(msgspec.Struct, frozen=True):
    bid: float
    rows: tuple[object, ...] = ()
    by_id: dict[int, float] = {}


def test_a_number_that_is_none_is_found_before_json_makes_it_null() -> None:
    nan, inf = float("nan"), float("inf")
    assert of_section("quotes", Quote(1.0, (2.0, None, "nan", Quote(3.0)), {7: 4.0})) == ""
    assert of_section("quotes", Quote(nan)) == "quotes.bid is nan"
    assert of_section("quotes", Quote(1.0, ([Quote(1.0, (), {7: -inf})],))) == "quotes.rows.0.0.by_id.7 is -inf"
    assert of_section("quotes", Quote(1.0, (object(),))).startswith("quotes is not plain: ")


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_changes_the_file(tmp_path, damage: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(range(256)) * 16)
    before = file.read_bytes()
    damage_file(file, damage)
    assert not file.is_file() or file.read_bytes() != before
