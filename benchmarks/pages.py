"""What the pages cost the browser, the wire and the server.

    python -m benchmarks.pages --profile PAGE [--seconds 20]

`--profile`: where the CPU of that page's tab goes, 10 s after it was opened, on the simulated weekday: by kind of work,
by task, by thread (a trace), by file and function (samples). PAGE as in the address bar; /symbol/CON: a held contract.
`--url http://127.0.0.1:8052` profiles a page of a server that runs already.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack

from benchmarks.page_browser import cpu_s, open_tab, renderers, running_chromium, sample, trace
from benchmarks.page_profile import CATEGORIES, report, sampled, traced
from benchmarks.page_programs import PAGES, Build, running_build
from benchmarks.start_up import ROOT

POLL_S = 2.0
SETTLES_S = 10.0  # a tab, before it is measured


def this_build() -> Build:
    return Build("this build", ROOT, sys.executable)


def profile(page: str, url: str | None, seconds: float) -> str:
    """The report of one page: half of the time traced, half sampled, each disturbing the other."""
    with ExitStack() as stack:
        program = None if url else stack.enter_context(running_build(this_build()))
        browser = stack.enter_context(running_chromium())
        tab = stack.enter_context(open_tab(browser, program.address(page) if program else f"{url}{page}"))
        tab.wait_for_timeout(SETTLES_S * 1e3)
        processes = renderers(browser)
        before = {pid: cpu_s([pid]) for pid in processes}
        events = trace(browser, tab, seconds / 2, CATEGORIES)
        own = max(processes, key=lambda pid: cpu_s([pid]) - before[pid])  # beside a spare process
        functions = sampled(sample(tab, seconds / 2))
    return f"{page}\n{report(traced(events, own), functions, seconds / 2 / POLL_S)}"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--profile", metavar="PAGE", required=True, help=" ".join(PAGES))
    options.add_argument("--url", help="a running server, instead of one that is started")
    options.add_argument("--seconds", type=float, default=20.0)
    args = options.parse_args()
    print(profile(args.profile, args.url, args.seconds))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
