"""The encoders against messages that a real TWS sent; skipped where the recordings are not at hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.model import Instrument
from simulator.ticks import TickFormat
from simulator.wire import encode_contract, encode_history, encode_session
from simulator.wire import encode_ticks as tk

RECORDED = Path(__file__).resolve().parents[4] / "shared" / "data" / "tws-recorded.jsonl"
VERSION = 165


@pytest.fixture(scope="module")
def recorded() -> list[list[str]]:
    if not RECORDED.exists():
        pytest.skip(f"no recorded messages at {RECORDED}")
    return [json.loads(line)["fields"] for line in RECORDED.read_text(encoding="utf-8").splitlines()]


def split(payload: str) -> list[str]:
    assert payload.endswith("\0")
    return payload.split("\0")[:-1]


def only(recorded: list[list[str]], *head: str) -> list[str]:
    """The first recorded message that begins so."""
    return next(fields for fields in recorded if fields[: len(head)] == list(head))


def test_daily_bars(recorded: list[list[str]]) -> None:
    golden = only(recorded, "17")
    rows = [
        encode_history.BarRow("20230413", 182.94, 186.5, 180.94, 185.9, 948837.22, 184.869, 324891),
        encode_history.BarRow("20230414", 183.88, 186.28, 182.01, 185.0, 810998.27, 183.9865, 277547),
    ]
    assert split(encode_history.historical_data(VERSION, 9000, golden[2], golden[3], rows)) == golden


def test_realtime_bar(recorded: list[list[str]]) -> None:
    row = encode_history.BarRow("1678323335", 4028.75, 4029.0, 4028.25, 4028.5, 2, 4026.75, 1)
    assert split(encode_history.realtime_bar(VERSION, 9001, row, 2)) == only(recorded, "50")


def test_opening_sequence_of_a_line(recorded: list[list[str]]) -> None:
    fmt = TickFormat(req_id=9004, decimals=2, divisor=1, volume_divisor=1, delayed=False, fractional=True)
    sent = [
        tk.market_data_type(9004, 1),
        tk.tick_req_params(9004, "0.01", "9c0001", 3),
        fmt.timestamp(1744742860.7),
        fmt.price(tk.LAST, 252.5, 1),
        fmt.halted(False),
        fmt.volume(tk.VOLUME, 663944),
        fmt.price(tk.HIGH, 258.75, None),
        fmt.price(tk.LOW, 247.54, None),
    ]
    first = recorded.index(only(recorded, "58"))
    assert [split(payload) for payload in sent] == recorded[first : first + len(sent)]


def test_error_without_its_json_field(recorded: list[list[str]]) -> None:
    golden = only(recorded, "4")
    text = "Can't find EId with tickerId:9003"
    # The recording was made at 166 or later in spite of its label: it ends with the empty sixth field.
    assert split(encode_session.error(166, 9003, 300, text)) == golden
    assert split(encode_session.error(VERSION, 9003, 300, text)) == golden[:-1]


def details(golden: list[str]) -> list[str]:
    instrument = Instrument(
        con_id=76792991,
        symbol="TSLA",
        sec_type="STK",
        local_symbol="TSLA",
        trading_class="NMS",
        primary_exchange="NASDAQ",
        currency="USD",
        long_name="TESLA INC",
        min_tick=0.01,
        valid_exchanges=golden[16],
        industry="Consumer, Cyclical",
        category="Auto Manufacturers",
        subcategory="Auto-Cars/Light Trucks",
        stock_type="COMMON",
    )
    row = encode_contract.DetailsRow(
        instrument, golden[7], "STK", golden[26], golden[27], "", (("ISIN", "US88160R1014"),)
    )
    return split(encode_contract.contract_details(VERSION, 9001, row))


def test_contract_details(recorded: list[list[str]]) -> None:
    golden = only(recorded, "10")
    assert len(golden) == 42
    sent = details(golden)
    sent[15] = golden[15]  # our own list of order types
    assert sent == golden


def counted(version: int, **changes: Any) -> int:
    instrument = Instrument(
        con_id=495512563, symbol="ES", sec_type="FUT", local_symbol="ESZ5", trading_class="ES", primary_exchange="",
        currency="USD", long_name="E-mini S&P 500", min_tick=0.25, multiplier="50", last_trade_date="20251219",
        exchange="CME", valid_exchanges="CME", **changes,
    )  # fmt: skip
    row = encode_contract.DetailsRow(instrument, "CME", "FUT", "", "", "08:30:00 US/Central")
    return len(split(encode_contract.contract_details(version, 1, row)))


def test_details_of_a_future_by_version() -> None:
    assert counted(165) == 40
    assert counted(164) == 40
    assert counted(163) == 40  # version field, size multiplier, one size instead of three
    assert counted(157) == 39
