"""The faults of the control port by name: each sets a state that lasts or does something at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from simulator import texts
from simulator.faults import InjectedError
from simulator.gateway import Gateway
from simulator.lines import bad_tick
from simulator.session import Session

Params = dict[str, Any]
Answer = dict[str, object]

TICK_NAMES = {"bid_size": 0, "bid": 1, "ask": 2, "ask_size": 3, "last": 4, "last_size": 5, "high": 6, "low": 7,
              "volume": 8, "close": 9, "open": 14}  # fmt: skip
END_MESSAGES = {
    "positionEnd": "62",
    "openOrderEnd": "53",
    "accountDownloadEnd": "54",
    "execDetailsEnd": "55",
    "contractDetailsEnd": "52",
    "accountSummaryEnd": "64",
    "accountUpdateMultiEnd": "74",
    "completedOrdersEnd": "102",
    "tickSnapshotEnd": "57",
    "nextValidId": "9",
    "managedAccounts": "15",
    "currentTime": "49",
    "historicalData": "17",
    "pnl": "94",
    "pnlSingle": "95",
}


class UnknownFault(ValueError):
    """No fault of that name, or one of its parameters is unusable."""


class FaultActions:
    """Runs in the gateway's loop. `run` answers with what it did."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._hub = gateway.hub
        self._kinds: dict[str, Callable[[Params], Answer | None]] = {
            name.removeprefix("_do_"): getattr(self, name) for name in dir(self) if name.startswith("_do_")
        }

    def kinds(self) -> list[str]:
        return sorted(self._kinds)

    def run(self, kind: str, params: Params) -> Answer:
        """Raises UnknownFault."""
        action = self._kinds.get(kind)
        if action is None:
            raise UnknownFault(f"kind {kind!r} is unknown; one of: {', '.join(self.kinds())}")
        try:
            return action(params) or {}
        except (KeyError, TypeError, ValueError) as problem:
            raise UnknownFault(f"{kind}: {type(problem).__name__} {problem}") from None

    def _targets(self, params: Params) -> list[Session]:
        """The sessions meant: of one client id, or all."""
        wanted = params.get("client_id")
        sessions = list(self._hub.sessions.values())
        return [s for s in sessions if wanted is None or s.client_id == int(wanted)]

    def _until(self, params: Params, default_s: float) -> float:
        return self._hub.wall() + float(params.get("seconds", default_s))

    # the connection

    def _do_drop(self, params: Params) -> Answer:
        """FIN."""
        targets = self._targets(params)
        for session in targets:
            session.close()
        return {"sessions": len(targets)}

    def _do_abort(self, params: Params) -> Answer:
        """RST."""
        targets = self._targets(params)
        for session in targets:
            session.reset()
        return {"sessions": len(targets)}

    def _do_silence(self, params: Params) -> None:
        """Half-open: connections stay, nothing is read or written; `seconds` = resumes by itself."""
        self._hub.faults.silent = True
        for session in self._hub.sessions.values():
            session.pause(True)
        if "seconds" in params:
            self._later(float(params["seconds"]), self._do_resume, {})

    def _do_resume(self, _params: Params) -> None:
        self._hub.faults.silent = False
        for session in self._hub.sessions.values():
            session.pause(False)

    def _do_refuse(self, params: Params) -> None:
        """Connections are refused; open ones are dropped unless keep is true. `seconds` 0 = until `accept`."""
        self._gateway.stop_listening()
        if not params.get("keep", False):
            self._do_drop(params)
        seconds = float(params.get("seconds", 0))
        if seconds:
            self._later(seconds, self._do_accept, {})

    def _do_accept(self, _params: Params) -> None:
        asyncio.get_running_loop().create_task(self._listen_again())

    async def _listen_again(self) -> None:
        self._gateway.stop_listening()
        await self._gateway.listen()

    def _do_accept_silent(self, params: Params) -> None:
        """Accepts and never answers the handshake."""
        self._hub.faults.accept_silent_until = self._until(params, 60)

    def _do_client_id_busy(self, params: Params) -> None:
        busy = params.get("client_id")
        self._hub.faults.client_busy_until = self._until(params, 30)
        self._hub.faults.busy_client_id = None if busy is None else int(busy)

    def _do_restart(self, params: Params) -> None:
        """The nightly restart: 1100, the socket closes, connections are refused for `seconds`."""
        self._hub.broadcast_error(-1, 1100, texts.CONNECTIVITY_LOST)
        self._do_refuse({"seconds": params.get("seconds", 30)})

    def _do_port_reset(self, params: Params) -> None:
        text = texts.PORT_RESET.format(port=params.get("port", self._gateway.port))
        self._hub.broadcast_error(-1, 1300, text)
        self._do_drop({})

    def _do_garbage(self, params: Params) -> None:
        """A well-formed frame that means nothing."""
        fields = params.get("fields", ["999999", "garbage", "\x01\x02"])
        self._hub.broadcast_fields([str(field) for field in fields])

    def _do_raw(self, params: Params) -> None:
        """One message as given, to every client."""
        self._hub.broadcast_fields([str(field) for field in params["fields"]])

    def _do_bogus_length(self, params: Params) -> None:
        for session in self._targets(params):
            session.send_raw(b"\x7f\xff\xff\xff" + b"x" * 16)

    def _do_truncate(self, params: Params) -> None:
        """Half a frame, then FIN."""
        for session in self._targets(params):
            session.send_raw(b"\x00\x00\x00\x40" + b"4\x002\x00")
            session.close()

    def _do_server_version(self, params: Params) -> None:
        cap = params.get("version")
        self._hub.faults.version_cap = None if cap is None else int(cap)

    def _do_account(self, params: Params) -> None:
        """Another account id for coming connections, such as a live one."""
        self._hub.faults.account = params.get("account")

    def _do_clock_skew(self, params: Params) -> None:
        self._hub.faults.clock_skew_s = float(params.get("seconds", 0))

    def _do_delay(self, params: Params) -> None:
        """Answers to history, details and current time come later by so many seconds."""
        self._hub.faults.answer_delay_s = float(params.get("seconds", 0))

    def _do_withhold(self, params: Params) -> None:
        """Messages that are not sent any more, by id or name; `off` true takes them out again."""
        asked = params.get("message", params.get("messages"))
        names = [str(name) for name in (asked if isinstance(asked, list) else [asked] if asked is not None else [])]
        chosen = {END_MESSAGES.get(name, name) for name in names}
        withheld = self._hub.faults.withheld
        self._hub.faults.withheld = withheld - chosen if params.get("off") else withheld | chosen
        if not names:
            self._hub.faults.withheld = set()

    # market data

    def _do_mute_ticks(self, params: Params) -> None:
        """Ticks stop, everything else goes on; one con_id or all."""
        if "con_id" in params:
            self._hub.faults.muted_con_ids.add(int(params["con_id"]))
        else:
            self._hub.faults.ticks_muted = True
        if "seconds" in params:
            self._later(float(params["seconds"]), self._do_unmute_ticks, {})

    def _do_unmute_ticks(self, params: Params) -> None:
        if "con_id" in params:
            self._hub.faults.muted_con_ids.discard(int(params["con_id"]))
        else:
            self._hub.faults.ticks_muted = False
            self._hub.faults.muted_con_ids.clear()

    def _do_tick_value(self, params: Params) -> Answer:
        """A raw value such as NaN, -1, inf or empty on every line of a contract; `hold` true = until cleared."""
        con_id = None if params.get("con_id") is None else int(params["con_id"])
        tick = params.get("tick", "last")
        kind = TICK_NAMES[tick] if tick in TICK_NAMES else int(tick)
        if params.get("off"):
            self._hub.faults.held_ticks.clear()
            return {}
        lines = self._gateway.desks.lines.open_lines(con_id)
        for line in lines:
            line.session.send(bad_tick(line.request.req_id, kind, str(params["value"])))
            if params.get("hold"):
                self._hub.faults.held_ticks[(line.instrument.con_id, kind)] = str(params["value"])
        return {"lines": len(lines)}

    def _do_burst(self, params: Params) -> Answer:
        """`count` repetitions of the last price on every line of a contract, at once."""
        con_id = None if params.get("con_id") is None else int(params["con_id"])
        lines = self._gateway.desks.lines.open_lines(con_id)
        for line in lines:
            quote = line.sent
            if quote is not None and quote.last is not None:
                line.session.send_many([line.fmt.price(4, quote.last, 100)] * int(params.get("count", 100)))
        return {"lines": len(lines)}

    def _do_line_limit(self, params: Params) -> None:
        self._hub.settings.line_limit = int(params["limit"])

    def _do_volume_unit(self, params: Params) -> None:
        """Applies to lines and bars that are asked for from now on."""
        if params["unit"] not in ("lots", "shares"):
            raise ValueError("unit must be lots or shares")
        self._hub.settings.volume_unit = params["unit"]

    def _do_expire(self, params: Params) -> None:
        """The contract answers 200 to everything, as after its last trading day; `off` true brings it back."""
        change = self._hub.faults.expired_con_ids
        (change.discard if params.get("off") else change.add)(int(params["con_id"]))

    def _do_lose_data(self, params: Params) -> None:
        """1100, all lines gone, and after `seconds` 1101."""
        self._do_connection_lost({})
        self._later(float(params.get("seconds", 5)), self._do_restored_lost, {})

    def _do_keep_data(self, params: Params) -> None:
        """1100, and after `seconds` 1102 with every line alive; `dead` true = they stay mute all the same."""
        self._do_connection_lost({})
        self._later(float(params.get("seconds", 5)), self._do_restored_kept, params)

    def _do_connection_lost(self, _params: Params) -> None:
        self._hub.faults.ticks_muted = True
        self._hub.broadcast_error(-1, 1100, texts.CONNECTIVITY_LOST)

    def _do_restored_lost(self, _params: Params) -> None:
        self._gateway.desks.lines.lose_all()
        self._gateway.desks.realtime.lose_all()
        self._hub.faults.ticks_muted = False
        self._hub.broadcast_error(-1, 1101, texts.RESTORED_LOST)

    def _do_restored_kept(self, params: Params) -> None:
        if params.get("dead"):
            lines = self._gateway.desks.lines.open_lines(None)
            self._hub.faults.muted_con_ids |= {line.instrument.con_id for line in lines}
        self._hub.faults.ticks_muted = False
        self._hub.broadcast_error(-1, 1102, texts.RESTORED_KEPT)

    def _do_farm(self, params: Params) -> None:
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
            self._later(float(params["seconds"]), self._do_farm, {"which": which, "up": True, "farm": farm})

    def _do_competing(self, _params: Params) -> Answer:
        """10197 on every line; they stay open and mute."""
        lines = self._gateway.desks.lines.open_lines(None)
        self._hub.faults.ticks_muted = True
        for line in lines:
            line.session.error(line.request.req_id, 10197, texts.COMPETING)
        return {"lines": len(lines)}

    # errors

    def _do_error(self, params: Params) -> Answer:
        """Any code: at once on req_id (-1 = the connection) or on the lines of con_id; `next` = for coming requests."""
        code = int(params["code"])
        text = str(params.get("text", texts.text_of(code, **params)))
        con_id = None if params.get("con_id") is None else int(params["con_id"])
        if "next" in params:
            remaining = params.get("count", 1)
            error = InjectedError(code, text, str(params["next"] or ""), con_id, remaining)
            self._hub.faults.errors.append(error)
            return {"pending": len(self._hub.faults.errors)}
        if con_id is None:
            self._hub.broadcast_error(int(params.get("req_id", -1)), code, text)
            return {}
        lines = self._gateway.desks.lines.open_lines(con_id)
        for line in lines:
            line.session.error(line.request.req_id, code, text)
        return {"lines": len(lines)}

    def _do_notice(self, params: Params) -> None:
        code = int(params["code"])
        self._hub.broadcast_error(-1, code, str(params.get("text", texts.text_of(code))))

    def _do_clear(self, _params: Params) -> None:
        """Everything that lasts is over."""
        faults = self._hub.faults
        self._do_resume({})
        self._do_unmute_ticks({})
        faults.withheld = set()
        faults.held_ticks.clear()
        faults.errors.clear()
        faults.expired_con_ids.clear()
        faults.accept_silent_until = faults.client_busy_until = 0.0
        faults.clock_skew_s = faults.answer_delay_s = 0.0
        faults.version_cap = faults.account = None

    def _later(self, delay_s: float, action: Callable[[Params], Answer | None], params: Params) -> None:
        asyncio.get_running_loop().call_later(delay_s, action, params)
