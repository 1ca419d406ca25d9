"""What publishing, reading and writing the state costs: `python -m benchmarks.state_publish`.

Measured on 2 cores (shared), Python 3.11.7, medians of 5 rounds of 200:

publish 500 quotes                                              38.3 us
publish a symbol of 780 bars                                     2.8 us
publish, nothing changed                                         0.5 us
read from memory                                                 0.1 us
seqs from memory                                                 1.2 us
encode 500 quotes (writer thread)                             1260.9 us
read from disk, unchanged                                       19.8 us
one engine second: 6 sections made, published, written        9521.3 us
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from engine.clock import SystemClock
from engine.state.bus import StateBus
from engine.state.disk_store import DiskOutlet, DiskView
from engine.state.envelope import wrap
from engine.state.reader import StateReader
from engine.state.sections import QuotesSection
from engine.state.writer import StateWriter
from tests.app.sample_state import TSLA, fill_sample, minute_bars, quote, symbol, tick_sample

ROUNDS, REPEATS = 5, 200
COUNTER = iter(range(10**9))


def median_us(work: Callable[[], object]) -> float:
    """Microseconds a call: the median of the rounds' means."""
    rounds = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        for _ in range(REPEATS):
            work()
        rounds.append((time.perf_counter() - begin) / REPEATS * 1e6)
    return statistics.median(rounds)


def five_hundred_quotes(bus: StateBus) -> Callable[[], object]:
    quotes = tuple(replace(quote(TSLA, 1.0, 1.0), con_id=i) for i in range(1, 501))

    def publish() -> None:
        first = replace(quotes[0], price=float(next(COUNTER)))
        bus.publish("quotes", QuotesSection(quotes=(first, *quotes[1:])))

    return publish


def two_sessions(bus: StateBus) -> Callable[[], object]:
    section = replace(symbol(TSLA, 1.0, 1.0), bars=minute_bars(TSLA, 780))

    def publish() -> None:
        bus.publish(f"symbol:{TSLA}", replace(section, vwap=float(next(COUNTER))))

    return publish


def main() -> int:
    clock = SystemClock()
    bus = StateBus(None, clock)
    fill_sample(bus, 1.0, 1.0)
    unchanged = bus.read("scanners")
    with tempfile.TemporaryDirectory() as folder:
        writer = StateWriter(DiskOutlet(Path(folder) / "state"), clock, bus.current)
        writer.flush()
        reader = StateReader(DiskView(Path(folder) / "state"))

        def second() -> None:
            tick_sample(bus, next(COUNTER), 1.0, 1.0)
            writer.flush()

        lines = (
            ("publish 500 quotes", median_us(five_hundred_quotes(bus))),
            ("publish a symbol of 780 bars", median_us(two_sessions(bus))),
            ("publish, nothing changed", median_us(lambda: bus.publish("scanners", unchanged))),
            ("read from memory", median_us(lambda: bus.read("quotes"))),
            ("seqs from memory", median_us(bus.seqs)),
            ("encode 500 quotes (writer thread)", median_us(lambda: wrap(bus.read("quotes")))),
            ("read from disk, unchanged", median_us(lambda: reader.read("scanners"))),
            ("one engine second: 6 sections made, published, written", median_us(second)),
        )
        reader.close()
        writer.close()
    for text, value in lines:
        print(f"{text:58} {value:9.1f} us")
    return 0


if __name__ == "__main__":
    sys.exit(main())
