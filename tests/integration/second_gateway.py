"""A second, small TWS gateway for tests: other habits than the simulator's, and no code of it.

Wall clock, 9 before 15, no farm notices, positions without exchange and multiplier, trading hours long past, scans with
other rows each time, no generic ticks, account DF7654321, or an advisor's login with `clients`. Runs in a thread of its
own; knobs and ledger are attributes.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import re
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.integration.threaded_server import ThreadedServer


@dataclass(frozen=True)
class Thing:
    con_id: int
    symbol: str
    sec_type: str = "STK"
    exchange: str = "NYSE"
    base: float = 100.0
    multiplier: str = ""
    expiry: str = ""
    quantity: float = 0.0
    cost: float = 0.0
    magnifier: str = "1"
    currency: str = "USD"

    @property
    def local(self) -> str:
        return self.symbol + ("Z" + self.expiry[3] if self.expiry else "")

    @property
    def names(self) -> str:
        what = f"{self.con_id}|{self.symbol}|{self.sec_type}|{self.expiry}"
        return f"{what}|0.0||||{self.currency}|{self.local}|{self.symbol}"

    def price(self, at: float) -> float:
        wave = math.sin(at / 431.0 + self.con_id) + 0.3 * math.sin(at / 37.0 + 2 * self.con_id)
        return round(self.base * (1.0 + 0.004 * wave), 2)


EXPIRY = f"{dt.datetime.now(dt.UTC).year + 1}1218"
HELD = [
    Thing(272093, "MSFT", base=410.0, exchange="NASDAQ", quantity=50, cost=300.25),
    Thing(495512563, "ES", "FUT", "CME", 6800.0, "50", EXPIRY, 2, 335000.5),
    Thing(500000001, "GC", "FUT", "COMEX", 4100.0, "100", EXPIRY, -1, 401000.0),
    Thing(8910, "NSRGF", "STK", "PINK", 98.0, quantity=10, cost=90.0),
]
THINGS = HELD + [Thing(700000 + n, f"R{chr(65 + n // 26)}{chr(65 + n % 26)}X", base=12.0 + n) for n in range(60)]
BY_ID = {thing.con_id: thing for thing in THINGS}
XML = "<ScanTypeList><scanCode>TOP_PERC_GAIN</scanCode><scanCode>HOT_BY_VOLUME</scanCode></ScanTypeList>"
PAST = "20200102:0930-20200102:1600;20200103:0930-20200103:1600"
NO_SUCH = "No security definition has been found for the request"
INVALID = "Error validating request.-'bT' : cause - "
HMDS = "Historical Market Data Service error message:"


@dataclass(eq=False)
class Client:
    writer: asyncio.StreamWriter
    lines: dict[int, Thing] = field(default_factory=dict)
    scans: set[str] = field(default_factory=set)


class SecondGateway(ThreadedServer):
    """`with SecondGateway() as gateway:` listens on gateway.port. The first methods are for the test's thread."""

    def __init__(
        self, port: int = 0, account: str = "DF7654321", clients: dict[str, list[Thing]] | None = None
    ) -> None:
        super().__init__(port)
        self.account = account
        self.clients_hold = clients
        self.listed: str | None = None  # message 15's text, None = every account that holds
        self.values: dict[str, list[str]] = {}  # by account "tag|value|currency", else the usual ones
        self.pnl: dict[str, str] = {}  # by account "daily|unrealized|realized", else the usual ones
        self.accept_silent = self.silence = self.mute = False
        self.withhold: set[int] = set()  # message ids never sent
        self.rewrite: dict[int, Callable[[str], str]] = {}  # message id -> its text (fields parted by |) otherwise
        self.busy_ids: set[int] = set()  # client ids answered by 326
        self.errors: dict[int, tuple[int, str]] = {}  # con_id -> error of its market data
        self.unknown: set[int] = set()  # con_ids without details (200)
        self.history_error: tuple[int, str] | None = None
        self.things = dict(BY_ID)  # by con_id
        self.reroutes: dict[int, tuple[int, str]] = {}  # con_id -> where its prices come from (message 91)
        self.legal_ticks: str | None = None  # generic ticks that are taken, None = any; as the refusal's text
        self.insists_on_names = self.names_silently = False  # silently: 200 on lines and bars, which tells nothing
        self.bars_wanted: dict[str, str] = {}  # type -> the only kind of bars
        self.long_names: dict[int, bytes] = {}  # as they stand on the wire
        self.line_limit, self.delay_s, self.clock_offset_s = 100, 0.0, 0.0
        self.tick_every_s, self.scan_every_s = 0.1, 2.0
        self.received: list[tuple[float, list[str]]] = []
        self.connects: list[tuple[float, int]] = []  # when, client id
        self.max_lines = self._scan_turn = 0
        self.clients: list[Client] = []

    @property
    def held(self) -> dict[str, list[Thing]]:
        """What each account holds, the advisor's own first."""
        return {self.account: HELD} if self.clients_hold is None else {self.account: [], **self.clients_hold}

    def values_of(self, account: str) -> list[str]:
        net = 250000.50 + 1000 * list(self.held).index(account)
        usual = ["AccountReady|true|", f"NetLiquidation|{net:.2f}|USD", "ExcessLiquidity|1.7976931348623157E308|USD"]
        return self.values.get(account, usual)

    def pnl_of(self, account: str) -> str:
        usual = f"{-120.5 + list(self.held).index(account)}|1.7976931348623157E308|0.0"
        return self.pnl.get(account, usual)

    def notice(self, code: int, text: str, req_id: int = -1) -> None:
        self.call(lambda: [self._error(client, req_id, code, text) for client in self.clients])

    def raw(self, data: bytes) -> None:
        self.call(lambda: [client.writer.write(data) for client in self.clients])

    def send(self, text: str) -> None:
        self.call(lambda: [self._row(client, text) for client in self.clients])

    def drop(self, *, abort: bool = False) -> None:
        self.call(lambda: [c.writer.transport.abort() if abort else c.writer.close() for c in list(self.clients)])

    def worst_second(self) -> int:
        times = sorted(at for at, _ in self.received)
        return max((sum(1 for t in times[i:] if t < at + 1.0) for i, at in enumerate(times)), default=0)

    def requests(self, kind: int) -> list[list[str]]:
        return [fields for _, fields in list(self.received) if fields[0] == str(kind)]

    @property
    def open_lines(self) -> list[int]:
        return sorted(thing.con_id for client in self.clients for thing in client.lines.values())

    async def run_beside(self) -> None:
        while True:
            await asyncio.sleep(self.tick_every_s)
            for client in [] if self.mute else self.clients:
                for req_id, thing in client.lines.items():
                    self._ticks(client, req_id, thing)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Client(writer)
        self.clients.append(client)
        try:
            while self.accept_silent:
                await asyncio.sleep(0.02)
            await reader.readexactly(4)
            asked = (await self._frame(reader)).split("..")[1].split(" ")[0]
            self._row(client, f"{min(int(asked), 176)}|{dt.datetime.now(dt.UTC):%Y%m%d %H:%M:%S} Europe/Berlin")
            while True:
                fields = (await self._frame(reader)).split("\0")[:-1]
                self.received.append((time.monotonic(), fields))
                await asyncio.sleep(self.delay_s)
                getattr(self, f"_on_{fields[0]}", self._small_answer)(client, fields)
        finally:
            self.clients.remove(client)

    async def _frame(self, reader: asyncio.StreamReader) -> str:
        (length,) = struct.unpack(">I", await reader.readexactly(4))
        return (await reader.readexactly(length)).decode()

    def _row(self, client: Client, text: str) -> None:
        if not self.silence and (number := int(text.split("|")[0])) not in self.withhold:
            text = self.rewrite.get(number, str)(text)
            body = (text.replace("|", "\0") + "\0").encode(errors="surrogateescape")
            client.writer.write(struct.pack(">I", len(body)) + body)

    def _error(self, client: Client, req_id: int | str, code: int, text: str) -> None:
        self._row(client, f"4|2|{req_id}|{code}|{text}|")

    def _ticks(self, client: Client, req_id: int, thing: Thing) -> None:
        last = thing.price(time.time())
        for tick in (f"1|{last - 0.02:.2f}|3|1", f"2|{last + 0.02:.2f}|4|1", f"4|{last}|1|0"):
            self._row(client, f"1|6|{req_id}|{tick}")
        self._row(client, f"2|6|{req_id}|8|{int(time.time() % 86400 * 10)}")

    def _small_answer(self, client: Client, fields: list[str]) -> None:
        match fields:
            case ["71", _, client_id, *_]:
                self.connects.append((time.monotonic(), int(client_id)))
                if int(client_id) in self.busy_ids:
                    self._error(client, -1, 326, "Unable to connect as the client id is already in use.")
                    return client.writer.close()
                self._row(client, "9|1|7")
                listed = ",".join(self.held) + "," if self.listed is None else self.listed
                self._row(client, f"15|1|{listed}")
            case ["61", *_]:
                for account, things in self.held.items():
                    for t in things:
                        self._row(client, f"61|3|{account}|{t.names}|{t.quantity}|{t.cost}")
                self._row(client, "62|1")
            case ["49", *_]:
                self._row(client, f"49|1|{int(time.time() + self.clock_offset_s)}")
            case ["7", _, req_id, *_]:
                now = dt.datetime.now(dt.UTC).strftime("%Y%m%d %H:%M:%S UTC")
                deal = f"0001.01|{now}|{self.account}|NASDAQ|BOT|50|300.25|1|0|0|50|300.25|||||2"
                self._row(client, f"11|{req_id}|0|272093|MSFT|STK||0.0|||NASDAQ|USD|MSFT|MSFT|{deal}")
                self._row(client, "59|1|0001.01|1.0|USD|1.7976931348623157E308||")
                self._row(client, f"55|1|{req_id}")
            case ["24", *_]:
                self._row(client, f"19|1|{XML}")
            case ["81", req_id, pattern]:
                found = [t for t in THINGS if t.symbol.startswith(pattern)]
                rows = [f"|{t.con_id}|{t.symbol}|{t.sec_type}|{t.exchange}|USD|1|OPT|{t.symbol}|" for t in found]
                self._row(client, f"79|{req_id}|{len(found)}" + "".join(rows))
            case ["76", _, req_id, account, _, _]:
                for value in self.values_of(account):
                    self._row(client, f"73|1|{req_id}|{account}||{value}")
                self._row(client, f"74|1|{req_id}")
            case ["92", req_id, account, *_]:
                self._row(client, f"94|{req_id}|{self.pnl_of(account)}")
            case ["94", req_id, account, _, con_id]:
                quantity = next((t.quantity for t in self.held[account] if t.con_id == int(con_id)), 0)
                self._row(client, f"95|{req_id}|{quantity}|12.5|20.0|1.7976931348623157E308|1000.0")
            case ["2", _, req_id] if client.lines.pop(int(req_id), None) is None:
                self._error(client, req_id, 300, f"Can't find EId with tickerId:{req_id}")
            case ["23", _, req_id]:
                client.scans.discard(req_id)
                self._error(client, req_id, 162, f"{HMDS}API scanner subscription cancelled: {req_id}")

    def _on_6(self, client: Client, fields: list[str]) -> None:
        account = fields[3] or self.account
        for value in self.values_of(account):
            tag, number, currency = value.split("|")
            self._row(client, f"6|2|{tag}|{number}|{currency}|{account}")
        for t in self.held[account]:
            last, times = t.price(time.time()), float(t.multiplier or 1)
            money = f"{last}|{last * times * t.quantity}|{t.cost}|{t.quantity * (last * times - t.cost):.2f}|0.0"
            self._row(client, f"7|8|{t.names}|{t.quantity}|{money}|{account}")
        self._row(client, f"54|1|{account}")

    def _on_9(self, client: Client, fields: list[str]) -> None:
        req_id, con_id, symbol = fields[2], int(fields[3]), fields[4]
        if self.insists_on_names and not self.names_silently and not (fields[4] and fields[5]):
            return self._error(client, req_id, 321, f"{INVALID}Please enter a symbol or a security type")
        found = [t for t in self.things.values() if t.con_id == con_id or (not con_id and t.symbol == symbol)]
        if not found or found[0].con_id in self.unknown:
            return self._error(client, req_id, 200, NO_SUCH)
        for t in found:
            stock = t.sec_type == "STK"
            exchange, primary, kind = ("SMART", t.exchange, "COMMON") if stock else (t.exchange, "", "")
            names = f"{t.symbol}|{t.sec_type}|{t.expiry}|0||{exchange}|{t.currency}|{t.local}"
            names += f"|{t.symbol}|{t.symbol}|{t.con_id}"
            long_name = self.long_names.get(t.con_id, f"{t.symbol} Company".encode()).decode(errors="surrogateescape")
            rules = f"{t.multiplier}|LMT,MKT|{exchange}|{t.magnifier}|0|{long_name}|{primary}||Technology|||US/Eastern"
            self._row(client, f"10|{req_id}|{names}|0.01|{rules}|{PAST}|{PAST}|||0|1|||26||{kind}|1|1|100")
        self._row(client, f"52|1|{req_id}")

    def _on_1(self, client: Client, fields: list[str]) -> None:
        req_id, con_id = int(fields[2]), int(fields[3])
        asked = [tick for tick in fields[16].split(",") if tick]
        if not fields[10]:
            self._error(client, req_id, 321, f"{INVALID}Please enter exchange")
        elif self.insists_on_names and not (fields[4] and fields[5]):
            unnamed = (200, NO_SUCH) if self.names_silently else (321, f"{INVALID}Please enter a symbol")
            self._error(client, req_id, *unnamed)
        elif self.legal_ticks is not None and set(asked) - set(re.findall(r"\d+", self.legal_ticks)):
            legal = f"Legal ones for (STK) are: {self.legal_ticks}"
            self._error(client, req_id, 321, f"{INVALID}Incorrect generic tick list of {fields[16]}.  {legal}")
        elif con_id in self.reroutes:
            self._row(client, f"91|{req_id}|{self.reroutes[con_id][0]}|{self.reroutes[con_id][1]}")
        elif con_id in self.errors or con_id not in self.things:
            self._error(client, req_id, *self.errors.get(con_id, (200, NO_SUCH)))
        elif len(client.lines) >= self.line_limit:
            self._error(client, req_id, 101, "Max number of tickers has been reached")
        else:
            client.lines[req_id] = self.things[con_id]
            self.max_lines = max(self.max_lines, len(self.open_lines))
            self._ticks(client, req_id, self.things[con_id])

    def _on_20(self, client: Client, fields: list[str]) -> None:
        thing = self.things.get(int(fields[2]))
        if self.history_error or thing is None:
            return self._error(client, fields[1], *(self.history_error or (162, f"{HMDS}no data")))
        if self.insists_on_names and not (fields[3] and fields[4]):
            return self._error(client, fields[1], 200, NO_SUCH)
        if (wanted := self.bars_wanted.get(thing.sec_type, fields[19])) != fields[19]:
            text = f"Expected what to show is {wanted}, please use that instead of {fields[19]}."
            return self._error(client, fields[1], 10299, text)
        step = {"1 min": 60, "15 mins": 900, "30 mins": 1_800, "1 day": 86400}[fields[16]]
        end = int(time.time()) // step * step
        bars = ""
        for at in range(end - 120 * step, end, step):
            o, h, low, c = (thing.price(at + part * step / 3.0) for part in range(4))
            date = dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y%m%d") if step == 86400 else at
            bars += f"|{date}|{o}|{max(o, h, low, c)}|{min(o, h, low, c)}|{c}|500|{o}|9"
        self._row(client, f"17|{fields[1]}|||120{bars}")

    def _on_22(self, client: Client, fields: list[str]) -> None:
        if len(client.scans) >= 10:
            self._error(client, fields[1], 322, "Only 10 simultaneous API scanner subscriptions are allowed.")
        else:
            client.scans.add(fields[1])
            self._scan_rows(client, fields[1])

    def _scan_rows(self, client: Client, req_id: str) -> None:
        if client in self.clients and req_id in client.scans:
            self._scan_turn += 1
            found = [BY_ID[700000 + (self._scan_turn * 7 + rank) % 60] for rank in range(20)]
            rows = (
                f"|{n}|{t.con_id}|{t.symbol}|STK||0||SMART|USD|{t.local}|X|{t.local}||||" for n, t in enumerate(found)
            )
            self._row(client, f"20|3|{req_id}|20" + "".join(rows))
            self._loop.call_later(self.scan_every_s, self._scan_rows, client, req_id)
