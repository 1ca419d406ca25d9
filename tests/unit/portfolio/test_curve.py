"""PnlCurve: a gap is one empty point, the tail is bounded, every point reaches the journal."""

from datetime import date

from engine.bars.trading_day import Begin
from engine.portfolio.curve import TAIL, PnlCurve, is_gap, is_reset


def test_points_and_gaps():
    written = []
    curve = PnlCurve(lambda *point: written.append(point))
    curve.add(0.0, 0.0, None, None, None)
    assert written == [], "nothing to say before the first number"
    curve.add(2.0, 2.0, -10.0, 0.0, -5.0)
    for wall in (4.0, 6.0, 8.0):
        curve.add(wall, wall, None, 0.0, None)
    curve.add(10.0, 10.0, -11.0, 0.0, None)
    assert [point[0] for point in written] == [2.0, 4.0, 10.0]
    assert [point.unrealized for point in curve.section().points] == [-10.0, None, -11.0]


def test_the_tail_is_bounded_and_restarts():
    curve = PnlCurve(lambda *_: None)
    for i in range(TAIL + 50):
        curve.add(float(i), float(i), 1.0 * i, 0.0, 0.0)
    assert len(curve.section().points) == TAIL
    assert curve.section().points[-1].t == TAIL + 49
    curve.restart()
    assert curve.section().points == ()


def test_a_flat_stretch_has_few_points_and_one_where_it_ends():
    written = []
    curve = PnlCurve(lambda *point: written.append(point))
    for wall in range(0, 20, 2):
        curve.add(float(wall), float(wall), -10.0, 0.0, -5.0)
    curve.add(20.0, 20.0, -11.0, 0.0, -6.0)
    assert [point[0] for point in written] == [0.0, 8.0, 16.0, 18.0, 20.0]
    assert [point[2] for point in written] == [-10.0] * 4 + [-11.0]


def test_a_flat_stretch_that_ends_in_a_gap_ends_where_it_was_last_seen():
    curve = PnlCurve(lambda *_: None)
    for wall in (0.0, 2.0, 4.0):
        curve.add(wall, wall, -10.0, 0.0, -5.0)
    curve.add(6.0, 6.0, None, None, None)
    assert [(point.t, point.unrealized) for point in curve.section().points] == [
        (0.0, -10.0),
        (4.0, -10.0),
        (6.0, None),
    ]


def grown(steps, began=None):
    """The points of a curve of (market, unrealized, realized, daily), one each 2 s."""
    written = []
    curve = PnlCurve(lambda *point: written.append(point))
    for m, unrealized, realized, daily in steps:
        curve.add(m + 1e6, m, unrealized, realized, daily, began(m) if began else None)
    points = curve.section().points
    assert [point.m for point in points] == sorted({point.m for point in points}), "strictly later, each of them"
    assert len(written) == len(points)
    return points


def resets_of(points):
    return [point.m for point in points if is_reset(point)]


def test_the_evening_of_futures_is_a_cut_and_no_climb():
    """18:00: the trade date of NQ begins, its day P&L is 0 again, the stocks' stays."""
    steps = [(17_990.0 + 2 * n, -500.0 + n, 40.0, (-2_100.0 if n < 7 else 0.0) - 100.0 + n) for n in range(12)]
    points = grown(steps, began=lambda m: 18_000.0 if m >= 18_000.0 else 0.5)
    assert resets_of(points) == [18_003.5], "where the broker makes it, four seconds late"
    at = [is_reset(point) for point in points].index(True)
    assert points[at - 1].daily == -2_194.0 and points[at + 1].daily == -93.0
    assert points[at].daily is None and points[at].unrealized is None


def test_the_opening_after_a_reset_may_jump_further_than_the_reset() -> None:
    """Over the break NQ falls by 600 while 500 of yesterday go: expected at that time, nothing else explains it."""
    steps = [(17_990.0 + 2 * n, -500.0 if n < 5 else -1_100.0, 0.0, -500.0 if n < 5 else -600.0) for n in range(12)]
    assert resets_of(grown(steps, began=lambda m: 18_000.0 if m >= 18_000.0 else 0.5)) == [17_999.5]


def test_one_reset_is_expected_of_each_trade_date_and_a_lively_market_is_none():
    """After the reset at 18:00:03 the marks of both sides differ by a second or two: 100 up and down is no reset."""
    wobble = (0.0, 90.0, -100.0, 60.0, 106.0, -30.0)
    steps = [(17_960.0 + 2 * n, -20_000.0, 0.0, -6_800.0 if n < 22 else -350.0 + wobble[n % 6]) for n in range(60)]
    assert resets_of(grown(steps, began=lambda m: 18_000.0 if m >= 18_000.0 else 0.5)) == [18_003.5]


def test_without_our_own_figures_the_trade_date_cuts():
    steps = [(17_990.0 + 2 * n, None, None, -2_100.0 if n < 5 else 0.0) for n in range(12)]
    assert resets_of(grown(steps, began=lambda m: 18_000.0 if m >= 18_000.0 else 0.5)) == [17_999.5]
    few = [(17_998.0 + 2 * n, -5.0, 0.0, -2_100.0 if n < 1 else 0.0) for n in range(12)]
    assert resets_of(grown(few, began=lambda m: 18_000.0 if m >= 18_000.0 else 0.5)) == [17_999.5], "just started"


def test_a_trade_date_that_changes_nothing_cuts_nothing():
    steps = [(17_990.0 + 2 * n, -500.0 + n, 0.0, 300.0 + n) for n in range(12)]
    assert resets_of(grown(steps, began=lambda m: 18_000.0 if m >= 18_000.0 else 0.5)) == []


YESTERDAY, TODAY = Begin(1_000.0, date(2025, 11, 4)), Begin(17_000.0, date(2025, 11, 5))


def starts(daily, from_m=16_900.0, day=lambda m: TODAY if m >= TODAY.at else YESTERDAY):
    """[(market, beginning of the day's curve)] where it changes; `daily` = the broker's figure at a market time."""
    curve, found = PnlCurve(lambda *_: None), []
    for n in range(0, 2_000):
        m = from_m + 2.0 * n
        if daily(m) is not None:
            curve.add(m + 1e6, m, -500.0, 0.0, daily(m), 17_000.0 if m < 18_000.0 else 18_000.0)
        begins = curve.section(day(m)).day_start
        if not found or found[-1][1] != begins:
            found.append((m, begins))
    return found


def test_a_trade_date_that_begins_under_a_figure_that_goes_on_begins_no_curve():
    """17:00 is the date of the euro, the broker's figure begins anew with the futures at 18:00."""
    assert starts(lambda m: -7_143.0 if m < 18_000.0 else -500.0) == [(16_900.0, 1_000.0), (18_000.0, 18_000.0)]
    assert starts(lambda m: -7_143.0) == [(16_900.0, 1_000.0)]


def test_a_day_that_begins_where_the_figure_does_or_nobody_looked_is_the_calendars():
    assert starts(lambda m: -7_143.0 if m < 17_004.0 else -500.0)[-1][1] == 17_000.0
    assert starts(lambda m: -7_143.0, from_m=16_998.0)[-1][1] == 17_000.0, "too few points to judge by"
    assert starts(lambda m: None if 16_950.0 < m < 17_400.0 else -7_143.0)[-1][1] == 17_000.0, "a gap"
    assert starts(lambda m: -7_143.0, from_m=17_100.0) == [(17_100.0, 17_000.0)], "just started"


def test_a_reset_that_the_broker_makes_at_a_time_of_its_own():
    """TWS' schedule is a setting: nobody begins a trade date here, and day P&L steps by itself."""
    steps = [(100.0 + 2 * n, -500.0 + 3 * (n % 2), 40.0, (900.0 if n < 20 else -30.0) + 3 * (n % 2)) for n in range(40)]
    assert resets_of(grown(steps)) == [139.5]


def test_realised_set_to_zero_is_a_reset_even_when_nothing_is_held():
    steps = [(100.0 + 2 * n, 0.0, 812.5 if n < 10 else 0.0, 812.5 if n < 10 else 0.0) for n in range(20)]
    assert resets_of(grown(steps)) == [119.5]


def test_what_is_no_reset():
    calm = [(2.0 * n, -500.0, 40.0, 900.0) for n in range(1, 20)]
    jump = [(40.0 + 2 * n, -2_600.0, 40.0, -1_200.0) for n in range(5)]  # the market fell, both say so
    assert resets_of(grown(calm + jump)) == []
    sold = [
        (40.0, 0.0, 40.0, 900.0),
        (42.0, 0.0, -460.0, 900.0),
        (44.0, 0.0, -460.0, 900.0),
    ]  # sold, in two steps
    assert resets_of(grown(calm + sold)) == []
    late = [(40.0, -900.0, 40.0, 900.0), (42.0, -900.0, 40.0, 500.0), (44.0, -900.0, 40.0, 500.0)]  # told 2 s later
    assert resets_of(grown(calm + late)) == []
    unknown = [(40.0, None, None, 905.0), (42.0, -500.0, 40.0, 900.0)]
    assert resets_of(grown(calm + unknown)) == []
    cents = [(40.0, -500.0, 40.0, 903.0), (42.0, -500.0, 40.0, 897.0)]
    assert resets_of(grown(calm + cents)) == []


def test_a_day_that_began_while_nothing_came_is_marked_where_it_goes_on():
    curve = PnlCurve(lambda *_: None)
    curve.add(10.0, 10.0, 5.0, 0.0, 5.0, 1.0)
    curve.add(12.0, 12.0, None, None, None)
    curve.add(300.0, 300.0, 5.0, 0.0, 0.0, 200.0)
    points = curve.section().points
    assert [(point.m, is_reset(point), is_gap(point)) for point in points] == [
        (10.0, False, False),
        (12.0, False, True),
        (199.5, True, True),
        (300.0, False, False),
    ]


def test_a_market_clock_that_goes_back_is_no_reset():
    curve = PnlCurve(lambda *_: None)
    curve.add(10.0, 5_000.0, 5.0, 0.0, 5.0, 1.0)
    curve.add(12.0, 100.0, 5.0, 0.0, 5.0, 50.0)
    assert resets_of(curve.section().points) == []


def test_what_comes_into_the_sum_is_no_profit_and_interrupts_the_curve():
    curve = PnlCurve(lambda *_: None)
    curve.add(10.0, 10.0, -100.0, 0.0, 5.0, lacks=frozenset({"SAP"}))
    curve.add(12.0, 12.0, -100.0, 0.0, 5.0, lacks=frozenset({"SAP"}))
    curve.add(14.0, 14.0, 900.0, 0.0, 5.0)
    curve.add(16.0, 16.0, 901.0, 0.0, 6.0)
    values = [(point.m, point.unrealized) for point in curve.section().points]
    assert values == [(10.0, -100.0), (12.0, -100.0), (13.0, None), (14.0, 900.0), (16.0, 901.0)]


def test_what_a_filtered_position_earns_is_no_reset():
    curve = PnlCurve(lambda *_: None)
    for i in range(10):
        curve.add(2.0 * i, 2.0 * i, 500.0, 0.0, 300.0, others=-200.0)
    curve.add(20.0, 20.0, 500.0, 0.0, 400.0, others=-100.0)
    assert not any(is_reset(point) for point in curve.section().points)
    curve.add(22.0, 22.0, 500.0, 0.0, 0.0, others=-100.0)
    assert [point.m for point in curve.section().points if is_reset(point)] == [21.5], "the day began anew"
    assert {point.unrealized for point in curve.section().points} == {500.0, None}, "they are not in what is shown"


def test_a_report_that_comes_before_our_own_mark_is_no_reset():
    calm = [(2.0 * i, 500.0, 0.0, 300.0) for i in range(15)]
    early = [(30.0, 500.0, 0.0, 340.0), (32.0, 540.0, 0.0, 340.0), (34.0, 540.0, 0.0, 340.0)]
    assert resets_of(grown(calm + early)) == []
    anew = [(30.0, 500.0, 0.0, 4.0), (32.0, 504.0, 0.0, 4.0)]
    assert len(resets_of(grown(calm + anew))) == 1
