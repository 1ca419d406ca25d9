"""Headlines as they stand on the wire (message 86), made plain text. Pure; what can't be read is left out alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from engine.broker.port import Headline
from engine.broker.wire_text import readable

MOST_HEADLINES = 300
_MILLIS = 13  # digits of epoch milliseconds
LONGEST = 400  # of a headline; what is longer is cut
_NOTES = re.compile(r"^\{[^{}]*\}")  # "{A:800015:L:en:K:0.9:C:0.9}": a service's own notes before the words
_SPACE = re.compile(r"\s+")


def headline_of(fields: list[str]) -> tuple[int, Headline | None]:
    """(request, headline) of a message: id, request, time, provider, article, text; None = there are no words.

    Raises ValueError without a request.
    """
    req_id = int(fields[1])
    time_text, provider, article, text = (fields[2:6] + [""] * 4)[:4]
    words = _SPACE.sub(" ", _NOTES.sub("", readable(text))).strip()
    if not words:
        return req_id, None
    if len(words) > LONGEST:
        words = f"{words[: LONGEST - 1].rstrip()}…"
    return req_id, Headline(_epoch(time_text), readable(provider)[:20], readable(article)[:60], words)


def _epoch(text: str) -> float | None:
    """ "2025-11-05 14:05:12.0" in UTC, or epoch milliseconds; None = neither."""
    text = text.strip()
    try:
        if text.isascii() and text.isdigit():
            return int(text) / 1_000.0 if len(text) == _MILLIS else None
        return datetime.strptime(text.partition(".")[0], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return None
