"""Faults of the connection: sockets, handshake, frames, ids, missing messages."""

from __future__ import annotations

import asyncio

from simulator import texts
from simulator.fault_group import Answer, Endings, FaultGroup, Params
from simulator.fault_params import COUNT, FIELDS, FLAG, NUMBER, SECONDS, TEXT, WHOLE, numbered, takes
from simulator.gateway import Gateway

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
MESSAGES = numbered(END_MESSAGES).or_a_list()


class ConnectionFaults(FaultGroup):
    """What can go wrong between a client and the gateway."""

    def __init__(self, gateway: Gateway, endings: Endings) -> None:
        super().__init__(gateway, endings)
        self._stall_timers: list[asyncio.TimerHandle] = []

    @takes(client_id=WHOLE)
    def do_drop(self, params: Params) -> Answer:
        """FIN."""
        targets = self._targets(params)
        for session in targets:
            session.close()
        return {"sessions": len(targets)}

    @takes(client_id=WHOLE)
    def do_abort(self, params: Params) -> Answer:
        """RST."""
        targets = self._targets(params)
        for session in targets:
            session.reset()
        return {"sessions": len(targets)}

    @takes(seconds=SECONDS)
    def do_silence(self, params: Params) -> None:
        """Half-open: connections stay, nothing is read or written; `seconds` = resumes by itself."""
        self._hub.faults.silent = True
        for session in self._hub.sessions.values():
            session.pause(True)
        if params.get("seconds") is not None:
            self._later(float(params["seconds"]), self.do_resume, {})

    @takes()
    def do_resume(self, _params: Params) -> None:
        self._hub.faults.silent = False
        for session in self._hub.sessions.values():
            session.pause(False)

    @takes(seconds=SECONDS, every=SECONDS)
    def do_stall(self, params: Params) -> None:
        """Neither reads nor writes for `seconds`, as a Java program that collects its garbage; then what came is read
        at once, and counted so. `every` = again each so many seconds, until `clear`; 0 ends that."""
        self._hub.faults.stall_every_s = float(params.get("every", 0))
        for timer in self._stall_timers:
            timer.cancel()
        self._stall(float(params.get("seconds", 0.3)))

    def _stall(self, seconds: float) -> None:
        every_s, loop = self._hub.faults.stall_every_s, asyncio.get_running_loop()
        self._set_stalled(True)
        self._stall_timers = [loop.call_later(seconds, self._set_stalled, False)]
        if every_s:
            self._stall_timers.append(loop.call_later(max(every_s, seconds + 0.01), self._stall_again, seconds))

    def _stall_again(self, seconds: float) -> None:
        if self._hub.faults.stall_every_s:
            self._stall(seconds)

    def _set_stalled(self, stalled: bool) -> None:
        self._hub.faults.stalled = stalled
        for session in self._hub.sessions.values():
            session.stall(stalled)

    @takes(seconds=SECONDS, keep=FLAG, client_id=WHOLE)
    def do_refuse(self, params: Params) -> None:
        """Connections are refused; open ones are dropped unless keep is true. `seconds` 0 = until `accept`."""
        self._gateway.stop_listening()
        if not params.get("keep", False):
            self.do_drop(params)
        seconds = float(params.get("seconds", 0))
        if seconds:
            self._later(seconds, self.do_accept, {})

    @takes()
    def do_accept(self, _params: Params) -> None:
        self._gateway.listen_again()

    @takes(seconds=SECONDS)
    def do_accept_silent(self, params: Params) -> None:
        """Accepts and never answers the handshake."""
        self._hub.faults.accept_silent_until = self._until(params, 60)

    @takes(client_id=WHOLE, seconds=SECONDS)
    def do_client_id_busy(self, params: Params) -> None:
        busy = params.get("client_id")
        self._hub.faults.client_busy_until = self._until(params, 30)
        self._hub.faults.busy_client_id = None if busy is None else int(busy)

    @takes(seconds=SECONDS)
    def do_restart(self, params: Params) -> None:
        """The nightly restart: 1100, the socket closes, connections are refused for `seconds`."""
        self._hub.broadcast_error(-1, 1100, texts.CONNECTIVITY_LOST)
        self.do_refuse({"seconds": params.get("seconds", 30)})

    @takes(port=WHOLE)
    def do_port_reset(self, params: Params) -> None:
        text = texts.PORT_RESET.format(port=params.get("port", self._gateway.port))
        self._hub.broadcast_error(-1, 1300, text)
        self.do_drop({})

    @takes(fields=FIELDS)
    def do_garbage(self, params: Params) -> None:
        """A well-formed frame that means nothing."""
        fields = params.get("fields", ["999999", "garbage", "\x01\x02"])
        self._hub.broadcast_fields([str(field) for field in fields])

    @takes(fields=FIELDS.needed())
    def do_raw(self, params: Params) -> None:
        """One message as given, to every client."""
        self._hub.broadcast_fields([str(field) for field in params["fields"]])

    @takes(client_id=WHOLE)
    def do_bogus_length(self, params: Params) -> None:
        for session in self._targets(params):
            session.send_raw(b"\x7f\xff\xff\xff" + b"x" * 16)

    @takes(client_id=WHOLE)
    def do_truncate(self, params: Params) -> None:
        """Half a frame, then FIN."""
        for session in self._targets(params):
            session.send_raw(b"\x00\x00\x00\x40" + b"4\x002\x00")
            session.close()

    @takes(version=WHOLE)
    def do_server_version(self, params: Params) -> None:
        cap = params.get("version")
        self._hub.faults.version_cap = None if cap is None else int(cap)

    @takes(account=TEXT)
    def do_account(self, params: Params) -> None:
        """Another account id for coming connections, such as a live one."""
        self._hub.faults.account = params.get("account")

    @takes(seconds=NUMBER)
    def do_clock_skew(self, params: Params) -> None:
        self._hub.faults.clock_skew_s = float(params.get("seconds", 0))

    @takes(seconds=SECONDS)
    def do_delay(self, params: Params) -> None:
        """Answers to history, details and current time come later by so many seconds."""
        self._hub.faults.answer_delay_s = float(params.get("seconds", 0))

    @takes(bytes_per_s=NUMBER)
    def do_slow(self, params: Params) -> None:
        """Everything goes out at so many bytes a second, cut anywhere; 0 = full speed again."""
        rate = float(params.get("bytes_per_s", 0))
        self._hub.faults.bytes_per_s = rate if rate > 0 else None

    @takes(limit=COUNT.needed())
    def do_message_limit(self, params: Params) -> None:
        self._hub.settings.message_limit = int(params["limit"])

    @takes(message=MESSAGES, messages=MESSAGES, off=FLAG)
    def do_withhold(self, params: Params) -> None:
        """Messages that are not sent any more, by id or name; `off` true takes them out again."""
        asked = params.get("message", params.get("messages"))
        names = [str(name) for name in (asked if isinstance(asked, list) else [asked] if asked is not None else [])]
        chosen = {END_MESSAGES.get(name, name) for name in names}
        withheld = self._hub.faults.withheld
        self._hub.faults.withheld = withheld - chosen if params.get("off") else withheld | chosen
        if not names:
            self._hub.faults.withheld = set()
