"""What the control port answers: ledger, ground truth, quotes, world, faults, positions."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from simulator.account import ZERO, Book, exact, money_factor
from simulator.account_values import CurrencySums
from simulator.book_report import report
from simulator.contracts import Refusal
from simulator.control import ControlError, ControlRequest, Route
from simulator.fault_actions import FaultActions, UnknownFault
from simulator.gateway import Gateway
from simulator.model import Instrument
from simulator.scenario import Scenario
from simulator.scenario_run import ScenarioRun
from simulator.split_world import SplitWorld
from simulator.trading import KINDS, Trade
from simulator.world.portfolio_world import PortfolioWorld


class ControlRoutes:
    """Runs in the gateway's loop, so that every answer is one moment."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._hub = gateway.hub
        self._faults = FaultActions(gateway)
        self._scenario: ScenarioRun | None = None

    def table(self) -> dict[tuple[str, str], Route]:
        return {
            ("GET", "/ledger"): self.ledger,
            ("POST", "/ledger/reset"): self.reset,
            ("GET", "/truth"): self.truth,
            ("GET", "/quote"): self.quote,
            ("GET", "/world"): self.world,
            ("GET", "/faults"): self.faults,
            ("GET", "/scenario"): self.scenario,
            ("POST", "/fault"): self.fault,
            ("POST", "/position"): self.position,
            ("GET", "/book"): self.book,
            ("POST", "/trade"): self.trade,
            ("POST", "/correct"): self.correct,
            ("POST", "/commission"): self.commission,
            ("POST", "/hold"): self.hold,
            ("POST", "/pin"): self.pin,
            ("POST", "/release"): self.release,
        }

    def ledger(self, _request: ControlRequest) -> object:
        sessions = [
            {"session": s.number, "client_id": s.client_id, "version": s.version, "ready": s.ready}
            for s in self._hub.sessions.values()
        ]
        wall, market = self._hub.wall(), self._hub.world.now()
        limit = self._hub.settings.line_limit
        report = self._hub.ledger.report(wall)
        return {**report, "line_limit": limit, "sessions": sessions, "wall": wall, "market": market}

    def reset(self, _request: ControlRequest) -> object:
        self._hub.ledger.reset(self._hub.wall())
        return {"reset": True}

    def truth(self, request: ControlRequest) -> object:
        """Injected breakouts whose start lies in [start, end), market time; default = the last hour."""
        now = self._hub.world.now()
        start = float(request.query.get("start", now - 3600))
        end = float(request.query.get("end", now))
        return {"start": start, "end": end, "now": now,
                "breakouts": [asdict(item) for item in self._hub.world.truth(start, end)]}  # fmt: skip

    def quote(self, request: ControlRequest) -> object:
        """The world's quote in shares, before any unit of the wire."""
        con_id = int(request.query["con_id"])
        instrument = self._hub.directory.get(con_id)
        if instrument is None:
            raise ControlError(404, f"con_id {con_id} is unknown")
        quote = self._hub.world.quote(con_id)
        return {"instrument": asdict(instrument), "quote": asdict(quote) if quote else None}

    def world(self, request: ControlRequest) -> object:
        """The world and one account, the first when `account` is not given."""
        hub, book = self._hub, self._book(request.query.get("account", ""))
        rows = [
            {
                "con_id": row.instrument.con_id,
                "local_symbol": row.instrument.local_symbol,
                "quantity": _number(row.quantity),
                "avg_cost": _number(row.avg_cost),
                "price": _number(row.price),
                "value": _number(row.value),
                "unrealized": _number(row.unrealized),
                "realized": _number(row.realized),
                "daily": _number(row.daily),
            }
            for row in hub.portfolio(book)
        ]
        sums = hub.totals(book)
        total = {name: _number(getattr(sums.total, name)) for name in CurrencySums.__slots__}
        return {
            "now": hub.world.now(),
            "speed": hub.world.speed(),
            "seed": hub.settings.seed,
            "account": hub.account(book),
            "accounts": hub.accounts(),
            "base": book.base,
            "volume_unit": hub.settings.volume_unit,
            "holdings": rows,
            "net_liquidation": _number(sums.net_liquidation),
            **total,
        }

    def begin(self, scenario: Scenario) -> asyncio.Task[None]:
        """Plays the steps of a scenario from now on, in the running loop."""
        self._scenario = ScenarioRun(scenario, self._hub.world, self.table(), self._hub.wall)
        return asyncio.get_running_loop().create_task(self._scenario.play())

    def scenario(self, _request: ControlRequest) -> object:
        """How far the scenario is: each step with when it is due and what came of it."""
        if self._scenario is None:
            raise ControlError(404, "no scenario is under way; start the simulator with --scenario NAME or FILE")
        return self._scenario.report()

    def faults(self, _request: ControlRequest) -> object:
        known = {
            kind: {name: param.rule for name, param in params.items()} for kind, params in self._faults.params.items()
        }
        return {"kinds": self._faults.kinds(), "params": known, "active": self._hub.faults.report()}

    def fault(self, request: ControlRequest) -> object:
        """`{"kind": ..., parameters}`; they may also lie in an object `params`."""
        body = dict(request.body)
        kind = str(body.pop("kind", ""))
        params = {**body.pop("params", {}), **body}
        try:
            return {"kind": kind, **self._faults.run(kind, params)}
        except UnknownFault as problem:
            raise ControlError(400, str(problem)) from None

    def position(self, request: ControlRequest) -> object:
        """Sets a position: quantity 0 closes it. The trade is filled at the market, else at `avg_cost`."""
        hub, body = self._hub, request.body
        book, instrument = self._book(str(body.get("account", ""))), self._contract(body)
        con_id, quantity = instrument.con_id, exact(body["quantity"])
        quote, factor = hub.world.quote(con_id), money_factor(instrument)
        market = exact(quote.last) if quote is not None and quote.last else None
        held = book.lot(con_id)
        known_cost = held.avg_cost if held.quantity else (market or ZERO) * factor
        avg_cost = exact(body["avg_cost"]) if "avg_cost" in body else known_cost
        price = market if market is not None else (avg_cost or ZERO) / factor
        settled = book.set_position(con_id, quantity, avg_cost, price, hub.world.now(), hub.next_number())
        hub.ledger.position_changed(con_id, hub.wall())
        desks = self._gateway.desks
        if settled is not None:
            desks.orders.announce(book, settled)
        desks.account.position_changed(book, con_id)
        filled_at = _number(price) if settled is not None else None
        return {"con_id": con_id, "quantity": _number(quantity), "avg_cost": _number(avg_cost), "filled_at": filled_at}

    # the book, and trades

    def book(self, _request: ControlRequest) -> object:
        return report(self._hub, self._gateway.desks.orders)

    def trade(self, request: ControlRequest) -> object:
        """`{"con_id":, "shares": signed, "account":, "price":, "kind":}`: a trade that happens now."""
        body = request.body
        kind = body.get("kind", "plain")
        if kind not in KINDS:
            raise ControlError(400, f"kind {kind!r} is unknown; one of: {', '.join(KINDS)}")
        price = None if body.get("price") is None else exact(body["price"])
        trade = Trade(
            self._book(str(body.get("account", ""))), self._contract(body), exact(body["shares"]), price, kind
        )
        try:
            made = self._gateway.desks.trading.make(trade)
        except ValueError as problem:
            raise ControlError(400, str(problem)) from None
        return {"exec_ids": [one.fill.exec_id for one in made]}

    def correct(self, request: ControlRequest) -> object:
        """`{"exec_id":, "price":, "shares":, "account":}`: the exchange corrects a fill."""
        body = request.body
        price, shares = (None if body.get(name) is None else exact(body[name]) for name in ("price", "shares"))
        book = self._book(str(body.get("account", "")))
        try:
            settled = self._gateway.desks.trading.correct(book, str(body["exec_id"]), price, shares)
        except KeyError as problem:
            raise ControlError(404, str(problem)) from None
        return {"exec_id": settled.fill.exec_id}

    def commission(self, request: ControlRequest) -> object:
        """`{"exec_id":, "account":}`: the report that was held back."""
        book = self._book(str(request.body.get("account", "")))
        self._gateway.desks.trading.report_commission(book, str(request.body["exec_id"]))
        return {}

    def hold(self, request: ControlRequest) -> object:
        """The market stands still for `seconds` of wall time and all that is due goes out; gives the book."""
        self._gateway.hold(float(request.body.get("seconds", 2.0)))
        return report(self._hub, self._gateway.desks.orders)

    def release(self, _request: ControlRequest) -> object:
        self._gateway.release()
        return {}

    def pin(self, request: ControlRequest) -> object:
        """`{"con_id":, "price":}`: the quote stands there, null frees it. Only in the world of all kinds."""
        world, con_id, price = self._hub.world, self._contract(request.body).con_id, request.body.get("price")
        if isinstance(world, SplitWorld):
            world = world.market
        if not isinstance(world, PortfolioWorld) or not world.pin(con_id, None if price is None else float(price)):
            raise ControlError(400, f"con_id {con_id} can't be pinned: only quoted contracts of --portfolio world can")
        return {"con_id": con_id, "price": price}

    def _book(self, account: str) -> Book:
        try:
            return self._hub.book(account)
        except Refusal as problem:
            raise ControlError(404, problem.text) from None

    def _contract(self, body: dict[str, Any]) -> Instrument:
        instrument = self._hub.directory.get(int(body["con_id"]))
        if instrument is None:
            raise ControlError(404, f"con_id {body['con_id']} is unknown")
        return instrument


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
