"""REPORT.md of a run: what was planted, what broke, how long each fault took to be red and to be green again. Pure."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.fault_table import KINDS
from tests.chaos.run import PROVES_LITTLE_S, Verdict


@dataclass(frozen=True)
class Circumstances:
    """Of the run. `loads` = load average of a minute at begin, middle ... and end."""

    command: str
    at: str
    build: str
    system: str
    cores: int
    workers: int
    pace: float
    wall_s: float
    loads: tuple[float, ...]


def report(verdicts: Sequence[Verdict], about: Circumstances) -> str:
    """Markdown; its figures come from the verdicts alone."""
    broken = [verdict for verdict in verdicts if verdict.broken]
    parts = [_head(verdicts, about, broken), _broken(broken), _table(verdicts), _sequences(verdicts)]
    return "\n\n".join(parts) + "\n"


def _head(verdicts: Sequence[Verdict], about: Circumstances, broken: Sequence[Verdict]) -> str:
    families = Counter(verdict.family for verdict in verdicts)
    late = sorted(verdict.late_s for verdict in verdicts) or [0.0]
    lasted = sorted(verdict.took_s for verdict in verdicts) or [0.0]
    skipped = Counter(kind for verdict in verdicts for kind in verdict.skipped)
    lines = [
        "# Chaos: sequences of faults against the whole program",
        f"Made by `{about.command}`, {about.at}.",
        f"- **{len(verdicts)} sequences, {len(broken)} with a broken invariant**; "
        + ", ".join(f"{count} {name}" for name, count in sorted(families.items()))
        + f"; {sum(len(verdict.kinds) for verdict in verdicts)} faults of {len(_counts(verdicts))} kinds.",
        f"- Build {about.build} on {about.system}, {about.cores} cores, {about.workers} sequences at a time, "
        f"pace {about.pace:g}, {about.wall_s / 60.0:.0f} min; load average {_numbers(about.loads)}.",
        f"- A sequence took {statistics.median(lasted):.0f} s (median), {lasted[-1]:.0f} s at most. The machine held "
        f"things up for {statistics.median(late):.1f} s (median), {late[-1]:.1f} s at most; every limit is lengthened "
        "by that.",
        f"- Most lines at once {max((v.max_lines for v in verdicts), default=0)}, most messages in a second "
        f"{max((v.worst_second for v in verdicts), default=0)}, by the gateway's count.",
    ]
    if again := sum(verdict.repeats for verdict in verdicts):
        lines.append(f"- {again} runs of a sequence were taken again because the machine stood still meanwhile.")
    if little := sum(each >= PROVES_LITTLE_S for each in late):
        lines.append(
            f"- {little} sequences were held up for {PROVES_LITTLE_S:g} s or more, however often they were taken "
            "again: they prove little."
        )
    if skipped:
        lines.append(
            "- Not possible on this machine: " + ", ".join(f"{kind} {n}x" for kind, n in skipped.items()) + "."
        )
    return "\n".join([*lines[:2], "", *lines[2:]])


def _broken(broken: Sequence[Verdict]) -> str:
    if not broken:
        return "## Broken invariants\n\nNone."
    told = []
    for verdict in broken:
        told.append(f"- Seed {verdict.seed} ({verdict.family}): `{verdict.smallest}`")
        told += [f"  - {words[:400]}" for words in verdict.broken[:8]]
    return "\n".join(["## Broken invariants", "", *told])


def _counts(verdicts: Sequence[Verdict]) -> Counter[str]:
    return Counter(kind for verdict in verdicts for kind in verdict.kinds)


def _table(verdicts: Sequence[Verdict]) -> str:
    """Times of the faults that were alone when they began, or when they ended, in seconds of pace 1."""
    red: dict[str, list[float]] = defaultdict(list)
    green: dict[str, list[float]] = defaultdict(list)
    for verdict in verdicts:
        for one in verdict.measured:
            if one.red_s is not None:
                red[one.kind].append(one.red_s)
            if one.green_s is not None:
                green[one.kind].append(one.green_s)
    counts = _counts(verdicts)
    rows = [
        f"| {kind.name} | {counts[kind.name]} | {_limit(kind.red_s)} | {_spread(red[kind.name])} "
        f"| {kind.green_s:.1f} | {_spread(green[kind.name])} |"
        for kind in KINDS.values()
    ]
    head = [
        "## Time to red, time to green",
        "",
        "Seconds (of pace 1) from a fault's begin to the first `/healthz` that names it, and from its end to the first "
        'that does not: median / max (n), of those that no other fault disturbed. "-" = it need not be said: it heals '
        "faster than it would be noticed, or nothing may be said of it at all.",
        "",
        "| fault | planted | red due | red | green due | green |",
        "|---|---:|---:|---|---:|---|",
    ]
    return "\n".join([*head, *rows])


def _limit(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f}"


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "-"
    return f"{statistics.median(values):.1f} / {max(values):.1f} ({len(values)})"


def _numbers(values: Sequence[float]) -> str:
    return " ".join(f"{value:.1f}" for value in values)


def _sequences(verdicts: Sequence[Verdict]) -> str:
    """Every seed with its verdict, so that a run can be told from another."""
    good = [verdict.seed for verdict in verdicts if not verdict.broken]
    bad = [verdict.seed for verdict in verdicts if verdict.broken]
    return f"## Seeds\n\nWithout a break: {_ranges(good)}.\n\nWith one: {_ranges(bad)}."


def _ranges(numbers: Sequence[int]) -> str:
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans) or "none"
