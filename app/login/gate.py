"""Who asks: anybody, somebody who has logged in, a script with a token, or nobody that is known.

Login is on once there is a password, or a link for this computer, or where others could reach the dashboard. Then who
is not known is answered what `is_public` names, and nothing else.
"""

from __future__ import annotations

import enum
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from app.login.attempts import Attempts
from app.login.credentials import FILE_NAME, CredentialStore, Kept
from app.login.local_link import LocalLink
from app.login.passwords import is_one_of, is_password
from app.login.sessions import Sessions
from app.rates import client_of
from engine.clock import lasting_s
from engine.config import WebSettings, is_loopback

LOGIN_PATH, LOGOUT_PATH, SESSION_PATH = "/login", "/logout", "/login/session"
HEALTH_PATH = "/healthz"
FOR_TOKENS = ("/api/", "/metrics", HEALTH_PATH)
# What the login page is made of; no other file of the program is shown to who has not logged in.
STYLES = ("/assets/qt-tokens.css", "/assets/login/login.css")
SCRIPTS = ("/assets/login/page.mjs", "/assets/login/ask.mjs")
ICON = "/assets/favicon.ico"
PUBLIC_FILES = frozenset({*STYLES, *SCRIPTS, ICON})
READING = frozenset({"GET", "HEAD"})

WRONG = "This is not the password."
NO_LINK = "This link was used, or is of an earlier start. Open the newest one."
CURE = "Nobody can log in with one. On QTrade's computer run: python app.py --set-password"

log = logging.getLogger("qtrade.web")

Way = Literal["password", "link"]


class Visitor(enum.Enum):
    ANYBODY = "no login is needed"
    SESSION = "has logged in"
    TOKEN = "a script"  # noqa: S105
    NOBODY = "not known"


class Asked(NamedTuple):
    """What a request says of who sends it. `word` of the cookie, `token` of the Authorization header; None = none."""

    method: str
    path: str
    word: str | None
    token: str | None


class Verdict(NamedTuple):
    """`word` = of the new session; None = no, then `why` in words, `wait_s` = not to be asked before."""

    word: str | None
    why: str = ""
    wait_s: float = 0.0


class Gate:
    """One dashboard's. Any thread.

    Args:
        store: password and tokens.
        is_shared: others can reach the dashboard: without a password nobody gets in.
        link: logs in on this computer; None = there is no such.
    """

    def __init__(
        self,
        store: CredentialStore,
        sessions: Sessions,
        attempts: Attempts,
        *,
        is_shared: bool = False,
        link: LocalLink | None = None,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._attempts = attempts
        self._is_shared = is_shared
        self.link = link
        self.outcomes: Counter[str] = Counter()  # of tries: accepted, refused, locked_out
        self._one_at_a_time = threading.Lock()  # a hash takes 64 MiB, and a try has to be counted before the next one

    @property
    def is_on(self) -> bool:
        return self._is_on(self._store.now())

    def _is_on(self, kept: Kept) -> bool:
        return bool(kept.credentials.password or kept.problem or self._is_shared or self.link is not None)

    @property
    def has_password(self) -> bool:
        return bool(self._store.now().credentials.password)

    def may_send_files(self, words: Iterable[str]) -> bool:
        """Whether a large body is worth taking, by the words of its cookies; `visitor` decides once it is there."""
        return not self.is_on or any(self._sessions.is_known(word) for word in words)

    @property
    def sessions(self) -> int:
        """That go on."""
        return self._sessions.count()

    def ways(self) -> list[Way]:
        """How one can log in here."""
        open_ways: dict[Way, bool] = {"password": self.has_password, "link": self.link is not None}
        return [way for way, is_open in open_ways.items() if is_open]

    def problem(self) -> str:
        """Why nobody can log in with a password, "" = it can be tried."""
        kept = self._store.now()
        if kept.problem:
            return f"What QTrade keeps of the password can't be used ({FILE_NAME}). {CURE}"
        if self._is_shared and not kept.credentials.password:
            return f"The password was removed. {CURE}"
        return ""

    def visitor(self, asked: Asked) -> Visitor:
        """Who sends this request. A session that is asked about was used."""
        kept = self._store.now()
        if not self._is_on(kept):
            return Visitor.ANYBODY
        if asked.word is not None and self._sessions.use(asked.word, kept.credentials.password):
            return Visitor.SESSION
        if asked.token is not None and asked.method in READING and asked.path.startswith(FOR_TOKENS):
            if is_one_of(asked.token, tuple(each.sha256 for each in kept.credentials.tokens)):
                return Visitor.TOKEN
        return Visitor.NOBODY

    def log_in(self, address: str, *, password: str | None = None, once: str | None = None) -> Verdict:
        """Try a password or a link's word; each session is a new one. Blocks for some hundredths of a second."""
        with self._one_at_a_time:
            wait_s = self._attempts.wait_s(address)
            if wait_s:
                self.outcomes["locked_out"] += 1
                return Verdict(None, "", wait_s)
            stamp = self._store.now().credentials.password
            if once is not None:
                is_right, why = self.link is not None and self.link.take(once), NO_LINK
            else:
                is_right, why = is_password(password or "", stamp), self.problem() or WRONG
            self.outcomes["accepted" if is_right else "refused"] += 1
            if not is_right:
                then = "; it waits a minute" if self._attempts.failed(address) else ""
                log.warning("A login from %s failed%s", client_of(address), then)
                return Verdict(None, why)
            self._attempts.succeeded(address)
            log.info("Logged in from %s", client_of(address))
            return Verdict(self._sessions.begin(stamp))

    def log_out(self, word: str | None) -> None:
        """End a session here, whatever becomes of the cookie."""
        if word is not None and self._sessions.end(word):
            log.info("Logged out")


def is_public(method: str, path: str) -> bool:
    """What is answered to nobody: the login itself, what its page is made of, and whether the program is well."""
    if path == LOGIN_PATH:
        return method in READING or method == "POST"
    if method not in READING:
        return False
    return path == HEALTH_PATH or path in PUBLIC_FILES


def open_gate() -> Gate:
    """Login is off."""
    return Gate(CredentialStore(None), Sessions(lasting_s, 1.0, 1.0), Attempts(lasting_s))


def gate_of(folder: Path, web: WebSettings, clock: Callable[[], float] = lasting_s) -> Gate:
    """The gate of these settings. `clock` = seconds that go on while the machine sleeps."""
    sessions = Sessions(clock, web.session_idle_h * 3_600, web.session_max_h * 3_600)
    link = LocalLink(folder, web.address()) if web.local_token else None
    store = CredentialStore(folder / FILE_NAME)
    return Gate(store, sessions, Attempts(clock), is_shared=not is_loopback(web.host), link=link)
