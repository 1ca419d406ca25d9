"""What happened, in plain words with its cure: one entry per cause, counted, open until it is over.

Pure but for the dictionary it keeps: time is an argument. At most one log line per cause each 15 minutes
(FAULTS A32).
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import Literal

import msgspec

from engine.domain import Condition
from engine.health.incidents import IncidentBook, cause_of

log = logging.getLogger("qtrade.health")

Severity = Literal["info", "warning", "error"]
_LEVELS: dict[str, int] = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_REPEAT_S = 900.0
_KEEP = 100


class ConditionBook:
    """Conditions by key, newest last. Engine thread only."""

    def __init__(self, incidents: IncidentBook | None = None) -> None:
        """`incidents` hears of each that opens, becomes an error, ends."""
        self._incidents = incidents
        self._conditions: OrderedDict[str, Condition] = OrderedDict()
        self._said: dict[str, float] = {}
        self._told: set[str] = set()  # open ones whose beginning is in the log

    def raise_(
        self,
        key: str,
        wall: float,
        title: str,
        text: str,
        *,
        severity: Severity = "warning",
        cure: str = "",
        code: int | None = None,
        lasting: bool = True,
        quiet: bool = False,
        since: float | None = None,
        con_id: int | None = None,
        symbol: str = "",
    ) -> None:
        """Note a cause. `lasting` = open until `resolve`, else it happened and is over; `quiet` = not logged.

        `since`: when it began, None = at `wall`; `con_id` and `symbol` of one symbol's.
        """
        known = self._conditions.get(key)
        if known is not None and known.open and lasting and (known.title, known.text) == (title, text):
            if not quiet:
                self._log(known, wall)
            return  # as before: an entry that changed each second would be news each second
        self._conditions.pop(key, None)
        if known is not None and known.open and lasting:
            condition = msgspec.structs.replace(known, title=title, text=text, last_wall=wall)
        else:
            condition = Condition(
                key=key,
                severity=severity,
                title=title,
                text=text,
                cure=cure,
                code=code,
                first_wall=known.first_wall if known else wall,
                last_wall=wall,
                count=known.count + 1 if known else 1,
                open=lasting,
                lasting=lasting,
                outage=bool(cause_of(key)),
            )
        self._conditions[key] = condition
        if lasting and self._incidents is not None and (known is None or not known.open):
            began, is_red = wall if since is None else since, severity == "error"
            self._incidents.begin(key, f"{title}: {text}", began, wall, is_red=is_red, con_id=con_id, symbol=symbol)
        if not quiet:
            self._log(condition, wall)
        self._forget_oldest()

    def resolve(self, key: str, wall: float, text: str = "") -> None:
        """The cause is over; `text` says how, e.g. "back after 5 min 48 s"."""
        known = self._conditions.get(key)
        if known is None or not known.open:
            return
        self._conditions[key] = msgspec.structs.replace(
            known, open=False, last_wall=wall, text=f"{known.text} {text}".strip()
        )
        if self._incidents is not None:
            self._incidents.end(key, wall, f"{known.title}: {known.text} {text}".strip())
        if text and key in self._told:  # an end whose beginning nobody was told is no news
            log.info("Over: %s. %s", known.title, text)
        self._told.discard(key)

    def weigh(self, key: str, severity: Severity, wall: float) -> None:
        """An open cause is worth more or less than it was, as an outage that a reset window excuses for a while."""
        known = self._conditions.get(key)
        if known is not None and known.open and known.severity != severity:
            self._conditions[key] = msgspec.structs.replace(known, severity=severity)
            if severity == "error" and self._incidents is not None:
                self._incidents.redden(key, wall)

    def is_open(self, key: str) -> bool:
        known = self._conditions.get(key)
        return known is not None and known.open

    def newest_first(self) -> tuple[Condition, ...]:
        return tuple(reversed(self._conditions.values()))

    def _forget_oldest(self) -> None:
        """Of what is over: an open condition that were lost would look healed, and its outage would never end."""
        over = [key for key, known in self._conditions.items() if not known.open]
        for key in over[: max(0, len(self._conditions) - _KEEP)]:
            del self._conditions[key]
            self._said.pop(key, None)
            self._told.discard(key)

    def _log(self, condition: Condition, wall: float) -> None:
        said = self._said.get(condition.key)
        if said is not None and wall - said < _REPEAT_S:
            return
        self._said[condition.key] = wall
        self._told.add(condition.key)
        code = f" (code {condition.code})" if condition.code is not None else ""
        log.log(_LEVELS[condition.severity], "%s: %s%s", condition.title, condition.text, code)
