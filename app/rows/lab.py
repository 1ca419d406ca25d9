"""The Lab page: where recorded days are, how far a run is, and what it found. Pure."""

from __future__ import annotations

from typing import Any

from app.format import MISSING, number, plural, share, signed, tone
from app.rows.answers import answers_part
from app.rows.lab_form import VARYING, vary_part
from app.rows.states import OWN, empty, error
from app.rows.thresholds import BREAKOUT_KEYS, set_part, shown
from app.snapshots import Snapshots
from engine.prices.decimals import exact_decimals
from engine.state.lab_sections import Group, LabResultSection, LabSection, LabSourceSection, SetResult, SignalLine
from engine.state.score_sections import ScoreFigures

View = dict[str, dict[str, Any]]
THIRTY = 2
MOST_DAYS = 60
FEW = 30  # signals below which chance alone explains a median
OTHER_NAMES = {"csv": "no SYMBOL-YYYYMMDD.csv"}
MOST_REFUSED = 5
MOST_NAMES = 60
VARY = vary_part()


def lab_parts(s: Snapshots) -> View:
    """Everything the Lab page shows beside the strip."""
    result = s.lab_result
    waits = empty("No run yet", "Choose days and ranges and press Run; the result stays until the next one.")
    state = waits if result is None else OWN
    if result is None and s.lab is not None and s.lab.phase == "failed":
        state = error("The run failed", s.lab.text)
    has_signals = state if result is None or result.signals else empty("No signal", "The best set has no signal.")
    return {
        "lab": lab_part(s.lab, s.lab_source),
        "labresult": result_part(result),
        "rows:labsets": set_rows(result),
        "rows:labhours": group_rows(result.by_hour if result else ()),
        "rows:labkinds": group_rows((*result.by_side, *result.by_score) if result else ()),
        "grid:labsignals": signal_rows(result),
        "vary": VARY,
        "set": set_part(s.settings, BREAKOUT_KEYS),
        "answers": answers_part(s.answers),
        "state": {"labresult": state, "labmap": state, "labsets": state, "labspread": state, "labsignals": has_signals},
    }


def lab_part(run: LabSection | None, source: LabSourceSection | None) -> dict[str, Any]:
    """Source and run."""
    section = run or LabSection()
    days, names = (source.days, source.symbols) if source else ((), ())
    pct = 100.0 * section.done / section.total if section.total else 0.0
    return {
        "phase": section.phase,
        "running": section.phase == "running" or None,
        "request": section.request_id,
        "pct": round(pct, 1),
        "said": _said(section),
        "failed": _failed(section),
        "kind": source.kind if source else None,
        "folder": source.folder if source else None,
        "problem": source.problem if source and source.problem else None,
        "found": _found(source) if source and not source.problem and days else None,
        "refused": _refused(source) if source and source.refused else None,
        "days": list(days[-MOST_DAYS:]),
        "days_more": max(0, len(days) - MOST_DAYS),
        "symbols": list(names[:MOST_NAMES]),
        "symbols_more": max(0, len(names) - MOST_NAMES),
    }


def _said(section: LabSection) -> str | None:
    if section.phase == "running":
        return section.text or f"{section.done:,} of {section.total:,} sets"
    return section.text or None if section.phase == "cancelled" else None


def _failed(section: LabSection) -> str | None:
    """Why the newest run ended without a result; the one before stays."""
    return section.text or None if section.phase == "failed" else None


def _found(source: LabSourceSection) -> str:
    """How many, from when to when, which hours of the day, and what is not among them."""
    days = source.days
    span = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    text = f"{plural(len(source.symbols), 'symbol')}, {plural(len(days), 'day')}: {span}"
    total = sum(source.sizes)
    if source.hours:
        part = f" ({source.read:,} of {total:,} symbol-days read)" if source.read < total else ""
        text += f"; {source.hours}{part}"
    if source.left_out:
        text += f"; {plural(source.left_out, 'file')} left out ({OTHER_NAMES.get(source.kind, 'other names')})"
    return text


def _refused(source: LabSourceSection) -> str:
    """Files that can't be used, with line and reason; the rest can."""
    shown = [text.replace(source.folder, "").lstrip("/\\") for text in source.refused[:MOST_REFUSED]]
    more = f" And {len(source.refused) - len(shown)} more." if len(source.refused) > len(shown) else ""
    return f"{plural(len(source.refused), 'file')} can't be used. {' '.join(shown)}{more}"


def result_part(result: LabResultSection | None) -> dict[str, Any]:
    """The words and the two rows of figures at the top; `id` tells the charts that there is something new."""
    if result is None:
        return {"id": None}
    best = result.best[0] if result.best else None
    days = plural(result.tapes, "symbol-day") + (f" of {result.of}" if result.of else "")
    part = {
        "id": f"{result.request_id}:{result.seq}",
        "ran": f"{plural(result.sets, 'set')} on {days} in {number(result.took_s, 1)} s"
        + (f", by the cluster {result.cluster}" if result.cluster else ""),
        "split": result.split[:1].upper() + result.split[1:] + ".",
        "skipped": f"{plural(result.skipped, 'combination')} without sense left out" if result.skipped else None,
        "notes": list(result.notes),
        "best": values_words(result, best) if best else "as in force",
        "verdict": verdict(result),
        "has_map": len(result.ranges) > 0 or None,
        "signals": _cut(result),
    }
    for name, row in (("base", result.base), ("top", best or result.base)):
        for half, figures in (("c", row.chosen), ("j", row.judged)):
            part |= {f"{name}_{half}_{key}": value for key, value in _cells(figures).items()}
    return part


def _cut(result: LabResultSection) -> str:
    if result.signals_total > len(result.signals):
        return f"first {len(result.signals)} of {result.signals_total:,} signals of the best set"
    return f"{plural(result.signals_total, 'signal')} of the best set"


def _cells(figures: ScoreFigures | None) -> dict[str, Any]:
    if figures is None:
        return {"n": MISSING, "move": MISSING, "best": MISSING, "worst": MISSING, "won": MISSING}
    move = figures.moves[THIRTY]
    return {
        "n": number(figures.signals),
        "move": [signed(move), tone(move)],
        "best": signed(figures.best[THIRTY]),
        "worst": signed(figures.worst[THIRTY]),
        "won": won_words(figures),
    }


def won_words(figures: ScoreFigures) -> str:
    """ "58 % of 24": a share says of how many."""
    if figures.won is None:
        return MISSING
    return f"{share(100.0 * figures.won, 0)} of {number(figures.known[THIRTY])}"


def verdict(result: LabResultSection) -> str:
    """One plain sentence: did the choice hold on what it had not seen?"""
    best = result.best[0] if result.best else None
    if best is None:
        return "Nothing was chosen: these are the thresholds in force."
    if best.judged is None:
        return "No part was left to judge by: these figures are what the set was chosen for, and no proof."
    chosen, judged, base = best.chosen.moves[THIRTY], best.judged.moves[THIRTY], result.base.judged
    if judged is None or chosen is None:
        return "On the judging part the best set has no signal that is 30 min old."
    now = base.moves[THIRTY] if base is not None else None
    against = f", in force {signed(now)}" if now is not None else ""
    held = "It held" if judged > 0 and (now is None or judged >= now) else "It did not hold"
    known = best.judged.known[THIRTY]
    few = f" By {plural(known, 'signal')} only: chance alone may do this." if known < FEW else ""
    return f"{held} on days or symbols it had not seen: {signed(judged)} ATR there{against}.{few}"


def values_words(result: LabResultSection, each: SetResult) -> str:
    """ "Bars N 25, Buffer 0.3 ATR"."""
    words = []
    for name, value in zip(result.names, each.values, strict=True):
        vary = VARYING.get(name)
        unit = vary.unit if vary else ""
        words.append(f"{vary.label if vary else name} {shown(f'breakout.{name}', value)} {unit}".strip())
    return ", ".join(words)


def set_rows(result: LabResultSection | None) -> dict[str, Any]:
    """The part "rows:labsets": the best sets by the choosing part, and beside it what the other part says."""
    if result is None:
        return {}
    rows = {
        str(place): {
            "order": place,
            "rank": str(place),
            "set": values_words(result, each),
            "cn": number(each.chosen.signals),
            "cm": [signed(each.chosen.moves[THIRTY]), tone(each.chosen.moves[THIRTY])],
            "jn": number(each.judged.signals) if each.judged else MISSING,
            "jm": [signed(each.judged.moves[THIRTY]), tone(each.judged.moves[THIRTY])] if each.judged else MISSING,
            "jw": won_words(each.judged) if each.judged else MISSING,
        }
        for place, each in enumerate(result.best, start=1)
    }
    return rows


def group_rows(groups: tuple[Group, ...]) -> dict[str, Any]:
    """Figures by hour, by side and score."""
    return {
        f"{place}": {
            "order": place,
            "name": {"long": "Long", "short": "Short"}.get(each.name, each.name),
            "n": number(each.figures.signals),
            "move": [signed(each.figures.moves[THIRTY]), tone(each.figures.moves[THIRTY])],
            "best": signed(each.figures.best[THIRTY]),
            "worst": signed(each.figures.worst[THIRTY]),
            "won": won_words(each.figures),
        }
        for place, each in enumerate(groups)
    }


def signal_rows(result: LabResultSection | None) -> dict[str, Any]:
    """The part "grid:labsignals"."""
    if result is None:
        return {}
    return {str(place): _signal(place, each) for place, each in enumerate(result.signals)}


def _signal(place: int, each: SignalLine) -> dict[str, Any]:
    return {
        "id": str(place),
        "order": place,
        "sym": each.symbol,
        "day": each.day,
        "at": each.at,
        "side": each.side,
        "kind": each.level_kind,
        "level": number(each.level, exact_decimals(each.level)),
        "score": each.score,
        "rv": each.rel_volume,
        "m5": each.moves[0],
        "m15": each.moves[1],
        "m30": each.moves[2],
        "m60": each.moves[3],
        "best": each.best,
        "worst": each.worst,
        "part": "judged" if each.judged else "chosen",
    }
