"""Fetches the scanner-parameter document once a day, parses it off the loop and keeps it on disk for the day."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct

from engine.clock import NEW_YORK, Clock
from engine.errors import QTradeError
from engine.scanners.parameter_xml import parse
from engine.state.scan_sections import ScanParameters, ScanParametersSection
from engine.storage.atomic import read_cached, reason_of, write_whole
from engine.storage.encodable import to_json

log = logging.getLogger("qtrade.scanners")

VERSION = 1
FILE_NAME = "scan-parameters.json"
LOOK_S = 5.0
RETRY_S = 600.0
WAITING = "The gateway's list of scans and filters comes with the connection."


class ParameterPort(Protocol):
    """The one method of the broker that is needed here."""

    async def scanner_parameters(self, timeout_s: float = 30.0) -> str: ...


class _Kept(Struct, frozen=True):
    version: int
    day: str
    parameters: ScanParameters


class ScanParameterCache:
    """Engine thread only; the disk and the parser have a thread of their own."""

    def __init__(
        self,
        broker: ParameterPort,
        is_connected: Callable[[], bool],
        path: Path,
        clock: Clock,
        market_now: Callable[[], float],
    ) -> None:
        self._broker = broker
        self._is_connected = is_connected
        self._path = path
        self._clock = clock
        self._market_now = market_now
        self._retry_mono = float("-inf")
        self.section = ScanParametersSection(parameters=ScanParameters(), message=WAITING)

    async def run(self) -> None:
        """Look for a new day, for ever. Cancel it to stop."""
        while True:
            await self.step()
            await asyncio.sleep(LOOK_S)

    async def step(self) -> None:
        """Today's document from the disk, else from the gateway; tried again after some minutes when it fails."""
        day = datetime.fromtimestamp(self._market_now(), NEW_YORK).strftime("%Y%m%d")
        if self.section.day == day or not self._is_connected() or self._clock.mono() < self._retry_mono:
            return
        try:
            found = await asyncio.to_thread(_load, self._path, day)
            if found is None:
                xml = await self._broker.scanner_parameters()
                found = await asyncio.to_thread(parse, xml)
                await asyncio.to_thread(_save, self._path, day, found)
            self.section = ScanParametersSection(parameters=found, day=day)
        except QTradeError as error:
            self._retry_mono = self._clock.mono() + RETRY_S
            log.warning("Scanner parameters: %s", error)
            if not self.section.day:
                self.section = ScanParametersSection(parameters=ScanParameters(), message=str(error))


def _load(path: Path, day: str) -> ScanParameters | None:
    """None = nothing of this day, or not readable."""
    kept = read_cached(path, msgspec.json.Decoder(_Kept).decode, time.time())
    return kept.parameters if kept is not None and (kept.version, kept.day) == (VERSION, day) else None


def _save(path: Path, day: str, parameters: ScanParameters) -> None:
    try:
        write_whole(path, to_json(_Kept(VERSION, day, parameters)))  # without a copy: the gateway has it
    except OSError as error:
        log.warning("%s can't be written (%s); the next start asks for it again", path, reason_of(error))
