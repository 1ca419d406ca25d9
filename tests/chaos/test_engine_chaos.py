"""Short sequences of faults against the whole program; `--long chaos` runs many and long ones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.chaos.run import Verdict, pace_of_machine, run_some
from tests.chaos.sequences import Family, FaultSequence, make_sequence

SHORT = Family("quick", 1.0, (3, 4), 1.0, 6.0)
SHORT_CRASH = Family("crash", 1.0, (2, 2), 1.0, 4.0)
SEQUENCES = (make_sequence(7, SHORT), make_sequence(12, SHORT), make_sequence(5, SHORT_CRASH))


def verdict_of(sequence: FaultSequence) -> Verdict:
    (verdict,) = run_some([sequence], pace=pace_of_machine(), shrinks=False)
    return verdict


def test_sequences_of_faults_are_told_in_time_and_leave_everything_as_it_was():
    with ThreadPoolExecutor(len(SEQUENCES)) as pool:
        for verdict in pool.map(verdict_of, SEQUENCES):
            assert verdict.broken == [], f"seed {verdict.seed}, faults {verdict.faults}"
