"""The link that logs in on this computer, for a machine that others use, too: a word that is good once.

It lies in a page of the data folder that this user alone can read: who opens a browser with an address hands that to
the list of processes, which everybody reads; a file's name is no secret. Behind `#` it goes to no server by itself, so
it stands in no log. When it has been used, the page holds the next one: another browser, or a session that has ended,
needs no new start.
"""

from __future__ import annotations

import hmac
import logging
import secrets
import threading
from html import escape
from pathlib import Path

from engine.storage.atomic import reason_of, write_whole

FILE_NAME = "open-qtrade.html"
FRAGMENT = "once="
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={link}">
<title>QTrade</title>
<p><a href="{link}">Open QTrade</a>. This link logs in, once: show it to nobody.</p>
</html>
"""

log = logging.getLogger("qtrade.web")


class LocalLink:
    """Any thread. `address` = where a browser of this computer opens the dashboard."""

    def __init__(self, folder: Path, address: str) -> None:
        self._path = folder / FILE_NAME
        self._address = address
        self._lock = threading.Lock()
        self._word = ""

    @property
    def page(self) -> Path:
        return self._path

    def renew(self) -> str:
        """The link from now on, which the page holds, too; the one of before is good no more. Blocks."""
        with self._lock:
            return self._renew()

    def take(self, word: str) -> bool:
        """Whether it is the link's; then that was its one use. Blocks."""
        with self._lock:
            is_right = hmac.compare_digest(word.encode("utf-8", "replace"), self._word.encode()) and bool(self._word)
            if is_right:
                self._renew()
            return is_right

    def _renew(self) -> str:
        self._word = secrets.token_urlsafe(32)
        link = f"{self._address}/login#{FRAGMENT}{self._word}"
        try:
            write_whole(self._path, _PAGE.format(link=escape(link)).encode())
        except OSError as error:
            log.warning("%s can't be written (%s): the link on the terminal is the last", self._path, reason_of(error))
        return link
