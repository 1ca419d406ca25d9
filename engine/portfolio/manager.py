"""TradeManager: the positions of every watched account, which of them can be traded, and their sums.

The tradability rule, quotes and closes are injected. Engine thread only.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from msgspec import structs

from engine.broker.port import PortfolioMark, PositionPnl, PositionUpdate
from engine.config import PositionSettings
from engine.domain import ContractInfo, ContractRef, Demand, Fill
from engine.portfolio.account import AccountBook, rate_between
from engine.portfolio.appraisal import Appraiser, Held, Key, Market, contract_terms
from engine.portfolio.comparison import Comparison, Recent
from engine.portfolio.fills import without_allocations
from engine.portfolio.rows import filtered_row, position_row
from engine.portfolio.sums import figures_of, with_sums
from engine.portfolio.today import Today
from engine.portfolio.valuation import cents, share_pct, total
from engine.state.sections import AccountFigures, Lack, PositionsSection

log = logging.getLogger("qtrade.portfolio")

Verdict = Callable[[ContractRef, ContractInfo | None], tuple[str, str] | None]
_CONTRACTS = frozenset({"FUT", "OPT", "FOP", "BAG", "WAR"})
_Moment = tuple[str | None, tuple[float, ...]]  # whose figures, and when each account's trade date began


class TradeManager:
    """Positions by (account, con_id), split into tradable and filtered, valued from our own marks.

    All watched accounts are followed; `set_view` says whose figures `snapshot` and the sums are about.
    """

    def __init__(self, market: Market, verdict: Verdict, settings: PositionSettings) -> None:
        self._market = market
        self._verdict = verdict
        self._settings = settings
        self._held: dict[Key, Held] = {}
        self._books: dict[str, AccountBook] = {}
        self._view: str | None = None
        self._complete = False
        self._is_lost = False
        self._shown: tuple[_Moment, PositionsSection] | None = None  # the last while there was a connection
        self._appraiser = Appraiser(market, self._rate, lambda account: self.book(account).currency())
        self._announced: tuple[int, int] | None = None
        self._added: dict[str | None, tuple[tuple[tuple[Fill, ...], ...], tuple[Fill, ...]]] = {}  # asked each second

    def set_settings(self, settings: PositionSettings) -> None:
        self._settings = settings

    def set_view(self, account: str | None) -> None:
        """Whose figures are shown; None = all watched accounts together."""
        self._view = account

    @property
    def view(self) -> str | None:
        return self._view

    # --- accounts -------------------------------------------------------------------------------------------

    def book(self, account: str) -> AccountBook:
        """The account's own figures; made when first asked for."""
        book = self._books.get(account)
        if book is None:
            book = self._books[account] = AccountBook(account)
        return book

    def keep_accounts(self, accounts: Iterable[str]) -> None:
        """Only these are watched from now on: figures, fills and positions of the others are forgotten."""
        kept = set(accounts)
        self._added.clear()
        self._shown = None
        self._books = {name: book for name, book in self._books.items() if name in kept}
        self._held = {key: held for key, held in self._held.items() if key[0] in kept}
        for account in accounts:
            self.book(account)
        if self._view is not None and self._view not in kept:
            self._view = None

    def currency(self) -> str:
        """That of the sums in view: the first base currency known, else the only one that positions have, before there
        are any the only one that fills have; "" = none.
        """
        for book in self._viewed_books():
            if base := book.currency():
                return base
        found = {held.record.contract.currency for held in self._viewed()} or {fill.currency for fill in self.fills()}
        return found.pop() if len(found) == 1 else ""

    def dollars_of_point(self, contract: ContractRef, info: ContractInfo | None) -> tuple[float | None, str]:
        """US dollars that one unit of quantity is worth for each point of its quotes; else None and why not."""
        terms = contract_terms(contract, info)
        if terms is None:
            return None, "in USD: the contract's details, and the unit of its quotes, are not known yet"
        rate = rate_between(list(self._books.values()), terms.currency, "USD")
        if rate is None:
            return None, f"in USD: the account has no exchange rate for {terms.currency}"
        return terms.per_point * rate, ""

    def rate_in_view(self, currency: str) -> float | None:
        """The currency of the sums in view for one unit of another; None = no account knows it."""
        return rate_between([*self._viewed_books(), *self._books.values()], currency, self.currency())

    def _viewed_books(self) -> list[AccountBook]:
        return [book for name, book in self._books.items() if self._view in (None, name)]

    def _currency_of(self, account: str) -> str:
        """One account's base currency, else the only one that its positions have, or before there are any its fills;
        "" = none: another account's is not its own.
        """
        book = self.book(account)
        found = {held.record.contract.currency for held in self._held.values() if held.record.account == account}
        if not found:
            found = {fill.currency for fill in book.fills()}
        return book.currency() or (found.pop() if len(found) == 1 else "")

    def _rate(self, account: str, currency: str, target: str) -> float | None:
        """Units of `target` for one of `currency`: as the position's own account has it, else as another one does."""
        books = [self._books[account]] if account in self._books else []
        return rate_between([*books, *self._books.values()], currency, target)

    # --- events ---------------------------------------------------------------------------------------------

    def on_connected(self, *, complete: bool = True) -> list[int]:
        """The positions of this connection are in (`complete`) or late: returns the con_ids that are tradable."""
        self._complete = complete
        self._is_lost = False
        self._shown = None
        if complete:
            self._announce()
        return self.tradable_ids()

    def on_disconnected(self) -> None:
        """What was known stays on the screen until there is a connection again; the P&L requests are dead."""
        self._complete = False
        self._is_lost = True
        self._appraiser.reset_connection()
        for book in self._books.values():
            book.reset_connection()
        for held in self._held.values():
            held.pnl = held.pnl_wall = None
            held.comparison = Comparison()

    def forget_missing(self, seen: set[Key]) -> list[Key]:
        """After a reconnect: drop the positions that the broker no longer reports; returns their keys."""
        gone = [key for key in self._held if key not in seen]
        for key in gone:
            del self._held[key]
        return gone

    def on_position(self, event: PositionUpdate) -> bool:
        """Open, change or close a position. True when the set of tradable positions may have changed."""
        record = event.record
        key = (record.account, record.contract.con_id)
        held = self._held.get(key)
        if record.quantity == 0:
            return self._held.pop(key, None) is not None
        if held is None:
            info = next((other.info for other in self._of(record.contract.con_id) if other.info is not None), None)
            self._held[key] = held = Held(record, None, info=info)
        elif held.record == record:
            return False
        held.record, held.terms, held.par_known = record, contract_terms(record.contract, held.info), False
        held.comparison, held.recent = Comparison(), Recent()
        held.filtered = self._verdict(record.contract, held.info)
        if self._complete:
            self._announce()
        return True

    def rename(self, contract: ContractRef) -> None:
        """A held contract is called otherwise now."""
        for held in self._of(contract.con_id):
            held.record = structs.replace(held.record, contract=held.record.contract.named_as(contract))

    def on_info(self, con_id: int, info: ContractInfo | None) -> bool:
        """Contract details came (None = they could not be had); re-examines tradability. True when it changed."""
        changed = False
        for held in self._of(con_id):
            held.info = info or held.info
            if info is not None and not held.par_known:
                held.terms = contract_terms(held.record.contract, info)
            before = held.filtered
            held.filtered = self._verdict(held.record.contract, held.info)
            changed = changed or before != held.filtered
        if changed and self._complete:
            self._announce()
        return changed

    def reexamine(self) -> bool:
        """Ask the tradability rule again: the market's clock has come, or a contract expired. True when it changed."""
        changed = False
        for held in self._held.values():
            before, held.filtered = held.filtered, self._verdict(held.record.contract, held.info)
            changed = changed or before != held.filtered
        if changed and self._complete:
            self._announce()
        return changed

    def on_mark(self, event: PortfolioMark, wall: float) -> None:
        held = self._held.get((event.account, event.contract.con_id))
        if held is None:
            return
        held.mark, held.mark_wall = event, wall
        if event.quantity == held.record.quantity:
            ours = held.recent.add(self._appraiser.own_pnl(held), wall)
            held.comparison = held.comparison.portfolio(event.unrealized_pnl, ours, self._appraiser.tick(held))

    def on_position_pnl(self, event: PositionPnl, wall: float) -> None:
        held = self._held.get((event.account, event.con_id))
        if held is None:
            return
        held.pnl, held.pnl_wall = event, wall
        if event.quantity not in (None, held.record.quantity):
            return
        theirs = self._appraiser.single(held).unrealized
        ours = held.recent.add(self._appraiser.own_pnl(held), wall)
        held.comparison = held.comparison.single(theirs, ours, self._appraiser.tick(held))

    # --- answers --------------------------------------------------------------------------------------------

    def contracts(self) -> list[ContractRef]:
        """Each contract once, whatever accounts hold it."""
        return list({held.record.contract.con_id: held.record.contract for held in self._held.values()}.values())

    def contract(self, con_id: int) -> ContractRef | None:
        return next((held.record.contract for held in self._of(con_id)), None)

    def tradable_ids(self) -> list[int]:
        return list(dict.fromkeys(held.record.contract.con_id for held in self._held.values() if not held.filtered))

    def keys(self) -> list[Key]:
        """(account, con_id) of every position, the filtered ones too: IB values them all."""
        return list(self._held)

    def is_filtered(self, key: Key) -> bool:
        held = self._held.get(key)
        return held is not None and held.filtered is not None

    def filter_reason(self, con_id: int) -> str:
        """ "" when tradable or no position of ours."""
        return next((held.filtered[1] for held in self._of(con_id) if held.filtered), "")

    def demands(self) -> list[Demand]:
        """One line wish per tradable contract, priority 100, ordered by exposure in the base currency.

        Without an exchange rate a position comes after those with one; the order is mended when the rate comes.
        """
        target = self._base()
        wishes: dict[int, Demand] = {}
        for held in self._held.values():
            if held.filtered:
                continue
            contract, account = held.record.contract, held.record.account
            worth = self._appraiser.worth(held).exposure
            if worth is None:
                worth = abs(held.record.quantity * (held.record.avg_cost or 0.0))
            rate = self._rate(account, contract.currency, target) if target else 1.0
            exposure = worth * (rate or 0.0)
            known = wishes.get(contract.con_id)
            if known is not None:
                exposure += known.exposure_base
            reason = self._open_words(contract.con_id)
            wishes[contract.con_id] = Demand(contract, "100", "position", reason, exposure_base=exposure)
        return list(wishes.values())

    def _base(self) -> str:
        """The currency that orders lines: of any account, whatever is in view."""
        return next((base for book in self._books.values() if (base := book.currency())), "")

    def _open_words(self, con_id: int) -> str:
        """ "1 contract open"; of several accounts all quantities."""
        rows = [held for held in self._of(con_id) if not held.filtered]
        contract = rows[0].record.contract
        if contract.sec_type in ("CASH", "CRYPTO"):
            unit, plural = contract.symbol, ""
        else:
            unit = "contract" if contract.sec_type in _CONTRACTS else "share" if contract.sec_type == "STK" else "unit"
            plural = "" if len(rows) == 1 and abs(rows[0].record.quantity) == 1 else "s"
        sizes = " and ".join(_quantity_words(held.record.quantity) for held in rows)
        where = f" in {len(rows)} accounts" if len(rows) > 1 else ""
        return f"{sizes} {unit}{plural} open{where}"

    def unrealized_of(self, account: str) -> tuple[float | None, tuple[Lack, ...]]:
        """One account's point of the curve, in its base currency, and what it leaves out.

        None as long as no position has a value; the caller cuts the curve where what is left out changes.
        """
        rows = [held for held in self._held.values() if held.record.account == account and not held.filtered]
        target = self._currency_of(account)
        parts = [self._appraiser.part(held, target) for held in rows]
        unrealized = total(part.unrealized for part in parts) if parts else 0.0
        return unrealized, tuple(lack for part in parts for lack in part.lacks)

    def filtered_of(self, account: str) -> float:
        """Unrealised P&L of one account's filtered positions as far as IB values them, in its base currency."""
        target = self._currency_of(account)
        rows = [held for held in self._held.values() if held.record.account == account and held.filtered]
        return total(self._appraiser.part(held, target).unrealized for held in rows) or 0.0

    def sum_of_accounts(self, money: Mapping[str, float | None], *, idle_may_lack: bool = True) -> float | None:
        """Money of the accounts, each in its base currency, in the one of all together.

        None as soon as one is missing, or its exchange rate; an account without positions all of whose P&L IB has left
        unset has none to miss (an advisor's own, as a rule).
        """
        target, found = self._base(), 0.0
        for account, value in money.items():
            if value == 0.0 or (value is None and idle_may_lack and self._is_idle(account)):
                continue
            rate = self._rate(account, self.book(account).currency(), target)
            if value is None or rate is None:
                return None
            found += value * rate
        return cents(found) if any(value is not None for value in money.values()) else None

    def _is_idle(self, account: str) -> bool:
        pnl = self.book(account).pnl
        has_nothing = pnl.account == account and not (pnl.daily or pnl.unrealized or pnl.realized)
        return has_nothing and all(held_by != account for held_by, _ in self._held)

    def sample(self, now_wall: float) -> None:
        """Note our own P&L of every position, for the comparison with IB's. Call each second, also without a page."""
        for held in self._held.values():
            if held.filtered is None:
                held.recent.add(self._appraiser.own_pnl(held), now_wall)

    def snapshot(self, today: Today, now_wall: float) -> PositionsSection:
        """The Positions section; `today` says which fills are of the running trade dates.

        Without a connection it is the last one of this view, until another trade date begins: the state of the pages
        says since when nothing has come.
        """
        moment = (self._view, tuple(today.began_wall(book.account) for book in self._viewed_books()))
        if self._is_lost and self._shown is not None and self._shown[0] == moment:
            return self._shown[1]
        section = self._snapshot(today, now_wall)
        if not self._is_lost:
            self._shown = moment, structs.replace(section, complete=False)
        return section

    def _snapshot(self, today: Today, now_wall: float) -> PositionsSection:
        currency = self.currency()
        parts = {held.key: self._appraiser.part(held, currency) for held in self._viewed()}
        tradable = self._tradable()
        gross = total(parts[held.key].exposure for held in tradable)
        books, fills = self._viewed_books(), self.fills()
        today = _of_these(today, fills) if len(fills) < sum(len(book.fills()) for book in books) else today
        each = tuple(self._figures_of(book, today, now_wall) for book in books)
        figures = each[0] if len(each) == 1 else self._all_together(books, each, currency)
        if len(each) != 1:
            filtered = [parts[held.key] for held in self._viewed() if held.filtered]
            figures = with_sums(figures, [parts[held.key] for held in tradable], filtered, now_wall)
        self.sample(now_wall)
        counts = Counter((fill.account, fill.con_id) for fill in fills if today.is_today(fill))
        rows = tuple(
            position_row(
                held,
                parts[held.key],
                self._appraiser,
                self._market,
                self._settings,
                gross=gross,
                fills_today=counts[held.key],
            )
            for held in tradable
        )
        return PositionsSection(
            tradable=rows,
            filtered=tuple(filtered_row(held, self._appraiser) for held in self._viewed() if held.filtered),
            account=figures,
            fills=fills[-200:],
            complete=self._complete,
            ema_fast_len=self._settings.ema_fast,
            ema_slow_len=self._settings.ema_slow,
            accounts=each,
        )

    def fills(self) -> tuple[Fill, ...]:
        """Of the accounts in view, oldest first."""
        each = tuple(book.fills() for book in self._viewed_books())
        known = self._added.get(self._view)
        if known is None or list(map(id, known[0])) != list(map(id, each)):
            found = [fill for fills in each for fill in fills]
            added = tuple(sorted(without_allocations(found), key=lambda fill: (fill.time_market, fill.exec_id)))
            known = self._added[self._view] = (each, added)
        return known[1]

    # --- figures --------------------------------------------------------------------------------------------

    def _figures_of(self, book: AccountBook, today: Today, now_wall: float) -> AccountFigures:
        rows = [held for held in self._held.values() if held.record.account == book.account]
        target = self._currency_of(book.account)
        own = [self._appraiser.part(held, target) for held in rows if not held.filtered]
        filtered = [self._appraiser.part(held, target) for held in rows if held.filtered]

        def to_base(currency: str) -> float | None:
            return self._rate(book.account, currency, target)

        return with_sums(figures_of(book, target, to_base, today), own, filtered, now_wall)

    def _all_together(
        self, books: list[AccountBook], each: tuple[AccountFigures, ...], currency: str
    ) -> AccountFigures:
        """The accounts' own figures added in the currency of the view; None as soon as one of them is missing."""

        names = [book.account for book in books]

        def add(values: Iterable[float | None]) -> float | None:
            return self.sum_of_accounts(dict(zip(names, values, strict=True)), idle_may_lack=False)

        def add_pnl(values: Iterable[float | None]) -> float | None:
            return self.sum_of_accounts(dict(zip(names, values, strict=True)))

        daily, net = add_pnl(f.daily_pnl for f in each), add(f.net_liquidation for f in each)
        prior = None if net is None or daily is None else net - daily
        return AccountFigures(
            currency=currency,
            base_currency=currency if all(book.currency() for book in books) else "",
            unconverted=tuple(
                Lack(book.account, f"no exchange rate for {base}")
                for book in books
                if (base := book.currency()) and self._rate(book.account, base, currency) is None
            ),
            net_liquidation=net,
            excess_liquidity=add(f.excess_liquidity for f in each),
            init_margin=add(f.init_margin for f in each),
            maint_margin=add(f.maint_margin for f in each),
            available_funds=add(f.available_funds for f in each),
            realized_today=add_pnl(f.realized_today for f in each),
            commission_today=add(f.commission_today if f.fills_today else 0.0 for f in each),
            fills_today=sum(f.fills_today for f in each),
            commission_pending=sum(f.commission_pending for f in each),
            daily_pnl=daily,
            daily_pnl_pct=share_pct(daily, prior),
            ib_unrealized_pnl=add_pnl(f.ib_unrealized_pnl for f in each),
            updated_wall=min((f.updated_wall for f in each if f.updated_wall is not None), default=None),
        )

    # --- inside ---------------------------------------------------------------------------------------------

    def _of(self, con_id: int) -> list[Held]:
        return [held for (_, held_id), held in self._held.items() if held_id == con_id]

    def _viewed(self) -> list[Held]:
        return [held for held in self._held.values() if self._view in (None, held.record.account)]

    def _tradable(self) -> list[Held]:
        return [held for held in self._viewed() if held.filtered is None]

    def _announce(self) -> None:
        tradable = sum(held.filtered is None for held in self._held.values())
        counts = (tradable, len(self._held) - tradable)
        if counts == self._announced:
            return
        self._announced = counts
        log.info("Tracking %d tradable positions", counts[0])
        log.info("Filtered %d non-tradable symbols", counts[1])

    def is_valued_by_ib(self, con_id: int) -> bool | None:
        """Whether IB's own figures stand for its price now; None = no tradable position."""
        held = [each for each in self._held.values() if each.record.contract.con_id == con_id and not each.filtered]
        return all(self._appraiser.worth(each).kind == "portfolio" for each in held) if held else None


def _quantity_words(quantity: float) -> str:
    """Plain digits, never a power of ten: "1,250,000", "0.12345678"; a short one with a true minus."""
    text = f"{abs(quantity):,.8f}".rstrip("0").rstrip(".")
    return f"−{text}" if quantity < 0 else text or "0"


def _of_these(today: Today, fills: Iterable[Fill]) -> Today:
    """Today's among these alone: a master's order counts for its clients' accounts."""
    counted = {id(fill) for fill in fills}  # those of the books themselves
    return today._replace(is_today=lambda fill: id(fill) in counted and today.is_today(fill))
