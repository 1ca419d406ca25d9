"""The coverage section: every symbol of the universe with its lane, its last visit and its sentence."""

from __future__ import annotations

from collections.abc import Iterator

from engine.coverage.rotation import Rotation
from engine.coverage.urgency import Place
from engine.lines.report import LinesReport
from engine.state.sections import CoverageRow, CoverageSection

SLICE_ROWS = 200  # some 2 ms


def coverage_slices(rotation: Rotation, report: LinesReport, now_mono: float) -> Iterator[CoverageSection | None]:
    """None after each slice of rows, the section last. The rows are of one moment as far as no tick came between."""
    rows: list[CoverageRow] = []
    for place in sorted(rotation.places(), key=lambda each: (each.contract.local_symbol, each.contract.con_id)):
        rows.append(_row(place, report))
        if len(rows) % SLICE_ROWS == 0:
            yield None
    yield CoverageSection(
        rows=tuple(rows),
        lines=rotation.lines,
        confirming=len(rotation.confirming),
        visits_per_minute=rotation.visits_per_minute(now_mono),
        dwell_s=rotation.policy.dwell_s,
        messages_per_s=rotation.policy.messages_per_s,
        resting=rotation.resting(now_mono),
    )


def _row(place: Place, report: LinesReport) -> CoverageRow:
    con_id = place.contract.con_id
    watched = report.watched(con_id)
    return CoverageRow(
        con_id=con_id,
        local_symbol=place.contract.local_symbol,
        lane=watched.lane or "none",
        line_class=watched.line_class,
        last_visit_wall=None if watched.received_wall is None else round(watched.received_wall, 1),
        visits=place.visits,
        why=watched.why,
        watched=place.running is not None,
    )
