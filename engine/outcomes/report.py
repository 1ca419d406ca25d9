"""What is published of outcomes, the shadow set and the audit: made in slices, for none may hold the engine's loop."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from heapq import nlargest

from engine.outcomes.audit import Audit, Missed
from engine.outcomes.book import Scored
from engine.outcomes.comparison import compare
from engine.outcomes.figures import THIRTY, figures_of
from engine.outcomes.scoreboard import day_name, moves_of
from engine.state.score_sections import AuditReport, FoundSignal, ShadowReport

SHADOW_ROWS = 50
AUDIT_ROWS = 100


def shadow_report(
    name: str, since_market: float, live: Sequence[Scored], shadow: Sequence[Scored]
) -> Generator[None, None, ShadowReport]:
    """Both sets from the moment on at which the shadow began to look; both oldest first. Yields between slices."""
    rows = yield from moves_of(live)
    rows_shadow = yield from moves_of(shadow)
    compared = yield from compare(live, shadow)
    yield
    of_live = figures_of(rows)
    yield
    of_shadow = figures_of(rows_shadow)
    yield
    return ShadowReport(
        name=name,
        since_market=since_market,
        live=of_live,
        shadow=of_shadow,
        both=compared.both,
        only_live=_found(compared.only_live, SHADOW_ROWS),
        only_shadow=_found(compared.only_shadow, SHADOW_ROWS),
    )


def audit_report(audit: Audit) -> Generator[None, None, AuditReport]:
    """Of an audit under way, too. Yields between slices."""
    missed, rejected, running = list(audit.missed), len(audit.rejected), not audit.is_over
    without_bars, found, seen, before = audit.without_bars, audit.found, audit.seen, audit.before
    rows = yield from moves_of([each.scored for each in missed])
    yield
    return AuditReport(
        day=day_name(audit.day_market),
        at_market=audit.now_market,
        symbols=audit.symbols,
        without_bars=without_bars,
        found=found,
        seen=seen,
        rejected=rejected,
        missed=len(missed),
        figures=figures_of(rows),
        rows=tuple(_row(each.scored, each.source) for each in nlargest(AUDIT_ROWS, missed, key=_missed_at)),
        running=running,
        problem=audit.problem,
        changed_market=audit.changed_market,
        before=before,
        looked_market=audit.looked_since,
    )


def _missed_at(missed: Missed) -> float:
    return missed.scored.signal.at


def _found(scored: Iterable[Scored], most: int) -> tuple[FoundSignal, ...]:
    """The newest first."""
    return tuple(_row(each) for each in nlargest(most, scored, key=lambda each: each.signal.at))


def _row(each: Scored, note: str = "") -> FoundSignal:
    signal, after = each
    thirty = after[THIRTY]
    return FoundSignal(
        signal.con_id,
        signal.local_symbol,
        signal.side,
        signal.at,
        signal.level,
        signal.score,
        None if thirty is None else round(thirty.move, 3),
        note,
    )
