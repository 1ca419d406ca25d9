"""The faults that are planted, one entry a kind: how it is drawn, what it occupies, and what must be said of it when.

A kind's `sign` is what /healthz says while it is in force, as a regular expression over the reasons; "" = nothing may
be said of it at all. Within `red_s` of its begin a reason of that kind is there (None = may be, needn't); `green_s`
after its end none is left. All seconds are those of `SCALED`, the times that the engine under test keeps; on a slow
machine all of them, the sequence's and the table's, are longer by one factor, the pace.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import msgspec

from engine.broker.timings import Timings
from tests.chaos.damage import DAMAGES

SCALED = Timings(
    handshake_s=2.0, positions_s=1.0, start_up_s=1.5, details_s=3.0, end_grace_s=0.5, probe_every_s=1.0,
    probe_timeout_s=2.0, silence_s=4.0, dead_feed_s=5.0, retry_refused_s=0.6, retry_silent_s=(1.0, 2.0, 3.0),
    retry_busy_s=(1.0, 2.0), retry_mismatch_s=2.0, after_drop_s=0.2, recheck_details_s=3.0, recheck_values_s=3.0,
    executions_every_s=12.0,
)  # fmt: skip


def paced(pace: float) -> Timings:
    """The same times on a slower machine: `pace` 2 = all of them twice as long."""
    values = {
        name: tuple(each * pace for each in value) if isinstance(value, tuple) else value * pace
        for name, value in msgspec.structs.asdict(SCALED).items()
        if name != "undecodable_per_minute"
    }
    return msgspec.structs.replace(SCALED, **values)


STRETCH = 0.2  # of the engine's periodic steps: it publishes five times a second

TSLA, NQ, CL = 76792991, 782712268, 781272983
HELD = (TSLA, NQ, CL)
FREE = (265598, 272093, 4815747)  # liquid stocks that the account does not hold: AAPL, MSFT, NVDA
END_MESSAGES = ("positionEnd", "accountDownloadEnd", "execDetailsEnd", "contractDetailsEnd", "historicalData", "pnl",
                "pnlSingle", "accountSummaryEnd", "openOrderEnd", "completedOrdersEnd", "accountUpdateMultiEnd",
                "tickSnapshotEnd")  # fmt: skip
BAD_VALUES = ("nan", "-1", "0", "inf", "-inf", "1.7976931348623157E308", "")
TICKS = ("bid", "ask", "last", "close", "volume", "high", "low", "open", "bid_size", "last_size")
SUPERVISED = ("ticks", "quotes", "lines", "scan", "lines report", "curve")
ERRORS = ("RuntimeError", "SystemExit", "KeyError", "CancelledError")

LINK = "broker: not connected|Not connected to TWS"
NO_QUOTES = "No quotes come|broker: No quotes|broker: Live in part"
SERVERS = "TWS has lost its connection to IB|TWS is not connected to IB's server|broker: TWS has no connection to IB"
FARM = "farm.* is down"
STORE = (
    r"History can't be written|The state can't be written|Bars can't be kept|\bstate: |journal: |"
    "The journal was damaged|A file of QTrade was damaged"
)
PARTS = "A part of the engine keeps failing"
ENGINE = "The engine was started again|engine: "
GONE = "unreachable"  # /healthz does not answer: its process was killed or frozen
PASSED_S = 62.0  # an error that only happened counts for a minute
SEEN_S = 1.2  # from the engine's knowing to the sample that shows it
CONNECT_S = SCALED.start_up_s + SEEN_S


@dataclass(frozen=True)
class Kind:
    """`uses`: no other fault that uses or needs one of these is in force at the same time. `disturbs`: whoever listens
    for ticks or answers meanwhile begins anew. `steady` False = what is said of it may come and go while it lasts."""

    name: str
    uses: frozenset[str]
    needs: frozenset[str] = frozenset({"gateway"})
    lasts: tuple[float, float] = (0.0, 0.0)
    sign: str = ""
    red_s: float | None = None
    green_s: float = 0.0
    disturbs: bool = False
    steady: bool = True
    families: frozenset[str] = frozenset({"quick", "slow"})
    draw: Callable[[Random], dict[str, Any]] = lambda rng: {}
    needs_flow: bool = False  # it is only missed where enough ticks came before


def _uses(*names: str) -> frozenset[str]:
    return frozenset(names)


_CUT = {"uses": _uses("link"), "sign": LINK, "disturbs": True}
_RETRY = SCALED.retry_refused_s + CONNECT_S + 1.0
_BACK_FROM_SILENCE = SCALED.handshake_s + SCALED.retry_silent_s[-1] + CONNECT_S + 1.0
_DETECTED = SCALED.probe_every_s + SCALED.probe_timeout_s + SEEN_S
_DEAD = SCALED.dead_feed_s + SEEN_S + 0.5
_SIMULATOR = _uses("gateway", "link", "ticks", "answers", "lines", "positions", "clock of TWS")
_PROCESS = _uses("host", "link", "ticks", "answers", "lines", "positions", "engine", "disk", "clock")
_OF_HOST = _uses("host")
_CRASH = frozenset({"crash"})
_SLOW = frozenset({"slow"})
_UP_S = 12.0  # a killed engine is up again: imports, pages, connection

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        # the connection
        Kind("half-open", **_CUT, lasts=(0.5, 7.0), red_s=_DETECTED, green_s=_BACK_FROM_SILENCE),
        Kind("stopped process", **_CUT | {"uses": _SIMULATOR}, lasts=(0.3, 7.0), red_s=_DETECTED,
             green_s=_BACK_FROM_SILENCE),
        Kind("FIN", **_CUT, green_s=_RETRY),
        Kind("RST", **_CUT, green_s=_RETRY),
        Kind("refused", **_CUT, lasts=(0.5, 5.0), red_s=SEEN_S, green_s=_RETRY),
        Kind("nightly restart", **_CUT | {"sign": f"{LINK}|{SERVERS}"}, lasts=(1.0, 6.0), red_s=SEEN_S,
             green_s=_RETRY),
        Kind("simulator restarted", **_CUT | {"uses": _SIMULATOR}, lasts=(0.5, 4.0), red_s=SEEN_S,
             green_s=_RETRY + 1.0),
        Kind("no handshake", **_CUT, lasts=(1.0, 5.0), red_s=SEEN_S, green_s=_BACK_FROM_SILENCE),
        Kind("client id in use", **_CUT, lasts=(1.0, 6.0), green_s=SCALED.retry_busy_s[-1] + CONNECT_S + 1.0,
             draw=lambda rng: {"every": rng.random() < 0.5}),
        Kind("port reset", **_CUT, green_s=_RETRY),
        Kind("another account", **_CUT, lasts=(1.0, 5.0), green_s=SCALED.retry_mismatch_s + _RETRY,
             draw=lambda rng: {"account": rng.choice(("DU7654321", "U1234567"))}),
        Kind("half a frame", **_CUT, green_s=_RETRY),
        Kind("bogus length", **_CUT, green_s=_RETRY),
        Kind("garbage", _uses(), draw=lambda rng: {"count": rng.randint(1, 10)}),
        Kind("many garbage frames", **_CUT, green_s=_RETRY + 1.0, draw=lambda rng: {"count": rng.randint(30, 60)}),
        Kind("another server version", **_CUT, green_s=_RETRY,
             draw=lambda rng: {"version": rng.choice((157, 163, 176))}),
        # answers
        Kind("withheld", **_CUT | {"uses": _uses("link", "answers")}, lasts=(2.0, 6.0), green_s=_RETRY + 1.0,
             draw=lambda rng: {"message": rng.choice(END_MESSAGES)}),
        Kind("withheld handshake", **_CUT | {"uses": _uses("link", "answers")}, lasts=(2.0, 6.0), red_s=SEEN_S,
             green_s=_BACK_FROM_SILENCE, draw=lambda rng: {"message": rng.choice(("nextValidId", "managedAccounts"))}),
        Kind("withheld time", **_CUT | {"uses": _uses("link", "answers")}, lasts=(6.0, 9.0), red_s=_DETECTED + 1.5,
             green_s=_BACK_FROM_SILENCE, steady=False),
        Kind("late answers", _uses("answers"), lasts=(1.0, 6.0),
             draw=lambda rng: {"seconds": round(rng.uniform(0.1, 0.5) * SCALED.probe_timeout_s, 2)}),
        Kind("slow line", **_CUT | {"uses": _uses("link", "answers")}, lasts=(1.0, 4.0), green_s=_BACK_FROM_SILENCE,
             draw=lambda rng: {"bytes_per_s": rng.choice((3_000, 20_000, 100_000))}),
        Kind("stalled gateway", _uses("gateway", "link"), lasts=(0.2, 1.2)),
        Kind("162", _uses(), draw=lambda rng: {"count": rng.randint(1, 5)}),
        Kind("101", _uses("lines"), lasts=(2.0, 6.0), draw=lambda rng: {"limit": rng.randint(5, 12)}),
        Kind("200", _uses("link", "lines"), sign=LINK, disturbs=True, lasts=(1.0, 4.0), green_s=_RETRY,
             draw=lambda rng: {"con_id": rng.choice(HELD)}),
        Kind("unknown code", _uses(), draw=lambda rng: {"code": rng.choice((2999, 9999, 10999))}),
        # the feed
        Kind("dead feed", _uses("ticks"), lasts=(2.0, 11.0), sign=NO_QUOTES, red_s=_DEAD, green_s=2.5),
        Kind("competing session", _uses("ticks"), lasts=(2.0, 9.0), sign=f"Another session|{NO_QUOTES}",
             red_s=SEEN_S + 1.0, green_s=2.5),
        Kind("blind position", _uses("ticks"), lasts=(7.0, 14.0), sign="no price since", red_s=_DEAD + 1.5, green_s=2.5,
             families=_SLOW, needs_flow=True, draw=lambda rng: {"con_id": rng.choice(HELD)}),
        Kind("1100, 1101", _uses("ticks"), lasts=(0.3, 6.0), sign=f"{SERVERS}|{NO_QUOTES}", red_s=SEEN_S, green_s=3.0),
        Kind("1100, 1102", _uses("ticks"), lasts=(0.3, 6.0), sign=f"{SERVERS}|{NO_QUOTES}", red_s=SEEN_S, green_s=3.0),
        Kind("2110", _uses("ticks"), lasts=(1.0, 6.0), sign=f"{SERVERS}|{NO_QUOTES}", red_s=SEEN_S, green_s=3.0),
        Kind("farm flap", _uses("ticks"), lasts=(0.2, 3.0), sign=f"{FARM}|{NO_QUOTES}", red_s=SEEN_S, green_s=2.5,
             draw=lambda rng: {"which": rng.choice(("data", "history", "definitions")), "times": rng.randint(1, 10)}),
        Kind("bad tick", _uses(), lasts=(0.0, 3.0), draw=lambda rng: {
            "con_id": rng.choice((None, *HELD)), "tick": rng.choice(TICKS), "value": rng.choice(BAD_VALUES)}),
        Kind("burst", _uses(), draw=lambda rng: {"count": rng.choice((500, 2_000))}),
        # what is held
        Kind("new position", _uses("positions"), lasts=(2.0, 6.0),
             draw=lambda rng: {"con_id": rng.choice(FREE), "quantity": rng.choice((100, -50))}),
        Kind("changed position", _uses("positions"), lasts=(0.5, 4.0),
             draw=lambda rng: {"con_id": TSLA, "quantity": rng.choice((10, 300, -200))}),
        Kind("closed position", _uses("positions"), lasts=(2.0, 6.0), draw=lambda rng: {"con_id": TSLA}),
        # this machine
        Kind("clock nudged", _uses("clock"), needs=_OF_HOST,
             draw=lambda rng: {"seconds": rng.choice((-25, -5, 5, 25))}),
        Kind("clock set", _uses("clock", "link"), needs=_OF_HOST, sign=LINK, disturbs=True, green_s=_RETRY,
             draw=lambda rng: {"seconds": rng.choice((-86_400, -3_600, -90, 90, 3_600, 86_400))}),
        Kind("TWS' clock", _uses("clock of TWS"), lasts=(1.0, 5.0),
             draw=lambda rng: {"seconds": rng.choice((-120, -5, 5, 120))}),
        Kind("sleep", _uses("host", "clock", "engine", "link"), needs=_OF_HOST, lasts=(1.0, 5.0),
             sign=f"{LINK}|{GONE}|{NO_QUOTES}|engine: ",
             green_s=_RETRY + 1.5, disturbs=True, draw=lambda rng: {"seconds": rng.choice((120, 600, 28_800))}),
        # our own code
        Kind("one error", _uses(), needs=_OF_HOST, draw=lambda rng: {
            "where": rng.choice(SUPERVISED), "error": rng.choice(ERRORS)}),
        Kind("cancelled task", _uses("link"), needs=_OF_HOST, sign=LINK, disturbs=True, green_s=_RETRY,
             draw=lambda rng: {"task": rng.randint(0, 20)}),
        Kind("store fails", _uses("disk"), needs=_OF_HOST, lasts=(1.0, 4.0), sign=STORE, red_s=3.0, green_s=7.5,
             draw=lambda rng: {"where": rng.choice(("journal", "state")), "error": rng.choice(ERRORS)}),
        Kind("part keeps failing", _uses("engine", "parts"), needs=_OF_HOST, lasts=(4.0, 8.0),
             sign=f"{PARTS}|{NO_QUOTES}", red_s=5.0, green_s=PASSED_S, families=_SLOW, draw=lambda rng: {
                 "where": rng.choice(("lines", "scan", "curve")), "error": rng.choice(ERRORS)}),
        Kind("engine thread ends", _uses("link", "engine", "parts"), needs=_OF_HOST,
             sign=f"{LINK}|{ENGINE}|broker: not connected yet",
             green_s=PASSED_S + 4.0, disturbs=True, families=_SLOW,
             draw=lambda rng: {"error": rng.choice(("SystemExit", "KeyboardInterrupt"))}),
        # its files and its process
        Kind("disk full", _uses("disk", "engine"), needs=_OF_HOST, lasts=(2.0, 6.0), sign=STORE, red_s=8.0, green_s=9.0,
             families=_CRASH),
        Kind("kill -9", _PROCESS, needs=_OF_HOST, lasts=(0.1, 1.5), sign=f"{GONE}|{LINK}|{ENGINE}|broker: ",
             red_s=SEEN_S, green_s=_UP_S, disturbs=True, families=_CRASH),
        Kind("damaged file", _PROCESS, needs=_OF_HOST, lasts=(0.1, 0.5),
             sign=f"{GONE}|{LINK}|{ENGINE}|{STORE}|broker: ", red_s=SEEN_S, green_s=_UP_S + PASSED_S, disturbs=True,
             families=_CRASH, draw=lambda rng: {
                 "file": rng.randint(0, 30), "damage": rng.choice(DAMAGES)}),
    )
}  # fmt: skip


def of_family(family: str) -> list[Kind]:
    """Kinds that a sequence of this family may hold, in the order of the table."""
    return [kind for kind in KINDS.values() if family in kind.families]
