"""Answers to requests beyond accounts, quotes, bars and scans."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.model import Instrument
from simulator.wire.fields import number, payload

_COMPONENTS = (("NYSE", "N"), ("NASDAQ", "Q"), ("ARCA", "P"))


def no_rows(message_id: int) -> str:
    """A list without entries."""
    return payload(message_id, 0)


def news_providers(providers: Sequence[tuple[str, str]]) -> str:
    return payload(85, len(providers), *[text for pair in providers for text in pair])


def headline(req_id: int, time: str, provider: str, article_id: str, text: str) -> str:
    return payload(86, req_id, time, provider, article_id, text)


def headlines_end(req_id: int, has_more: bool) -> str:
    return payload(87, req_id, int(has_more))


def display_groups(req_id: int) -> str:
    """A gateway has no windows and so no groups of them."""
    return payload(67, 1, req_id, "")


def soft_dollar_tiers(req_id: int) -> str:
    return payload(77, req_id, 0)


def family_codes(accounts: Sequence[str]) -> str:
    return payload(78, len(accounts)) + "".join([payload(account, "") for account in accounts])


def smart_components(req_id: int) -> str:
    rows = [payload(bit, exchange, letter) for bit, (exchange, letter) in enumerate(_COMPONENTS)]
    return payload(82, req_id, len(rows)) + "".join(rows)


def market_rule(rule: int, increment: float) -> str:
    return payload(93, rule, 1, 0, number(increment))


def user_info(req_id: int) -> str:
    return payload(107, req_id, "")


def option_parameters(req_id: int, under_con_id: int, options: Sequence[Instrument]) -> str:
    """`options` are of one exchange, trading class and multiplier."""
    one = options[0]
    expirations = sorted({it.last_trade_date for it in options})
    strikes = sorted({it.strike for it in options})
    head = payload(75, req_id, one.exchange, under_con_id, one.trading_class, one.multiplier)
    return head + payload(len(expirations), *expirations, len(strikes), *strikes)


def option_parameters_end(req_id: int) -> str:
    return payload(76, req_id)
