"""Where one account's state, journal and pins lie: `<data-dir>/<mode>-<account>/` (ARCHITECTURE rule 12).

The account is known only once connected, the history has to be there before: the account seen last in each mode is
remembered. Engine thread only.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path

import msgspec

log = logging.getLogger("qtrade.state")

_REMEMBERED = "accounts.json"


def folder_name(mode: str, account: str) -> str:
    """The folder of a mode and account: letters, digits, dot, dash and underscore only."""
    return f"{mode}-{re.sub(r'[^A-Za-z0-9._-]', '_', account)[:64] or 'unknown'}"


def remembered_account(data_dir: Path, mode: str) -> str | None:
    """The account that was connected last in this mode; None = never, or the note can't be read."""
    return _read(data_dir).get(mode)


def remember_account(data_dir: Path, mode: str, account: str) -> None:
    """Note the account for the next start; a failure is logged and costs nothing but that."""
    known = _read(data_dir)
    if known.get(mode) == account:
        return
    path = data_dir / _REMEMBERED
    fresh = path.with_suffix(".new")
    try:
        fresh.write_bytes(msgspec.json.encode(known | {mode: account}))
        fresh.replace(path)
    except OSError as error:
        log.warning("%s can't be written (%s); history shows once connected", path, error.strerror)


def _read(data_dir: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode((data_dir / _REMEMBERED).read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError):
        return {}
