"""What is held beside its money: what it stands on, sector, betas, delta, last days. Engine thread only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from engine.domain import Bar, ContractInfo, ContractRef, Quote
from engine.portfolio.beta import LEAST_DAYS, WINDOW_DAYS, beta, closes_of
from engine.portfolio.index_bars import INDEXES, IndexBars
from engine.portfolio.last_days import last_days
from engine.state.desk_sections import HoldingFacts, HoldingsSection, IndexBeta, IndexFacts

OPTIONS = frozenset({"OPT", "FOP", "WAR"})
_ON_FUTURES = frozenset({"FUT", "FOP", "CONTFUT"})
_ON_STOCKS = frozenset({"STK", "ETF", "OPT", "WAR", "CFD", "SLB"})


def family_of(sec_type: str) -> str:
    """Tells a share from a future of the same letters (ES is both)."""
    return "future" if sec_type in _ON_FUTURES else "stock" if sec_type in _ON_STOCKS else sec_type


class Ties(NamedTuple):
    """What is looked up. `daily` = bars of whole and running days, () = none; `stock` = the share of a name."""

    contracts: Callable[[], Sequence[ContractRef]]
    info: Callable[[int], ContractInfo | None]
    quote: Callable[[int], Quote | None]
    daily: Callable[[int], Sequence[Bar]]
    stock: Callable[[str, str], ContractRef | None]
    day: Callable[[], float]  # the running trade date, as a daily bar tells it
    today: Callable[[], date]


_Known = tuple[Sequence[Bar], object, float]  # what betas were made of: while it is held, none is in its place


class Holdings:
    """`section` is made each time; betas anew only when bars have come."""

    def __init__(self, ties: Ties, indexes: IndexBars) -> None:
        self._ties = ties
        self._indexes = indexes
        self._betas: dict[int, tuple[_Known, tuple[IndexBeta, ...]]] = {}
        self._closes: tuple[object, dict[str, dict[float, float]]] = (None, {})

    def section(self) -> HoldingsSection:
        contracts = self._ties.contracts()
        held = {contract.con_id for contract in contracts}
        self._betas = {con_id: known for con_id, known in self._betas.items() if con_id in held}
        closes = self._index_closes()
        return HoldingsSection(
            holdings=tuple(self._facts(contract) for contract in contracts),
            indexes=tuple(IndexFacts(index.name, index.proxy, len(closes[index.name])) for index in INDEXES),
            window_days=WINDOW_DAYS,
            least_days=LEAST_DAYS,
        )

    def _index_closes(self) -> dict[str, dict[float, float]]:
        key = (self._indexes.version, self._ties.day())
        if self._closes[0] != key:
            self._closes = key, {index.name: self._indexes.closes(index.name) for index in INDEXES}
        return self._closes[1]

    def _facts(self, contract: ContractRef) -> HoldingFacts:
        info, quote = self._ties.info(contract.con_id), self._ties.quote(contract.con_id)
        is_option = contract.sec_type in OPTIONS
        days = last_days(
            contract.sec_type,
            contract.symbol,
            contract.primary_exchange or contract.exchange or (info.contract.exchange if info is not None else ""),
            contract.last_trade_date,
            info.contract_month if info is not None else "",
            self._ties.today(),
        )
        return HoldingFacts(
            con_id=contract.con_id,
            root=contract.symbol or contract.local_symbol,
            family=family_of(contract.sec_type),
            industry=info.industry if info is not None else "",
            category=info.category if info is not None else "",
            subcategory=info.subcategory if info is not None else "",
            betas=self._betas_of(contract),
            delta=quote.delta if quote is not None and is_option else None,
            under_price=quote.under_price if quote is not None and is_option else None,
            last_trade=days.last_trade if days is not None else "",
            trade_left=days.trade_left if days is not None else None,
            notice=days.notice if days is not None else "",
            notice_day=days.notice_day if days is not None else "",
            notice_left=days.notice_left if days is not None else None,
            by_weekdays=days is not None and not days.is_counted,
        )

    def _betas_of(self, contract: ContractRef) -> tuple[IndexBeta, ...]:
        bars = self._bars_of(contract)
        key = (bars, self._indexes.version, self._ties.day())
        known = self._betas.get(contract.con_id)
        if known is not None and known[0] == key:
            return known[1]
        closes, today = self._index_closes(), self._ties.day()
        mine = closes_of([bar for bar in bars if bar.time < today])
        made = []
        for index in INDEXES:
            if contract.sec_type in _ON_FUTURES and contract.symbol in index.roots:
                made.append(IndexBeta(index.name, 1.0, 0))
                continue
            found = beta(mine, closes[index.name])
            made.append(IndexBeta(index.name, found.value, found.days))
        betas = tuple(made)
        self._betas[contract.con_id] = key, betas
        return betas

    def _bars_of(self, contract: ContractRef) -> Sequence[Bar]:
        """Its own; of an option or a CFD the underlying's, whose price it follows."""
        if contract.sec_type not in OPTIONS and contract.sec_type != "CFD":
            return self._ties.daily(contract.con_id)
        if contract.sec_type == "FOP":
            return ()
        under = self._ties.stock(contract.symbol, contract.currency)
        return self._ties.daily(under.con_id) if under is not None else ()
