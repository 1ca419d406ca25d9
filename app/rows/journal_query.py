"""What of the journal is asked for, by the words of an address. Pure.

Days are trade dates, "2025-11-10" in addresses and YYYYMMDD inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from app.query import trade_date

VIEWS: Final = ("calendar", "trades", "executions", "bookings", "statistics", "equity", "signals", "changes")
SIDES: Final = ("long", "short")
SOURCES: Final = ("api", "flex", "csv")
_KNOWN: Final = ("view", "account", "from", "to", "symbol", "side", "tag", "source", "currency", "month", "day")
_MOST: Final = 80


class Chosen(NamedTuple):
    """The words of a link; "" = all. `account` is a label as the strip shows it. `since` and `until` are both inside.

    `month` is YYYYMM, the other days YYYYMMDD.
    """

    view: str
    account: str = ""
    since: str = ""
    until: str = ""
    symbol: str = ""
    side: str = ""
    tag: str = ""
    source: str = ""
    currency: str = ""
    month: str = ""
    day: str = ""

    @property
    def is_of_trips(self) -> bool:
        """Whether something is asked for that only whole trips have."""
        return bool(self.side or self.tag)


def chosen_of(query: Mapping[str, str]) -> Chosen | str:
    """What a query asks for, or the text of its error."""
    unknown = sorted(set(query) - set(_KNOWN))
    if unknown:
        return f"{unknown[0][:40]!r} is not known here; known are {', '.join(_KNOWN)}"
    words = {name: query.get(name, "").strip() for name in _KNOWN}
    if long := next((name for name, text in words.items() if len(text) > _MOST), None):
        return f"{long} is longer than {_MOST} characters"
    for name, allowed in (("view", VIEWS), ("side", ("", *SIDES)), ("source", ("", *SOURCES))):
        if words[name] not in allowed:
            return f"{name} is {words[name][:40]!r}; must be one of {', '.join(filter(None, allowed))}"
    days = {name: _day(words[name]) for name in ("from", "to", "day")}
    days["month"] = _day(f"{words['month']}-01") if words["month"] else ""
    if wrong := next((name for name, value in days.items() if value is None), None):
        example = "2025-11" if wrong == "month" else "2025-11-10"
        return f"{wrong} is {words[wrong][:40]!r}; must be a date, e.g. {wrong}={example}"
    since, until, day, month = (days[name] or "" for name in ("from", "to", "day", "month"))
    if since and until and until < since:
        return f"to is {words['to']}, from is {words['from']}; to must not be before from"
    return Chosen(
        view=words["view"],
        account=words["account"],
        since=since,
        until=until,
        symbol=words["symbol"],
        side=words["side"],
        tag=words["tag"],
        source=words["source"],
        currency=words["currency"].upper(),
        month=month[:6],
        day=day,
    )


def _day(text: str) -> str | None:
    """YYYYMMDD; "" = all, None = no date."""
    if not text:
        return ""
    found = trade_date(text)
    return f"{found:%Y%m%d}" if found is not None else None


def shown_day(day: str) -> str:
    """ "2025-11-10" of YYYYMMDD."""
    return f"{day[:4]}-{day[4:6]}-{day[6:8]}" if len(day) == 8 else day


def is_within(day: str, chosen: Chosen) -> bool:
    """Whether a trade date is in the days that are asked for; one that nobody knows is in none but all."""
    if not day:
        return not (chosen.since or chosen.until)
    return (not chosen.since or day >= chosen.since) and (not chosen.until or day <= chosen.until)
