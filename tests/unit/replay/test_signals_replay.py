"""The proof of `--long signals` in small: live equals afterwards, and the comparison does see what differs."""

from __future__ import annotations

import pytest

from benchmarks.signals_afterwards import Afterwards, Case, differences
from benchmarks.signals_replay import Replay
from benchmarks.signals_vs_truth import case_of, compare
from engine.config import BreakoutParams

SEED, SYMBOLS, STOCKS, MINUTES = 17, 16, 40, 4


@pytest.fixture(scope="module")
def replay() -> Replay:
    made = Replay(SEED, SYMBOLS, STOCKS)
    made.run(MINUTES)
    return made


def said(replay: Replay, change: dict[str, object], params: BreakoutParams) -> list[str]:
    """Differences when the judge afterwards is given something else."""
    found: list[str] = []
    for column, instrument in enumerate(replay.instruments):
        live = [signal for signal in replay.signals.values() if signal.con_id == instrument.con_id]
        case: Case = case_of(replay, column)._replace(**change)
        found += differences(live, Afterwards(case, params).run())
    return found


def test_live_signals_are_those_of_the_whole_bars(replay: Replay) -> None:
    assert len(replay.signals) >= 2
    assert compare(replay) == []


def test_what_differs_is_seen_and_said(replay: Replay) -> None:
    later = said(replay, {}, replay.params.model_copy(update={"confirm_s": 20}))
    assert any("live only" in text for text in later) and any("afterwards only" in text for text in later)
    higher = said(replay, {}, replay.params.model_copy(update={"atr_length": 20}))
    assert any("atr" in text for text in higher)
    without_base = said(replay, {"usual": None}, replay.params)
    assert any("rel_volume" in text for text in without_base)
