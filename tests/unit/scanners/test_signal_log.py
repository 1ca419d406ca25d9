"""Today's signals: the newest are kept, all are counted, once each; a new date begins anew."""

from __future__ import annotations

import msgspec

from engine.scanners.signal_log import KEPT, SignalLog
from tests.unit.outcomes.test_scoreboard import AT, signal

MANY = KEPT + 20


def test_all_of_the_day_are_counted_also_those_no_longer_kept() -> None:
    log = SignalLog()
    signals = [signal(AT + number) for number in range(MANY)]
    for each in signals:
        log.note(each, AT + MANY)
    section = log.section(AT + MANY)
    assert (len(section.signals), section.total, len(log)) == (KEPT, MANY, MANY)
    log.note(msgspec.structs.replace(signals[0], state="ended"), AT + MANY)
    assert log.all() == section.signals and len(log) == MANY, "an end is no signal"
    log.restore(signals, AT + MANY)
    assert (len(log.all()), len(log)) == (KEPT, MANY)


def test_a_restart_keeps_the_newest_and_counts_all() -> None:
    log = SignalLog()
    assert len(log.restore([signal(AT + number) for number in range(MANY)], AT + MANY)) == MANY
    assert (log.all()[-1].at, len(log.all()), len(log)) == (AT + MANY - 1, KEPT, MANY)
    log.turn_day(AT + 86_400.0)
    assert (log.all(), len(log)) == ((), 0)
