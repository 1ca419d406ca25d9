"""The one poll: what a page shows, as a keyed view, and the difference between two views.

A *view* is {part: {key: value}}: a part is a block of the page ("strip", "grid:positions", "state"), a key one place in
it, a value what that place shows (already rounded for display). Part names choose how the browser merges:

- "grid:<name>", "rows:<name>"  value = {field: value} of one row; only changed fields travel
- "tail:<name>"  append-only points keyed by market second; a key that leaves the view is not reported
- anything else  a changed value travels whole

`Feed.poll(path, cursor)` answers None when the browser is up to date (204, no body), a delta against the cursor's view,
or the whole view marked "full" when the cursor is unknown, of another page or too old. Parts that a page marks as
`on_demand` travel only while the browser says that they are in sight: the cursor tells which of them it has, so that
one that comes into sight is sent whole and one that leaves is dropped. Pure but for `Feed`, which holds the last views
per page; any thread may call it.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from sys import intern
from typing import Any, Protocol

from app.snapshots import EngineState, SectionReader, Snapshots, engine_state
from app.views import PageView, find_page
from engine.clock import NEW_YORK
from engine.state.source import Reading

View = dict[str, dict[str, Any]]
BY_FIELD = ("grid:", "rows:")
KEPT_VIEWS = 40  # of each page: 80 s of a busy page; an older cursor gets the whole view
KEPT_PAGES = 32  # symbol pages come and go, and each zone has its own
KEPT_OF_MANY = 256  # where each choice of engines has its own, too
LOOKED_S = 30.0  # so long a part on demand is built after a browser had it in sight
CURSOR_DIGITS = 15  # a longer number is not one of ours, and turning thousands of digits into one is refused


class Clock(Protocol):
    def __call__(self) -> float: ...


@dataclass(frozen=True)
class Answer:
    """One poll's answer; `delta` None = nothing changed. Ages in seconds, None = the engine has never written.

    `snapshot` = number of the moment that everything on the page is of (`engine.state.source.Reading`).
    """

    delta: dict[str, Any] | None
    cursor: str
    heartbeat_age_s: float | None
    now_wall: float
    snapshot: int | None = None
    page: str = ""  # `PageView.mark` of the page that it is of


@dataclass
class _PageHistory:
    memo: tuple[Any, ...] | None = None
    made: View = field(default_factory=dict)  # the newest view as it was built
    looked: dict[str, float] = field(default_factory=dict)  # part on demand -> when a browser had it in sight
    version: int = 0
    views: OrderedDict[int, View] = field(default_factory=OrderedDict)


def diff(old: View, new: View) -> dict[str, Any]:
    """{"set": {part: {key: value}}, "del": {part: [key]}, "drop": [part]}, empty groups left out."""
    changed: dict[str, dict[str, Any]] = {}
    gone: dict[str, list[str]] = {}
    for part, values in new.items():
        before = old.get(part)
        if before is values:
            continue
        sets, dels = _part_diff(part, before or {}, values)
        if sets:
            changed[part] = sets
        if dels:
            gone[part] = dels
    groups = {"set": changed, "del": gone, "drop": [part for part in old if part not in new]}
    return {name: group for name, group in groups.items() if group}


def _part_diff(part: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    by_field = part.startswith(BY_FIELD)
    sets: dict[str, Any] = {}
    for key, value in new.items():
        before = old.get(key, _ABSENT)
        if before is value or (before == value and type(before) is type(value)):
            continue
        if by_field and before is not _ABSENT:
            sets[key] = _changed_fields(before, value)
        else:
            sets[key] = value
    return sets, [] if part.startswith("tail:") else [key for key in old if key not in new]


def _changed_fields(before: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """The fields that differ; one that left is sent as None (missing)."""
    changed = {name: v for name, v in row.items() if before.get(name, _ABSENT) != v}
    return changed | {name: None for name in before if name not in row}


_ABSENT: Any = object()


def shared(before: View, view: View, built: View | None = None) -> View:
    """`view`, made of the objects of `before` wherever the two say the same: 40 views of a page then cost little more
    than what moved between them. `built` = what `before` was made of: the same object there needs no comparing.
    """
    out: View = {}
    for part, values in view.items():
        known = before.get(part, {})
        if part in before and built is not None and built.get(part) is values:
            out[part] = known
            continue
        is_same = len(known) == len(values)
        made: dict[str, Any] = {}
        for key, value in values.items():
            old = known.get(key, _ABSENT)
            made[intern(key)] = kept = _shared_value(old, value) if old is not _ABSENT else value
            is_same = is_same and kept is old
        out[part] = known if is_same else made
    return out


def _shared_value(old: Any, new: Any) -> Any:
    if old is new or (type(old) is type(new) and old == new and type(new) is not dict):
        return old
    if type(old) is not dict or type(new) is not dict:
        return new
    if old == new and list(map(type, old.values())) == list(
        map(type, new.values())
    ):  # nearly all rows of nearly all polls
        return old
    fields = {name: _shared_value(old[name], value) if name in old else value for name, value in new.items()}
    is_same = len(old) == len(fields) and all(old.get(name, _ABSENT) is value for name, value in fields.items())
    return old if is_same else fields


class Feed:
    """Builds each page's view once per change, whoever asks, and answers with the difference to what the asker has.

    Args:
        reader: the state, in memory or on disk; each poll reads it once, so that a view is of one moment.
        clock: wall time, UTC epoch seconds.
        pages: what each path shows.
        choice_now: whose state the reader gives to who asks now; None = always the same.
    """

    def __init__(
        self,
        reader: SectionReader,
        clock: Clock,
        pages: tuple[PageView, ...],
        build_id: str = "",
        version: str = "",
        choice_now: Callable[[], str] | None = None,
    ) -> None:
        self._choice_now = choice_now
        self._reader = reader
        self._clock = clock
        self._pages = pages
        self._build = (build_id, version)
        self._boot = secrets.token_hex(3)
        self._lock = threading.Lock()
        self._histories: OrderedDict[str, _PageHistory] = OrderedDict()

    def poll(self, path: str, cursor: str | None, sight: str | None = None, zone: tzinfo = NEW_YORK) -> Answer:
        """The answer to one browser's poll of `path` that has seen `cursor` (None = nothing yet).

        `zone`: in which its times are told; another zone is another view.
        `sight`: the page's name and the parts on demand that are in sight, with spaces between; of another page or
        None = what the page shows when it is opened.
        """
        page, params = find_page(self._pages, path)
        key, wanted = f"{page.key(params)}@{zone}", page.wanted(sight)
        if self._choice_now is not None:
            key = f"{self._choice_now()}|{key}"
        if page.on_poll is not None:
            page.on_poll(params)
        with self._lock:  # around the reading, too: two polls at once must not put the older view last
            reading = self._reader.read_many(("heartbeat", *page.sections(params)))
            now = self._clock() if reading.engine_wall is None else reading.engine_wall
            age = reading.silent_s
            history = self._history(key)
            looked = _looked_at(history, wanted, now)
            self._refresh(history, page, params, reading, engine_state(age), now, looked, zone)
            delta = self._delta(history, key, cursor, page.on_demand, wanted)
            version = history.version
        after = _cursor(f"{self._boot}.{key}.", version, wanted)
        return Answer(delta, after, age, now, reading.snapshot, page.mark(params))

    def _history(self, key: str) -> _PageHistory:
        history = self._histories.setdefault(key, _PageHistory())
        self._histories.move_to_end(key)
        while len(self._histories) > (KEPT_PAGES if self._choice_now is None else KEPT_OF_MANY):
            self._histories.popitem(last=False)
        return history

    def _refresh(
        self,
        history: _PageHistory,
        page: PageView,
        params: dict[str, str],
        reading: Reading,
        state: EngineState,
        now: float,
        looked: frozenset[str],
        zone: tzinfo,
    ) -> None:
        seqs = reading.seqs()
        memo = (state, looked, tuple(seqs.get(name, -1) for name in page.sections(params)))
        if memo == history.memo:
            return
        s = replace(Snapshots.of(reading, state, now, self._build), looked_at=looked, zone=zone)
        made = view = page.build(s, params)
        history.memo = memo
        newest = history.views.get(history.version)
        if newest is not None:
            view = shared(newest, view, history.made)
        history.made = made
        if newest is not None:
            if newest.keys() == view.keys() and all(values is view[part] for part, values in newest.items()):
                return
        history.version += 1
        history.views[history.version] = view
        while len(history.views) > KEPT_VIEWS:
            history.views.popitem(last=False)

    def _delta(
        self, history: _PageHistory, key: str, cursor: str | None, on_demand: frozenset[str], wanted: frozenset[str]
    ) -> dict[str, Any] | None:
        seen, had = _seen(cursor, f"{self._boot}.{key}.")
        newest = _in_sight(history.views[history.version], on_demand, wanted)
        if seen == history.version and had == wanted:
            return None
        old = history.views.get(seen) if seen is not None else None
        if old is None:
            return {"full": True, "set": newest}
        return diff(_in_sight(old, on_demand, had), newest) or None


def _looked_at(history: _PageHistory, wanted: frozenset[str], now: float) -> frozenset[str]:
    """The parts on demand that browsers have in sight: no others are built."""
    history.looked |= dict.fromkeys(wanted, now)
    return frozenset(part for part, at in history.looked.items() if now - at < LOOKED_S)


def _in_sight(view: View, on_demand: frozenset[str], wanted: frozenset[str]) -> View:
    """The view without the parts on demand that are not wanted."""
    if on_demand <= wanted:
        return view
    return {part: values for part, values in view.items() if part not in on_demand or part in wanted}


def _cursor(prefix: str, version: int, wanted: frozenset[str]) -> str:
    """What the browser sends back: the version and the parts on demand that it has then."""
    return prefix + "~".join([str(version), *sorted(wanted)])


def _seen(cursor: str | None, prefix: str) -> tuple[int | None, frozenset[str]]:
    """The version that a cursor names, None = not one of ours, and the parts on demand that came with it."""
    if not isinstance(cursor, str) or not cursor.startswith(prefix):
        return None, frozenset()
    tail, *parts = cursor[len(prefix) :].split("~")
    return int(tail) if tail.isdecimal() and len(tail) <= CURSOR_DIGITS else None, frozenset(parts)
