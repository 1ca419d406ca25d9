"""A browser's tab without a browser: polls one page of a running program as its script does."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

POLL_EVERY_S = 2.0


class ServerFailed(Exception):
    """The server answered with an error of its own (5xx), or refused the poll."""


class Tab:
    """One page, by its path. `cursor` None = it is opened with the next poll."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.cursor: str | None = None
        self.changes = 0

    def poll(self, port: int, timeout_s: float = 15.0) -> dict[str, Any] | None:
        """What changed since the last poll, the whole page at the first; None = nothing did.

        Raises OSError when nobody answers, ServerFailed when the answer is an error.
        """
        asked = {"path": self._path, **({"cursor": self.cursor} if self.cursor else {})}
        url = f"http://127.0.0.1:{port}/feed?{urllib.parse.urlencode(asked)}"
        try:
            with urllib.request.urlopen(url, timeout=timeout_s) as answer:
                body = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise ServerFailed(f"the poll of {self._path} answered {error.code}: {error.read(200)!r}") from None
        if not body:
            return None
        data: dict[str, Any] = json.loads(body)
        self.cursor = data["cursor"]
        self.changes += 1
        return data
