"""Learning in which unit a gateway counts US stocks, per symbol: ticks' volume, displayed sizes and history apart.

Nothing on the wire says it. Whether a source counts in lots or in shares is one fact of the gateway (its version and
its settings "market data in shares / in lots") and is shared by all symbols. How many shares a lot has is a fact of
each symbol: 100, 40, 10 or 1 by its price since 2025-11-03, assigned anew each May and November; it is never taken
from another symbol. What can be seen, strongest first:

1. The day's volume by tick 8 over the sum of the same day's history bars, per symbol: near 1/100, 1/40 or 1/10 the bars
   are in shares and that is the symbol's lot; near 1 both count alike (history leaves out some trades: 3 % here, up to
   a third for some names).
2. Scan floors are in shares: a stock that a scan with avgVolumeAbove=500,000 returned can't trade 90,000 shares a
   day, so an average that low is in lots; an average of 20 million lots would be 2 billion shares: shares.
3. Displayed bid and ask sizes of stocks below 250 USD (whose round lot is 100, or 40 or 10 where the price fell since
   it was assigned) are whole tens in shares, and mostly not in lots. Of the volume they speak only in part: from
   server version 175 to 219 sizes and history may be in shares while tick 8 stays in lots.
4. A history volume with a fraction (948837.22) counts odd lots as parts of a lot: lots; and the steps of the fractions
   (1/100, 1/40, 1/10) are the symbol's lot.
5. Where a source is known to count in lots and nothing of the above told the symbol's: 100 up to 250 USD, as the rule
   has it. A first assumption, given up when 1 or 4 says otherwise; above 250 USD the unit stays unknown.
The strongest kind that has spoken decides. What was learned is kept (`kept`) and holds after a restart until evidence
says otherwise; another server version or a new period of round lots begins anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import NamedTuple

from engine.bars.day_ratio import Answer, DayRatios
from engine.bars.kept_units import SOURCES, How, KeptSymbol, KeptUnits, Kind, Source
from engine.bars.round_lots import (
    LOT,
    LOT_OF_ONE_USD,
    ROUND_LOT_BELOW_USD,
    Ratio,
    are_whole,
    lot_of_fractions,
    lot_period,
)
from engine.bars.sessions import is_us_stock
from engine.bars.source_votes import SourceVotes
from engine.domain import ContractRef, TickUpdate

MOST_SYMBOLS = 2_000
FRACTIONS_SEEN = 400  # of an answer's volumes, the newest


class SymbolUnits(NamedTuple):
    """Shares a unit of one symbol's volume, sizes and history; None = unknown. `how` the lot was found."""

    ticks: float | None = None
    sizes: float | None = None
    history: float | None = None
    how: How = "price"


_ONE = SymbolUnits(1.0, 1.0, 1.0, "measured")
_UNKNOWN = SymbolUnits()


class UnitChange(NamedTuple):
    """Whose volume of ticks or of history is counted otherwise from now on; `redo` = had another known unit before."""

    ticks: frozenset[int]
    history: frozenset[int]
    redo: frozenset[int]


def _ignore(change: UnitChange) -> None:
    """Nobody wants to know."""


class VolumeUnits:
    """Evidence and verdicts for one gateway. `on_change` hears whose factors became known or changed."""

    def __init__(self, on_change: Callable[[UnitChange], None] = _ignore) -> None:
        self._on_change = on_change
        self._stock: dict[int, bool] = {}
        self._kind: dict[Source, Kind | None] = dict.fromkeys(SOURCES)
        self._kept: dict[int, KeptSymbol] = {}
        self._units: dict[int, SymbolUnits] = {}
        self._price: dict[int, float] = {}
        self._fraction_lot: dict[int, float] = {}
        self._days = DayRatios()
        self._votes = SourceVotes()
        self._server_version: int | None = None
        self._period: date | None = None
        self.revision = 0  # grows with whatever is worth keeping
        self.settled: set[int] = set()  # con_ids whose ticks have told all they can: not to be looked at again

    def know(self, contract: ContractRef) -> None:
        """Tell the kind of a contract; only US stocks have the question."""
        self._stock[contract.con_id] = is_us_stock(contract)

    def tick_factor(self, con_id: int) -> float | None:
        """Shares a unit of tick volume; 1.0 for everything but US stocks, None = unknown."""
        return self._of(con_id).ticks

    def size_factor(self, con_id: int) -> float | None:
        """Shares a unit of bid, ask and last sizes, which need not be that of the volume; None = unknown."""
        return self._of(con_id).sizes

    def history_factor(self, con_id: int) -> float | None:
        """Shares a unit of a history bar's volume; None = unknown."""
        return self._of(con_id).history

    def words(self) -> dict[str, str]:
        """For the health page: {"ticks": "lots of 100 and 40, 3 symbols unknown", "sizes": "shares", ...}."""
        return {source: self._words(source) for source in SOURCES}

    @property
    def tied(self) -> Ratio | None:
        """What most symbols' ratios say of the sources; None = not measured."""
        return self._days.tied(self._price)

    # --- what is kept -------------------------------------------------------------------------------------------

    def on_connected(self, server_version: int | None) -> None:
        """A new connection may be another TWS: gather anew. What is known holds until contradicted, but not beyond a
        change of version."""
        other = server_version is not None and self._server_version not in (None, server_version)
        self._server_version = server_version or self._server_version
        self._forget_evidence()
        if other:
            self._begin_anew(dict.fromkeys(SOURCES))

    def on_day(self, today: date) -> None:
        """The exchange's date. With a new period of round lots each symbol's is learned again."""
        period = lot_period(today)
        before, self._period = self._period, period
        if before is not None and before != period:
            self._forget_evidence()
            self._begin_anew(dict(self._kind))

    def restore(self, kept: KeptUnits) -> None:
        """Take over what an earlier run kept, unless it was learned of another version or under other round lots.

        The kinds of the sources outlast a period. What this run has seen already goes first.
        """
        if self._server_version is not None and kept.server_version not in (None, self._server_version):
            return
        self._server_version = self._server_version or kept.server_version
        for source, kind in kept.kinds.items():
            if self._kind[source] is None:
                self._kind[source] = kind
        alike = all(self._kind[source] == kind for source, kind in kept.kinds.items())
        if alike and (self._period is None or kept.period == self._period.isoformat()):
            for symbol in kept.symbols:
                self._kept.setdefault(symbol.con_id, symbol)
        self._resolve_all()

    def kept(self, today: date) -> KeptUnits:
        """What is worth keeping now."""
        period = self._period or lot_period(today)
        kinds = {source: kind for source in SOURCES if (kind := self._kind[source]) is not None}
        symbols = dict(self._kept)
        for con_id, units in self._units.items():
            if self._stock.get(con_id, False) and units[:3] != (None, None, None):
                known = symbols.pop(con_id, None)
                same = known is not None and (known.ticks, known.sizes, known.history, known.how) == units
                learned = known.learned if known is not None and same and known.learned else today.isoformat()
                symbols[con_id] = KeptSymbol(con_id, *units, learned)
        newest = list(symbols.values())[-MOST_SYMBOLS:]
        return KeptUnits(self._server_version, period.isoformat(), kinds, tuple(newest))

    def forget(self, con_id: int) -> None:
        """It left the universe. What it said of the units holds; `know` comes first when it returns."""
        units = self._units.pop(con_id, None)
        if units is not None and self._stock.get(con_id, False):
            self._keep(con_id, units)
        self.settled.discard(con_id)
        self._days.forget(con_id)
        self._votes.forget(con_id)
        for table in (self._stock, self._price, self._fraction_lot):
            table.pop(con_id, None)

    # --- evidence -----------------------------------------------------------------------------------------------

    def on_update(self, con_id: int, update: TickUpdate, now_market: float) -> None:
        """One packet of a line."""
        price = update.last if update.last is not None else update.close
        sizes = (update.bid_size_raw, update.ask_size_raw)
        self.on_ticks(con_id, update.volume_raw, update.avg_volume_raw, price, *sizes, at_market=now_market)

    def on_ticks(
        self,
        con_id: int,
        day_volume_raw: float | None,
        average_raw: float | None,
        price: float | None,
        *sizes_raw: float | None,
        at_market: float = 0.0,
    ) -> None:
        """One line's values in the gateway's unit; `sizes_raw` are those of bid and ask (a trade's may be any number
        of shares). Cheap once everything is known."""
        if not self._stock.get(con_id, False) or (con_id not in self._days and len(self._days) > MOST_SYMBOLS):
            return
        votes = self._votes
        fresh = self._note_price(con_id, price)
        if day_volume_raw:
            fresh = con_id not in self._days or fresh
            fresh = self._days.on_ticks(con_id, day_volume_raw, at_market) or fresh
        if average_raw and con_id not in votes.averages["ticks"]:
            votes.averages["ticks"][con_id] = average_raw
            fresh = True
        speaks = price is not None and 1.0 < price < ROUND_LOT_BELOW_USD and not votes.sizes_counted(con_id)
        if speaks:
            fresh = votes.on_sizes(con_id, sizes_raw) or fresh
        if fresh:
            self._decide(con_id)
        if not speaks and con_id in self._days.ratios and con_id in votes.averages["ticks"]:
            self.settled.add(con_id)

    def on_history(self, con_id: int, answer: Answer) -> None:
        """What one answer says."""
        if not self._stock.get(con_id, False):
            return
        self._note_price(con_id, answer.price)
        self._days.on_answer(con_id, answer)
        if answer.mean_raw:
            self._votes.averages["history"][con_id] = answer.mean_raw
        self._votes.on_volumes(answer.volumes)
        lot = lot_of_fractions(answer.volumes[-FRACTIONS_SEEN:])
        if (
            lot is None
            and self._price.get(con_id, 0.0) > LOT_OF_ONE_USD
            and are_whole(answer.volumes[-FRACTIONS_SEEN:])
        ):
            lot = 1.0
        if lot is not None:
            self._fraction_lot[con_id] = lot
        self._decide(con_id)

    def on_scan(self, con_ids: Sequence[int], average_floor_shares: float) -> None:
        """These were returned by a scan that filters on average volume."""
        if average_floor_shares > 0:
            self._votes.on_scan(con_ids, average_floor_shares)
            self._decide(None)

    def _note_price(self, con_id: int, price: float | None) -> bool:
        """Whether it is the first one: a lot does not change with the price of a day."""
        if price is None or price <= 0.0 or con_id in self._price:
            return False
        self._price[con_id] = price
        return True

    def _forget_evidence(self) -> None:
        for con_id, units in self._units.items():
            if self._stock.get(con_id, False):
                self._keep(con_id, units)
        self._days.clear()
        self._votes.clear()
        self._fraction_lot.clear()
        self.settled.clear()

    # --- verdicts -----------------------------------------------------------------------------------------------

    def _decide(self, con_id: int | None) -> None:
        """Weigh the evidence for the sources; then for this symbol, or for all when a source's kind changed."""
        before, self._kind = self._kind, self._votes.verdicts(self.tied, self._kind, self._server_version)
        if before != self._kind:
            if any(before[source] not in (None, self._kind[source]) for source in SOURCES):
                self._kept.clear()  # the gateway counts otherwise than when they were learned
            self._resolve_all()
        elif con_id is not None:
            self._resolve([con_id])

    def _of(self, con_id: int) -> SymbolUnits:
        units = self._units.get(con_id)
        if units is None:
            units = self._judge(con_id)
            if con_id in self._stock:
                self._units[con_id] = units
        return units

    def _judge(self, con_id: int) -> SymbolUnits:
        if not self._stock.get(con_id, True):
            return _ONE
        ratio, kept = self._days.ratios.get(con_id), self._kept.get(con_id)
        lot, how = self._lot(con_id)
        ticks, history, sizes = (self._factor(source, lot) for source in ("ticks", "history", "sizes"))
        if ratio is not None and ratio.coarse != "same":
            ticks, history = (ratio.lot, 1.0) if ratio.coarse == "ticks" else (1.0, ratio.lot)
        elif ratio is not None and "shares" in (self._kind["ticks"], self._kind["history"]):
            ticks = history = 1.0
        if kept is None:
            return SymbolUnits(ticks, sizes, history, how)
        ticks, sizes, history = (
            known if now is None else now
            for now, known in ((ticks, kept.ticks), (sizes, kept.sizes), (history, kept.history))
        )
        return SymbolUnits(ticks, sizes, history, how if lot is not None else kept.how)

    def _factor(self, source: Source, lot: float | None) -> float | None:
        kind = self._kind[source]
        return None if kind is None else 1.0 if kind == "shares" else lot

    def _lot(self, con_id: int) -> tuple[float | None, How]:
        """Shares a lot of this symbol, by its own evidence, what was kept of it, or its price."""
        ratio, lot = self._days.ratios.get(con_id), self._fraction_lot.get(con_id)
        kinds = self._kind
        if ratio is not None and ratio.coarse != "same":
            return ratio.lot, "measured"
        if lot is not None and kinds["history"] == "lots" and (lot != 1.0 or self._votes.has_fractions):
            return lot, "measured"
        if ratio is not None and (kinds["ticks"], kinds["history"]) == ("lots", "shares"):
            return 1.0, "measured"
        kept = self._kept.get(con_id)
        if kept is not None and kept.how == "measured":
            lots = [f for s in SOURCES if kinds[s] == "lots" and (f := getattr(kept, s)) is not None]
            if lots:
                return max(lots), "measured"
        price = self._price.get(con_id)
        return (LOT if price is not None and price <= ROUND_LOT_BELOW_USD else None), "price"

    def _resolve(self, con_ids: Iterable[int]) -> None:
        ticks: set[int] = set()
        history: set[int] = set()
        redo: set[int] = set()
        for con_id in con_ids:
            before = self._units.get(con_id, _UNKNOWN)
            units = self._units[con_id] = self._judge(con_id)
            for changed, old, new in ((ticks, before.ticks, units.ticks), (history, before.history, units.history)):
                if new != old:
                    changed.add(con_id)
                    if old is not None and new is not None:
                        redo.add(con_id)
            if units != before:
                self.revision += 1
        if ticks or history:
            self._on_change(UnitChange(frozenset(ticks), frozenset(history), frozenset(redo)))

    def _resolve_all(self) -> None:
        self.revision += 1
        self._resolve([con_id for con_id, stock in self._stock.items() if stock])

    def _keep(self, con_id: int, units: SymbolUnits) -> None:
        """Before its evidence goes; a new one's date is set when it is written."""
        if units[:3] != (None, None, None):
            known = self._kept.pop(con_id, None)
            same = known is not None and (known.ticks, known.sizes, known.history, known.how) == units
            self._kept[con_id] = known if known is not None and same else KeptSymbol(con_id, *units, "")
            while len(self._kept) > MOST_SYMBOLS:
                del self._kept[next(iter(self._kept))]

    def _begin_anew(self, kinds: dict[Source, Kind | None]) -> None:
        self._kept.clear()
        self._kind = kinds
        self._resolve_all()

    def _words(self, source: Source) -> str:
        factors = Counter(getattr(self._of(con_id), source) for con_id, stock in list(self._stock.items()) if stock)
        unknown = factors.pop(None, 0)
        kind = self._kind[source]
        if not factors:
            return {"lots": "lots, no symbol's known yet", "shares": "shares", None: "unknown"}[kind]
        lots = sorted((int(factor) for factor in factors if factor != 1.0 or kind == "lots"), reverse=True)
        words = f"lots of {_listed(lots)}" if lots else "shares"
        return words + (f", {unknown} symbol{'s' if unknown > 1 else ''} unknown" if unknown else "")


def _listed(lots: Sequence[int]) -> str:
    texts = [str(lot) for lot in lots]
    return texts[0] if len(texts) == 1 else ", ".join(texts[:-1]) + " and " + texts[-1]
