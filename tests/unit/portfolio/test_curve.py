"""PnlCurve: a gap is one empty point, the tail is bounded, every point reaches the journal."""

from engine.portfolio.curve import TAIL, PnlCurve


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
