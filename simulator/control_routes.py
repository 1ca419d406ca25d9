"""What the control port answers: ledger, ground truth, quotes, world, faults, positions."""

from __future__ import annotations

from dataclasses import asdict

from simulator.account import multiplier_of
from simulator.control import ControlError, ControlRequest, Route
from simulator.fault_actions import FaultActions, UnknownFault
from simulator.gateway import Gateway


class ControlRoutes:
    """Runs in the gateway's loop, so that every answer is one moment."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._hub = gateway.hub
        self._faults = FaultActions(gateway)

    def table(self) -> dict[tuple[str, str], Route]:
        return {
            ("GET", "/ledger"): self.ledger,
            ("POST", "/ledger/reset"): self.reset,
            ("GET", "/truth"): self.truth,
            ("GET", "/quote"): self.quote,
            ("GET", "/world"): self.world,
            ("GET", "/faults"): self.faults,
            ("POST", "/fault"): self.fault,
            ("POST", "/position"): self.position,
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

    def world(self, _request: ControlRequest) -> object:
        hub = self._hub
        rows = [
            {
                "con_id": row.instrument.con_id,
                "local_symbol": row.instrument.local_symbol,
                "quantity": row.quantity,
                "avg_cost": row.avg_cost,
                "price": row.price,
                "value": row.value,
                "unrealized": row.unrealized,
                "realized": row.realized,
                "daily": row.daily,
            }
            for row in hub.portfolio()
        ]
        sums = hub.totals()
        return {
            "now": hub.world.now(),
            "speed": hub.world.speed(),
            "seed": hub.settings.seed,
            "account": hub.account(),
            "volume_unit": hub.settings.volume_unit,
            "holdings": rows,
            "net_liquidation": sums.net_liquidation,
            **asdict(sums),
        }

    def faults(self, _request: ControlRequest) -> object:
        return {"kinds": self._faults.kinds(), "active": self._hub.faults.report()}

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
        con_id, quantity = int(body["con_id"]), float(body["quantity"])
        instrument = hub.directory.get(con_id)
        if instrument is None:
            raise ControlError(404, f"con_id {con_id} is unknown")
        held, quote = hub.book.get(con_id), hub.world.quote(con_id)
        scale = multiplier_of(instrument)
        market = quote.last if quote is not None and quote.last else None
        known_cost = held.avg_cost if held else (market or 0.0) * scale
        avg_cost = float(body.get("avg_cost", known_cost))
        price = market if market is not None else avg_cost / scale
        fill = hub.book.alter(instrument, quantity, avg_cost, price, hub.world.now())
        hub.ledger.position_changed(con_id, hub.wall())
        if fill is not None:
            self._gateway.desks.orders.announce(fill)
        self._gateway.desks.account.position_changed(con_id)
        return {"con_id": con_id, "quantity": quantity, "avg_cost": avg_cost, "filled_at": price if fill else None}
