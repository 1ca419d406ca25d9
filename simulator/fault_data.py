"""Faults of market data: silence, bad values, lost lines, farms, expiry."""

from __future__ import annotations

from simulator import texts
from simulator.fault_group import Answer, FaultGroup, Params
from simulator.fault_params import CON_ID, COUNT, FLAG, NUMBER, SCALAR, SECONDS, TEXT, WHOLE, numbered, one_of, takes
from simulator.lines import bad_tick

TICK_NAMES = {"bid_size": 0, "bid": 1, "ask": 2, "ask_size": 3, "last": 4, "last_size": 5, "high": 6, "low": 7,
              "volume": 8, "close": 9, "open": 14}  # fmt: skip


class DataFaults(FaultGroup):
    """What can go wrong with lines, bars and contracts while the connection stands."""

    @takes(con_id=CON_ID, seconds=SECONDS)
    def do_mute_ticks(self, params: Params) -> None:
        """Ticks stop, everything else goes on; one con_id or all."""
        one = {"con_id": params["con_id"]} if params.get("con_id") else {}
        if one:
            self._hub.faults.muted_con_ids.add(one["con_id"])
        else:
            self._hub.faults.ticks_muted = True
        if params.get("seconds") is not None:
            self._later(float(params["seconds"]), self.do_unmute_ticks, one)

    @takes(con_id=CON_ID)
    def do_unmute_ticks(self, params: Params) -> None:
        if params.get("con_id"):
            self._hub.faults.muted_con_ids.discard(int(params["con_id"]))
        else:
            self._hub.faults.ticks_muted = self._hub.faults.competing = False
            self._hub.faults.muted_con_ids.clear()

    @takes(con_id=CON_ID, tick=numbered(TICK_NAMES), value=SCALAR, hold=FLAG, off=FLAG)
    def do_tick_value(self, params: Params) -> Answer:
        """A raw value such as NaN, -1, inf or empty on every line of a contract; `hold` true = until cleared."""
        con_id = None if params.get("con_id") is None else int(params["con_id"])
        tick = params.get("tick", "last")
        kind = TICK_NAMES[tick] if tick in TICK_NAMES else int(tick)
        if params.get("off"):
            self._hub.faults.held_ticks.clear()
            return {}
        if params.get("value") is None:
            raise ValueError("needs value, text or a number, unless off is true")
        value, hold = str(params["value"]), params.get("hold")
        lines = self._gateway.desks.lines.open_lines(con_id)
        for line in lines:
            line.session.send(bad_tick(line.request.req_id, kind, value))
            if hold:
                self._hub.faults.held_ticks[(line.instrument.con_id, kind)] = value
        return {"lines": len(lines)}

    @takes(con_id=CON_ID, count=COUNT)
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

    @takes(limit=WHOLE.needed())
    def do_line_limit(self, params: Params) -> None:
        self._hub.settings.line_limit = int(params["limit"])

    @takes(limit=WHOLE.needed())
    def do_scanner_slots(self, params: Params) -> None:
        self._hub.settings.scanner_slots = int(params["limit"])

    @takes(con_id=CON_ID.needed(), symbol=TEXT, local_symbol=TEXT, long_name=TEXT)
    def do_rename(self, params: Params) -> None:
        """Other words for a contract: symbol, local_symbol, long_name; the con_id stays."""
        names = (params.get("symbol"), params.get("local_symbol"), params.get("long_name"))
        self._hub.directory.rename(int(params["con_id"]), *names)

    @takes(unit=one_of("lots", "shares", "mixed").needed())
    def do_volume_unit(self, params: Params) -> None:
        """Applies to lines and bars that are asked for from now on."""
        self._hub.settings.volume_unit = params["unit"]

    @takes(con_id=CON_ID.needed(), lot=COUNT.needed())
    def do_round_lot(self, params: Params) -> None:
        """Shares a lot of one contract, for lines and bars that are asked for from now on."""
        self._hub.settings.round_lots[int(params["con_id"])] = int(params["lot"])

    @takes(con_id=CON_ID.needed(), off=FLAG)
    def do_expire(self, params: Params) -> None:
        """The contract answers 200 to everything, as after its last trading day; `off` true brings it back."""
        change = self._hub.faults.expired_con_ids
        (change.discard if params.get("off") else change.add)(int(params["con_id"]))

    @takes(seconds=SECONDS)
    def do_lose_data(self, params: Params) -> None:
        """1100, all lines gone, and after `seconds` 1101."""
        self.do_connection_lost({})
        self._later(float(params.get("seconds", 5)), self.do_restored_lost, {})

    @takes(seconds=SECONDS, dead=FLAG)
    def do_keep_data(self, params: Params) -> None:
        """1100, and after `seconds` 1102 with every line alive; `dead` true = they stay mute all the same."""
        self.do_connection_lost({})
        self._later(float(params.get("seconds", 5)), self.do_restored_kept, params)

    @takes()
    def do_connection_lost(self, _params: Params) -> None:
        self._hub.faults.ticks_muted = True
        self._hub.broadcast_error(-1, 1100, texts.CONNECTIVITY_LOST)

    @takes()
    def do_restored_lost(self, _params: Params) -> None:
        self._gateway.desks.lines.lose_all()
        self._gateway.desks.realtime.lose_all()
        self._hub.faults.ticks_muted = False
        self._hub.broadcast_error(-1, 1101, texts.RESTORED_LOST)

    @takes(seconds=SECONDS, dead=FLAG)
    def do_restored_kept(self, params: Params) -> None:
        if params.get("dead"):
            lines = self._gateway.desks.lines.open_lines(None)
            self._hub.faults.muted_con_ids |= {line.instrument.con_id for line in lines}
        self._hub.faults.ticks_muted = False
        self._hub.broadcast_error(-1, 1102, texts.RESTORED_KEPT)

    @takes(which=one_of("data", "history", "definitions"), up=FLAG, farm=TEXT, seconds=SECONDS)
    def do_farm(self, params: Params) -> None:
        """A farm goes down or up: which = data, history or definitions; up false = broken; `seconds` = a flap."""
        which = str(params.get("which", "data"))
        up = bool(params.get("up", False))
        farm = params.get("farm", {"data": "usfarm", "history": "ushmds"}.get(which, "secdefnj"))
        code, text = texts.FARM_CODES[which][up]
        if up:
            self._hub.faults.farms_down.pop(farm, None)
        else:
            self._hub.faults.farms_down[farm] = which
        if which == "data":
            self._hub.faults.ticks_muted = not up
            if not up:
                self._gateway.desks.history.lose_live()
        self._hub.broadcast_error(-1, code, text.format(farm=farm))
        if params.get("seconds") is not None and not up:
            self._later(float(params["seconds"]), self.do_farm, {"which": which, "up": True, "farm": farm})

    @takes(seconds=SECONDS)
    def do_competing(self, params: Params) -> Answer:
        """10197 on every line, later ones included; they stay open and mute. `seconds` = the rival leaves then."""
        lines = self._gateway.desks.lines.open_lines(None)
        self._hub.faults.ticks_muted = self._hub.faults.competing = True
        for line in lines:
            line.session.error(line.request.req_id, 10197, texts.COMPETING)
        if params.get("seconds") is not None:
            self._later(float(params["seconds"]), self.do_unmute_ticks, {})
        return {"lines": len(lines)}

    # values and manners of quotes

    @takes(con_id=CON_ID.needed(), off=FLAG)
    def do_halt(self, params: Params) -> None:
        """Trading halts: tick 49 says so and the quote stands; `off` true = it goes on."""
        con_id, halted = params["con_id"], self._hub.faults.halted
        if params.get("off"):
            halted.pop(con_id, None)
        else:
            halted[con_id] = self._hub.halted_quote(con_id)

    @takes(con_id=CON_ID.needed(), off=FLAG)
    def do_crossed(self, params: Params) -> Answer:
        """The bid stands above the ask until `off` is true."""
        con_id, held = params["con_id"], self._hub.faults.held_ticks
        if params.get("off"):
            for tick in ("bid", "ask"):
                held.pop((con_id, TICK_NAMES[tick]), None)
            return {}
        quote = self._hub.world.quote(con_id)
        if quote is None or quote.bid is None or quote.ask is None:
            raise ValueError(f"con_id {con_id} has no bid and ask to cross")
        wide = max(quote.ask - quote.bid, 1e-6)
        held[con_id, TICK_NAMES["bid"]] = f"{quote.ask + wide:.8g}"
        held[con_id, TICK_NAMES["ask"]] = f"{quote.bid:.8g}"
        return {"bid": held[con_id, TICK_NAMES["bid"]], "ask": held[con_id, TICK_NAMES["ask"]]}

    @takes(seconds=SECONDS.needed())
    def do_late_ticks(self, params: Params) -> None:
        """Ticks go out so many seconds after they were made, in their order; 0 = at once again."""
        self._hub.faults.tick_delay_s = float(params["seconds"])

    @takes(copies=COUNT.needed())
    def do_duplicate_ticks(self, params: Params) -> None:
        """Every tick goes out so many times; 1 = once again."""
        self._hub.faults.tick_copies = int(params["copies"])

    @takes(con_id=CON_ID, off=FLAG)
    def do_delayed(self, params: Params) -> None:
        """10167 and delayed ticks (354 for who did not allow them) on lines asked for from now on, of one or all."""
        delayed, con_id = self._hub.faults.delayed, params.get("con_id") or 0
        (delayed.discard if params.get("off") else delayed.add)(con_id)

    @takes(on=FLAG.needed())
    def do_pacing(self, params: Params) -> None:
        """The rules for historical requests of small bars, and their number open at once, hold or don't."""
        self._hub.settings.history_pacing = bool(params["on"])

    @takes(con_id=CON_ID.needed(), ratio=NUMBER.needed())
    def do_split(self, params: Params) -> Answer:
        """So many shares for one: quantities grow, costs and prices shrink by the ratio, at once and for good."""
        con_id, ratio = params["con_id"], float(params["ratio"])
        if ratio <= 0:
            raise ValueError(f"ratio is {ratio:g}; must be above 0, 10 for ten shares out of one")
        books = self._hub.split(con_id, ratio)
        for book in books:
            self._gateway.desks.account.position_changed(book, con_id)
        return {"accounts": len(books)}
