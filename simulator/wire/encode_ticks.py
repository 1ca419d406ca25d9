"""Market data messages. Prices and sizes arrive as text, already in the unit of the client."""

from __future__ import annotations

from simulator.wire.fields import payload

BID_SIZE, BID, ASK, ASK_SIZE, LAST, LAST_SIZE = 0, 1, 2, 3, 4, 5
HIGH, LOW, VOLUME, CLOSE, OPEN = 6, 7, 8, 9, 14
AVG_VOLUME = 21
MARK_PRICE = 37
LAST_TIMESTAMP, SHORTABLE, RT_VOLUME, HALTED = 45, 46, 48, 49
DELAYED_TIMESTAMP = 88
MODEL_OPTION, DELAYED_MODEL_OPTION = 13, 83

DELAYED = {
    BID: 66,
    ASK: 67,
    LAST: 68,
    BID_SIZE: 69,
    ASK_SIZE: 70,
    LAST_SIZE: 71,
    HIGH: 72,
    LOW: 73,
    VOLUME: 74,
    CLOSE: 75,
    OPEN: 76,
    LAST_TIMESTAMP: DELAYED_TIMESTAMP,
    HALTED: 90,
    MODEL_OPTION: DELAYED_MODEL_OPTION,
}

LIVE, FROZEN, DELAYED_TYPE, DELAYED_FROZEN = 1, 2, 3, 4


def tick_price(req_id: int, tick_type: int, price: str, size: str, mask: int) -> str:
    return f"1\x006\x00{req_id}\0{tick_type}\0{price}\0{size}\0{mask}\0"


def tick_size(req_id: int, tick_type: int, size: str) -> str:
    return f"2\x006\x00{req_id}\0{tick_type}\0{size}\0"


def tick_generic(req_id: int, tick_type: int, value: str) -> str:
    return f"45\x006\x00{req_id}\0{tick_type}\0{value}\0"


def tick_string(req_id: int, tick_type: int, value: str) -> str:
    return f"46\x006\x00{req_id}\0{tick_type}\0{value}\0"


def option_model(req_id: int, tick_type: int, volatility: str, delta: str, price: str, under_price: str) -> str:
    """Message 21: what the model says; gamma, vega and theta are not computed (-2), no dividend is known (-1)."""
    return payload(21, req_id, tick_type, 0, volatility, delta, price, -1, -2, -2, -2, under_price)


def tick_req_params(req_id: int, min_tick: str, bbo_exchange: str, permissions: int) -> str:
    return payload(81, req_id, min_tick, bbo_exchange, permissions)


def market_data_type(req_id: int, data_type: int) -> str:
    return payload(58, 1, req_id, data_type)


def reroute(req_id: int, con_id: int, exchange: str) -> str:
    """A CFD has no line of its own: ask for the underlying instead."""
    return payload(91, req_id, con_id, exchange)


def snapshot_end(req_id: int) -> str:
    return payload(57, 1, req_id)
