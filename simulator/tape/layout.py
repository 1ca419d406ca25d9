"""Where request ids stand in messages, for server versions from 157 on, and which answers belong to which request."""

from __future__ import annotations

from simulator.wire.versions import ERROR_TIME, SIZE_INCREMENTS

OLDEST = 157  # below it fields stand elsewhere; QTrade's clients begin there

MARKET_DATA, CANCEL_MARKET_DATA, ACCOUNT_UPDATES, EXECUTIONS, NEXT_ID, DETAILS = 1, 2, 6, 7, 8, 9
MANAGED_ACCOUNTS, ADVISOR, HISTORY, SCAN, SCAN_PARAMETERS, CURRENT_TIME = 17, 18, 20, 22, 24, 49
DATA_TYPE, POSITIONS, CANCEL_POSITIONS, START_API, COMPLETED = 59, 61, 64, 71, 99
OPEN_ORDERS, AUTO_OPEN, ALL_OPEN, NEWS, CANCEL_NEWS = 5, 15, 16, 12, 13
REALTIME_BARS, HEAD_TIMESTAMP = 50, 87

ERROR = 4
ANSWER_ACCOUNTS, ANSWER_NEXT_ID, ANSWER_TIME = 15, 9, 49
ANSWER_EXECUTION, ANSWER_COMMISSION, ANSWER_EXECUTIONS_END = 11, 59, 55

ORDERS = frozenset({3, 4, 21, 58})  # place, cancel, exercise, cancel all

# Requests: index of the request id; those that are missing have none.
_REQUEST_ID = {
    **dict.fromkeys((1, 7, 9, 10, 50, 54, 55, 62, 74, 76), 2),
    **dict.fromkeys((20, 22, 78, 81, 83, 84, 86, 87, 88, 92, 94, 96, 97), 1),
}

# Cancels: index of the request id, and what is cancelled.
CANCELS = {
    2: (2, 1), 11: (2, 10), 23: (2, 22), 25: (2, 20), 51: (2, 50), 63: (2, 62), 75: (2, 74), 77: (2, 76),
    89: (1, 88), 90: (1, 87), 93: (1, 92), 95: (1, 94), 98: (1, 97),
}  # fmt: skip

# Answers: index of the request id.
_ANSWER_ID = {
    **dict.fromkeys((1, 2, 12, 13, 20, 45, 46, 50, 52, 55, 57, 58, 63, 64, 71, 72, 73, 74), 2),
    **dict.fromkeys(
        (11, 17, 21, 75, 76, 79, 81, 82, 83, 84, 86, 87, 88, 89, 90, 91, 92, 94, 95, 96, 97, 98, 99, 106, 108), 1
    ),
}

# Answers without a request id: the requests that they may belong to.
UNNUMBERED = {
    53: (OPEN_ORDERS, AUTO_OPEN, ALL_OPEN),
    5: (OPEN_ORDERS, AUTO_OPEN, ALL_OPEN),
    3: (OPEN_ORDERS, AUTO_OPEN, ALL_OPEN),
    6: (ACCOUNT_UPDATES,), 7: (ACCOUNT_UPDATES,), 8: (ACCOUNT_UPDATES,), 54: (ACCOUNT_UPDATES,),
    61: (POSITIONS,), 62: (POSITIONS,),
    9: (NEXT_ID, START_API), 15: (MANAGED_ACCOUNTS, START_API), 16: (ADVISOR,), 19: (SCAN_PARAMETERS,),
    49: (CURRENT_TIME,), 101: (COMPLETED,), 102: (COMPLETED,), 14: (NEWS,), 59: (EXECUTIONS,),
}  # fmt: skip

# What says that an answer is complete.
ENDS = {
    DETAILS: 52, EXECUTIONS: 55, OPEN_ORDERS: 53, AUTO_OPEN: 53, ALL_OPEN: 53, COMPLETED: 102, ACCOUNT_UPDATES: 54,
    POSITIONS: 62, 62: 64, 76: 74, 74: 72,
}  # fmt: skip
END_MESSAGES = frozenset(ENDS.values()) | {57}

_STREAMS = frozenset({MARKET_DATA, ACCOUNT_UPDATES, 10, SCAN, 50, POSITIONS, 62, 74, 76, 92, 94, 97, NEWS})
SILENT = frozenset({DATA_TYPE, 14, CANCEL_POSITIONS, CANCEL_NEWS, *CANCELS})  # nothing answers these


def request_id_at(message_id: int) -> int | None:
    """None = the request has no id."""
    return _REQUEST_ID.get(message_id)


def answer_id_at(message_id: int, version: int) -> int | None:
    """None = the message has no request id."""
    if message_id in (10, 18):
        return 1 if version >= SIZE_INCREMENTS else 2
    if message_id == ERROR:
        return 1 if version >= ERROR_TIME else 2
    return _ANSWER_ID.get(message_id)


def is_stream(fields: list[str]) -> bool:
    """Whether answers go on until a cancel: a subscription, no snapshot, bars that are kept up to date."""
    message_id = int(fields[0])
    if message_id == MARKET_DATA:
        return not _snapshot(fields)
    if message_id == HISTORY:
        return len(fields) > 2 and _kept_up(fields)
    return message_id in _STREAMS


def is_cancel(fields: list[str]) -> bool:
    return cancelled_by(fields) is not None


def cancelled_by(fields: list[str]) -> tuple[int, str] | None:
    """The request that this message ends, and the number under which it was asked, "" = it has none."""
    message_id = int(fields[0])
    if message_id in CANCELS:
        at, what = CANCELS[message_id]
        return (what, fields[at]) if len(fields) > at else None
    if message_id == ACCOUNT_UPDATES and fields[2:3] == ["0"]:
        return ACCOUNT_UPDATES, ""
    if message_id in (CANCEL_POSITIONS, CANCEL_NEWS):
        return (POSITIONS if message_id == CANCEL_POSITIONS else NEWS), ""
    return None


def key_of(fields: list[str]) -> tuple[str, ...]:
    """What is asked, without the number under which: equal for equal requests."""
    at = request_id_at(int(fields[0]))
    return tuple(fields) if at is None else (*fields[:at], *fields[at + 1 :])


def loose_key(fields: list[str]) -> tuple[str, ...] | None:
    """What is asked of which contract, however else it is asked; None where only the whole request means something."""
    message_id, key = int(fields[0]), key_of(fields)
    if message_id in (MARKET_DATA, DETAILS, REALTIME_BARS) and len(key) > 16:
        kind = (str(_snapshot(fields)),) if message_id == MARKET_DATA else key[15:17]  # else an ISIN, or what and hours
        return _of_contract(key[0], key[2:14], kind)
    if message_id == HISTORY and len(key) > 18:
        kind = (key[15], key[17], key[18], str(_kept_up(fields)))  # bar size, hours, what
        return _of_contract(key[0], key[1:13], kind)
    if message_id == HEAD_TIMESTAMP and len(key) > 15:
        return _of_contract(key[0], key[1:13], (key[15],))
    if message_id == EXECUTIONS and len(key) > 3:
        return (key[0], key[3])  # of which account
    if message_id == START_API:
        return (key[0],)
    return None


def _of_contract(name: str, block: tuple[str, ...], kind: tuple[str, ...]) -> tuple[str, ...] | None:
    """None for a combination: its legs are what it is."""
    con_id, symbol, sec_type, expiry, strike, right, _, _, _, currency, local, trading_class = block
    if sec_type == "BAG":
        return None
    if con_id not in ("", "0"):
        return (name, con_id, *kind)
    return (name, symbol, sec_type, expiry, strike, right, currency, local, trading_class, *kind)


def _snapshot(fields: list[str]) -> bool:
    """The flag third from the end: `..., generic ticks, snapshot, regulatory snapshot, options`."""
    return len(fields) > 4 and fields[-3] == "1"


def _kept_up(fields: list[str]) -> bool:
    return fields[-2] == "1"


# Fields that tell one thing from another of the same message: a tick type, an account's value, a row.
_KINDS = {
    "1": (3,), "2": (3,), "45": (3,), "46": (3,), "21": (2,), "4": (3,), "6": (2, 4), "7": (2,), "61": (2, 3),
    "63": (3, 4, 6), "73": (3, 4, 5, 7), "71": (3, 4), "90": (3,), "12": (3, 4, 5), "13": (3, 4, 5, 6),
}  # fmt: skip


def kind_of(text: str) -> tuple[str, ...]:
    """Of two messages of a kind, the later one says how it stands: one price field, one account value, one row."""
    fields = text.split("\0", 9)
    return (fields[0], *(fields[at] for at in _KINDS.get(fields[0], ()) if at < len(fields)))
