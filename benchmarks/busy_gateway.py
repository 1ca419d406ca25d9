"""A simulated gateway whose every line changes exactly 4 times a second: bid, ask, last, sizes and volume.

The market is the simulator's; only its quotes are made busy, so that a figure does not depend on which names trade.
`phases` = in how many groups a second's quarter is cut: 1 sends all lines at once, 10 spreads them as TWS does.
Run: python -m benchmarks.busy_gateway [--phases 10]; prints a ready line, ends when its standard input closes.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from typing import Any

from simulator import gateway, lines
from simulator.cli import Run
from simulator.cli import run as serve
from simulator.model import Holding, Opening, QuoteState
from simulator.settings import GatewaySettings
from simulator.world.build import build_world

UPDATES_PER_S = 4
EXTRA_POSITIONS = ("AAPL", "MSFT")  # five positions: only they may use the lines that are kept for positions


class BusyWorld:
    """Every instrument's quote changes in its phase of each quarter of a second; all else is the market's."""

    def __init__(self, market: Any, phases: int) -> None:
        self._market = market
        self._phases = phases
        self._round = 0
        self._last: dict[int, QuoteState] = {}
        found = [one for name in EXTRA_POSITIONS for one in market.find(name, "STK")[:1]]
        if not found:
            found = [one for one in market.instruments() if one.sec_type == "STK" and one.avg_volume > 5e6][:2]
        self._extra = [Holding(one.con_id, 10.0, 100.0) for one in found]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._market, name)

    def advance(self) -> None:
        self._round += 1
        if self._round % self._phases == 0:
            self._market.advance()

    def openings(self, account: str) -> list[Opening]:
        (opening,) = self._market.openings(account)
        return [replace(opening, holdings=(*opening.holdings, *self._extra))]

    def quote(self, con_id: int) -> QuoteState | None:
        step = (self._round + con_id % self._phases) // self._phases
        known = self._last.get(con_id)
        if known is not None and known.seq == step:
            return known
        quote = self._market.quote(con_id)
        if quote is None or quote.bid is None or quote.ask is None or quote.last is None:
            return quote
        self._last[con_id] = quote = self._moved(quote, step)
        return quote

    def _moved(self, quote: QuoteState, step: int) -> QuoteState:
        assert quote.last is not None
        tick = self._market.instrument(quote.con_id).min_tick
        last = quote.last + (step * 2 % 3 - 1) * tick
        return replace(
            quote,
            seq=step,
            last=last,
            bid=last - tick,
            ask=last + tick,
            bid_size=100.0 * (1 + step % 7),
            ask_size=100.0 * (1 + step % 5),
            last_size=100.0 * (1 + step % 3),
            volume=(quote.volume or 0.0) + step,  # a share at a time: enough to change, too little to make a surge
        )


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--phases", type=int, default=10)
    options.add_argument("--seed", type=int, default=7)
    args = options.parse_args()
    gateway.PUMP_S = 1.0 / UPDATES_PER_S / args.phases
    lines.VWAP_EVERY *= args.phases
    market = build_world(args.seed, None, 1.0, time.monotonic, "weekday", None, True)
    settings = GatewaySettings(seed=args.seed, line_limit=400, scanner_slots=40)
    return serve(Run(BusyWorld(market, args.phases), settings, lambda: None, stdin_watch=True))


if __name__ == "__main__":
    raise SystemExit(main())
