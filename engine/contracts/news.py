"""NewsRoom: headlines of a contract, asked for when somebody looks, within bounds. Engine thread only."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from engine.broker.port import Headline
from engine.clock import Clock
from engine.config import NewsSettings
from engine.errors import QTradeError

FRESH_S = 120.0  # so long an answer serves whoever asks for the same contract
GAP_S = 2.0  # between two questions to TWS
KEPT = 100  # contracts
PROVIDERS_MOST = 10
OFF = "News headlines are off: turn them on in Settings."
NONE = "The account has no news provider for the API: subscribe one in IB's Client Portal, under Market Data."


class Source(Protocol):
    """What is asked of the broker."""

    async def news_providers(self, timeout_s: float = 10.0) -> list[str]: ...

    async def headlines(
        self, con_id: int, providers: Sequence[str], most: int, timeout_s: float = 15.0
    ) -> list[Headline]: ...


class NewsRoom:
    """One question at a time; `settings` says whether there is any, and how many headlines."""

    def __init__(self, source: Source, settings: Callable[[], NewsSettings], clock: Clock) -> None:
        self._source = source
        self._settings = settings
        self._clock = clock
        self._providers: list[str] | None = None  # None = not asked on this connection
        self._known: OrderedDict[int, tuple[float, int, list[Headline]]] = OrderedDict()
        self._one = asyncio.Lock()
        self._asked_mono = float("-inf")

    def on_connected(self) -> None:
        """Another session may have other subscriptions."""
        self._providers = None

    async def ask(self, con_id: int) -> tuple[str, list[list[Any]]]:
        """What to say, and [market time or None, provider, headline] of each, the newest first.

        Raises QTradeError while news are off, and what the broker's request raises.
        """
        settings = self._settings()
        if not settings.enabled:
            raise QTradeError(OFF)
        async with self._one:
            rows = self._fresh(con_id, settings.most)
            if rows is None:
                rows = await self._ask(con_id, settings.most)
        if rows is None:
            return NONE, []
        count = len(rows)
        words = f"{count} headline{'' if count == 1 else 's'}." if rows else "No headline of the last days."
        return words, [[row.time_market, row.provider, row.text] for row in rows]

    def _fresh(self, con_id: int, most: int) -> list[Headline] | None:
        known = self._known.get(con_id)
        if known is None or self._clock.mono() - known[0] > FRESH_S or known[1] != most:
            return None
        return known[2]

    async def _ask(self, con_id: int, most: int) -> list[Headline] | None:
        """None = no provider."""
        if self._providers is None:
            self._providers = await self._source.news_providers()
        if not self._providers:
            return None
        await asyncio.sleep(max(0.0, self._asked_mono + GAP_S - self._clock.mono()))
        self._asked_mono = self._clock.mono()
        rows = await self._source.headlines(con_id, self._providers[:PROVIDERS_MOST], most)
        self._known.pop(con_id, None)
        self._known[con_id] = (self._clock.mono(), most, rows)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        return rows
