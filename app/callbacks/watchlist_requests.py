"""What pages ask of watch-lists, notes and levels: right types here, what is possible in the engine. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.domain import CON_ID_MAX
from engine.state.commands import Command, DropLevel, EditWatchlist, ImportSymbols, KeepLevel, KeepNote
from engine.state.watchlist_sections import IMPORT_MAX, LISTS_MAX, NAME_MAX, NOTE_MAX

EDITS = ("create", "rename", "delete", "move-list", "add", "remove", "move")
NEEDS_NAME = ("create", "rename")
NEEDS_SYMBOL = ("add", "remove", "move")
PLACE_MOST = 10_000
LABEL_MOST = 200  # of what may come; the engine says how long a label may be
Asked = dict[str, Any]


def watchlist_command(request_id: str, asked: Asked) -> Command | str:
    """The command of a request, or why it is none in words; "" = it is not what a page sends."""
    return _MAKERS[asked["action"]](request_id, asked)


def _edit(request_id: str, asked: Asked) -> Command | str:
    action, name, place = asked.get("do"), asked.get("name", ""), asked.get("place", 0)
    list_id, con_id = asked.get("list", 0), asked.get("con", 0)
    if action not in EDITS or not isinstance(name, str) or len(name) > 2 * NAME_MAX:
        return ""
    if action in NEEDS_NAME and not name.strip():
        return "Give the list a name first."
    if not _is_number(list_id, 0 if action == "create" else 1, LISTS_MAX) or not _is_number(place, 0, PLACE_MOST):
        return ""
    if not _is_number(con_id, 1 if action in NEEDS_SYMBOL else 0, CON_ID_MAX):
        return "Choose a symbol first."
    return EditWatchlist(request_id, action, list_id, name, con_id, place)


def _import(request_id: str, asked: Asked) -> Command | str:
    list_id, text = asked.get("list"), asked.get("text")
    if not _is_number(list_id, 1, LISTS_MAX) or not isinstance(text, str):
        return ""
    if len(text) > IMPORT_MAX:
        return f"The text has {len(text):,} characters; at most {IMPORT_MAX:,} are read at once. Import it in parts."
    return ImportSymbols(request_id, int(list_id or 0), text) if text.strip() else "Paste or choose symbols first."


def _note(request_id: str, asked: Asked) -> Command | str:
    con_id, text = asked.get("con"), asked.get("text")
    if not _is_number(con_id, 1, CON_ID_MAX) or not isinstance(text, str):
        return ""
    if len(text) > NOTE_MAX:
        return f"A note has at most {NOTE_MAX:,} characters; this one has {len(text):,}."
    return KeepNote(request_id, int(con_id or 0), text)


def _level(request_id: str, asked: Asked) -> Command | str:
    con_id, level_id, label, price = asked.get("con"), asked.get("level", 0), asked.get("label", ""), asked.get("price")
    if not _is_number(con_id, 1, CON_ID_MAX) or not _is_number(level_id, 0, CON_ID_MAX):
        return ""
    if not isinstance(label, str) or len(label) > LABEL_MOST:
        return ""
    if isinstance(price, bool) or not isinstance(price, int | float):
        return "Type a price first."
    return KeepLevel(request_id, int(con_id or 0), float(price), label, level_id)


def _drop(request_id: str, asked: Asked) -> Command | str:
    con_id, level_id = asked.get("con"), asked.get("level")
    if not _is_number(con_id, 1, CON_ID_MAX) or not _is_number(level_id, 1, CON_ID_MAX):
        return ""
    return DropLevel(request_id, int(con_id or 0), int(level_id or 0))


def _is_number(value: Any, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


_MAKERS: dict[str, Callable[[str, Asked], Command | str]] = {
    "list": _edit,
    "import": _import,
    "note": _note,
    "level": _level,
    "drop-level": _drop,
}
ACTIONS = tuple(_MAKERS)
