"""Days of the simulated market at high speed: the gateway's memory, once warm, stays where it is.

Lines go round all stocks, nine scans push, and each stock's history is asked for again and again, as engines do that
stay for days. Compared is the median of each market day, for the turn of a session needs room for a moment.
Arguments: market days once warm, speed.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections import deque

import psutil

from simulator.world.catalogue import stocks
from tests.integration.engine_bench import running_simulator
from tests.integration.raw_client import RawClient, contract
from tests.long.report import finish

DAYS, WARM_DAYS, SPEED = 3, 2, 600.0  # every stock has been asked for once within two days at this speed
DAY_S = 86_400.0
LINES = 45
GROWS_MOST_MB = 10.0
ASK_EVERY_S = 0.12  # four messages; the gateway closes at 50 a second
SCANS = ("TOP_PERC_GAIN", "TOP_PERC_LOSE", "HOT_BY_VOLUME", "MOST_ACTIVE", "HIGH_VS_13W_HL", "TOP_OPEN_PERC_GAIN")


class Load:
    """What an engine asks for, faster: a line that moves on, one minute's bars and a year of days, stock by stock."""

    def __init__(self, client: RawClient) -> None:
        self._client = client
        self._numbers = itertools.count(1_000)
        self._blocks = itertools.cycle([contract(symbol=each.instrument.symbol) for each in stocks()])
        self._lines: deque[int] = deque()
        self.histories = self.visits = 0
        for number, code in enumerate(SCANS):
            client.scan(100 + number, code)

    def step(self) -> None:
        block = next(self._blocks)
        if len(self._lines) >= LINES:
            self._client.send(2, 2, self._lines.popleft())
        req_id = next(self._numbers)
        self._lines.append(req_id)
        self._client.market_data(req_id, block)
        self.visits += 1
        for bar, duration in (("1 min", "2 D"), ("1 day", "1 Y")):
            self._client.history(next(self._numbers), block, bar=bar, duration=duration)
            self.histories += 1
        self._client.settle(ASK_EVERY_S)
        self._client.messages.clear()


def main(arguments: list[str]) -> int:
    days = int(arguments[0]) if arguments else DAYS
    speed = float(arguments[1]) if len(arguments) > 1 else SPEED
    medians: list[float] = []
    with running_simulator("--seed", "5", "--fresh", "--speed", str(speed)) as simulator:
        process = psutil.Process(simulator.pid)
        with RawClient(simulator.port) as client:
            load = Load(client)
            for day in range(WARM_DAYS + 1 + days):
                sizes: list[float] = []
                until = time.monotonic() + DAY_S / speed
                while time.monotonic() < until:
                    load.step()
                    sizes.append(process.memory_info().rss / 1e6)
                medians.append(statistics.median(sizes))
                print(f"day {day}: median {medians[-1]:.1f} MB, most {max(sizes):.1f} MB", flush=True)
            assert not client.closed, "the gateway closed the connection"
    grown = medians[-1] - medians[WARM_DAYS]
    figures = {
        "market_days": len(medians),
        "speed": speed,
        "histories": load.histories,
        "visits": load.visits,
        "median_mb": [round(each, 1) for each in medians],
        "grown_mb": round(grown, 1),
    }
    said = f"{medians[-1]:.0f} MB, {grown:+.1f} MB in {days} market days after {WARM_DAYS + 1} warm ones (at most +10)"
    return finish("simulator_memory", grown <= GROWS_MOST_MB, figures, said)
