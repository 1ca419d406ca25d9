"""Stocks with round lots of 100, 40, 10 and 1 side by side, over TCP: each volume in shares, in every mode of TWS."""

from __future__ import annotations

import datetime as dt
import time

import pytest

from tests.integration.engine_bench import running_engine, wait_for
from tests.integration.second_gateway import SecondGateway, Thing

LOT_OF = {
    Thing(61, "CHEAP", base=48.0, quantity=1, cost=40.0): 100,
    Thing(62, "DEAR", base=610.0, quantity=1, cost=40.0): 40,
    Thing(63, "DEARER", base=2_400.0, quantity=1, cost=40.0): 10,
    Thing(64, "DEAREST", base=700_000.0, quantity=1, cost=40.0): 1,
    Thing(65, "FALLEN", base=190.0, quantity=1, cost=40.0): 40,  # its lot is still that of its former price
}
SHARES_A_MINUTE = {61: 30_013, 62: 4_111, 63: 1_317, 64: 31, 65: 9_127}
IN_LOTS = {"lots": ("ticks", "sizes", "history"), "mixed": ("ticks",), "shares": ()}


class LotGateway(SecondGateway):
    """A Wednesday noon in New York; volumes, sizes and history each in lots of the symbol or in shares."""

    def __init__(self, mode: str) -> None:
        super().__init__()
        self.things.update({thing.con_id: thing for thing in LOT_OF})
        noon = dt.datetime(2026, 11, 4, 17, 0, tzinfo=dt.UTC).timestamp()
        self.clock_offset_s = noon - time.time()
        self.in_lots = IN_LOTS[mode]
        self.day_begun = noon - 120 * 60

    @property
    def held(self):
        return {self.account: list(LOT_OF)}

    def unit(self, what: str, thing: Thing) -> int:
        return LOT_OF.get(thing, 100) if what in self.in_lots else 1

    def minute(self, thing: Thing, number: int) -> int:
        """Shares of the day's minute, odd lots among them."""
        return SHARES_A_MINUTE.get(thing.con_id, 20_011) + 7 * (number * 37 % 11)

    def now(self) -> float:
        return time.time() + self.clock_offset_s

    def shares_so_far(self, thing: Thing) -> int:
        whole = int((self.now() - self.day_begun) // 60)
        return sum(self.minute(thing, number) for number in range(whole))

    def _ticks(self, client, req_id, thing):
        last = thing.price(self.now())
        size = (3 + int(self.now() * 10) % 7) * LOT_OF.get(thing, 100) // self.unit("sizes", thing)
        for tick in (f"1|{last - 0.02:.2f}|{size}|1", f"2|{last + 0.02:.2f}|{size}|1", f"4|{last}|1|0"):
            self._row(client, f"1|6|{req_id}|{tick}")
        self._row(client, f"2|6|{req_id}|8|{self.shares_so_far(thing) // self.unit('ticks', thing)}")

    def _on_20(self, client, fields):
        thing = self.things[int(fields[2])]
        if self.history_error or fields[16] != "1 min":
            return self._error(client, fields[1], 162, "Historical Market Data Service error message:no data")
        rows = ""
        for number in range(int((self.now() - self.day_begun) // 60)):
            at, price = int(self.day_begun) + 60 * number, thing.price(self.day_begun + 60 * number)
            volume = round(self.minute(thing, number) * 0.97) / self.unit("history", thing)
            rows += f"|{at}|{price}|{price}|{price}|{price}|{volume:.2f}|{price}|9"
        self._row(client, f"17|{fields[1]}|||{rows.count('|') // 8}{rows}")


@pytest.mark.parametrize(
    "mode", [pytest.param(mode, marks=() if mode == "mixed" else pytest.mark.thorough) for mode in IN_LOTS]
)
def test_each_symbols_volume_is_in_shares(mode, tmp_path):
    with LotGateway(mode) as gateway:
        with running_engine(gateway.port, tmp_path) as bench:
            all_right(bench, gateway, mode, 30)
            words = bench.read("health").volume_units
            for source in ("ticks", "history"):
                expected = "lots of 100, 40, 10 and 1" if source in gateway.in_lots else "shares"
                assert words[source].startswith(expected), words

            def begin():
                bars = bench.engine.rooms.bars.bars(62)[:100]
                return bars if len(bars) == 100 and all(bar.volume is not None for bar in bars) else None

            bars = wait_for(begin, "the day's bars, in shares")
            assert sum(bar.volume for bar in bars) == pytest.approx(
                0.97 * sum(gateway.minute(gateway.things[62], number) for number in range(len(bars))), rel=0.01
            )
            wait_for(lambda: list(tmp_path.glob("*/bars/volume-units.json")), "what was learned on disk")
        gateway.history_error = (162, "Historical Market Data Service error message:no data")
        with running_engine(gateway.port, tmp_path) as bench:
            all_right(bench, gateway, mode, 10)


def all_right(bench, gateway, mode, within_s):
    def volumes():
        section = bench.read("quotes")
        quotes = {quote.con_id: quote for quote in (section.quotes if section else ())}
        return {con_id: quotes[con_id].volume if con_id in quotes else None for con_id in SHARES_A_MINUTE}

    def right():
        found = volumes()
        if any(volume is None for volume in found.values()):
            return False
        return all(
            found[thing.con_id] == pytest.approx(gateway.shares_so_far(thing), rel=0.02, abs=100) for thing in LOT_OF
        )

    try:
        wait_for(right, "every volume in shares", within_s)
    except AssertionError:
        truth = {thing.con_id: gateway.shares_so_far(thing) for thing in LOT_OF}
        raise AssertionError(f"{mode}: {volumes()}, in truth {truth}; {bench.read('health').volume_units}") from None
