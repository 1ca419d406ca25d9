from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulator.ledger import KNOWN_S, RELEASE_S, RENEWED_MESSAGES, RENEWED_S, Ledger, OpenLine

HELD = {1, 2}


def ledger() -> Ledger:
    book = Ledger(lambda con_id: con_id in HELD)
    book.connected(1)
    return book


def line(req_id: int, con_id: int, wall: float = 0.0, session: int = 1, kind: str = "stream") -> OpenLine:
    return OpenLine(session, req_id, con_id, f"C{con_id}", kind, wall, 1000.0 + wall)


def test_lines_are_counted_by_side() -> None:
    book = ledger()
    for req_id, con_id in enumerate((1, 2, 3, 4)):
        book.line_opened(line(req_id, con_id))
    book.line_closed(1, 3, 9.0, 1009.0, by_client=True)
    report = book.report(10.0)
    assert (report["lines_open"], report["non_position_lines_open"]) == (3, 1)
    assert (report["max_lines"], report["max_non_position_lines"]) == (4, 2)
    assert [entry["age_s"] for entry in report["lines"]] == [10.0] * 3  # type: ignore[union-attr]


def test_the_same_contract_twice_is_a_duplicate() -> None:
    book = ledger()
    book.line_opened(line(1, 7))
    book.line_opened(line(2, 7, wall=3.0))
    book.line_opened(line(3, 7, kind="bars"))
    report = book.report(4.0)
    assert report["duplicate_lines"] == 1
    assert [entry["req_id"] for entry in report["duplicates"]] == [2]  # type: ignore[union-attr]


def test_a_positions_line_cancelled_is_noted_unless_another_remains() -> None:
    book = ledger()
    book.line_opened(line(1, 1))
    book.line_opened(line(2, 1))
    book.line_closed(1, 2, 5.0, 1005.0, by_client=True)
    assert book.report(5.0)["position_lines_cancelled"] == 0
    book.line_closed(1, 1, 8.0, 1008.0, by_client=True)
    report = book.report(9.0)
    assert report["position_lines_cancelled"] == 1
    assert report["min_cancel_age_s"] == 5.0


def test_a_positions_line_that_is_asked_for_again_at_once_was_renewed() -> None:
    book = ledger()
    book.line_opened(line(1, 1))
    book.line_closed(1, 1, 5.0, 1005.0, by_client=True)
    book.line_opened(line(2, 1, wall=5.0 + RENEWED_S))
    report = book.report(6.0)
    assert (report["position_lines_cancelled"], report["position_lines_renewed"]) == (0, 1)
    assert report["position_cancels"] == []
    book.line_closed(1, 2, 15.0, 1015.0, by_client=True)
    book.line_opened(line(3, 1, wall=16.0))
    assert book.report(17.0)["position_lines_cancelled"] == 1


def test_a_renewal_that_takes_long_on_a_busy_machine_is_known_by_its_messages() -> None:
    book = ledger()
    book.line_opened(line(1, 1))
    book.message(1, 2, 5.0, is_order=False)
    book.line_closed(1, 1, 5.0, 1005.0, by_client=True)
    book.message(1, 1, 7.0, is_order=False)
    book.line_opened(line(2, 1, wall=7.0))
    assert book.report(8.0)["position_lines_cancelled"] == 0
    book.message(1, 2, 15.0, is_order=False)
    book.line_closed(1, 2, 15.0, 1015.0, by_client=True)
    for _ in range(RENEWED_MESSAGES + 1):
        book.message(1, 1, 17.0, is_order=False)
    book.line_opened(line(3, 1, wall=17.0))
    assert book.report(18.0)["position_lines_cancelled"] == 1


def test_a_cancel_that_left_before_the_position_was_known_is_no_fault() -> None:
    held: set[int] = set()
    book = Ledger(held.__contains__)
    book.line_opened(line(1, 5))
    held.add(5)
    book.position_changed(5, 10.0)
    book.line_closed(1, 1, 10.0 + KNOWN_S, 1010.0, by_client=True)
    assert book.report(11.0)["position_lines_cancelled"] == 0
    book.line_opened(line(2, 5, wall=11.0))
    book.line_closed(1, 2, 20.0, 1020.0, by_client=True)
    assert book.report(21.0)["position_lines_cancelled"] == 1


def test_lines_that_the_gateway_takes_are_no_cancels() -> None:
    book = ledger()
    book.line_opened(line(1, 1))
    book.line_closed(1, 1, 5.0, 1005.0, by_client=False)
    report = book.report(5.0)
    assert (report["lines_cancelled"], report["position_lines_cancelled"]) == (0, 0)


def test_a_disconnect_clears_the_sessions_lines_and_keeps_the_counts() -> None:
    book = ledger()
    book.connected(2)
    book.line_opened(line(1, 3))
    book.line_opened(line(1, 4, session=2))
    book.scanner_opened(1, 5)
    book.history_opened(1, 6, small_bars=True)
    book.disconnected(1)
    report = book.report(1.0)
    assert (report["lines_open"], report["scanners_open"], report["histories_open"]) == (1, 0, 0)
    assert (report["max_lines"], report["max_scanner_slots"], report["small_bar_requests"]) == (2, 1, 1)
    assert report["connections"] == 2


def test_messages_are_counted_by_type_and_per_session() -> None:
    book = ledger()
    book.connected(2)
    counts = [book.message(1, 49, 0.1 * n, is_order=False) for n in range(11)]
    assert counts[-1] == 10
    assert book.message(2, 3, 1.0, is_order=True) == 1
    report = book.report(1.0)
    assert report["worst_second"] == 10
    assert report["messages"] == {"3": 1, "49": 11}
    assert report["order_messages"] == 1


def test_reset_keeps_what_is_open() -> None:
    book = ledger()
    for req_id in range(4):
        book.line_opened(line(req_id, 10 + req_id))
    book.line_closed(1, 0, 1.0, 1001.0, by_client=True)
    book.error_sent(101)
    book.reset(1.0)
    report = book.report(2.0)
    assert (report["max_lines"], report["lines_open"], report["lines_cancelled"]) == (3, 3, 0)
    assert report["errors"] == {}


def test_a_position_opened_later_moves_its_line_to_the_other_side() -> None:
    held: set[int] = set()
    book = Ledger(held.__contains__)
    book.line_opened(line(1, 5))
    held.add(5)
    book.position_changed(5, 1.0)
    assert book.non_position_lines() == 0
    held.clear()
    book.position_changed(5, 2.0)
    assert book.report(2.0)["max_non_position_lines"] == 1


def test_the_line_of_a_position_just_closed_does_not_count_against_the_others() -> None:
    held = {5}
    book = Ledger(held.__contains__)
    book.line_opened(line(1, 5))
    book.line_opened(line(2, 6))
    held.clear()
    book.position_changed(5, 10.0)
    book.line_opened(line(3, 7, wall=10.0 + RELEASE_S - 0.1))
    assert book.report(12.0)["max_non_position_lines"] == 2
    book.line_opened(line(4, 8, wall=10.0 + RELEASE_S))
    assert book.report(14.0)["max_non_position_lines"] == 4


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.integers(0, 5)), max_size=60))
def test_open_lines_are_never_more_than_the_maximum(steps: list[tuple[bool, int, int]]) -> None:
    book = ledger()
    for wall, (opening, req_id, con_id) in enumerate(steps):
        if opening:
            book.line_opened(line(req_id, con_id, wall=float(wall)))
        else:
            book.line_closed(1, req_id, float(wall), 0.0, by_client=True)
        report = book.report(float(wall))
        assert report["lines_open"] <= report["max_lines"] <= 10  # type: ignore[operator]
        assert report["non_position_lines_open"] <= report["max_non_position_lines"]  # type: ignore[operator]


def test_lines_asked_for_positions_are_noted_and_old_moments_forgotten() -> None:
    held: set[int] = set()
    book = Ledger(held.__contains__)
    book.line_asked(5, 1.0)
    held.add(5)
    book.position_changed(5, 2.0)
    book.position_changed(5, 2.5)
    book.line_asked(5, 3.0)
    report = book.report(3.0)
    assert report["positions_opened"] == [{"con_id": 5, "wall": 2.0}]
    assert report["position_asks"] == [{"con_id": 5, "wall": 3.0}]
    for con_id in range(100):
        book.position_changed(con_id + 10, 10.0 * con_id)
    assert len(book._released) == 1 and len(book._opened) == 1
