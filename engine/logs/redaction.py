"""Account ids never leave the process whole: DU1234567 is written DU***567, in logs and exports alike; nor does a URL's
password."""

from __future__ import annotations

import re

from engine.storage.urls import without_secrets

# IB's account ids: letters and at least five digits (U1234567, DU1234567, DFU12345, F1234567, I...), in whatever they
# are grown into: "accountDU1234567", "DU1234567C", a line end before it that repr spells. A single D is a date's or a
# file's unless it stands alone. In small letters those count that no hex number has, or that stand alone.
_LIKELY = re.compile(r"[DFIUdfiu][A-Za-z]{0,2}\d{5}")  # most texts have none, and this is found out sooner
_ACCOUNT = re.compile(
    r"(?<![A-Z])(D[A-Z]{1,2}|[FIU][A-Z]{0,2})\d{2,}(\d{3})"
    r"|(?<![A-Za-z0-9])(D)\d{2,}(\d{3})(?![A-Za-z0-9])"
    r"|(d[ui][a-z]?)\d{2,}(\d{3})"
    r"|(?<![A-Za-z0-9])(df[a-z]?|[ufi])\d{2,}(\d{3})(?![A-Za-z0-9])"
)


def redact(text: str) -> str:
    """The same text with every account id shortened, and no password in a URL. Leaves numbers and dates alone."""
    text = without_secrets(text)
    return _ACCOUNT.sub(_shortened, text) if _LIKELY.search(text) else text


def _shortened(found: re.Match[str]) -> str:
    letters, last = (part for part in found.groups() if part is not None)
    return f"{letters}***{last}"
