"""The coverage section: every symbol of the universe with its lane, its last visit and its sentence."""

from __future__ import annotations

from collections.abc import Iterator

from engine.config import CoverageSettings
from engine.coverage.rotation import Rotation
from engine.coverage.urgency import Place
from engine.lines.explain import Explainer
from engine.lines.ledger import Ledger
from engine.lines.quotes import QuoteBook
from engine.state.sections import CoverageRow, CoverageSection

SLICE_ROWS = 200  # some 2 ms


def coverage_slices(
    rotation: Rotation,
    ledger: Ledger,
    book: QuoteBook,
    explainer: Explainer,
    now_mono: float,
    settings: CoverageSettings,
) -> Iterator[CoverageSection | None]:
    """None after each slice of rows, the section last. The rows are of one moment as far as no tick came between."""
    rows: list[CoverageRow] = []
    for place in sorted(rotation.places(), key=lambda each: (each.contract.local_symbol, each.contract.con_id)):
        rows.append(_row(place, ledger, book, explainer.sentence(place.contract.con_id, now_mono)))
        if len(rows) % SLICE_ROWS == 0:
            yield None
    yield CoverageSection(
        rows=tuple(rows),
        lines=rotation.lines,
        confirming=len(rotation.confirming),
        visits_per_minute=rotation.visits_per_minute(now_mono),
        dwell_s=settings.dwell_s,
        messages_per_s=settings.messages_per_s,
    )


def _row(place: Place, ledger: Ledger, book: QuoteBook, why: str) -> CoverageRow:
    con_id = place.contract.con_id
    line, quote = ledger.get(con_id), book.get(con_id)
    return CoverageRow(
        con_id=con_id,
        local_symbol=place.contract.local_symbol,
        lane="none" if quote is None else quote.lane,
        line_class=None if line is None or not line.listens else line.line_class,
        last_visit_wall=None if quote is None else round(quote.received_wall, 1),
        visits=place.visits,
        why=why,
    )
