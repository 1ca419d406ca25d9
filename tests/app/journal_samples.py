"""A journal with trades of two accounts and two currencies over two weeks, signals, a note, P&L points."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

from engine.clock import NEW_YORK, FakeClock
from engine.domain import Fill, ScorePart, Signal
from engine.journal.database import open_for_writing, url_of
from engine.journal.reader import JournalReader
from engine.journal.rows import DayNote, SettingChange, SignalOutcome, TripNote, TripStop
from engine.journal.tables import cash_transactions, statements
from engine.journal.writer import Journal

ACCOUNTS = ("DU1234567", "DU7654321")


def at(day: str, time: str) -> float:
    """New York's time, UTC epoch seconds."""
    return datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=NEW_YORK).timestamp()


def fill(number: int, day: str, time: str, side: str, quantity: float, price: float, **more: object) -> Fill:
    base = Fill(
        exec_id=f"0000e0d5.{number:08d}.01.01", con_id=265598, local_symbol="AAPL", side="BOT", quantity=quantity,
        price=price, time_market=at(day, time), exchange="NASDAQ", commission=1.0, account=ACCOUNTS[0], sec_type="STK",
        currency="USD", commission_currency="USD", trade_date=day.replace("-", ""), multiplier=1.0,
        price_magnifier=1.0, perm_id=number,
    )  # fmt: skip
    return replace(base, side=side, **more)


TESLA = {"con_id": 76792991, "local_symbol": "TSLA"}
SAP = {"con_id": 14204, "local_symbol": "SAP", "currency": "EUR", "commission_currency": "EUR", "exchange": "IBIS"}
OTHER = {"account": ACCOUNTS[1]}
FILLS = (
    # AAPL, long, in two parts: gross +200 and +50, fees 3.
    fill(1, "2025-11-03", "10:00:00", "BOT", 100.0, 270.0),
    fill(2, "2025-11-03", "11:00:00", "SLD", 50.0, 274.0),
    fill(3, "2025-11-04", "10:30:00", "SLD", 50.0, 271.0),
    # TSLA, short, lost: gross -300, fees 2.
    fill(4, "2025-11-05", "09:45:00", "SLD", 100.0, 400.0, **TESLA),
    fill(5, "2025-11-05", "15:00:00", "BOT", 100.0, 403.0, **TESLA),
    # Of the other account, in euros: gross +80, fees 2.
    fill(6, "2025-11-06", "09:05:00", "BOT", 10.0, 230.0, **SAP, **OTHER),
    fill(7, "2025-11-07", "09:06:00", "SLD", 10.0, 238.0, **SAP, **OTHER),
    # Closed, the commission has not come; and one that is open.
    fill(8, "2025-11-10", "10:00:00", "BOT", 10.0, 270.0),
    fill(9, "2025-11-10", "10:20:00", "SLD", 10.0, 272.0, commission=None, commission_currency=""),
    fill(10, "2025-11-10", "11:00:00", "BOT", 5.0, 405.0, **TESLA),
)
SIGNALS = (
    ("taken", at("2025-11-10", "09:50:00"), 265598, "AAPL", "long", 0.82),
    ("left", at("2025-11-10", "12:00:00"), 4391, "AMD", "short", 0.55),
)


def signal(name: str, moment: float, con_id: int, symbol: str, side: str, score: float) -> Signal:
    parts = (ScorePart("distance", 0.2, 0.45),)
    return Signal(
        id=name, con_id=con_id, local_symbol=symbol, side=side, at=moment, triggered_at=moment - 5.0, level=270.0,
        level_kind="range", last=270.5, atr=0.4, score=score, parts=parts, lane="streaming", state="ended",
        scans=("Momentum #3",),
    )  # fmt: skip


def tell_dividend(
    path: Path, account: str, day: str, con_id: int, symbol: str, currency: str, amount: str, rate: str
) -> None:
    """As the import of a statement of a USD account stores it."""
    own = {"mode": "simulated", "account": account, "market_time": 1.0, "recorded_at": 1.0, "statement_id": "s"}
    row = {"row_key": "1", "day": day, "model": "", "con_id": con_id, "symbol": symbol, "currency": currency}
    cash = {"kind": "Dividends", "sort": "dividend", "amount": Decimal(amount), "fx_rate_to_base": Decimal(rate)}
    told = {"kind": "AF", "query_name": "", "from_day": day, "to_day": day, "base_currency": "USD", "sections": [],
            "file": "f", "sha256": "0", "read_wall": 1.0}  # fmt: skip
    engine = open_for_writing(url_of(path), 1.0)
    with engine.begin() as connection:
        connection.execute(cash_transactions.insert(), [own | row | cash])
        connection.execute(statements.insert(), [own | told])
    engine.dispose()


def fill_journal(path: Path, clock: FakeClock, accounts: bool = True) -> tuple[Journal, JournalReader]:
    """A written journal and its reader; whoever asked for them stops and closes them."""
    writer, reader = Journal(clock), JournalReader()
    writer.open(path, "simulated", ACCOUNTS[0])
    for each in FILLS:
        writer.record_fill(each)
    for each in SIGNALS:
        writer.record_signal(signal(*each))
        writer.record_outcome(SignalOutcome("", each[0], each[1], 30, 1.5, -0.2, 1.2 if each[0] == "taken" else -0.4))
    moment = at("2025-11-03", "10:00:00")
    writer.record_trip_note(
        TripNote(ACCOUNTS[0], "", 265598, "0000e0d5.00000001.01", "Bought the range", ("breakout",), 1.0), moment
    )
    writer.record_stop(TripStop(ACCOUNTS[0], "", 265598, "0000e0d5.00000001.01", 269.0, 1.0), moment)
    writer.record_day_note(DayNote(ACCOUNTS[0], "20251103", "Calm day", ("calm",), 1.0), moment)
    writer.record_change(SettingChange(1, 1.0, moment, "page", "breakout.bars_n", 20, 15))
    for day, result in (("2025-11-03", 210.0), ("2025-11-04", 40.0), ("2025-11-05", -310.0)):
        for hour in range(10, 16):
            m = at(day, f"{hour}:00:00")
            writer.record_pnl(m, m, result * (hour - 9) / 6 / 2, result * (hour - 9) / 6 / 2, result * (hour - 9) / 6)
    assert writer.flush()
    tell_dividend(path, ACCOUNTS[0], "20251106", 265598, "AAPL", "USD", "12.50", "1")
    reader.open(path, "simulated")
    return writer, reader
