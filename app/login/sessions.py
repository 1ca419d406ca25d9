"""Who has logged in: a random word in the browser's cookie, its digest here. Nothing is kept on disk.

So a restart of the program ends all sessions, and a stolen disk or backup opens none.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from app.login.passwords import digest

MOST = 200


@dataclass(slots=True)
class _Session:
    began: float
    used: float
    stamp: str


class Sessions:
    """By the digest of their word. Any thread.

    Args:
        clock: seconds that go on while the machine sleeps.
        idle_s: a session ends so long after its last request; an open page in sight asks each 2 s.
        most_s: and so long after it began at the latest.
    """

    def __init__(self, clock: Callable[[], float], idle_s: float, most_s: float) -> None:
        self._clock = clock
        self._idle_s = idle_s
        self._most_s = most_s
        self._lock = threading.Lock()
        self._by_digest: OrderedDict[str, _Session] = OrderedDict()  # that used last is last

    def begin(self, stamp: str) -> str:
        """The word of a new session; it holds as long as `stamp` (of the password) stays the same."""
        word, now = secrets.token_urlsafe(32), self._clock()
        with self._lock:
            self._by_digest[digest(word)] = _Session(now, now, stamp)
            while len(self._by_digest) > MOST:
                self._by_digest.popitem(last=False)
        return word

    def use(self, word: str, stamp: str) -> bool:
        """Whether it is one that goes on; then it was used now."""
        key, now = digest(word), self._clock()
        with self._lock:
            found = self._by_digest.get(key)
            if found is None:
                return False
            if found.stamp != stamp or not self._is_on(found, now):
                del self._by_digest[key]
                return False
            found.used = now
            self._by_digest.move_to_end(key)
            return True

    def is_known(self, word: str) -> bool:
        """Whether it is one that goes on, without using it."""
        with self._lock:
            found = self._by_digest.get(digest(word))
            return found is not None and self._is_on(found, self._clock())

    def count(self) -> int:
        """That have not ended by time."""
        now = self._clock()
        with self._lock:
            return sum(self._is_on(each, now) for each in self._by_digest.values())

    def end(self, word: str) -> bool:
        """Whether there was one."""
        with self._lock:
            return self._by_digest.pop(digest(word), None) is not None

    def _is_on(self, session: _Session, now: float) -> bool:
        return now - session.used < self._idle_s and now - session.began < self._most_s
