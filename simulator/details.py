"""Contract details and symbol search."""

from __future__ import annotations

from simulator import texts
from simulator.contracts import Match, Refusal
from simulator.hub import Hub
from simulator.model import Instrument
from simulator.session import Session
from simulator.wire import encode_contract as enc
from simulator.wire import requests as rq

ANSWER_S = 0.03


class DetailsDesk:
    """Answers after a moment; a contract without exchange is fine here, unlike in data requests."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def details(self, session: Session, request: rq.ContractDetails) -> None:
        hub = self._hub
        matches = [m for m in hub.directory.match(request.contract, request.include_expired)
                   if m.instrument.behaviour != "no_details"]  # fmt: skip
        hub.faults.check("details", request.contract.con_id or None)
        gone = hub.faults.expired_con_ids
        matches = [match for match in matches if match.instrument.con_id not in gone]
        if matches and matches[0].instrument.behaviour == "no_answer":
            return  # the details of a combination are never answered
        if not matches:
            raise Refusal(200, texts.NO_DEFINITION)
        messages = [enc.contract_details(session.version, request.req_id, self._row(match)) for match in matches]
        messages.append(enc.contract_details_end(request.req_id))
        session.after(ANSWER_S + hub.faults.answer_delay_s, session.send_many, messages)

    def search(self, session: Session, request: rq.MatchingSymbols) -> None:
        found = self._hub.world.search(request.pattern)
        message = enc.symbol_samples(session.version, request.req_id, found)
        session.after(ANSWER_S, session.send, message)

    def _row(self, match: Match) -> enc.DetailsRow:
        it, world = match.instrument, self._hub.world
        expires = bool(it.last_trade_date)
        return enc.DetailsRow(
            instrument=it,
            exchange=match.exchange or it.exchange,
            sec_type=match.sec_type,
            trading_hours=world.trading_hours(it.con_id, liquid=False),
            liquid_hours=world.trading_hours(it.con_id, liquid=True),
            last_trade_time=f"{it.last_trade_clock} {it.time_zone_id}" if expires else "",
            sec_ids=(("ISIN", isin_of(it)),) if it.sec_type == "STK" else (),
        )


def isin_of(instrument: Instrument) -> str:
    """A made-up US number with the right length and check digit."""
    body = f"US{instrument.con_id % 10**9:09d}"
    digits = "".join(str(int(char, 36)) for char in body)
    doubled = [int(d) * (2 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits))]
    total = sum(sum(divmod(value, 10)) for value in doubled)
    return f"{body}{-total % 10}"
