"""Is what /healthz and the pages say true? Samples of what was said, against what was planted when. Pure.

Never green while a fault is in force past its time, never red longer than its recovery time after the end, never red
for a cause that nobody planted. `slack_s` lengthens every limit: it is how long the machine itself held things up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.chaos.fault_table import KINDS, Kind

EARLY_S = 0.1  # a sample is stamped when its answer came


@dataclass(frozen=True)
class Sample:
    """What was said at `t`: the reasons why not all is well, () = green."""

    t: float
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Span:
    """A fault as it was really planted, from before the call that began it until after the one that ended it."""

    number: int
    kind: str
    begin: float
    end: float

    @property
    def about(self) -> Kind:
        return KINDS[self.kind]


@dataclass(frozen=True)
class Measured:
    """How long a fault took to be said, and to be over, None = it was never red / was not alone at its end."""

    kind: str
    red_s: float | None
    green_s: float | None


@dataclass(frozen=True)
class Window:
    """From `begin` to `end`, both included."""

    begin: float
    end: float


def deadline(span: Span, spans: Iterable[Span], slack_s: float) -> float:
    """Until when something may still be said of this fault: what else is in force meanwhile holds its recovery up."""
    until, own = span.end + span.about.green_s + slack_s, span.about.green_s + slack_s
    others = sorted((other for other in spans if other is not span and other.about.disturbs), key=lambda one: one.begin)
    for other in others:
        if other.begin <= until and other.end > span.begin:
            until = max(until, other.end + other.about.green_s + slack_s + own)
    return until


def judge(samples: Sequence[Sample], spans: Sequence[Span], slack_s: float = 0.0) -> list[str]:
    """Every lie, in words; [] = none."""
    broken = _unexplained(samples, spans, slack_s)
    for span in spans:
        broken += _kept_back(samples, span, spans, slack_s)
    return broken


def _unexplained(samples: Sequence[Sample], spans: Sequence[Span], slack_s: float) -> list[str]:
    """Reasons for which nothing is, or was a moment ago, in force. One line for each run of samples."""
    until = {span: deadline(span, spans, slack_s) for span in spans}
    told: dict[str, tuple[float, float]] = {}
    for sample in samples:
        for reason in sample.reasons:
            may = (
                span.begin - EARLY_S <= sample.t <= until[span]
                and span.about.sign
                and re.search(span.about.sign, reason)
                for span in spans
            )
            if not any(may):
                first, _ = told.get(reason, (sample.t, sample.t))
                told[reason] = (first, sample.t)
    return [
        f"red without a cause, {first:.1f}-{last:.1f} s: {reason} (before: {_before(first, spans)})"
        for reason, (first, last) in told.items()
    ]


def _before(t: float, spans: Sequence[Span]) -> str:
    last = max((span for span in spans if span.begin <= t), key=lambda span: span.end, default=None)
    return "nothing" if last is None else f"{last.number} {last.kind}, over at {last.end:.1f} s"


def _kept_back(samples: Sequence[Sample], span: Span, spans: Sequence[Span], slack_s: float) -> list[str]:
    """Samples that do not say this fault although it was in force for long enough."""
    kind, broken = span.about, []
    if kind.red_s is None:
        return []
    for piece in undisturbed(span, spans, slack_s):
        due = piece.begin + kind.red_s + slack_s
        inside = [each for each in samples if piece.begin <= each.t <= piece.end - EARLY_S]
        red = [says(each, kind) for each in inside]
        first = red.index(True) if True in red else None
        said = None if first is None else inside[first].t
        if piece.end > due and inside and inside[-1].t > due and (said is None or said > due):
            when = "never" if said is None else f"after {said - piece.begin:.1f} s"
            broken.append(f"{span.number} {span.kind}: said {when}, due within {due - piece.begin:.1f} s")
        if kind.steady and first is not None:
            gaps = [each.t for each, is_red in zip(inside[first:], red[first:], strict=True) if not is_red]
            if gaps:
                broken.append(
                    f"{span.number} {span.kind}: not said at {gaps[0]:.1f} s ({len(gaps)} samples), though in force"
                    f" from {span.begin:.1f} to {span.end:.1f} s"
                )
    return broken


def says(sample: Sample, kind: Kind) -> bool:
    return bool(kind.sign) and any(re.search(kind.sign, reason) for reason in sample.reasons)


def undisturbed(span: Span, spans: Sequence[Span], slack_s: float) -> list[Window]:
    """The parts of its time in which nothing else makes those that look for it begin anew."""
    pieces = [Window(span.begin, span.end)]
    for other in spans:
        if other is span or not other.about.disturbs:
            continue
        begin, end = other.begin - EARLY_S, deadline(other, spans, slack_s)
        pieces = [
            part
            for piece in pieces
            for part in (Window(piece.begin, min(piece.end, begin)), Window(max(piece.begin, end), piece.end))
            if part.end > part.begin
        ]
    return pieces


def measure(samples: Sequence[Sample], spans: Sequence[Span]) -> list[Measured]:
    """Times to red and to green of the faults that were alone with their sign when they began, when they ended."""
    found = []
    for span in spans:
        kind = span.about
        if not kind.sign:
            continue
        others = [one for one in spans if one is not span and (one.about.disturbs or one.about.sign == kind.sign)]
        until = deadline(span, spans, 0.0)
        red_s = green_s = None
        if not any(one.begin <= span.end and span.begin <= deadline(one, spans, 0.0) for one in others):
            red_s = next(
                (each.t - span.begin for each in samples if span.begin <= each.t <= until and says(each, kind)), None
            )
        if red_s is not None and not any(one.begin <= until and span.end <= one.end for one in others):
            last = max((each.t for each in samples if span.begin <= each.t <= until and says(each, kind)), default=0.0)
            green_s = next((max(0.0, each.t - span.end) for each in samples if each.t > last and not says(each, kind)),
                           None)  # fmt: skip
        found.append(Measured(kind.name, red_s, green_s))
    return found
