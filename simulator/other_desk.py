"""Requests beyond accounts, quotes, bars and scans: what the gateway has is given, all else is refused as TWS does
for an account without that subscription. Nothing is left without an answer that TWS would answer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import groupby

from simulator import news, texts
from simulator.contracts import Refusal, validation
from simulator.hub import Hub
from simulator.model import Instrument
from simulator.session import Session
from simulator.wire import encode_other as enc
from simulator.wire import requests as rq
from simulator.wire.encode_contract import market_rule

# Refused with the request's own id: message id -> code and text.
REFUSED: dict[int, tuple[int, str]] = {
    10: (10092, texts.NO_DEPTH),
    11: (310, texts.UNKNOWN_DEPTH),
    18: (321, texts.VALIDATION.format(cause=texts.NO_ADVISOR)),
    19: (321, texts.VALIDATION.format(cause=texts.NO_ADVISOR)),
    52: (10358, texts.NO_FUNDAMENTALS),
    53: (300, texts.UNKNOWN_TICKER),
    54: (354, texts.NOT_SUBSCRIBED_AT_ALL),
    55: (354, texts.NOT_SUBSCRIBED_AT_ALL),
    56: (300, texts.UNKNOWN_TICKER),
    57: (300, texts.UNKNOWN_TICKER),
    65: (321, texts.VALIDATION.format(cause=texts.NO_VERIFICATION)),
    66: (321, texts.VALIDATION.format(cause=texts.NO_VERIFICATION)),
    68: (321, texts.VALIDATION.format(cause=texts.NO_DISPLAY_GROUP)),
    69: (321, texts.VALIDATION.format(cause=texts.NO_DISPLAY_GROUP)),
    70: (321, texts.VALIDATION.format(cause=texts.NO_DISPLAY_GROUP)),
    72: (321, texts.VALIDATION.format(cause=texts.NO_VERIFICATION)),
    73: (321, texts.VALIDATION.format(cause=texts.NO_VERIFICATION)),
    84: (10172, texts.NO_ARTICLE),
    88: (10188, texts.NO_HISTOGRAM),
    89: (366, texts.UNKNOWN_HISTORY),
    96: (10187, texts.NO_HISTORICAL_TICKS),
    98: (300, texts.UNKNOWN_TICKER),
    100: (10276, texts.NO_NEWS_FEED),
    101: (10280, texts.WSH_NOT_CANCELLED),
    102: (10276, texts.NO_NEWS_FEED),
    103: (10284, texts.WSH_EVENTS_NOT_CANCELLED),
}
# TWS says nothing to these: news bulletins that never come, and the level of its own log.
SILENT = frozenset({12, 13, 14})

MOST_HEADLINES = 300  # TWS' own limit

_Answer = Callable[[Session, rq.Other], None]


class OtherDesk:
    """Answers at once; keeps nothing."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._answers: dict[int, _Answer] = {
            67: lambda session, request: session.send(enc.display_groups(request.req_id)),
            78: self._option_parameters,
            79: lambda session, request: session.send(enc.soft_dollar_tiers(request.req_id)),
            80: self._family_codes,
            82: lambda session, request: session.send(enc.no_rows(80)),
            83: self._smart_components,
            85: self._news_providers,
            86: self._headlines,
            91: self._market_rule,
            104: lambda session, request: session.send(enc.user_info(request.req_id)),
        }

    def answer(self, session: Session, request: rq.Other) -> None:
        """Raises Refusal for what is not to be had."""
        if request.message_id in SILENT:
            return
        if (answer := self._answers.get(request.message_id)) is not None:
            answer(session, request)
            return
        code, text = REFUSED[request.message_id]
        raise Refusal(code, text.format(req_id=request.req_id, symbol=_symbol(request)))

    def _option_parameters(self, session: Session, request: rq.Other) -> None:
        """Expirations and strikes of the options on one underlying, a message a trading class."""
        under = _whole(request, 5)
        options = sorted((it for it in self._hub.world.instruments()
                          if it.sec_type in ("OPT", "FOP") and it.under_con_id == under), key=_class_of)  # fmt: skip
        for _, members in groupby(options, key=_class_of):
            session.send(enc.option_parameters(request.req_id, under, list(members)))
        session.send(enc.option_parameters_end(request.req_id))

    def _family_codes(self, session: Session, _request: rq.Other) -> None:
        session.send(enc.family_codes(self._hub.accounts()))

    def _news_providers(self, session: Session, _request: rq.Other) -> None:
        session.send(enc.news_providers(news.PROVIDERS if self._hub.settings.news else ()))

    def _headlines(self, session: Session, request: rq.Other) -> None:
        """Each a message, the newest first, and the end, which says whether there are more."""
        con_id, most = _whole(request, 2), min(MOST_HEADLINES, max(1, _whole(request, 6)))
        asked = frozenset(request.fields[3].split("+"))
        instrument = self._hub.world.instrument(con_id)
        if not self._hub.settings.news or not asked & {code for code, _ in news.PROVIDERS}:
            raise validation(texts.NO_NEWS)
        if instrument is None:
            raise Refusal(200, texts.NO_DEFINITION)
        now = self._hub.world.now()
        since, until = _moment(request.fields[4], 0.0), _moment(request.fields[5], now)
        found = news.headlines(instrument, asked, since, min(until, now), most)
        for one in found[:most]:
            at = datetime.fromtimestamp(one.time, UTC).strftime("%Y-%m-%d %H:%M:%S.0")
            session.send(enc.headline(request.req_id, at, one.provider, one.article_id, one.text))
        session.send(enc.headlines_end(request.req_id, len(found) > most))

    def _smart_components(self, session: Session, request: rq.Other) -> None:
        session.send(enc.smart_components(request.req_id))

    def _market_rule(self, session: Session, request: rq.Other) -> None:
        """One price increment; the smallest where several contracts go by the rule."""
        rule = _whole(request, 1)
        ticks = [it.min_tick for it in self._hub.world.instruments() if market_rule(it) == str(rule)]
        if not ticks:
            raise validation(f"Invalid market rule id {rule}")
        session.send(enc.market_rule(rule, min(ticks)))


def _class_of(it: Instrument) -> tuple[str, str, str]:
    return (it.exchange, it.trading_class, it.multiplier)


def _symbol(request: rq.Other) -> str:
    """The symbol of a request whose contract block follows its id."""
    at = {54: 4, 55: 4}.get(request.message_id, 0)
    return request.fields[at] if 0 < at < len(request.fields) else ""


def _moment(text: str, usual: float) -> float:
    """ "2025-11-05 14:00:00.0" in UTC; what is left out, or is no time, is the usual."""
    try:
        return datetime.strptime(text.partition(".")[0], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return usual


def _whole(request: rq.Other, at: int) -> int:
    """A field that must be a whole number. Raises Refusal when it is none or missing."""
    try:
        return int(request.fields[at])
    except (IndexError, ValueError):
        raise Refusal(320, texts.BAD_READ.format(cause=f"field {at} is no whole number")) from None
