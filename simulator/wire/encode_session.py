"""Messages about the connection itself: handshake, accounts, ids, errors, time."""

from __future__ import annotations

from simulator.wire.fields import payload
from simulator.wire.versions import ERROR_JSON, ERROR_TIME


def handshake(version: int, time_text: str) -> str:
    """Exactly two fields; that count is how clients recognise it."""
    return payload(version, time_text)


def managed_accounts(accounts: list[str]) -> str:
    return payload(15, 1, ",".join(accounts))


def next_valid_id(order_id: int) -> str:
    return payload(9, 1, order_id)


def error(version: int, req_id: int, code: int, text: str) -> str:
    if version >= ERROR_TIME:
        return payload(4, req_id, code, text, "", 0)
    if version >= ERROR_JSON:
        return payload(4, 2, req_id, code, text, "")
    return payload(4, 2, req_id, code, text)


def current_time(epoch_s: float) -> str:
    return payload(49, 1, int(epoch_s))
