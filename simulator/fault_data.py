"""Faults of market data: silence, bad values, lost lines, farms, expiry."""

from __future__ import annotations

from simulator import texts
from simulator.fault_group import Answer, FaultGroup, Params
from simulator.lines import bad_tick

TICK_NAMES = {"bid_size": 0, "bid": 1, "ask": 2, "ask_size": 3, "last": 4, "last_size": 5, "high": 6, "low": 7,
              "volume": 8, "close": 9, "open": 14}  # fmt: skip


class DataFaults(FaultGroup):
    """What can go wrong with lines, bars and contracts while the connection stands."""

    def do_mute_ticks(self, params: Params) -> None:
        """Ticks stop, everything else goes on; one con_id or all."""
        if "con_id" in params:
            self._hub.faults.muted_con_ids.add(int(params["con_id"]))
        else:
            self._hub.faults.ticks_muted = True
        if "seconds" in params:
            self._later(float(params["seconds"]), self.do_unmute_ticks, Params({}))

    def do_unmute_ticks(self, params: Params) -> None:
        if "con_id" in params:
            self._hub.faults.muted_con_ids.discard(int(params["con_id"]))
        else:
            self._hub.faults.ticks_muted = False
            self._hub.faults.muted_con_ids.clear()

    def do_tick_value(self, params: Params) -> Answer:
        """A raw value such as NaN, -1, inf or empty on every line of a contract; `hold` true = until cleared."""
        con_id = None if params.get("con_id") is None else int(params["con_id"])
        tick = params.get("tick", "last")
        kind = TICK_NAMES[tick] if tick in TICK_NAMES else int(tick)
        if params.get("off"):
            self._hub.faults.held_ticks.clear()
            return {}
        value, hold = str(params["value"]), params.get("hold")
        lines = self._gateway.desks.lines.open_lines(con_id)
        for line in lines:
            line.session.send(bad_tick(line.request.req_id, kind, value))
            if hold:
                self._hub.faults.held_ticks[(line.instrument.con_id, kind)] = value
        return {"lines": len(lines)}

    def do_burst(self, params: Params) -> Answer:
        """`count` repetitions of the last price on every line of a contract, at once."""
        con_id = None if params.get("con_id") is None else int(params["con_id"])
        count = int(params.get("count", 100))
        lines = self._gateway.desks.lines.open_lines(con_id)
        for line in lines:
            quote = line.sent
            if quote is not None and quote.last is not None:
                line.session.send_many([line.fmt.price(4, quote.last, 100)] * count)
        return {"lines": len(lines)}

    def do_line_limit(self, params: Params) -> None:
        self._hub.settings.line_limit = int(params["limit"])

    def do_scanner_slots(self, params: Params) -> None:
        self._hub.settings.scanner_slots = int(params["limit"])

    def do_rename(self, params: Params) -> None:
        """Other words for a contract: symbol, local_symbol, long_name; the con_id stays."""
        names = (params.get("symbol"), params.get("local_symbol"), params.get("long_name"))
        self._hub.directory.rename(int(params["con_id"]), *names)

    def do_volume_unit(self, params: Params) -> None:
        """Applies to lines and bars that are asked for from now on."""
        if params["unit"] not in ("lots", "shares", "mixed"):
            raise ValueError("unit must be lots, shares or mixed")
        self._hub.settings.volume_unit = params["unit"]

    def do_round_lot(self, params: Params) -> None:
        """Shares a lot of one contract, for lines and bars that are asked for from now on."""
        self._hub.settings.round_lots[int(params["con_id"])] = int(params["lot"])

    def do_expire(self, params: Params) -> None:
        """The contract answers 200 to everything, as after its last trading day; `off` true brings it back."""
        change = self._hub.faults.expired_con_ids
        (change.discard if params.get("off") else change.add)(int(params["con_id"]))

    def do_lose_data(self, params: Params) -> None:
        """1100, all lines gone, and after `seconds` 1101."""
        self.do_connection_lost(Params({}))
        self._later(float(params.get("seconds", 5)), self.do_restored_lost, Params({}))

    def do_keep_data(self, params: Params) -> None:
        """1100, and after `seconds` 1102 with every line alive; `dead` true = they stay mute all the same."""
        self.do_connection_lost(Params({}))
        self._later(float(params.get("seconds", 5)), self.do_restored_kept, params)

    def do_connection_lost(self, _params: Params) -> None:
        self._hub.faults.ticks_muted = True
        self._hub.broadcast_error(-1, 1100, texts.CONNECTIVITY_LOST)

    def do_restored_lost(self, _params: Params) -> None:
        self._gateway.desks.lines.lose_all()
        self._gateway.desks.realtime.lose_all()
        self._hub.faults.ticks_muted = False
        self._hub.broadcast_error(-1, 1101, texts.RESTORED_LOST)

    def do_restored_kept(self, params: Params) -> None:
        if params.get("dead"):
            lines = self._gateway.desks.lines.open_lines(None)
            self._hub.faults.muted_con_ids |= {line.instrument.con_id for line in lines}
        self._hub.faults.ticks_muted = False
        self._hub.broadcast_error(-1, 1102, texts.RESTORED_KEPT)

    def do_farm(self, params: Params) -> None:
        """A farm goes down or up: which = data, history or definitions; up false = broken; `seconds` = a flap."""
        which = str(params.get("which", "data"))
        up = bool(params.get("up", False))
        farm = params.get("farm", {"data": "usfarm", "history": "ushmds"}.get(which, "secdefnj"))
        code, text = texts.FARM_CODES[which][up]
        if which == "data":
            self._hub.faults.ticks_muted = not up
            if not up:
                self._gateway.desks.history.lose_live()
        self._hub.broadcast_error(-1, code, text.format(farm=farm))
        if "seconds" in params and not up:
            self._later(float(params["seconds"]), self.do_farm, Params({"which": which, "up": True, "farm": farm}))

    def do_competing(self, _params: Params) -> Answer:
        """10197 on every line; they stay open and mute."""
        lines = self._gateway.desks.lines.open_lines(None)
        self._hub.faults.ticks_muted = True
        for line in lines:
            line.session.error(line.request.req_id, 10197, texts.COMPETING)
        return {"lines": len(lines)}
