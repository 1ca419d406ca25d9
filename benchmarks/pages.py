"""What the pages cost the browser, the wire and the server; each run writes its part of benchmarks/pages.md.

    python -m benchmarks.pages [--cpu] [--polls]          both, when neither is named
    python -m benchmarks.pages --tabs 50 [--minutes 5]
    python -m benchmarks.pages --heap 60
    python -m benchmarks.pages --work
    python -m benchmarks.pages --profile PAGE [--url http://127.0.0.1:8052] [--seconds 20]

`--cpu`: CPU of the tab's renderer process per 2 s, on every page of this build and of a9efd71, beside a naive Dash page
and Streamlit, in turn, three rounds. `--polls`: bytes and server CPU of a poll, and what comes while nothing changes.
`--tabs`: so many pollers at once. `--heap`: minutes; every page in a tab of its own. `--work`: the CPU of the tabs of
`--cpu`, traced once, by kind of work. `--profile`: one page's, by kind of work, task, thread, file and function; writes
nothing. PAGE as in the address bar, /symbol/CON for a held contract. All on the simulated weekday but the idle polls.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from playwright.sync_api import Browser

from benchmarks.page_browser import Tab, cpu_s, heap_mb, open_tab, processes, renderers, running_chromium, sample, trace
from benchmarks.page_goals import OLD, Cpu, Heap, Work, kept, missed, page_of_results
from benchmarks.page_polls import POLL_S, many_tabs, polled
from benchmarks.page_profile import CATEGORIES, Traced, report, sampled, traced
from benchmarks.page_programs import (
    PAGES,
    Program,
    build_of,
    running_build,
    running_naive_dash,
    running_streamlit,
    this_build,
    wait,
)
from benchmarks.start_up import ROOT
from engine.storage.build_id import build_id

SETTLES_S = 10.0  # a tab, before it is measured
WARMS_S = 60.0  # the programs: their first minute loads the history
HEAP_SETTLES_S, HEAP_LOOKS_S = 60.0, 300.0
PARTS = ("cpu", "polls", "tabs", "heap", "work")
RESULTS, WRITTEN = ROOT / "benchmarks" / "pages.json", ROOT / "benchmarks" / "pages.md"


def cpu_of(browser: Browser, program: Program, page: str, number: int, seconds: float) -> Iterator[Cpu]:
    """One measurement, or none when the page is not live: what stands still costs nothing."""
    polls = seconds / POLL_S
    with open_tab(browser, program.address(page)) as tab:
        tab.settle(SETTLES_S)
        everything, own = processes(browser), renderers(browser)
        heard, all_s, own_s = tab.heard, cpu_s(everything), cpu_s(own)
        tab.page.wait_for_timeout(seconds * 1e3)
        ms, all_ms = (cpu_s(own) - own_s) / polls * 1e3, (cpu_s(everything) - all_s) / polls * 1e3
        answers, load = (tab.heard - heard) / polls, os.getloadavg()[0]
    words = f"{ms:7.0f} ms, {all_ms:.0f} of Chromium, {answers:.1f} answers, load {load:.1f}"
    print(f"{number} {program.name:12} {page:14}{words}{'' if answers else ': not live, left out'}", flush=True)
    if answers:
        yield Cpu(number, program.name, page, round(ms, 1), round(all_ms, 1), round(answers, 2), round(load, 1))


@contextmanager
def running_all() -> Iterator[tuple[list[Program], list[Program]]]:
    """Both builds, a minute after the start; the naive page and Streamlit, or without the latter a sentence why."""
    with ExitStack() as stack:
        builds = [this_build(), stack.enter_context(build_of(OLD))]
        programs = [stack.enter_context(running_build(build)) for build in builds]
        naive = [stack.enter_context(running_naive_dash())]
        try:
            naive.append(stack.enter_context(running_streamlit()))
        except RuntimeError as error:
            print(f"without Streamlit: {error}", flush=True)
        wait(WARMS_S)
        yield programs, naive


def measure_cpu(pages: Sequence[str], rounds: int, seconds: float) -> Iterator[list[Cpu]]:
    """Every page of both builds in turn, the order of the two changing by the round; the naive pages before them.

    After each round all there is: a run that is stopped leaves what it has.
    """
    found: list[Cpu] = []
    with running_all() as (programs, naive), running_chromium() as browser:
        for number in range(1, rounds + 1):
            ordered = programs if number % 2 else programs[::-1]
            asked = [(program, "/") for program in naive] + [(program, page) for page in pages for program in ordered]
            for program, page in asked:
                found += cpu_of(browser, program, page, number, seconds)
            yield found


def measure_work(pages: Sequence[str], seconds: float) -> list[Work]:
    """What the tabs of every program do, traced once."""
    with running_all() as (programs, naive), running_chromium() as browser:
        asked = [(program, "/") for program in naive] + [(program, page) for page in pages for program in programs]
        return [work_of(browser, program, page, seconds) for program, page in asked]


def work_of(browser: Browser, program: Program, page: str, seconds: float) -> Work:
    with open_tab(browser, program.address(page)) as tab:
        tab.settle(SETTLES_S)
        heard = tab.heard
        seen = traced_tab(browser, tab, seconds)
        polls = seconds / POLL_S
        kinds = {kind: ms / polls for kind, ms in seen.kinds.items()}
        threads = {name: ms / polls for name, ms in seen.threads.items()}
        main_ms, compositor = sum(kinds.values()), threads.get("Compositor", 0.0)
        parts = [*(kinds.get(kind, 0.0) for kind in ("script", "style", "layout", "paint", "GC", "other")), compositor]
        all_ms = sum(threads.values())
        figures = [all_ms, *parts, all_ms - main_ms - compositor, seen.frames / polls, (tab.heard - heard) / polls]
    found = Work(program.name, page, *(round(figure, 1) for figure in figures))
    print(found, flush=True)
    return found


def traced_tab(browser: Browser, tab: Tab, seconds: float) -> Traced:
    """What the tab's process did in that time."""
    before = {pid: cpu_s([pid]) for pid in renderers(browser)}
    events = trace(browser, tab.page, seconds, CATEGORIES)
    return traced(events, max(before, key=lambda pid: cpu_s([pid]) - before[pid]))  # beside spare processes


def measure_heap(pages: Sequence[str], minutes: float) -> list[Heap]:
    """Every page in a tab, all at once."""
    with ExitStack() as stack:
        program = stack.enter_context(running_build(this_build()))
        browser = stack.enter_context(running_chromium())
        tabs = {page: stack.enter_context(open_tab(browser, program.address(page))) for page in pages}
        next(iter(tabs.values())).page.wait_for_timeout(HEAP_SETTLES_S * 1e3)
        start = {page: heap_mb(tab) for page, tab in tabs.items()}
        begun = time.monotonic()
        while (left := begun + minutes * 60.0 - time.monotonic()) > 0.0:
            next(iter(tabs.values())).page.wait_for_timeout(min(HEAP_LOOKS_S, left) * 1e3)
            now = {page: heap_mb(tab) for page, tab in tabs.items()}
            print(f"{(time.monotonic() - begun) / 60.0:.0f} min: {_heap_words(now)}", flush=True)
        return [Heap(page, minutes, round(start[page], 2), round(now[page], 2)) for page in pages]


def _heap_words(megabytes: dict[str, float]) -> str:
    return ", ".join(f"{page} {used:.1f}" for page, used in megabytes.items())


def profile(page: str, url: str | None, seconds: float) -> str:
    """The report of one page: half of the time traced, half sampled, since each disturbs the other."""
    with ExitStack() as stack:
        program = None if url else stack.enter_context(running_build(this_build()))
        browser = stack.enter_context(running_chromium())
        address = program.address(page) if program else f"{url}{page}"
        opened = stack.enter_context(open_tab(browser, address))
        opened.settle(SETTLES_S)
        seen = traced_tab(browser, opened, seconds / 2)
        functions = sampled(sample(opened.page, seconds / 2))
    return f"{page}\n{report(seen, functions, seconds / 2 / POLL_S)}"


def measured(part: str, args: argparse.Namespace) -> Iterator[tuple[Sequence[Any], str]]:
    """One part's rows and how they were measured; the CPU's after each round."""
    cores = f"on {os.cpu_count()} cores"
    if part == "cpu":
        for samples in measure_cpu(args.pages, args.rounds, args.seconds):
            loads = [each.load for each in samples]
            how = f"{samples[-1].round} rounds of {args.seconds:g} s a page"
            yield samples, f"{how}; load average {min(loads):.0f} to {max(loads):.0f} {cores}"
        return
    before = os.getloadavg()[0]
    rows: Sequence[Any]
    if part == "work":
        rows, how = measure_work(args.pages, args.seconds), f"each page once for {args.seconds:g} s"
    elif part == "polls":
        rows, how = polled(args.pages, args.times), f"{args.times} polls a page"
    elif part == "tabs":
        rows, how = [many_tabs(args.tabs, args.minutes)], "the engine and the server in one process"
    else:
        rows, how = measure_heap(args.pages, args.heap), "every page in a tab of its own, all at once"
    yield rows, f"{how}; load average {before:.0f} before, {os.getloadavg()[0]:.0f} after, {cores}"


def keep(part: str, rows: Sequence[Any], how: str) -> list[str]:
    """Into pages.json and pages.md, with the date and the build. The goals that it misses."""
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    date = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    results = kept(results, part, f"{date}, build {build_id(ROOT).id}, {how}.", rows)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    WRITTEN.write_text(page_of_results(results), encoding="utf-8")
    return missed({part: results[part]})


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--polls", action="store_true")
    parser.add_argument("--tabs", type=int, metavar="N")
    parser.add_argument("--minutes", type=float, default=5.0, help="of --tabs")
    parser.add_argument("--heap", type=float, metavar="MINUTES")
    parser.add_argument("--work", action="store_true")
    parser.add_argument("--profile", metavar="PAGE")
    parser.add_argument("--url", help="--profile: a server that runs already")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement of --cpu, --work, --profile")
    parser.add_argument("--rounds", type=int, default=3, help="of --cpu")
    parser.add_argument("--times", type=int, default=30, metavar="POLLS", help="of --polls, a page")
    parser.add_argument(
        "--pages", nargs="+", default=list(PAGES), help=f"of --cpu, --polls, --heap, --work: {' '.join(PAGES)}"
    )
    return parser.parse_args()


def main() -> int:
    args = options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended, too
    if args.profile:
        print(profile(args.profile, args.url, args.seconds))
        return 0
    chosen = [part for part in PARTS if getattr(args, part)] or ["cpu", "polls"]
    is_met = True
    for part in chosen:
        found: list[str] = []
        for rows, how in measured(part, args):
            found = keep(part, rows, how)
        print(f"{part}: " + (f"missed: {'; '.join(found)}" if found else "every goal met"), flush=True)
        is_met = is_met and not found
    return 0 if is_met else 1


if __name__ == "__main__":
    raise SystemExit(main())
