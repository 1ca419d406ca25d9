"""What the pages may cost, judged; and benchmarks/pages.md, made of what the runs left in pages.json. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

NEW, OLD, NAIVE, STREAMLIT = "this build", "a9efd71", "naive Dash", "Streamlit"
LIGHT = ("/health", "/lab", "/settings")  # little or nothing moves there
OF_OLD = {True: 0.20, False: 0.40}
OF_NAIVE = {True: 0.06, False: 0.16}
POLL_BYTES, POLL_MS, IDLE_BYTES = 4_096, 4.0, 0
TABS_P95_MS, LATENESS_MS, TABS_MB = 100.0, 5.0, 5.0
HEAP_RATIO = 1.5
DUE = {NAIVE: 2.0, STREAMLIT: 3.0}  # answers and frames per 2 s, at least; one for the others
STARVED = 0.85  # of what was due


@dataclass(frozen=True)
class Cpu:
    """One measurement: of the tab's process, ms per 2 s; `browser_ms`: of all of Chromium; `load`: the machine's.

    `heard`: answers and frames per 2 s. On a machine without time to spare a page hears less and so costs less.
    """

    round: int
    who: str
    page: str
    ms: float
    browser_ms: float
    heard: float
    load: float


@dataclass(frozen=True)
class Polled:
    """One page's polls: medians of the bodies and of the server's CPU, and of which parts the bytes are (their mean).

    While nothing changed: the largest body, how many of the polls had one, of which parts.
    """

    page: str
    bytes: float
    bytes_p95: float
    first_bytes: int
    server_ms: float
    idle_bytes: int
    idle_bodies: int
    polls: int
    parts: str
    idle_parts: str


@dataclass(frozen=True)
class Tabs:
    """Many tabs at once. `late_ms`: the engine loop's p99 in its worst minute, `late_before_ms`: in the minute before
    they came; `mb`, `threads`, `descriptors`: what the program grew by from its first quarter to its last."""

    tabs: int
    minutes: float
    polls: int
    errors: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    late_before_ms: float
    late_ms: float
    mb: float
    threads: int
    descriptors: int

    @property
    def missed(self) -> list[str]:
        return [
            words
            for words, is_met in (
                ("p95", self.p95_ms < TABS_P95_MS),
                ("errors", self.errors == 0 and self.polls > 0),
                ("lateness", self.late_ms <= LATENESS_MS),
                ("growth", self.mb <= TABS_MB and self.threads <= 0 and self.descriptors <= 0),
            )
            if not is_met
        ]


@dataclass(frozen=True)
class Heap:
    """JavaScript's heap of one page, after a collection."""

    page: str
    minutes: float
    start_mb: float
    end_mb: float

    @property
    def ratio(self) -> float:
        return self.end_mb / self.start_mb


@dataclass(frozen=True)
class Work:
    """One page traced, all per 2 s: ms of its process (`ms`), of its main thread by kind of work, of its compositor and
    of the other threads, which draw; how often it was drawn anew."""

    who: str
    page: str
    ms: float
    script: float
    style: float
    layout: float
    paint: float
    gc: float
    other: float
    compositor: float
    drawing: float
    frames: float
    heard: float


@dataclass(frozen=True)
class PageCost:
    """One page over the rounds: medians of milliseconds, and medians of the ratios of each round."""

    page: str
    new_ms: float
    old_ms: float
    of_old: float | None
    of_naive: float | None
    of_streamlit: float | None
    spread: tuple[float, float] | None

    @property
    def is_light(self) -> bool:
        return self.page in LIGHT

    @property
    def missed(self) -> list[str]:
        """Goals that the page misses; one that was not measured is missed."""
        found = ((OLD, self.of_old, OF_OLD), (NAIVE, self.of_naive, OF_NAIVE))
        return [who for who, ratio, goal in found if ratio is None or ratio > goal[self.is_light]]


def costs(samples: Sequence[Cpu]) -> list[PageCost]:
    """Of every page of this build. Only ratios within one round are formed: the machine changes between rounds."""
    ms = {(each.round, each.who, each.page): each.ms for each in samples}
    pages = list(dict.fromkeys(each.page for each in samples if each.who == NEW))
    return [_cost(page, ms) for page in pages]


def _cost(page: str, ms: Mapping[tuple[int, str, str], float]) -> PageCost:
    rounds = [number for number, who, at in ms if who == NEW and at == page]

    def of(who: str, at: str) -> list[float]:
        known = (number for number in rounds if (number, who, at) in ms)
        return [ms[number, NEW, page] / ms[number, who, at] for number in known]

    of_old, of_naive, of_streamlit = of(OLD, page), of(NAIVE, "/"), of(STREAMLIT, "/")
    return PageCost(
        page, _median(ms[number, NEW, page] for number in rounds) or 0.0,
        _median(value for (_, who, at), value in ms.items() if who == OLD and at == page) or 0.0,
        _median(of_old), _median(of_naive), _median(of_streamlit), (min(of_old), max(of_old)) if of_old else None,
    )  # fmt: skip


def _median(values: Iterable[float]) -> float | None:
    known = list(values)
    return statistics.median(known) if known else None


def polls_missed(page: Polled) -> list[str]:
    limits = (
        ("bytes", page.bytes, POLL_BYTES),
        ("server", page.server_ms, POLL_MS),
        ("idle", page.idle_bytes, IDLE_BYTES),
    )
    return [name for name, value, limit in limits if value > limit]


def missed(results: Mapping[str, Any]) -> list[str]:
    """Every goal that the results miss, in words."""
    found = [f"{cost.page} of {who}" for cost in costs(_cpu(results)) for who in cost.missed]
    found += [f"{page.page} {what}" for page in _polled(results) for what in polls_missed(page)]
    found += [f"{each.tabs} tabs: {what}" for each in _tabs(results) for what in each.missed]
    return found + [f"{each.page} heap" for each in _heap(results) if each.ratio > HEAP_RATIO]


def _rows(results: Mapping[str, Any], name: str, kind: Callable[..., Any]) -> list[Any]:
    return [kind(**row) for row in results.get(name, {}).get("rows", [])]


def _cpu(results: Mapping[str, Any]) -> list[Cpu]:
    return _rows(results, "cpu", Cpu)


def _polled(results: Mapping[str, Any]) -> list[Polled]:
    return _rows(results, "polls", Polled)


def _tabs(results: Mapping[str, Any]) -> list[Tabs]:
    return _rows(results, "tabs", Tabs)


def _heap(results: Mapping[str, Any]) -> list[Heap]:
    return _rows(results, "heap", Heap)


def kept(results: Mapping[str, Any], part: str, about: str, rows: Sequence[Any]) -> dict[str, Any]:
    """The results with one part measured anew; `about`: a sentence with date, build, load."""
    return {**results, part: {"about": about, "rows": [asdict(row) for row in rows]}}


def page_of_results(results: Mapping[str, Any]) -> str:
    """benchmarks/pages.md."""
    parts = [
        "# What the pages cost\n\nWritten by `python -m benchmarks.pages` (README.md here says how); figures in"
        " `pages.json`. Milliseconds\ndepend on the machine and on what else it does: compare within a row."
    ]
    makers = (
        ("cpu", _cpu_part),
        ("polls", _polls_part),
        ("tabs", _tabs_part),
        ("heap", _heap_part),
        ("work", _work_part),
    )
    parts += [make(results) for name, make in makers if name in results]
    return "\n\n".join(parts) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _verdict(found: Sequence[str]) -> str:
    return f"**missed**: {', '.join(found)}" if found else "met"


def _ratio(value: float | None, goal: float | None = None) -> str:
    shown = "-" if value is None else f"{value:.2f}"
    return shown if goal is None else f"{shown} ({goal:.2f})"


def _cpu_part(results: Mapping[str, Any]) -> str:
    samples = _cpu(results)
    rows = []
    for cost in costs(samples):
        spread = "-" if cost.spread is None else f"{cost.spread[0]:.2f}-{cost.spread[1]:.2f}"
        rows.append([
            cost.page, f"{cost.new_ms:.0f}", f"{cost.old_ms:.0f}", _ratio(cost.of_old, OF_OLD[cost.is_light]), spread,
            _ratio(cost.of_naive, OF_NAIVE[cost.is_light]), _ratio(cost.of_streamlit), _verdict(cost.missed),
        ])  # fmt: skip
    head = ("page", NEW, OLD, f"of {OLD} (goal)", "rounds", "of naive (goal)", f"of {STREAMLIT}", "")
    beside = []
    for who in (NAIVE, STREAMLIT):
        own = [each.ms for each in samples if each.who == who]
        beside.append(f"{who} {statistics.median(own):.0f} ms ({min(own):.0f}-{max(own):.0f})" if own else f"no {who}")
    how = "All threads of the renderer process, ms in the median of the rounds; ratios are formed within a round."
    return (
        f"## CPU of the tab's process per 2 s\n\n{results['cpu']['about']}\n\n{how} Beside it: {', '.join(beside)}."
        f"{starved_words(samples)}\n\n{_table(head, rows)}"
    )


def starved_words(samples: Sequence[Cpu]) -> str:
    """When measurements heard less than was due, else ""."""
    short = sum(each.heard < STARVED * DUE.get(each.who, 1.0) for each in samples)
    return f" In {short} of {len(samples)} measurements the machine was too busy for every poll." if short else ""


def _polls_part(results: Mapping[str, Any]) -> str:
    rows = [
        [each.page, f"{each.bytes:.0f}", f"{each.bytes_p95:.0f}", f"{each.first_bytes}", f"{each.server_ms:.1f}",
         idle_words(each), each.parts, _verdict(polls_missed(each))]
        for each in _polled(results)
    ]  # fmt: skip
    head = (
        "page",
        f"bytes ({POLL_BYTES})",
        "p95",
        "first",
        f"server ms ({POLL_MS:g})",
        "idle, most (0)",
        "of which",
        "",
    )
    return f"## A poll: body, server, idle\n\n{results['polls']['about']}\n\n{_table(head, rows)}"


def idle_words(page: Polled) -> str:
    if not page.idle_bodies:
        return "0"
    return f"{page.idle_bytes} in {page.idle_bodies} of {page.polls}: {page.idle_parts}"


def _tabs_part(results: Mapping[str, Any]) -> str:
    rows = [
        [f"{each.tabs}", f"{each.minutes:g}", f"{each.polls}", f"{each.errors}",
         f"{each.p50_ms:.1f} / {each.p95_ms:.1f} / {each.p99_ms:.1f}",
         f"{each.late_ms:.1f} (before {each.late_before_ms:.1f})",
         f"{each.mb:+.1f} MB, {each.threads:+d} threads, {each.descriptors:+d} descriptors", _verdict(each.missed)]
        for each in _tabs(results)
    ]  # fmt: skip
    head = ("tabs", "minutes", "polls", "errors (0)", f"ms p50 / p95 (< {TABS_P95_MS:g}) / p99",
            f"engine late p99, worst minute ({LATENESS_MS:g})", f"growth ({TABS_MB:g} MB, 0, 0)", "")  # fmt: skip
    return f"## Many tabs\n\n{results['tabs']['about']}\n\n{_table(head, rows)}"


def _heap_part(results: Mapping[str, Any]) -> str:
    rows = [
        [each.page, f"{each.minutes:g}", f"{each.start_mb:.1f}", f"{each.end_mb:.1f}",
         f"{each.ratio:.2f} ({HEAP_RATIO})", _verdict(["heap"] if each.ratio > HEAP_RATIO else [])]
        for each in _heap(results)
    ]  # fmt: skip
    head = ("page", "minutes", "MB at the start", "at the end", "ratio (goal)", "")
    return f"## JavaScript's heap after a collection\n\n{results['heap']['about']}\n\n{_table(head, rows)}"


def _work_part(results: Mapping[str, Any]) -> str:
    works = _rows(results, "work", Work)
    order = list(dict.fromkeys(each.page for each in works))
    rows = []
    for each in sorted(works, key=lambda work: order.index(work.page)):
        main = (each.script, each.style, each.layout, each.paint, each.gc, each.other)
        spent = [f"{value:.0f}" for value in (each.ms, *main, each.compositor, each.drawing)]
        rows.append([each.page, each.who, *spent, f"{each.frames:.1f}"])
    head = ("page", "", "ms", "script", "style", "layout", "paint", "GC", "other", "compositor", "drawing", "frames")
    how = "CPU ms per 2 s as traced: all threads, the main one by kind of work, the compositor's, those that draw."
    return f"## Where it goes\n\n{results['work']['about']}\n\n{how}\n\n{_table(head, rows)}"
