"""IB's sectors of the stocks of the universe, learned from contract details, a few a minute, and kept over restarts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from engine.domain import ContractInfo, ContractRef
from engine.state.desk_sections import SectorsSection
from engine.storage.atomic import keep_now, read_cached
from engine.storage.encodable import to_json

log = logging.getLogger("qtrade.contracts")

FILE_NAME = "sectors.json"
EVERY_S = 2.0  # between two questions: visits, scans and history have the rest of what TWS allows
ANSWER_S = 60.0  # so long one question may be under way: they share their places with those of positions
SAVE_S = 60.0
MOST = 5_000
Sector = tuple[str, str, str]  # industry, category, subcategory; ("", "", "") = IB tells none


class SectorBook:
    """Engine thread only. `ask` wants the details of a contract; `keep` writes the file."""

    def __init__(
        self,
        ask: Callable[[ContractRef], None],
        keep: Callable[[Path, bytes, str], None] = keep_now,
    ) -> None:
        self._ask = ask
        self._keep = keep
        self._known: dict[int, Sector] = {}
        self._asked: set[int] = set()
        self._under_way: int | None = None
        self._waiting = 0
        self._file: Path | None = None
        self._asked_mono = self._saved_mono = float("-inf")
        self._is_dirty = False
        self._section = SectorsSection(sectors=(), of=(), waiting=0)
        self._shown: tuple[int, int] | None = None  # what the section was made of
        self._version = 0

    def attach(self, folder: Path) -> None:
        """Keep them in this folder from now on, with those that it holds; blocks."""
        self._file = folder / FILE_NAME
        stored = read_cached(self._file, msgspec.json.Decoder(dict[str, Sector]).decode, time.time()) or {}
        for con_id, sector in stored.items():
            if con_id.isascii() and con_id.isdigit():
                self._known.setdefault(int(con_id), sector)
        self._version += 1

    def sector(self, con_id: int) -> Sector | None:
        """None = not known yet."""
        return self._known.get(con_id)

    def on_connected(self) -> None:
        """What was not answered is asked for again."""
        self._asked.clear()
        self._under_way = None

    def learn(self, con_id: int, info: ContractInfo | None) -> None:
        """Details have come; None = the gateway has none now."""
        if con_id == self._under_way:
            self._under_way = None
        if info is None or info.contract.sec_type != "STK":
            return
        sector = (info.industry, info.category, info.subcategory)
        if self._known.get(con_id) != sector:
            self._known.pop(con_id, None)
            self._known[con_id] = sector
            self._is_dirty = True
            self._version += 1
            while len(self._known) > MOST:
                del self._known[next(iter(self._known))]

    def step(self, contracts: Iterable[ContractRef], now_mono: float, *, connected: bool) -> None:
        """Ask for the first of these stocks that is not known, the most wanted first; save now and then."""
        waits_s = EVERY_S if self._under_way is None else ANSWER_S
        if connected and now_mono - self._asked_mono >= waits_s:
            missing = [
                contract
                for contract in contracts
                if contract.sec_type == "STK" and contract.con_id not in self._known
                and contract.con_id not in self._asked
            ]  # fmt: skip
            self._waiting = len(missing)
            if missing:
                self._asked_mono = now_mono
                self._under_way = missing[0].con_id
                self._asked.add(missing[0].con_id)
                self._ask(missing[0])
        if self._is_dirty and self._file is not None and now_mono - self._saved_mono >= SAVE_S:
            self._saved_mono, self._is_dirty = now_mono, False
            content = to_json({str(con_id): sector for con_id, sector in self._known.items()})
            self._keep(self._file, content, "sectors last until the program ends")

    def section(self) -> SectorsSection:
        """The same object while nothing has changed."""
        key = (self._version, self._waiting)
        if key != self._shown:
            places: dict[Sector, int] = {}
            of = tuple(
                (con_id, places.setdefault(sector, len(places))) for con_id, sector in sorted(self._known.items())
            )
            self._shown, self._section = key, SectorsSection(sectors=tuple(places), of=of, waiting=self._waiting)
        return self._section
