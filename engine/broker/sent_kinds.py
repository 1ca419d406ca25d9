"""What may leave for TWS: messages that read, by the number that each begins with. Anything else the wire keeps back.

Orders are 3 (place), 4 (cancel), 21 (exercise) and 58 (cancel all); a number that is not listed here stays here, too.
"""

from __future__ import annotations

import logging
from collections import Counter

READING: dict[int, str] = {
    1: "Market data, begin",
    2: "Market data, end",
    6: "Account values and portfolio",
    7: "Executions",
    9: "Contract details",
    20: "History",
    22: "Market scan, begin",
    23: "Market scan, end",
    24: "Market scan, parameters",
    25: "History, withdrawn",
    49: "TWS' time",
    59: "Kind of market data",
    61: "Positions",
    71: "Start of the API",
    76: "Account values by account, begin",
    77: "Account values by account, end",
    81: "Search of symbols",
    85: "News, providers",
    86: "News, headlines",
    92: "P&L of the account, begin",
    93: "P&L of the account, end",
    94: "P&L of a position, begin",
    95: "P&L of a position, end",
}

_KINDS = {str(kind): kind for kind in READING}

log = logging.getLogger("qtrade.broker")


class SentKinds:
    """Counts what leaves, over all connections of one broker. Engine loop only."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self.kept_back = 0

    def admit(self, message: str) -> bool:
        """Whether the message may leave; it is counted either way."""
        number = message.partition("\0")[0]
        kind = _KINDS.get(number)
        if kind is None:
            self.kept_back += 1
            log.error("A message of kind %s was kept back: QTrade only reads. Report this.", number[:20])
            return False
        self._counts[kind] += 1
        return True

    def counts(self) -> tuple[tuple[str, int], ...]:
        """What of which kind has left, in the order of READING."""
        return tuple((words, self._counts[kind]) for kind, words in READING.items() if self._counts[kind])
