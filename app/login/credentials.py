"""What the data folder keeps of password and tokens: `login.json`, hashes alone, for the user's eyes.

The commands of `app.py` write it, a running program reads it anew when it has changed. A file that can't be read opens
nothing: everybody is asked for a password, and none is right, until it is set again.
"""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta, Struct

from app.login.passwords import is_hash
from engine.errors import ConfigError
from engine.storage.atomic import reason_of, write_whole
from engine.storage.places import free_for_file, make_private
from engine.storage.private import read_regular

FILE_NAME = "login.json"
FORMAT = 1
MOST_TOKENS = 50
LARGEST = 64 << 10
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}"


class Token(Struct, frozen=True):
    """Of one script. `sha256` of the token, `made_wall` = UTC epoch seconds."""

    name: Annotated[str, Meta(pattern=rf"^{_NAME}\Z")]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    made_wall: Annotated[float, Meta(ge=0, le=1e11)]


class Credentials(Struct, frozen=True):
    """`password` = its Argon2 hash, "" = there is none."""

    password: str = ""
    tokens: tuple[Token, ...] = ()


class _File(Struct, forbid_unknown_fields=True):
    format: int
    password: str
    tokens: list[Token]


class Kept(NamedTuple):
    """`problem`: why the file can't be read, in words; "" = it can, or there is none."""

    credentials: Credentials
    problem: str = ""


def load(path: Path) -> Kept:
    """What the file holds. Blocks; raises nothing."""
    try:
        content = read_regular(path, LARGEST)
    except FileNotFoundError:
        return Kept(Credentials())
    except OSError as error:
        return Kept(Credentials(), reason_of(error))
    make_private(path)
    try:
        found = msgspec.json.decode(content, type=_File)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return Kept(Credentials(), "is of a newer QTrade" if _format_of(content) > FORMAT else f"is damaged ({error})")
    if found.format != FORMAT or not (found.password == "" or is_hash(found.password)):
        return Kept(Credentials(), "holds no password that can be compared")
    return Kept(Credentials(found.password, tuple(found.tokens)))


def _format_of(content: bytes) -> int:
    try:
        found: Any = msgspec.json.decode(content)
        return int(found["format"])
    except (msgspec.MsgspecError, UnicodeError, RecursionError, TypeError, KeyError, ValueError):
        return 0


def save(path: Path, credentials: Credentials) -> None:
    """Write it, on the disk when this returns; without password and tokens there is no file. Blocks. Raises OSError."""
    if credentials == Credentials():
        free_for_file(path)
        path.unlink(missing_ok=True)
        return
    kept = _File(FORMAT, credentials.password, list(credentials.tokens))
    write_whole(path, msgspec.json.format(msgspec.json.encode(kept)), durable=True)


def checked_name(name: str, taken: tuple[Token, ...]) -> str:
    """The name of a new token. Raises ConfigError."""
    if not re.fullmatch(_NAME, name):
        raise ConfigError(f"token {name[:60]!r}: must be 1 to 40 letters, digits, dots, dashes. Choose another name.")
    if any(each.name == name for each in taken):
        raise ConfigError(f"token {name}: there is one of this name. Revoke it first, or choose another name.")
    if len(taken) >= MOST_TOKENS:
        raise ConfigError(f"token {name}: there are {MOST_TOKENS} already. Revoke one first.")
    return name


class CredentialStore:
    """The file as a running program sees it: read again once it is another one. Any thread.

    `path` None = there never is a password.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seen: tuple[int, ...] | None = None
        self._kept = Kept(Credentials())

    def now(self) -> Kept:
        if self._path is None:
            return self._kept
        with self._lock:
            seen = _marks(self._path)
            if seen != self._seen:
                self._kept, self._seen = load(self._path), seen
            return self._kept


def _marks(path: Path) -> tuple[int, ...]:
    """Differs when the file does; () = there is none."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return ()
    except OSError as error:
        return (error.errno or 0,)
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
