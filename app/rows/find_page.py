"""A name in the path of the Symbol page: where it leads, or what it may mean. Pure.

One exact meaning leads there at once; several are offered; none is looked up at the broker by the name's own
`request_id`, so that every tab that asks for the name gets the one answer. What the broker offers besides (names that
begin alike, words of long names) is a choice, even where it is one: nobody asked for another symbol. A number that is
no con_id known here is a name like any other, and looked up as both.
"""

from __future__ import annotations

import hashlib
import unicodedata
from typing import Any
from urllib.parse import unquote

from app.api_symbols import Known, called, catalogue, near_names, once_called
from app.rows.find import find
from app.snapshots import Snapshots
from engine.domain import con_id_of

View = dict[str, dict[str, Any]]
NAME_MAX = 40


def name_of(key: str) -> str:
    """The name as the path spells it, decoded: "BRK%20B" -> "BRK B"."""
    return unquote(key).strip()


def refused(name: str) -> str:
    """Why this is no name that could be looked up; "" = it is one."""
    if not name:
        return "No name stands in the address."
    if len(name) > NAME_MAX:
        return f"No symbol has a name of {len(name)} characters; at most {NAME_MAX} are looked up."
    if any(unicodedata.category(each).startswith("C") for each in name):
        return "The address holds a control character, which no name has."
    return ""


def request_id_of(name: str) -> str:
    """One id a name, 32 hex digits."""
    return hashlib.sha256(name.upper().encode("utf-8", "replace")).hexdigest()[:32]


def name_parts(s: Snapshots, key: str) -> View:
    """The part "find" ({"go": con_id} once it is clear) and the rows to choose from."""
    name = name_of(key)
    problem = refused(name)
    if problem:
        return {"find": {"go": None, "title": "No such name", "text": problem, "some": False}, "rows:found": {}}
    known = catalogue(s)
    meant = called(name, known)
    if len(meant) == 1:
        return _opening(name, meant[0])
    if meant:
        return _choice(name, meant, "It is not unique. Which one?")
    former = once_called(name, known, s)
    if former:
        return _choice(name, former, f"{name.upper()} is called {former[0].local_symbol} now.")
    answered = _from_broker(s, name)
    equal = called(name, answered or [])
    if len(equal) == 1:
        return _opening(name, equal[0])
    if equal:
        return _choice(name, answered or [], "It is not unique. Which one?")
    if answered:
        return _choice(name, answered, f"Nothing is called {name.upper()}. The broker offers what is near it:")
    return _nothing(s, name, known, answered is not None)


def _opening(name: str, only: Known) -> View:
    title = f"Opening {name.upper()} ..."
    return {"find": {"go": only.con_id, "title": title, "text": None, "some": False}, "rows:found": {}}


def _nothing(s: Snapshots, name: str, known: list[Known], asked: bool) -> View:
    names = set(near_names(name, known))
    near = [item for item in known if item.local_symbol in names]
    near += [
        Known(f.con_id, f.local_symbol, f.local_symbol, f.note)
        for f in find(name, s.universe)
        if f.con_id not in {item.con_id for item in near}
    ]
    is_off = s.broker is None or not s.broker.connected
    if not asked and is_off:
        words = "Not among the symbols known here; the broker is not connected, so it can't be asked."
    else:
        words = _unknown_words(name) if asked else "Asking the broker ..."
    return _choice(name, near[:8], f"{words} Did you mean one of these?" if near else words)


def _unknown_words(name: str) -> str:
    if con_id_of(name) is None:
        return "Nothing is called so here or at the broker."
    return "No contract of this number is known here or at the broker, and nothing is called so: it may have expired."


def _choice(name: str, found: list[Known], text: str) -> View:
    rows = {
        str(item.con_id): {
            "order": i,
            "sym": {"sym": item.local_symbol, "con": item.con_id},
            "kind": f"{item.sec_type} {item.exchange}".strip(),
            "held": "position" if item.is_held else "",
        }
        for i, item in enumerate(found[:16])
    }
    return {"find": {"go": None, "title": name.upper(), "text": text, "some": bool(rows)}, "rows:found": rows}


def _from_broker(s: Snapshots, name: str) -> list[Known] | None:
    """What the broker answered; None = not asked or not answered yet."""
    wanted = request_id_of(name)
    answer = next((a for a in reversed(s.answers.answers) if a.request_id == wanted), None) if s.answers else None
    if answer is None:
        return None
    if not isinstance(answer.value, list):
        return None  # the question failed: that says nothing about the name
    rows = answer.value
    return [Known(int(row[0]), str(row[1]), str(row[1]), str(row[2]), str(row[3])) for row in rows if len(row) >= 4]


def home_parts(s: Snapshots) -> View:
    """/symbol without a name: the largest position, else the best candidate."""
    held = s.positions.tradable if s.positions else ()
    first = max(held, key=lambda row: row.exposure or 0.0).con_id if held else None
    if first is None and s.scanners and s.scanners.candidates:
        first = s.scanners.candidates[0].con_id
    words = "No position and no candidate yet. Press / to find a symbol." if first is None else None
    return {"find": {"go": first, "title": "Symbol", "text": words, "some": False, "home": True}, "rows:found": {}}
