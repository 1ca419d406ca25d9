"""The sections of several engines as one view: a rule for each section. Pure.

What each engine has its own of (settings, lists, the Lab, rules of alerts) is that of the first, and is changed with
one engine chosen; what adds up is added; what is told of a symbol is the newest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar

from msgspec.structs import replace

from engine.domain import ALL_ACCOUNTS, Candidate, LineRow, Quote, ScanState
from engine.fleet.money import positions, sum_curves
from engine.fleet.parts import Part, of
from engine.state.alert_sections import AlertsSection
from engine.state.desk_sections import HoldingsSection, SectorsSection
from engine.state.envelope import SYMBOL_PREFIX
from engine.state.incident_sections import IncidentsSection
from engine.state.sections import (
    AgeRow,
    AnswersSection,
    BrokerSection,
    CoverageSection,
    HealthSection,
    LineEventsSection,
    LinesSection,
    PnlSection,
    QuotesSection,
    ScannersSection,
    Section,
    SettingsSection,
    SignalsSection,
    SymbolSection,
    UniverseSection,
)

Rule = Callable[[Sequence[Part]], Section | None]
NEWEST_EVENTS, NEWEST_SIGNALS, NEWEST_ANSWERS, NEWEST_LOG, MOST_CONDITIONS = 200, 500, 200, 100, 200

T = TypeVar("T")
K = TypeVar("K")


def merged(name: str, parts: Sequence[Part]) -> Section | None:
    """One section of all of them, in their order (`parts.in_order`); None = nobody has told it."""
    return _symbol(name, parts) if name.startswith(SYMBOL_PREFIX) else RULES[name](parts)


def _first(name: str) -> Rule:
    """That of the first engine that has told it."""
    return lambda parts: next((part.sections[name] for part in parts if name in part.sections), None)


def _nothing(parts: Sequence[Part]) -> None:
    """Together there is no such thing."""


def unique(rows: Iterable[T], key: Callable[[T], K], is_better: Callable[[T, T], bool] | None = None) -> tuple[T, ...]:
    """Each key once: its first row, or the one that none is better than."""
    found: dict[K, T] = {}
    for row in rows:
        known = found.get(key(row))
        if known is None or (is_better is not None and is_better(row, known)):
            found[key(row)] = row
    return tuple(found.values())


# --- connection -------------------------------------------------------------------------------------------------------


def broker(parts: Sequence[Part]) -> BrokerSection | None:
    """The first engine's, with all accounts; while not all is well, of whom and why."""
    told = of(parts, "broker", BrokerSection)
    if not told:
        return None
    lead = told[0][1]
    accounts = tuple(dict.fromkeys(chain.from_iterable(section.accounts for _, section in told)))
    whole = replace(lead, accounts=accounts, reconnects=sum(section.reconnects for _, section in told))
    unwell = [(part, section) for part, section in told if part.is_old or section.state_tone != "ok"]
    silent = [part for part in parts if part.get("broker", BrokerSection) is None and part.is_old]
    if not unwell and not silent:
        return whole
    well = len(parts) - len(unwell) - len(silent)
    words = [_unwell(part, section) for part, section in unwell]
    words += [f"{part.name} gives no sign of life" for part in silent]
    return replace(
        whole,
        connected=any(part.is_connected for part in parts),
        state=lead.state if not told[0][0].is_connected else "live",
        state_title=f"{well} of {len(parts)} engines",
        state_tone="warning" if any(part.is_connected for part in parts) else "error",
        reason="; ".join(words),
        cure="Choose one of them above: its own page says what helps.",
    )


def _unwell(part: Part, section: BrokerSection) -> str:
    if part.word == "stopped":
        return f"{part.name} was stopped"
    if part.is_old:
        return f"{part.name} gives no sign of life"
    return f"{part.name}: {section.reason or section.state_title or 'not connected'}".rstrip(".")


# --- money ------------------------------------------------------------------------------------------------------------


def pnl(parts: Sequence[Part]) -> PnlSection | None:
    told = of(parts, "pnl", PnlSection)
    if not told:
        return None
    if len(told) == 1:
        return told[0][1]
    lead = told[0][1]
    curves = unique((section for _, section in told), lambda section: section.account)
    return replace(
        lead,
        points=tuple(sum_curves([section.points for section in curves])[-300:]),
        account=ALL_ACCOUNTS if len(curves) > 1 else curves[0].account,
        day_start=max((section.day_start for section in curves if section.day_start is not None), default=None),
    )


def holdings(parts: Sequence[Part]) -> HoldingsSection | None:
    told = of(parts, "holdings", HoldingsSection)
    if not told:
        return None
    rows = chain.from_iterable(section.holdings for _, section in told)
    return replace(told[0][1], holdings=unique(rows, lambda row: row.con_id))


# --- the market -------------------------------------------------------------------------------------------------------


def quotes(parts: Sequence[Part]) -> QuotesSection | None:
    told = of(parts, "quotes", QuotesSection)
    if not told:
        return None
    rows = chain.from_iterable(section.quotes for _, section in told)
    return QuotesSection(quotes=unique(rows, lambda quote: quote.con_id, _is_newer))


def _is_newer(one: Quote, other: Quote) -> bool:
    return one.received_wall > other.received_wall


def universe(parts: Sequence[Part]) -> UniverseSection | None:
    told = of(parts, "universe", UniverseSection)
    if not told:
        return None
    return UniverseSection(
        symbols=unique(chain.from_iterable(section.symbols for _, section in told), lambda row: row[0]),
        renamed=unique(chain.from_iterable(section.renamed for _, section in told), lambda row: row),
    )


def sectors(parts: Sequence[Part]) -> SectorsSection | None:
    told = of(parts, "sectors", SectorsSection)
    if not told:
        return None
    names = list(dict.fromkeys(chain.from_iterable(section.sectors for _, section in told)))
    place = {name: i for i, name in enumerate(names)}
    rows = ((con_id, place[section.sectors[at]]) for _, section in told for con_id, at in section.of)
    return SectorsSection(
        sectors=tuple(names),
        of=unique(rows, lambda row: row[0]),
        waiting=max(section.waiting for _, section in told),
    )


def _symbol(name: str, parts: Sequence[Part]) -> SymbolSection | None:
    """That of who holds it, else of who has the newest price; positions, fills and signals of all."""
    told = [section for _, section in of(parts, name, SymbolSection)]
    if not told:
        return None
    best = max(told, key=lambda s: (s.position is not None, len(s.bars) > 0, s.quote.received_wall if s.quote else 0.0))
    if len(told) == 1:
        return best
    held = unique(chain.from_iterable(section.held for section in told), lambda row: row.account)
    return replace(
        best,
        held=held,
        fills=unique(chain.from_iterable(section.fills for section in told), lambda fill: (fill.account, fill.exec_id)),
        signals=unique(chain.from_iterable(section.signals for section in told), lambda signal: signal.id),
    )


# --- lines and scanners -----------------------------------------------------------------------------------------------


def lines(parts: Sequence[Part]) -> LinesSection | None:
    """Budgets add up. A symbol that two engines stream is one row, with both among its holders."""
    told = of(parts, "lines", LinesSection)
    if not told:
        return None
    if len(told) == 1:
        return told[0][1]
    sections = [section for _, section in told]
    return LinesSection(
        limit=sum(s.limit for s in sections),
        effective_limit=sum(s.effective_limit for s in sections),
        buffer=sum(s.buffer for s in sections),
        used=sum(s.used for s in sections),
        near=any(s.near for s in sections),
        scanner_capacity=sum(s.scanner_capacity for s in sections),
        scanner_free=sum(s.scanner_free for s in sections),
        by_class=_counted(s.by_class for s in sections),
        changing=sum(s.changing for s in sections),
        rows=_line_rows(told),
        refused=unique(chain.from_iterable(s.refused for s in sections), lambda row: row.con_id),
        used_history=_used_together([s.used_history for s in sections]),
        learned_cap_text="; ".join(f"{part.name}: {s.learned_cap_text}" for part, s in told if s.learned_cap_text),
        worst_second=max(s.worst_second for s in sections),
    )


def _line_rows(told: Sequence[tuple[Part, LinesSection]]) -> tuple[LineRow, ...]:
    found: dict[int, LineRow] = {}
    for part, section in told:
        for row in section.rows:
            known = found.get(row.con_id)
            if known is None:
                found[row.con_id] = replace(row, holders=(*row.holders, part.name), next_out=None)
            else:
                found[row.con_id] = replace(known, holders=(*known.holders, part.name))
    return tuple(found.values())


def _used_together(histories: Sequence[Sequence[tuple[float, int]]]) -> tuple[tuple[float, int], ...]:
    """At each change of one of them the sum of all."""
    changes = sorted((at, which, used) for which, history in enumerate(histories) for at, used in history)
    now = [history[0][1] if history else 0 for history in histories]
    made: list[tuple[float, int]] = []
    for at, which, used in changes:
        now[which] = used
        made.append((at, sum(now)))
    return tuple(made)


def _counted(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in counts:
        for name, count in each.items():
            found[name] = found.get(name, 0) + count
    return found


def line_events(parts: Sequence[Part]) -> LineEventsSection | None:
    told = of(parts, "line_events", LineEventsSection)
    events = [replace(e, text=f"{part.name}: {e.text}") for part, section in told for e in section.events]
    return LineEventsSection(events=tuple(sorted(events, key=lambda e: e.at_market))) if told else None


def coverage(parts: Sequence[Part]) -> CoverageSection | None:
    """A symbol as the engine knows it that has seen it last."""
    told = [section for _, section in of(parts, "coverage", CoverageSection)]
    if not told:
        return None
    rows = unique(
        chain.from_iterable(section.rows for section in told),
        lambda row: row.con_id,
        lambda one, other: (one.last_visit_wall or 0.0) > (other.last_visit_wall or 0.0),
    )
    return CoverageSection(
        rows=tuple(sorted(rows, key=lambda row: row.local_symbol)),
        lines=sum(section.lines for section in told),
        confirming=sum(section.confirming for section in told),
        visits_per_minute=sum(section.visits_per_minute for section in told),
        dwell_s=max(section.dwell_s for section in told),
        messages_per_s=sum(section.messages_per_s for section in told),
        resting=max(section.resting for section in told),
    )


def scanners(parts: Sequence[Part]) -> ScannersSection | None:
    told = of(parts, "scanners", ScannersSection)
    if not told:
        return None
    if len(told) == 1:
        return told[0][1]
    sections = [section for _, section in told]
    lead = sections[0]
    candidates = unique(chain.from_iterable(s.candidates for s in sections), lambda c: c.con_id, _is_stronger)
    events = [replace(e, text=f"{part.name}: {e.text}") for part, section in told for e in section.events]
    heat = (row for s in sections if s.heat_times == lead.heat_times for row in s.heat_score)
    scores = dict(chain.from_iterable(s.scores_now for s in reversed(sections)))
    return replace(
        lead,
        scans=unique(chain.from_iterable(s.scans for s in sections), lambda scan: scan.name, _is_livelier),
        slots_used=sum(s.slots_used for s in sections),
        candidates=tuple(sorted(candidates, key=lambda c: -c.score)[:200]),
        heat_score=unique(heat, lambda row: row[0]),
        events=tuple(sorted(events, key=lambda e: e.at_market)[-NEWEST_EVENTS:]),
        universe=max(s.universe for s in sections),
        with_bars=max(s.with_bars for s in sections),
        warming_text="; ".join(dict.fromkeys(s.warming_text for s in sections if s.warming_text)),
        breakout_run_market=_newest(s.breakout_run_market for s in sections),
        market_run_market=_newest(s.market_run_market for s in sections),
        breakout_cycle_ms=_newest(s.breakout_cycle_ms for s in sections),
        results_breakout=max(s.results_breakout for s in sections),
        results_market=max(s.results_market for s in sections),
        signals_today=max(s.signals_today for s in sections),
        longest_slice_ms=_newest(s.longest_slice_ms for s in sections),
        scores_now=tuple(sorted(scores.items())),
    )


def _is_stronger(one: Candidate, other: Candidate) -> bool:
    return one.score > other.score


def _is_livelier(one: ScanState, other: ScanState) -> bool:
    return (one.state == "live", one.rows) > (other.state == "live", other.rows)


def _newest(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def signals(parts: Sequence[Part]) -> SignalsSection | None:
    told = [section for _, section in of(parts, "signals", SignalsSection)]
    if not told:
        return None
    rows = sorted(unique(chain.from_iterable(s.signals for s in told), lambda s: s.id), key=lambda s: s.at)
    return SignalsSection(signals=tuple(rows[-NEWEST_SIGNALS:]), total=max(len(rows), *(s.total for s in told)))


# --- health and the desk ----------------------------------------------------------------------------------------------


def health(parts: Sequence[Part]) -> HealthSection | None:
    """All conditions, each with its engine; the worst of what is measured."""
    told = of(parts, "health", HealthSection)
    if not told:
        return None
    conditions = [
        replace(c, key=f"{part.name}:{c.key}", title=f"{part.name}: {c.title}")
        for part, section in told
        for c in section.conditions
    ]
    log = [(at, level, f"{part.name}: {text}") for part, s in told for at, level, text in s.log_tail]
    sections = [section for _, section in told]
    return HealthSection(
        conditions=tuple(sorted(conditions, key=lambda c: -c.last_wall)[:MOST_CONDITIONS]),
        ages=_ages(sections),
        link_spans=tuple(replace(x, track=f"{part.name}: {x.track}") for part, s in told for x in s.link_spans),
        status_block=tuple((f"{part.name}: {name}", value) for part, s in told for name, value in s.status_block),
        log_tail=tuple(sorted(log)[-NEWEST_LOG:]),
        loop_lateness_p99_ms=max(s.loop_lateness_p99_ms for s in sections),
        decoded_per_s=sum(s.decoded_per_s or 0.0 for s in sections),
        sent_worst_second=max(s.sent_worst_second for s in sections),
        restarts={f"{part.name}: {name}": count for part, s in told for name, count in s.restarts.items()},
        error_counts={f"{part.name}: {name}": count for part, s in told for name, count in s.error_counts.items()},
        volume_units={f"{part.name}: {name}": word for part, s in told for name, word in s.volume_units.items()},
        state_write_ms=_newest(s.state_write_ms for s in sections),
        journal_last_wall=min((s.journal_last_wall for s in sections if s.journal_last_wall is not None), default=None),
        disk_free_gb=min((s.disk_free_gb for s in sections if s.disk_free_gb is not None), default=None),
        build_id=sections[0].build_id,
        version=sections[0].version,
        restart_needed="; ".join(f"{part.name}: {s.restart_needed}" for part, s in told if s.restart_needed),
    )


def _ages(sections: Sequence[HealthSection]) -> tuple[AgeRow, ...]:
    """Each part as old as it is anywhere."""
    return unique(
        chain.from_iterable(section.ages for section in sections),
        lambda row: row.part,
        lambda one, other: one.wall is not None and (other.wall is None or one.wall < other.wall),
    )


def incidents(parts: Sequence[Part]) -> IncidentsSection | None:
    told = of(parts, "incidents", IncidentsSection)
    if not told:
        return None
    figures = [
        replace(f, cause=f"{part.name}:{f.cause}", title=f"{part.name}: {f.title}")
        for part, section in told
        for f in section.figures
    ]
    newest = [replace(i, cause=f"{part.name}:{i.cause}") for part, section in told for i in section.newest]
    newest.sort(key=lambda incident: -incident.began_wall)
    return IncidentsSection(figures=tuple(figures), newest=tuple(newest[:200]))


def settings(parts: Sequence[Part]) -> SettingsSection | None:
    """The first engine's, to be looked at alone."""
    told = of(parts, "settings", SettingsSection)
    if not told:
        return None
    part, section = told[0]
    why = f"That of engine {part.name}. Choose one engine above to change it."
    rows = tuple(replace(row, locked=True, why_locked=why) for row in section.rows)
    return replace(section, rows=rows)


def alerts(parts: Sequence[Part]) -> AlertsSection | None:
    """What all have found; rules and channels are each engine's own."""
    told = of(parts, "alerts", AlertsSection)
    if not told:
        return None
    found = sorted(
        (replace(o, title=f"{part.name}: {o.title}") for part, section in told for o in section.occurrences),
        key=lambda o: -o.raised_wall,
    )
    receipts: dict[int, Any] = {}
    for _, section in told:
        receipts |= section.receipts
    return AlertsSection(
        occurrences=tuple(found),
        receipts=receipts,
        accounts=tuple(dict.fromkeys(chain.from_iterable(section.accounts for _, section in told))),
        currency=told[0][1].currency,
        is_ready=all(section.is_ready for _, section in told),
    )


def answers(parts: Sequence[Part]) -> AnswersSection | None:
    told = of(parts, "answers", AnswersSection)
    rows = sorted(chain.from_iterable(section.answers for _, section in told), key=lambda answer: answer.at_wall)
    return AnswersSection(answers=tuple(rows[-NEWEST_ANSWERS:])) if told else None


RULES: dict[str, Rule] = {
    "heartbeat": _first("heartbeat"),
    "broker": broker,
    "positions": positions,
    "positions_all": _nothing,
    "quotes": quotes,
    "lines": lines,
    "line_events": line_events,
    "coverage": coverage,
    "scanners": scanners,
    "signals": signals,
    "health": health,
    "settings": settings,
    "pnl": pnl,
    "universe": universe,
    "answers": answers,
    "scores": _first("scores"),
    "scan_parameters": _first("scan_parameters"),
    "preview": _first("preview"),
    "lab_source": _first("lab_source"),
    "lab": _first("lab"),
    "lab_result": _first("lab_result"),
    "incidents": incidents,
    "alerts": alerts,
    "holdings": holdings,
    "sectors": sectors,
    "watchlists": _first("watchlists"),
    "engine": _first("engine"),
    "counters": _first("counters"),
    "fleet": _nothing,  # it is about them
}
# Sections that a rule looks at beside the one of its name.
NEEDS: dict[str, tuple[str, ...]] = {"positions": ("positions", "positions_all")}


def needed(name: str) -> tuple[str, ...]:
    """What has to be read of each engine for a section of all of them."""
    return NEEDS.get(name, (name,))
