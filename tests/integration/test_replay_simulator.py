"""A recorded day over TCP: gateway, broker, quote book, bar store; every trade is seen and the bars are exact."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

from benchmarks.recorded_day import play
from engine.domain import ContractRef
from simulator.replay import CON_ID, replay_world

BAC = ContractRef(CON_ID, "BAC", "BAC", "STK", "SMART")
SEED = 20131008


def recording(folder: Path, count: int = 400) -> tuple[Path, list[tuple[int, float, int]]]:
    """A file of trades a second apart from 13:30:00 UTC on; returns them as (second, price, size)."""
    rng = random.Random(SEED)
    trades, cents = [], 1_383
    rows = ["time,kind,price,size,bid,bid_size,ask,ask_size,exchange"]
    for second in range(count):
        cents += rng.choice((-1, 0, 0, 1))
        trades.append((second, cents / 100, 100 * rng.randint(1, 9)))
        at = f"2013-10-08T13:{30 + second // 60:02d}:{second % 60:02d}.500Z"
        rows.append(f"{at},Q,,,{(cents - 1) / 100},500,,,P")
        rows.append(f"{at},Q,,,,,{(cents + 1) / 100},500,P")
        rows.append(f"{at},T,{cents / 100},{trades[-1][2]},,,,,D")
    path = folder / "BAC-20131008.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path, trades


def test_every_trade_of_a_recording_reaches_its_bar(tmp_path):
    path, trades = recording(tmp_path)
    outcome = asyncio.run(play(replay_world(path, 0.0, time.monotonic), BAC))
    assert outcome.trades == len(trades) - 1, "the first trade opens the line"
    assert outcome.ignored == 0
    for minute, bar in enumerate(outcome.bars):
        mine = [trade for trade in trades[1:] if trade[0] // 60 == minute]
        prices = [price for _, price, _ in mine]
        assert (bar.open, bar.high, bar.low, bar.close) == (prices[0], max(prices), min(prices), prices[-1])
        assert bar.volume == sum(size for *_, size in mine)
    assert len(outcome.bars) == 7
