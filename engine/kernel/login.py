"""The accounts of the login in use: which one's folder is home, which are watched, which are shown, and their curves.

State, bars, signals, settings and pins belong to no single account: they lie in the folder of the login's first
account, or of the one that is watched alone. Money is written to each account's own journal; of all together a curve
of its own is kept at home, because only then the exchange rates of each moment are in it. Engine thread only.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec
from msgspec.structs import replace

from engine.bars.trading_day import Begin
from engine.domain import ALL_ACCOUNTS
from engine.journal.reader import JournalReader
from engine.journal.writer import Journal
from engine.portfolio.curve import PnlCurve
from engine.state.sections import PnlSection
from engine.storage import rescues
from engine.storage.atomic import keep_now, read_kept
from engine.storage.encodable import encodable
from engine.storage.places import DAMAGED

log = logging.getLogger("qtrade.engine")

JOURNAL_FILE = "journal.sqlite3"


class Login:
    """`chosen` is the setting: the account to show, None = all together. `url` = the server that keeps the journals of
    all accounts, None = each has a file in its folder."""

    def __init__(
        self,
        data_dir: Path,
        mode: str,
        journal: Journal,
        reader: JournalReader,
        chosen: str | None,
        url: str | None = None,
    ) -> None:
        self._data_dir = data_dir
        self._url = url
        self._mode = mode
        self._journal = journal
        self._reader = reader
        self._chosen = chosen
        self._curves: dict[str, PnlCurve] = {}
        self.home: str | None = None
        self.watched: tuple[str, ...] = ()

    def folder(self, account: str) -> Path:
        return self._data_dir / folder_name(self._mode, account)

    def journals(self) -> list[Path]:
        """Of every watched account; none before one is known."""
        return [self.folder(name) / JOURNAL_FILE for name in self.watched]

    # --- which ------------------------------------------------------------------------------------------------

    def use(self, home: str, watched: Sequence[str]) -> bool:
        """Watch these accounts, the first of which is `home`. True when home is another one than before.

        Curves of accounts that are watched further go on; none of the former login is left.
        """
        is_new = home != self.home
        if is_new or tuple(watched) != self.watched:
            self._open(home, watched)
        names = (*watched, ALL_ACCOUNTS) if len(watched) > 1 else tuple(watched)
        kept = {} if is_new else self._curves
        self._curves = {name: kept.get(name) or PnlCurve(partial(self._record, name)) for name in names}
        self.home, self.watched = home, tuple(watched)
        return is_new

    def _open(self, home: str, watched: Sequence[str]) -> None:
        """None of it touches the disk here."""
        own = self.journal_of(home)
        self._journal.open(own, self._mode, home)
        self._reader.open(own, self._mode, home)
        others = {name: self.journal_of(name) for name in watched if name != home}
        if others:
            others[ALL_ACCOUNTS] = own
        for name, target in others.items():
            self._journal.also(target, self._mode, name)
            self._reader.also(target, self._mode, name)

    def journal_of(self, account: str) -> str | Path:
        """Where an account's journal is: a database's URL, or a file."""
        return self._url or self.folder(account) / JOURNAL_FILE

    def journal_files(self) -> dict[str, str]:
        """The file of each watched account, for dashboards on this machine; none where a server keeps them."""
        return {} if self._url else {name: encodable(str(self.journal_of(name))) for name in self.watched}

    def choose(self, account: str | None) -> None:
        self._chosen = account

    @property
    def shown(self) -> str | None:
        """The account whose money is shown, None = all together; a choice that is not watched counts for nothing."""
        if len(self.watched) < 2:
            return self.home
        wanted = (self._chosen or "").strip().upper()
        return next((name for name in self.watched if name.upper() == wanted), None)

    @property
    def shown_name(self) -> str:
        """ "" = not known yet."""
        return self.shown or (ALL_ACCOUNTS if self.watched else "")

    # --- curves -----------------------------------------------------------------------------------------------

    def add_point(
        self,
        name: str,
        wall: float,
        market: float,
        unrealized: float | None,
        realized: float | None,
        daily: float | None,
        began_market: float | None = None,
        lacks: frozenset[str] = frozenset(),
        others: float = 0.0,
    ) -> None:
        """A point of one account's curve, or of ALL_ACCOUNTS'; see `PnlCurve.add`."""
        self._curves[name].add(wall, market, unrealized, realized, daily, began_market, lacks, others)

    def add_gap(self, wall: float, market: float) -> None:
        """No data now, of any account."""
        for curve in self._curves.values():
            curve.add(wall, market, None, None, None)

    @property
    def has_sum(self) -> bool:
        """Several accounts are watched: there is a curve of all together."""
        return ALL_ACCOUNTS in self._curves

    def curve(self, day: Begin) -> PnlSection:
        """The curve of what is shown, with whose it is; `day` = the running one of that."""
        curve = self._curves.get(self.shown_name)
        section = curve.section(day) if curve is not None else PnlSection(points=())
        return replace(section, account=self.shown_name)

    def _record(
        self, name: str, t: float, m: float, unrealized: float | None, realized: float | None, daily: float | None
    ) -> None:
        self._journal.record_pnl(t, m, unrealized, realized, daily, name)


_REMEMBERED = "accounts.json"
_NOTE = msgspec.json.Decoder(dict[str, str | list[str]])


def folder_name(mode: str, account: str) -> str:
    """The folder of a mode and account: letters, digits, dot, dash and underscore only."""
    return f"{mode}-{re.sub(r'[^A-Za-z0-9._-]', '_', account)[:64] or 'unknown'}"


def remembered_accounts(data_dir: Path, mode: str) -> tuple[str, ...]:
    """The accounts that were watched last in this mode, home first; () = never, or the note can't be read."""
    known = _read(data_dir).get(mode, ())
    return (known,) if isinstance(known, str) else tuple(known)


def remember_accounts(data_dir: Path, mode: str, accounts: Sequence[str]) -> None:
    """Note the accounts for the next start; a failure is logged and costs nothing but that. Blocks."""
    known = _read(data_dir)
    note = accounts[0] if len(accounts) == 1 else list(accounts)
    if known.get(mode) == note:
        return
    keep_now(data_dir / _REMEMBERED, msgspec.json.encode(known | {mode: note}), "history shows once connected")


def _read(data_dir: Path) -> dict[str, str | list[str]]:
    known, note = read_kept(data_dir / _REMEMBERED, _NOTE.decode, time.time())
    if note:
        rescues.tell(data_dir / _REMEMBERED, DAMAGED, f"Accounts of the last run: {note}")
    return known or {}
