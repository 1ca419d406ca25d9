"""Where one account's state, journal and pins lie: `<data-dir>/<mode>-<account>/` (ARCHITECTURE rule 12).

The accounts are known only once connected, the history has to be there before: those seen last in each mode are
remembered. Engine thread only.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

log = logging.getLogger("qtrade.state")

_REMEMBERED = "accounts.json"


def folder_name(mode: str, account: str) -> str:
    """The folder of a mode and account: letters, digits, dot, dash and underscore only."""
    return f"{mode}-{re.sub(r'[^A-Za-z0-9._-]', '_', account)[:64] or 'unknown'}"


def remembered_accounts(data_dir: Path, mode: str) -> tuple[str, ...]:
    """The accounts that were watched last in this mode, home first; () = never, or the note can't be read."""
    known = _read(data_dir).get(mode, ())
    return (known,) if isinstance(known, str) else tuple(known)


def remember_accounts(data_dir: Path, mode: str, accounts: Sequence[str]) -> None:
    """Note the accounts for the next start; a failure is logged and costs nothing but that."""
    known = _read(data_dir)
    note = accounts[0] if len(accounts) == 1 else list(accounts)
    if known.get(mode) == note:
        return
    path = data_dir / _REMEMBERED
    fresh = path.with_suffix(".new")
    try:
        fresh.write_bytes(msgspec.json.encode(known | {mode: note}))
        fresh.replace(path)
    except OSError as error:
        log.warning("%s can't be written (%s); history shows once connected", path, error.strerror)


def _read(data_dir: Path) -> dict[str, str | list[str]]:
    try:
        return msgspec.json.decode((data_dir / _REMEMBERED).read_bytes(), type=dict[str, str | list[str]])
    except (OSError, ValueError):
        return {}
