"""The scoreboard, the shadow set beside the live one, and the missed-signal audit, as the page shows them. Pure."""

from __future__ import annotations

import math
from datetime import tzinfo
from typing import Any

from app.format import number, plural, signed
from app.rows.kept import kept
from app.rows.states import LOADING, OWN, empty
from app.snapshots import Snapshots
from engine.clock import local_time
from engine.prices.decimals import exact_decimals
from engine.state.score_sections import (
    AuditReport,
    FoundSignal,
    ScoreFigures,
    ScoreGroup,
    ScoreRank,
    ScoresSection,
    ShadowReport,
)

View = dict[str, dict[str, Any]]
FEWEST = 10  # signals below which a group is not judged
FEWEST_RANKED = 20
COIN_SPAN = 0.98  # 1.96 standard errors of a share of a half, 0.5 / sqrt(n)
SURE = 2.0  # standard errors of a rank correlation, about 1 / sqrt(n - 1)
HORIZONS = (5, 15, 30, 60)
THIRTY = 2
KINDS = ("all", "side", "hour", "score", "scan")
SOURCE_WORDS = {"sampled": "visited only", "history": "no line", "streamed": "streamed"}


def scores_parts(s: Snapshots) -> View:
    """The parts of the three cards and their states (to be merged into "state")."""
    section = s.scores
    shadow = section.shadow if section else None
    parts = _of_scores(section)
    return {**parts, "scores": {**parts["scores"], "shadow_fact": shadow_fact(shadow, s.market_time(s.now), s.zone)}}


@kept
def _of_scores(section: ScoresSection | None) -> View:
    shadow, audit = (section.shadow, section.audit) if section else (None, None)
    return {
        "rows:scores_today": group_rows(section.today if section else ()),
        "rows:scores_days": group_rows(section.days if section else ()),
        "rows:shadow": shadow_rows(shadow),
        "rows:audit": {
            f"{row.con_id}-{row.side}-{row.at_market:.0f}": found(i, row) for i, row in enumerate(_rows(audit))
        },
        "scores": {
            "days": f"{plural(section.sessions, 'day')} with signals" if section and section.sessions else None,
            "rank_today": rank_words(section.rank_today) if section else None,
            "rank_days": rank_words(section.rank_days) if section else None,
            "shadow": shadow_words(shadow),
            "audit": audit_words(audit),
            "audit_fact": audit_fact(audit),
        },
    }


def score_states(section: ScoresSection | None) -> dict[str, Any]:
    """States of the three cards."""
    if section is None:
        return dict.fromkeys(("scores", "shadow", "audit"), LOADING)
    return {
        "scores": OWN
        if section.days
        else empty("No signal yet", "Each signal is judged 5, 15, 30 and 60 min later by its bars."),
        "shadow": OWN
        if section.shadow
        else empty(
            "No shadow set", "Choose a set above the thresholds and press Shadow: it runs beside them, silently."
        ),
        "audit": OWN
        if section.audit
        else empty("Not audited yet", "After the close the same rules judge every symbol's bars: what no line cost."),
    }


def group_rows(groups: tuple[ScoreGroup, ...]) -> dict[str, Any]:
    """One row a group; a signal that two scans listed counts in both."""
    ordered = sorted(groups, key=lambda group: (KINDS.index(group.kind), group.name))
    return {f"{group.kind}:{group.name}": _group(order, group) for order, group in enumerate(ordered)}


def _group(order: int, group: ScoreGroup) -> dict[str, Any]:
    f = group.figures
    moves = {f"m{minutes}": _of_n(f.moves[i], f.known[i], f.signals) for i, minutes in enumerate(HORIZONS)}
    return {
        "order": order,
        "kind": ""
        if group.kind == "all"
        else {"scan": "scan", "score": "score at signal", "side": "side"}.get(group.kind, "hour, New York"),
        "name": group.name,
        "n": number(f.signals),
        **moves,
        "best": _of_n(f.best[THIRTY], f.known[THIRTY], f.signals),
        "worst": _of_n(f.worst[THIRTY], f.known[THIRTY], f.signals),
        "judged": judgement(f),
    }


def judgement(figures: ScoreFigures) -> str:
    """ "58 % up of 24, as a coin (30–70 %)", or how many of the fewest are there.

    The yardstick: of so many throws of a coin 19 in 20 lie within the span in brackets.
    """
    known = figures.known[THIRTY]
    if known < FEWEST or figures.won is None:
        return f"too few to judge: {known} of {FEWEST}"
    half = COIN_SPAN / math.sqrt(known)
    low, high = max(0.0, 0.5 - half), min(1.0, 0.5 + half)
    word = "better than" if figures.won > high else "worse than" if figures.won < low else "as"
    return f"{number(100 * figures.won)} % up of {known}, {word} a coin ({number(100 * low)}–{number(100 * high)} %)"


def rank_words(rank: ScoreRank) -> str:
    """Whether the score at signal ranks what comes after, from the journal's own outcomes."""
    if rank.signals < FEWEST_RANKED:
        known = f"{plural(rank.signals, 'signal')} of this formula with a known 30-min move"
        return f"Does the score rank? Too few to judge: {known}, {FEWEST_RANKED} are needed."
    if rank.spearman is None:
        return "Does the score rank? All scores, or all moves, are alike."
    if rank.spearman >= SURE / math.sqrt(rank.signals - 1.0):
        verb = "rises"
    else:
        verb = "does not clearly rise" if rank.spearman > 0 else "does not rise"
    return (
        f"The median 30-min move {verb} with the score "
        f"(Spearman {signed(rank.spearman, 2)}, {plural(rank.signals, 'signal')})."
    )


def _atr(value: float | None, title: str = "") -> Any:
    """Moves are towards the signal's side; the sign says it, colour only repeats it."""
    if value is None:
        return None
    tone = "gain" if value > 0.005 else "loss" if value < -0.005 else ""
    return (
        {"text": signed(value, 2), "tone": tone, "title": title} if title else {"text": signed(value, 2), "tone": tone}
    )


def _of_n(value: float | None, known: int, signals: int) -> Any:
    """A median, and of how many where those are not all signals of its row."""
    said = _atr(value)
    return {**said, "text": f"{said['text']} ({known})"} if said is not None and known < signals else said


def found(order: int, row: FoundSignal, who: str = "") -> dict[str, Any]:
    """One signal of a list."""
    return {
        "order": order,
        "at": {"at": round(row.at_market), "clock": "hm"},
        "sym": {"sym": row.local_symbol, "con": row.con_id},
        "side": [f"{'▲' if row.side == 'long' else '▼'} {row.side}", row.side],
        "level": number(row.level, exact_decimals(row.level)),
        "score": number(row.score, 2),
        "m30": _atr(row.move_30),
        "who": who or SOURCE_WORDS.get(row.note, row.note),
    }


def shadow_rows(report: ShadowReport | None) -> dict[str, Any]:
    """What only one of both sets found, newest first."""
    if report is None:
        return {}
    rows = [(row, "live only") for row in report.only_live] + [(row, "shadow only") for row in report.only_shadow]
    rows.sort(key=lambda pair: -pair[0].at_market)
    return {
        f"{who}:{row.con_id}-{row.side}-{row.at_market:.0f}": found(i, row, who) for i, (row, who) in enumerate(rows)
    }


def shadow_fact(report: ShadowReport | None, now_market: float, zone: tzinfo) -> dict[str, Any] | None:
    """ "since 10:42 · Loose", with the date where that was another day: both sets are counted from then on."""
    if report is None:
        return None
    since = local_time(report.since_market, zone)
    other_day = since.date() != local_time(now_market, zone).date()
    day = f"{since.day} {since:%b} " if other_day else ""
    return {"at": round(report.since_market), "clock": "hm", "text": f"since {day}{{at}} · {report.name}"}


def shadow_words(report: ShadowReport | None) -> str | None:
    """ "Live 4 signals, 30-min median +0.40 ATR. Shadow Loose 9, +0.10 ATR. Both found 3." """
    if report is None:
        return None
    live, shadow = report.live, report.shadow
    return (
        f"Live {plural(live.signals, 'signal')}{_median(live)}. "
        f"Shadow {report.name} {number(shadow.signals)}{_median(shadow)}. Both found {number(report.both)}."
    )


def _median(figures: ScoreFigures) -> str:
    move, known = figures.moves[THIRTY], figures.known[THIRTY]
    return "" if move is None else f", 30-min median {signed(move, 2)} ATR of {known}"


def _rows(report: AuditReport | None) -> tuple[FoundSignal, ...]:
    return report.rows if report else ()


def audit_words(report: AuditReport | None) -> str | dict[str, Any] | None:
    """What the line limit cost, in one sentence; and since when the thresholds hold, if they were changed that day."""
    if report is None:
        return None
    if report.running:
        return f"Judging {plural(report.symbols, 'symbol')} …"
    if report.problem:
        return f"{report.day}: the audit failed. {report.problem}"
    cost = f"{plural(report.missed, 'signal')} missed for want of a line{_median(report.figures)}"
    rest = f"{report.seen} of {report.found} were seen live"
    early = f" {number(report.before)} more came before QTrade looked." if report.before else ""
    unsure = f", {report.rejected} streamed but not confirmed by the ticks" if report.rejected else ""
    bare = f" {plural(report.without_bars, 'symbol')} had no bars." if report.without_bars else ""
    words = f"{report.day}: {cost}.{early} {rest}{unsure}; {plural(report.symbols, 'symbol')} judged.{bare}"
    if report.changed_market is None:
        return words
    text = words + " The whole day is judged by the thresholds of now, which were changed at {at}."
    return {"at": round(report.changed_market), "clock": "hm", "text": text}


def audit_fact(report: AuditReport | None) -> str | dict[str, Any] | None:
    """ "looked since 09:59": what the market did before on the day of the audit is no matter of lines."""
    if report is None or report.running or report.problem:
        return None
    if report.looked_market is None:
        return "QTrade did not look that day"
    return {"at": round(report.looked_market), "clock": "hm", "text": "looked since {at}"}
