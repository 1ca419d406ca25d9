"""One short seeded sequence in the default run; `--long chaos` runs many."""

from tests.chaos.engine_chaos import run_sequence


def test_a_sequence_of_faults_leaves_everything_as_it_was(tmp_path):
    verdict = run_sequence(seed=3, folder=tmp_path, count=4, pause_s=1.0)
    assert verdict.broken == [], f"seed {verdict.seed}, faults {verdict.faults}"
