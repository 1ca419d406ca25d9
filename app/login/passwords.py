"""The one password, and tokens of scripts: made, hashed, compared. Knows neither files nor requests.

A password is hashed by Argon2id with the second recommended choice of RFC 9106 (64 MiB, three passes). A token is 256
random bits, which nobody can try through: one SHA-256 is enough, and costs nothing at each request.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from functools import cache
from typing import Final

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from engine.errors import ConfigError

LEAST, MOST = 12, 1_024  # characters
LEAST_DIFFERENT = 5
MOST_MEMORY_KIB, MOST_PASSES = 1 << 20, 20  # of a hash that another version may have made
TOKEN_PREFIX: Final = "qtrade_"  # noqa: S105 - by which a scanner for secrets may know one
_hasher = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4)


def new_password(typed: str, again: str) -> str:
    """The hash of a password that was typed twice. Raises ConfigError: what is wrong with it."""
    text = _spelled(typed)
    if text != _spelled(again):
        raise ConfigError("password: the two are not the same. Nothing was changed; try again.")
    if not LEAST <= len(text) <= MOST:
        raise ConfigError(f"password: it has {len(text)} characters; must be {LEAST} to {MOST}. Take a longer one.")
    if len(set(text)) < LEAST_DIFFERENT:
        raise ConfigError("password: it repeats a few characters. Take some words that nobody would guess.")
    return _hasher.hash(text)


def is_password(typed: str, password_hash: str) -> bool:
    """Whether this is the password; `password_hash` "" = there is none, which takes as long to find out. Blocks for
    some hundredths of a second, without Python's lock."""
    nothing = _of_nobody()
    try:
        return _hasher.verify(password_hash or nothing, _spelled(typed)[:MOST]) and bool(password_hash)
    except (VerificationError, InvalidHashError):
        return False


def is_hash(text: str) -> bool:
    """Whether it can be compared with a password, in the memory and the time that a hash may take here."""
    try:
        found = extract_parameters(text)
    except (InvalidHashError, ValueError):
        return False
    return found.memory_cost <= MOST_MEMORY_KIB and found.time_cost <= MOST_PASSES


def new_token() -> str:
    """For whoever is shown it, once."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """What is kept of a token, or of a session's: 64 hex digits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def is_one_of(token: str, digests: tuple[str, ...]) -> bool:
    """All are compared, whichever fits."""
    given = digest(token)
    return any([hmac.compare_digest(given, each) for each in digests])


@cache
def _of_nobody() -> str:
    return _hasher.hash(secrets.token_hex(16))


def _spelled(text: str) -> str:
    """The same characters however a keyboard composes them."""
    return unicodedata.normalize("NFKC", text)
