"""Errors on lines, blocks and the judgement of silent lines: small pure decisions."""

from __future__ import annotations

import pytest

from engine.lines import repair
from engine.lines.ledger import Ledger, Line
from engine.lines.refusals import Blocks, line_fault
from tests.unit.lines.line_samples import contract


@pytest.mark.parametrize(
    ("code", "action"),
    [
        (101, "step_down"),
        (200, "free"),
        (321, "free"),
        (354, "free"),
        (10168, "free"),
        (10186, "free"),
        (10089, "advise"),
        (10090, "advise"),
        (10091, "advise"),
        (10167, "advise"),
        (10197, "slow"),
        (300, "ignore"),
        (77_777, "advise"),
    ],
)
def test_what_each_code_means_for_a_line(code: int, action: str) -> None:
    assert line_fault(code, "text of TWS").action == action


def test_every_code_but_an_echo_has_a_sentence() -> None:
    for code in (101, 200, 321, 354, 10089, 10090, 10091, 10167, 10168, 10186, 10197):
        assert line_fault(code, "").sentence.endswith(f"(code {code})")
    assert line_fault(77_777, "text of TWS").sentence == "text of TWS"


def test_200_blocks_for_a_minute_then_for_ten() -> None:
    blocks = Blocks()
    blocks.add(1, 200, "unknown", 0.0)
    assert blocks.active(1, 59.0) is not None
    assert blocks.active(1, 60.0) is None
    blocks.add(1, 200, "unknown", 60.0)
    assert blocks.active(1, 659.0) is not None
    assert blocks.active_ids(661.0) == set()


def test_a_line_that_ticks_clears_its_past() -> None:
    blocks = Blocks()
    blocks.add(1, 200, "unknown", 0.0)
    blocks.succeed(1)
    blocks.add(1, 200, "unknown", 100.0)
    assert blocks.active(1, 161.0) is None, "the first again: a minute"


def test_blocks_are_forgotten_an_hour_after_their_end() -> None:
    blocks = Blocks()
    blocks.add(1, 354, "no data", 0.0)
    blocks.active_ids(600.0 + 3_601.0)
    assert not blocks


def make_line(**values: object) -> Line:
    line = Line(contract(1), 5, "50", None, 0.5, "", 0.0, 0.0, 0.0, 1, "50", "50", 0.0)
    line.sent_mono = line.listen_from_mono = 0.0
    for name, value in values.items():
        setattr(line, name, value)
    return line


def test_a_pending_line_is_renewed_once_and_then_given_up() -> None:
    assert repair.judge(make_line(), 14.9, 5.0) == "well"
    assert repair.judge(make_line(), 15.0, 5.0) == "renew"
    assert repair.judge(make_line(asked_again=True), 15.0, 5.0) == "no_data"
    assert repair.judge(make_line(sent_mono=None), 99.0, 5.0) == "well", "still queued"


def test_a_verified_line_that_ticks_is_well_and_a_silent_one_is_renewed() -> None:
    line = make_line(state="live", last_tick_mono=50.0)
    repair.verify_kept(line, 100.0)
    assert repair.judge(line, 124.9, 5.0) == "well"
    assert repair.judge(line, 125.0, 5.0) == "renew"
    line.last_tick_mono = 101.0
    assert repair.judge(line, 126.0, 5.0) == "well"
    assert line.verify_since_mono is None


def test_nothing_is_renewed_inside_its_dwell_nor_twice_in_30_s() -> None:
    line = make_line(state="live", sent_mono=100.0, renewed_mono=98.0)
    repair.verify_farm(line, 102.0)
    assert repair.judge(line, 104.0, 5.0) == "well"
    assert line.verify_due_mono == 130.0


def test_a_contract_has_one_line_only() -> None:
    ledger = Ledger()
    ledger.open(make_line())
    with pytest.raises(ValueError, match="has a line already"):
        ledger.open(make_line())
