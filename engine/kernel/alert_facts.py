"""What the alerts look at: gathered from the rooms and from what was published last. Engine thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from engine.alerts.facts import Facts, Now, Price
from engine.domain import Quote, Signal
from engine.state.desk_sections import HoldingFacts, HoldingsSection
from engine.state.sections import AccountFigures, LinesSection, PositionsSection, Section, SignalsSection

MINUTE_S = 60.0
PRICE_GOES_STALE_S = 600.0  # a visited symbol may wait for minutes
TICKS_CLEAR, ATR_CLEAR = 2.0, 0.1
MARGIN_FOR_S = 60.0
POSITIONS, PINNED = "positions", "pinned"


class Rooms(Protocol):
    """What is asked of the rooms."""

    def is_connected(self) -> bool: ...

    def is_excused(self) -> bool: ...

    def feed_dead(self) -> bool | None: ...

    def quote(self, con_id: int) -> Quote | None: ...

    def tick_and_atr(self, con_id: int) -> tuple[float | None, float | None]: ...

    def pinned(self) -> frozenset[int]: ...

    def symbol(self, con_id: int) -> str: ...

    def dead_channels(self) -> Mapping[str, str]: ...


class _Seen(NamedTuple):
    """Prices of one symbol since the last look. `minute`: that market minute is not over yet; `closed` = the price at
    the end of the one before, until it was looked at.
    """

    last: float
    low: float
    high: float
    wall: float
    minute: int
    closed: float | None = None


class FactGatherer:
    """`section` reads what is published, without being an onlooker; `lists` = con_ids of the user's lists by uid."""

    def __init__(
        self,
        rooms: Rooms,
        section: Callable[[str], Section | None],
        lists: Callable[[], Mapping[int | str, frozenset[int]]],
    ) -> None:
        self._rooms = rooms
        self._section = section
        self._lists = lists
        self._seen: dict[int, _Seen] = {}
        self._margins: dict[int, tuple[float, float]] = {}  # con_id -> (until when, mono; margin)
        self._watched: frozenset[int] = frozenset()
        self._signals: tuple[object, tuple[Signal, ...]] = (None, ())
        self.disk_free_gb: float | None = None

    def on_quote(self, quote: Quote, market: float) -> None:
        """Every quote: of the symbols with a level the range since the last look is kept."""
        if quote.con_id not in self._watched or not _counts(quote) or quote.price is None:
            return
        price, minute = quote.price, int(market // MINUTE_S)
        before = self._seen.get(quote.con_id)
        if before is None:
            self._seen[quote.con_id] = _Seen(price, price, price, quote.received_wall, minute)
            return
        closed = before.closed if minute == before.minute else before.last
        low, high = min(before.low, price), max(before.high, price)
        self._seen[quote.con_id] = _Seen(price, low, high, quote.received_wall, minute, closed)

    def gather(self, now: Now, watched: frozenset[int]) -> Facts:
        """The facts of now; `watched` = con_ids whose prices are asked for from now on."""
        rooms = self._rooms
        self._watch(watched, now)
        positions = self._positions()
        connected = rooms.is_connected()
        return Facts(
            is_connected=connected,
            link_excused=rooms.is_excused(),
            feed_dead=rooms.feed_dead() if connected else None,
            figures=None if positions is None else _figures(positions),
            rows=positions.tradable if positions is not None and positions.complete else None,
            refused=self._refused(),
            prices=self._prices(now) if connected else {},
            signals=self._running(),
            lists={
                POSITIONS: frozenset(row.con_id for row in positions.tradable) if positions else frozenset(),
                PINNED: rooms.pinned(),
                **self._lists(),
            },
            symbols={con_id: rooms.symbol(con_id) for con_id in watched},
            ends=self._ends(),
            disk_free_gb=self.disk_free_gb,
            dead_channels=rooms.dead_channels(),
        )

    def _positions(self) -> PositionsSection | None:
        """Of all accounts, whichever is shown."""
        found = self._section("positions_all") or self._section("positions")
        return found if isinstance(found, PositionsSection) else None

    def _ends(self) -> Mapping[int, HoldingFacts] | None:
        section = self._section("holdings")
        return {each.con_id: each for each in section.holdings} if isinstance(section, HoldingsSection) else None

    def _refused(self) -> frozenset[int]:
        lines = self._section("lines")
        return frozenset(each.con_id for each in lines.refused) if isinstance(lines, LinesSection) else frozenset()

    def _running(self) -> tuple[Signal, ...] | None:
        section = self._section("signals")
        if not isinstance(section, SignalsSection):
            return None
        if self._signals[0] is not section.signals:
            self._signals = (section.signals, tuple(g for g in section.signals if g.state == "active"))
        return self._signals[1]

    def _watch(self, watched: frozenset[int], now: Now) -> None:
        if watched == self._watched:
            return
        for con_id in self._watched - watched:
            self._seen.pop(con_id, None)
            self._margins.pop(con_id, None)
        fresh, self._watched = watched - self._watched, watched
        for con_id in fresh:
            quote = self._rooms.quote(con_id)
            if quote is not None and now.wall - quote.received_wall < PRICE_GOES_STALE_S:
                self.on_quote(quote, now.market - (now.wall - quote.received_wall))

    def _prices(self, now: Now) -> dict[int, Price]:
        """A minute is over by the clock: a symbol that doesn't tick ends it at the price that it has."""
        found, minute = {}, int(now.market // MINUTE_S)
        for con_id, seen in self._seen.items():
            if now.wall - seen.wall > PRICE_GOES_STALE_S:
                continue
            if seen.minute < minute:
                seen = seen._replace(minute=minute, closed=seen.last)
            found[con_id] = Price(seen.last, seen.low, seen.high, seen.closed, self._margin(con_id, now))
            if seen.low != seen.high or seen.closed is not None:
                self._seen[con_id] = seen._replace(low=seen.last, high=seen.last, closed=None)
        return found

    def _margin(self, con_id: int, now: Now) -> float:
        """max(2 ticks, 0.1 ATR), asked for once a minute."""
        until, margin = self._margins.get(con_id, (float("-inf"), 0.0))
        if now.mono >= until:
            tick, atr = self._rooms.tick_and_atr(con_id)
            margin = max(TICKS_CLEAR * (tick or 0.01), ATR_CLEAR * (atr or 0.0))
            self._margins[con_id] = (now.mono + MARGIN_FOR_S, margin)
        return margin


def _counts(quote: Quote) -> bool:
    """A price of now: no close of another day, nothing frozen."""
    return quote.price_kind != "close" and "frozen" not in quote.data_type


def _figures(positions: PositionsSection) -> dict[str, AccountFigures]:
    """By account; "" is all together, which of a single account is its own."""
    found = {each.account: each for each in positions.accounts if each.account}
    return {**found, "": positions.account}
