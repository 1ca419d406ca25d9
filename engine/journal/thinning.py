"""Fewer points, the same picture: the extremes of each time bucket stay, and gaps stay gaps. Pure.

`thinned` is for a page, `by_the_minute` for what is kept for long.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from engine.journal.rows import PnlRow

_MINUTE_S = 60.0
_KEPT_PER_BUCKET = 5  # lowest and highest of two curves, and one point without values


def thinned(points: Sequence[PnlRow], max_points: int) -> list[PnlRow]:
    """At most `max_points` (>= 7) of the points, oldest first, the first and the last among them.

    Per time bucket the lowest and highest unrealised and daily P&L stay, and one point without values if it has any:
    a reset rather than a gap, as both interrupt the curve.
    """
    if len(points) <= max_points:
        return list(points)
    buckets = max(1, (max_points - 2) // _KEPT_PER_BUCKET)
    begin, end = points[0].t, points[-1].t
    width = (end - begin) / buckets or 1.0
    kept = {0, len(points) - 1}
    first = 0
    for bucket in range(buckets):
        edge = begin + width * (bucket + 1)
        last = first
        while last < len(points) and (points[last].t < edge or bucket == buckets - 1):
            last += 1
        kept |= _telling(points, first, last)
        first = last
    return [points[i] for i in sorted(kept)]


def _telling(points: Sequence[PnlRow], first: int, last: int) -> set[int]:
    """Indices of the points of first..last-1 that the eye would miss."""
    kept: set[int] = set()
    for values in ([p.unrealized for p in points[first:last]], [p.daily for p in points[first:last]]):
        known = [(value, i) for i, value in enumerate(values, first) if value is not None]
        if known:
            kept |= {min(known)[1], max(known)[1]}
    empty = [i for i in range(first, last) if is_gap(points[i]) or is_reset(points[i])]
    return kept | {next((i for i in empty if is_reset(points[i])), empty[0])} if empty else kept


def by_the_minute(points: Sequence[PnlRow]) -> set[int]:
    """Indices of the points that stay when a stretch, oldest first, is kept by the minute.

    Of each minute the last with values, the first without (a gap that began in it) and every reset; of all of them the
    extremes, so that the highest and lowest of the stretch are what they were.
    """
    last: dict[int, int] = {}
    kept = _telling(points, 0, len(points))
    gaps: set[int] = set()
    for i, point in enumerate(points):
        minute = int(point.t // _MINUTE_S)
        if is_reset(point):
            kept.add(i)
        elif not is_gap(point):
            last[minute] = i
        elif minute not in gaps:
            gaps.add(minute)
            kept.add(i)
    return kept | set(last.values())


def is_gap(point: PnlRow) -> bool:
    return point.unrealized is None and point.daily is None and point.realized is None


def is_reset(point: PnlRow) -> bool:
    """The P&L of the day began anew here: only the realised one is told."""
    return point.unrealized is None and point.daily is None and point.realized is not None


def with_gaps_marked(points: Sequence[PnlRow], longest_step_s: float) -> list[PnlRow]:
    """The points, with one without values put where two are more than `longest_step_s` apart."""
    marked: list[PnlRow] = []
    for point in points:
        if marked and point.t - marked[-1].t > longest_step_s:
            before = marked[-1]
            marked.append(
                replace(before, t=before.t + 1.0, m=before.m + 1.0, unrealized=None, realized=None, daily=None)
            )
        marked.append(point)
    return marked
