"""The bus' log lines in the user's words, throttled: one line a matter, not one a tick."""

from __future__ import annotations

import logging

from engine.domain import DataType, LineClass
from engine.lines import words
from engine.lines.model import is_near

_SAME_REFUSAL_S = 600.0
_SAME_NOTICE_S = 900.0
_NEAR_AGAIN_S = 60.0
_SPOKEN_A_MINUTE = 10


class LineLog:
    """Coverage visits are logged at DEBUG only: there are nine a second."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._last: dict[tuple[str, str], float] = {}
        self._refusals: list[float] = []
        self._near_at = 0

    def subscribed(self, symbol: str, line_class: LineClass, data_type: DataType) -> None:
        """At the first tick, so that LIVE means live."""
        level = logging.DEBUG if line_class == "coverage" else logging.INFO
        priority = words.priority_word(line_class)
        self._logger.log(level, "Subscribed %s %s (priority=%s)", data_type.upper(), symbol, priority)

    def raised(self, symbol: str, before: LineClass, after: LineClass) -> None:
        was, now = words.priority_word(before), words.priority_word(after)
        self._logger.info("Raised %s from %s to %s, no new request", symbol, was, now)

    def gone(self, symbol: str, line_class: LineClass, reason: str, *, evicted: bool) -> None:
        verb = "Evicted" if evicted else "Unsubscribed"
        self._logger.info("%s %s (priority=%s): %s", verb, symbol, words.priority_word(line_class), reason)

    def renewed(self, symbol: str, reason: str) -> None:
        self._logger.info("Asking again for %s: %s", symbol, reason)

    def refused(self, symbol: str, reason: str, now_mono: float) -> None:
        """Each symbol once in 10 minutes, at most 10 lines a minute in all."""
        self._refusals = [at for at in self._refusals if now_mono - at < 60.0]
        if len(self._refusals) < _SPOKEN_A_MINUTE and self._is_due("refused", symbol, now_mono, _SAME_REFUSAL_S):
            self._refusals.append(now_mono)
            self._logger.warning("%s", words.cannot_subscribe(symbol, reason))

    def advice(self, symbol: str, sentence: str, now_mono: float) -> None:
        if self._is_due("advice", f"{symbol} {sentence}", now_mono, _SAME_NOTICE_S):
            self._logger.info("%s: %s", symbol, sentence)

    def competing(self, sentence: str, now_mono: float) -> None:
        """10197 comes in bunches: one line in 15 minutes."""
        if self._is_due("competing", "", now_mono, _SAME_NOTICE_S):
            self._logger.warning("%s: prices stand still until it ends; asking again each minute", sentence)

    def cap(self, story: str, now_mono: float) -> None:
        if story and self._is_due("cap", story.partition(" at ")[0], now_mono, _SAME_NOTICE_S):
            self._logger.warning("%s", story)

    def used(self, used: int, limit: int, now_mono: float) -> None:
        """NEAR, when it is reached and when it grows; again at the earliest after a minute."""
        if not is_near(used, limit, self._near_at > 0):
            self._near_at = 0
        elif used > self._near_at and self._is_due("near", "", now_mono, _NEAR_AGAIN_S):
            self._near_at = used
            self._logger.warning("%s", words.near_limit(used, limit))

    def _is_due(self, what: str, key: str, now_mono: float, every_s: float) -> bool:
        last = self._last.get((what, key))
        if last is not None and now_mono - last < every_s:
            return False
        if len(self._last) > 5_000:
            self._last.clear()
        self._last[(what, key)] = now_mono
        return True
