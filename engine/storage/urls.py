"""URLs of stores as they may be shown, without what opens them; and what their clients need. Pure."""

from __future__ import annotations

import re

HIDDEN = "***"
SCALE_PACKAGES = "requirements-scale.txt"  # beside app.py
_SECRET_OPTION = re.compile(r"([?&][^=&]*(?:pass|pwd|secret|token|key)[^=&]*=)[^&]*", re.IGNORECASE)
# Up to the last "@" of the word: a password may hold any sign that its owner forgot to write as %XX.
_USER_INFO = re.compile(r"([a-z][a-z0-9+.-]*://)([^\s/:@]*):\S*@", re.IGNORECASE)


def without_secrets(text: str) -> str:
    """Every URL in `text` with its password as ***."""
    return _USER_INFO.sub(rf"\1\2:{HIDDEN}@", text) if "@" in text and "://" in text else text


def shown_url(url: str) -> str:
    """One URL as it may be shown: no password, neither before the host nor among its options."""
    scheme, sign, rest = _SECRET_OPTION.sub(rf"\1{HIDDEN}", url).partition("://")
    info, at, place = rest.rpartition("@")
    user, colon, _ = info.partition(":")
    return f"{scheme}{sign}{user}{f':{HIDDEN}' if colon else ''}{at}{place}"


def not_installed(setting: str, url: str, package: str) -> str:
    """Why the URL of a setting can't be used, and what to do."""
    return (
        f"{setting} is {shown_url(url)}, but package {package} is not installed. Install what it needs: "
        f"python -m pip install -r {SCALE_PACKAGES} (with the Python of .venv)."
    )
