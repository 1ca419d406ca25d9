"""Outcomes as time passes, and the figures of groups with honest counts."""

from __future__ import annotations

from typing import Any

import pytest

from engine.bars.store import BarStore
from engine.domain import Bar, ScorePart, Signal
from engine.outcomes.book import MOST_LOOKS, NOTHING, OutcomeBook, Scored
from engine.outcomes.figures import figures
from engine.outcomes.outcome import Outcome
from engine.outcomes.scoreboard import Scoreboard
from engine.state.score_sections import ScoreRank
from tests.unit.scanners.scanner_samples import OPEN, finished, stock

AT = OPEN + 1_800.0
PARTS = (ScorePart("distance", 0.1, 0.225),)  # of the present formula


def signal(at: float = AT, **more: Any) -> Signal:
    values: dict[str, Any] = {
        "con_id": 1,
        "side": "long",
        "score": 0.72,
        "scans": (),
        "parts": (),
        "last": 100.0,
    } | more
    return Signal(
        id=f"{values['con_id']}-{values['side']}-{int(at)}",
        local_symbol="ACME",
        at=at,
        triggered_at=at - 10.0,
        level=99.9,
        level_kind="range",
        atr=0.5,
        lane="streaming",
        state="active",
        **values,
    )


def rising(minutes: int, start: float = AT) -> list[Bar]:
    """Each minute closes 5 cents higher, wicks of 10 cents."""
    closes = [100.0 + 0.05 * (number + 1) for number in range(minutes)]
    return [Bar(start + 60.0 * n, c, c + 0.1, c - 0.1, c, 1_000.0, "history") for n, c in enumerate(closes)]


class Desk:
    def __init__(self) -> None:
        self.store = BarStore()
        self.store.add(stock(1, "ACME"))
        self.told: list[tuple[str, int, Outcome]] = []
        self.book = OutcomeBook(self.store, lambda s, minutes, o: self.told.append((s.id, minutes, o)))

    def bars(self, bars: list[Bar], now: float) -> None:
        self.store.merge_history(1, bars, now)


def test_each_horizon_is_worked_out_once_when_it_is_over() -> None:
    desk = Desk()
    desk.book.note(signal())
    desk.bars(rising(30), AT + 1_860.0)
    desk.book.step(AT + 300.0)
    assert desk.told == [], "the last minute of five is not settled yet"
    desk.book.step(AT + 380.0)
    assert [(minutes, round(o.move, 6), round(o.best, 6)) for _, minutes, o in desk.told] == [
        (5, 0.5, 0.7),
        (15, 1.5, 1.7),
        (30, 3.0, 3.2),
    ]
    desk.book.step(AT + 2_000.0)
    assert len(desk.told) == 3
    desk.bars(rising(60), AT + 3_700.0)
    desk.book.step(AT + 3_700.0)
    assert [minutes for _, minutes, _ in desk.told] == [5, 15, 30, 60]
    assert None not in desk.book.scored()[0].after


def test_missing_bars_are_waited_for_and_then_given_up() -> None:
    desk = Desk()
    desk.book.note(signal())
    desk.bars(rising(2), AT + 200.0)
    desk.book.step(AT + 400.0)
    assert desk.told == []
    desk.bars(rising(60), AT + 3_700.0)
    desk.book.step(AT + 410.0)
    assert desk.told == [], "not looked at again at once"
    desk.book.step(AT + 600.0)
    assert [minutes for _, minutes, _ in desk.told] == [5, 15, 30, 60]
    late = Desk()
    late.book.note(signal())
    late.book.step(AT + 5 * 3_600.0)
    late.bars(rising(60), AT + 5 * 3_600.0)
    late.book.step(AT + 6 * 3_600.0)
    assert late.told == []


def test_a_horizon_of_which_few_minutes_are_known_is_not_judged() -> None:
    desk = Desk()
    desk.book.note(signal())
    bars = rising(60)
    desk.bars([*bars[:5], bars[29], bars[59]], AT + 3_700.0)
    desk.book.step(AT + 3_700.0)
    assert [minutes for _, minutes, _ in desk.told] == [5]


def test_the_journals_signals_are_taken_up_again() -> None:
    desk = Desk()
    known = Outcome(1.0, -0.5, 0.5)
    old = signal(AT - 86_400.0)
    desk.book.restore([Scored(old, (known, None, None, None)), Scored(signal(), (known, *NOTHING[1:]))], AT + 1_900.0)
    desk.bars(rising(30), AT + 1_900.0)
    desk.book.step(AT + 1_900.0)
    assert [(s.split("-")[2], minutes) for s, minutes, _ in desk.told] == [(str(int(AT)), 15), (str(int(AT)), 30)]
    assert [each.after[0] for each in desk.book.scored()] == [known, known]
    assert len(desk.book.scored(AT)) == 1


def scored(at: float, move: float | None, **more: Any) -> Scored:
    after = None if move is None else Outcome(max(move, 0.0) + 0.5, min(move, 0.0) - 0.5, move)
    return Scored(signal(at, **more), (None, None, after, None))


def test_groups_by_hour_scan_score_and_side() -> None:
    found = finished(
        Scoreboard().slices(
            [
                scored(AT, 1.0, scans=("Momentum", "Volume pace"), score=0.55, parts=PARTS),
                scored(AT + 60.0, -1.0, side="short", scans=("Momentum",), score=0.95, parts=PARTS),
                scored(AT + 3_600.0, 2.0, score=1.0),
                scored(AT + 3_660.0, None, score=0.7, parts=PARTS),
            ],
            "2025-11-05",
        )
    ).days
    by_name = {(group.kind, group.name): group.figures for group in found}
    assert found[0].kind == "all" and found[0].figures.signals == 4 and found[0].figures.known == (0, 0, 3, 0)
    assert by_name["all", "All"].moves == (None, None, 1.0, None)
    assert by_name["all", "All"].won == round(2 / 3, 4)
    assert by_name["hour", "10:00"].signals == 2 and by_name["hour", "11:00"].signals == 2
    assert by_name["scan", "Momentum"].signals == 2 and by_name["scan", "no scan"].signals == 2
    assert by_name["score", "0.550 to 0.950"].signals == 2, "of the present formula, and known after 30 min"
    assert by_name["side", "short"].moves[2] == -1.0
    assert [group.kind for group in found] == sorted(group.kind for group in found)


def test_today_is_a_board_of_its_own_and_follows_what_becomes_known() -> None:
    board, early = Scoreboard(), scored(AT - 86_400.0, 1.0)
    first = finished(board.slices([early, scored(AT, None)], "2025-11-05"))
    assert first.sessions == 2 and first.days[0].figures.signals == 2
    assert first.today[0].figures.signals == 1 and first.today[0].figures.moves[2] is None
    later = finished(board.slices([early, scored(AT, 2.0)], "2025-11-05"))
    assert later.today[0].figures.moves[2] == 2.0 and later.days[0].figures.moves[2] == 1.5
    alone = finished(board.slices([early], "2025-11-05"))
    assert (alone.today, alone.sessions, alone.days[0].figures.signals) == ((), 1, 1)


def test_nothing_is_judged_without_signals() -> None:
    nothing = ScoreRank(0, None)
    assert finished(Scoreboard().slices([], "2025-11-05")) == ((), (), 0, nothing, nothing)
    assert figures([]).won is None and figures([]).moves == (None,) * 4


def test_tenths_of_the_score_and_the_rank_correlation_of_today_and_of_all_days() -> None:
    yesterday = [
        scored(AT - 86_400.0 + n, float(-n), score=round(0.5 + 0.004 * n, 4), parts=PARTS, con_id=n) for n in range(100)
    ]
    today = [scored(AT + n, float(n), score=round(0.5 + 0.004 * n, 4), parts=PARTS, con_id=n) for n in range(30)]
    old = [scored(AT + 100.0 + n, -99.0, score=1.0, con_id=500 + n) for n in range(50)]
    found = finished(Scoreboard().slices([*yesterday, *today, *old], "2025-11-05"))
    assert found.rank_today == ScoreRank(30, 1.0)
    groups = [group for group in found.today if group.kind == "score"]
    assert [(group.name, group.figures.signals, group.figures.moves[2]) for group in groups] == [
        ("0.500 to 0.536", 10, 4.5),
        ("0.540 to 0.576", 10, 14.5),
        ("0.580 to 0.616", 10, 24.5),
    ]
    assert found.rank_days.signals == 130 and found.rank_days.spearman is not None and found.rank_days.spearman < 0
    tenths = [group for group in found.days if group.kind == "score"]
    assert len(tenths) == 10 and sum(group.figures.signals for group in tenths) == 130


def test_of_more_signals_than_are_kept_the_oldest_go_also_after_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.outcomes.book.KEPT", 3)
    book = Desk().book
    for number in range(2):
        book.note(signal(AT + number))
    book.restore([Scored(signal(AT - 100.0 + number), NOTHING) for number in range(4)], AT + 10.0)
    assert [each.signal.at - AT for each in book.scored()] == [-97.0, 0.0, 1.0]


def test_a_symbol_is_followed_until_its_signals_are_judged_or_given_up() -> None:
    desk = Desk()
    assert not desk.book.follows(1)
    desk.book.note(signal())
    assert desk.book.follows(1) and not desk.book.follows(2)
    desk.bars(rising(60), AT + 3_700.0)
    desk.book.step(AT + 3_700.0)
    assert not desk.book.follows(1), "judged at every horizon"
    desk.book.note(signal(con_id=2))
    assert desk.book.follows(2)
    desk.book.step(AT + 5 * 3_600.0)
    assert not desk.book.follows(2), "its bars never came"
    desk.book.note(signal(AT + 1.0))
    desk.book.clear()
    assert not desk.book.follows(1)


def test_many_that_are_due_at_once_are_worked_out_by_and_by_and_kept_as_they_are() -> None:
    desk = Desk()
    signals = [signal(AT, con_id=1000 + number) for number in range(MOST_LOOKS + 5)]
    for each in signals:
        desk.store.add(stock(each.con_id))
        desk.store.merge_history(each.con_id, rising(60), AT + 3_700.0)
    book = OutcomeBook(desk.store, lambda s, minutes, o: desk.told.append((s.id, minutes, o)))
    for each in signals:
        book.note(each)
    before = book.scored()
    assert all(one is other for one, other in zip(before, book.scored(), strict=True)), "nothing is made anew"
    book.step(AT + 3_700.0)
    assert len({name for name, _, _ in desk.told}) == MOST_LOOKS
    book.step(AT + 3_702.0)
    assert len({name for name, _, _ in desk.told}) == len(signals)
