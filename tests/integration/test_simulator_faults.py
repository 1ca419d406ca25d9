"""Each fault of the control port, seen from a client."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.integration.fake_world import AAPL, NQZ5, TSLA
from tests.integration.gateway_thread import GatewayThread, running_gateway, wait_for
from tests.integration.raw_client import RawClient, contract


@pytest.fixture(scope="module")
def shared() -> Iterator[GatewayThread]:
    with running_gateway() as thread:
        yield thread


@pytest.fixture
def gateway(shared: GatewayThread) -> Iterator[GatewayThread]:
    yield shared
    shared.fault("clear")


@pytest.fixture
def client(gateway: GatewayThread) -> Iterator[RawClient]:
    with RawClient(gateway.port) as raw:
        raw.message(9)
        yield raw
    wait_for(lambda: not gateway.ledger()["sessions"], "the session to go")


def stream(client: RawClient, req_id: int = 1, con_id: int = TSLA.con_id, exchange: str = "SMART") -> None:
    """Opens a line and waits for its first update."""
    client.market_data(req_id, contract(con_id, exchange=exchange))
    client.until(lambda f: f[0] == "1" and f[2:4] == [str(req_id), "2"], "the first ticks")
    client.messages.clear()
    client.until(lambda f: f[0] == "1" and f[2] == str(req_id), "an update")


def ticks(client: RawClient, seconds: float = 0.5) -> list[list[str]]:
    """The ticks of the coming moments."""
    client.settle(0.1)
    client.messages.clear()
    client.settle(seconds)
    return [f for f in client.messages if f[0] in ("1", "2", "45", "46")]


def alive(client: RawClient) -> None:
    client.messages.clear()
    client.send(49, 1)
    client.message(49)


@pytest.mark.parametrize("kind", ["drop", "abort"])
def test_connections_end(gateway: GatewayThread, client: RawClient, kind: str) -> None:
    assert gateway.fault(kind)["sessions"] == 1
    client.wait_closed()
    with RawClient(gateway.port) as again:
        again.message(9)


def test_one_client_is_dropped_by_its_id(gateway: GatewayThread, client: RawClient) -> None:
    with RawClient(gateway.port, client_id=99) as other:
        other.message(9)
        assert gateway.fault("drop", client_id=99)["sessions"] == 1
        other.wait_closed()
    alive(client)


def test_silence_is_half_open(gateway: GatewayThread, client: RawClient) -> None:
    stream(client)
    gateway.fault("silence")
    client.settle(0.1)
    client.messages.clear()
    for _ in range(40):
        client.send(49, 1)
    client.settle(0.4)
    assert client.messages == [] and not client.closed
    gateway.fault("resume")
    client.message(49)
    assert ticks(client)


def test_what_waited_for_a_stalled_gateway_is_read_and_counted_at_once(
    gateway: GatewayThread, client: RawClient
) -> None:
    stream(client)
    gateway.fault("stall", seconds=600)
    client.settle(0.1)
    client.messages.clear()
    before = gateway.ledger()["messages"].get("49", 0)
    for n in range(48):
        client.send(49, 1)
        if n == 23:
            client.settle(1.1)
    assert client.messages == [] and gateway.ledger()["messages"].get("49", 0) == before
    gateway.fault("clear")
    client.message(49)
    wait_for(lambda: gateway.ledger()["worst_second"] >= 48, "all at one moment")
    assert ticks(client), "and what it had to say comes late, not never"


def test_stalls_come_again_until_they_are_ended(gateway: GatewayThread, client: RawClient) -> None:
    gateway.fault("stall", seconds=0.05, every=0.15)
    states = set()

    def both_twice() -> bool:
        states.add((gateway.get("/faults")["active"]["stalled"], len(states) > 1))
        return len(states) == 4

    wait_for(both_twice, "stalled, awake, and both again")
    gateway.fault("clear")
    alive(client)
    client.settle(0.3)
    assert not gateway.get("/faults")["active"]["stalled"]


def test_clear_ends_what_would_have_ended_later_and_that_end_meets_no_later_fault(
    gateway: GatewayThread, client: RawClient
) -> None:
    stream(client)
    gateway.fault("farm", which="data", up=False, seconds=0.6)
    client.error(2103)
    gateway.fault("clear")
    client.error(2104)
    assert ticks(client), "the farm is up"
    gateway.fault("mute_ticks")
    assert not ticks(client, 1.0), "the farm's return of before would have unmuted them by now"


@pytest.mark.parametrize("seconds", [0, 600])
def test_clear_takes_connections_again(gateway: GatewayThread, client: RawClient, seconds: float) -> None:
    gateway.fault("refuse", seconds=seconds)
    client.wait_closed()
    with pytest.raises(ConnectionError):
        RawClient(gateway.port, start=False)
    gateway.fault("clear")

    def is_open() -> bool:
        try:
            with RawClient(gateway.port, start=False):
                return True
        except ConnectionError:
            return False

    wait_for(is_open, "the port is open")


def test_refused_until_accepted(gateway: GatewayThread, client: RawClient) -> None:
    gateway.fault("refuse")
    client.wait_closed()
    with pytest.raises(ConnectionError):
        RawClient(gateway.port, start=False)
    gateway.fault("accept")

    def connects() -> bool:
        try:
            RawClient(gateway.port).sock.close()
        except ConnectionError:
            return False
        return True

    wait_for(connects, "the port to listen again")


def test_restart_says_1100_and_comes_back(gateway: GatewayThread, client: RawClient) -> None:
    gateway.fault("restart", seconds=0.3)
    client.error(1100)
    client.wait_closed()

    def connects() -> bool:
        try:
            with RawClient(gateway.port) as again:
                again.message(9)
        except ConnectionError:
            return False
        return True

    wait_for(connects, "the restart")


def test_accepts_and_says_nothing(gateway: GatewayThread) -> None:
    gateway.fault("accept_silent", seconds=30)
    with RawClient(gateway.port, start=False) as mute:
        mute.sock.sendall(b"API\0\0\0\0\x09v157..176")
        mute.settle(0.3)
        assert mute.messages == [] and not mute.closed


def test_client_id_busy(gateway: GatewayThread) -> None:
    gateway.fault("client_id_busy", seconds=30, client_id=52)
    with RawClient(gateway.port, client_id=52) as busy:
        busy.error(326)
        busy.wait_closed()
    with RawClient(gateway.port, client_id=53) as free:
        free.message(9)


def test_garbage_leaves_the_connection(gateway: GatewayThread, client: RawClient) -> None:
    gateway.fault("garbage")
    client.until(lambda f: f[0] == "999999", "garbage")
    gateway.fault("raw", fields=["2", "6", "77", "8", ""])
    client.until(lambda f: f == ["2", "6", "77", "8", ""], "the raw message")
    alive(client)


@pytest.mark.parametrize("kind", ["bogus_length", "truncate"])
def test_broken_frames(gateway: GatewayThread, client: RawClient, kind: str) -> None:
    gateway.fault(kind)
    client.settle(0.2)
    client.messages.clear()
    if kind == "bogus_length":
        client.send(49, 1)
        client.settle(0.2)
        assert client.messages == []
    else:
        client.wait_closed()


@pytest.mark.parametrize(
    ("message", "request_fields", "number"),
    [("positionEnd", (61, 1), "62"), ("execDetailsEnd", (7, 3, 1, *[""] * 7), "55"), ("53", (5, 1), "53")],
)
def test_withheld_messages(
    gateway: GatewayThread, client: RawClient, message: str, request_fields: tuple[object, ...], number: str
) -> None:
    gateway.fault("withhold", message=message)
    client.send(*request_fields)
    client.settle(0.2)
    assert number not in [f[0] for f in client.messages]
    gateway.fault("withhold", message=message, off=True)
    client.send(*request_fields)
    client.message(int(number))


def test_ticks_stop_and_everything_else_goes_on(gateway: GatewayThread, client: RawClient) -> None:
    stream(client)
    gateway.fault("mute_ticks")
    assert ticks(client) == []
    alive(client)
    gateway.fault("unmute_ticks")
    assert ticks(client)


def test_one_contract_goes_mute(gateway: GatewayThread, client: RawClient) -> None:
    stream(client)
    stream(client, 2, NQZ5.con_id, "CME")
    gateway.fault("mute_ticks", con_id=TSLA.con_id)
    assert {f[2] for f in ticks(client)} == {"2"}


def test_bad_values_once_and_held(gateway: GatewayThread, client: RawClient) -> None:
    stream(client)
    for value in ("NaN", "inf", "-1", "0", "1.7976931348623157E308", ""):
        gateway.fault("tick_value", con_id=TSLA.con_id, tick="last", value=value)
        client.until(lambda f, value=value: f[0] == "1" and f[2:5] == ["1", "4", value], f"the value {value!r}")
    gateway.fault("tick_value", con_id=TSLA.con_id, tick="bid", value="NaN", hold=True)
    bids = [f[4] for f in ticks(client) if f[0] == "1" and f[3] == "1"]
    assert bids and set(bids) == {"NaN"}
    gateway.fault("tick_value", off=True)
    assert "NaN" not in [f[4] for f in ticks(client) if f[0] == "1" and f[3] == "1"]


def test_burst(gateway: GatewayThread, client: RawClient) -> None:
    stream(client)
    client.messages.clear()
    gateway.fault("burst", con_id=TSLA.con_id, count=500)
    client.settle(0.2)
    assert len([f for f in client.messages if f[0] == "1" and f[3] == "4"]) >= 500


def test_lost_data_takes_the_lines(gateway: GatewayThread, client: RawClient) -> None:
    stream(client)
    gateway.fault("lose_data", seconds=0.3)
    client.error(1100)
    assert "data lost" in client.error(1101)[4]
    assert ticks(client) == [] and gateway.ledger()["lines_open"] == 0
    client.send(2, 2, 1)
    client.error(300)
    assert gateway.ledger()["position_lines_cancelled"] == 0
    stream(client, 2)


@pytest.mark.parametrize("dead", [False, True])
def test_kept_data_keeps_the_lines(gateway: GatewayThread, client: RawClient, dead: bool) -> None:
    stream(client)
    gateway.fault("keep_data", seconds=0.3, dead=dead)
    assert ticks(client, 0.1) == []
    assert "data maintained" in client.error(1102)[4]
    assert bool(ticks(client)) != dead
    assert gateway.ledger()["lines_open"] == 1


def test_a_new_connection_is_told_which_farms_are_down(gateway: GatewayThread) -> None:
    gateway.fault("farm", which="data", farm="usfuture")
    with RawClient(gateway.port, client_id=77) as late:
        assert late.error(2103)[4] == "Market data farm connection is broken:usfuture"
        up = [fields[4] for fields in late.messages if fields[0] == "4" and fields[3] == "2104"]
        assert up == ["Market data farm connection is OK:usfarm"]
    gateway.fault("clear")


def test_a_farm_flaps(gateway: GatewayThread, client: RawClient) -> None:
    stream(client)
    client.history(5, contract(TSLA.con_id), duration="60 S", keep=True)
    client.message(17, 5)
    gateway.fault("farm", which="data", seconds=0.3)
    assert client.error(2103)[4] == "Market data farm connection is broken:usfarm"
    assert client.error(10182)[2] == "5"
    assert client.error(2104, 3)[4] == "Market data farm connection is OK:usfarm"
    assert ticks(client)
    gateway.fault("farm", which="history")
    client.error(2105)


def test_a_competing_session(gateway: GatewayThread, client: RawClient) -> None:
    stream(client)
    assert gateway.fault("competing")["lines"] == 1
    assert client.error(10197)[2] == "1"
    assert ticks(client) == []
    client.market_data(2, contract(TSLA.con_id))
    assert client.error(10197)[2] == "2"
    assert ticks(client) == []
    gateway.fault("unmute_ticks")
    assert ticks(client)


def test_any_code_at_once(gateway: GatewayThread, client: RawClient) -> None:
    stream(client)
    gateway.fault("error", code=10089, con_id=TSLA.con_id)
    assert client.error(10089)[2] == "1"
    assert gateway.ledger()["lines_open"] == 1
    gateway.fault("error", code=354, con_id=TSLA.con_id)
    client.error(354)
    assert gateway.ledger()["lines_open"] == 0
    gateway.fault("error", code=2110, req_id=-1, text="Connectivity between Trader Workstation and server is broken.")
    assert client.error(2110)[4].startswith("Connectivity")
    gateway.fault("notice", code=2119, text="Market data farm is connecting:usfarm")
    assert client.error(2119)[2] == "-1"


@pytest.mark.parametrize("code", [101, 200, 354, 10197])
def test_any_code_for_the_next_request(gateway: GatewayThread, client: RawClient, code: int) -> None:
    gateway.fault("error", code=code, next="market_data", con_id=AAPL.con_id)
    stream(client, 1, TSLA.con_id)
    client.market_data(2, contract(AAPL.con_id))
    assert client.error(code)[2] == "2"
    stream(client, 3, AAPL.con_id)


def test_history_and_scans_fail_on_request(gateway: GatewayThread, client: RawClient) -> None:
    gateway.fault("error", code=162, next="history")
    gateway.fault("error", code=322, next="scanner")
    client.history(1, contract(TSLA.con_id))
    assert "pacing violation" in client.error(162)[4]
    client.scan(2)
    client.error(322)
    report = gateway.ledger()
    assert (report["histories_open"], report["scanners_open"]) == (0, 0)


def test_an_expired_contract_is_unknown_everywhere(gateway: GatewayThread, client: RawClient) -> None:
    gateway.fault("expire", con_id=NQZ5.con_id)
    client.market_data(1, contract(NQZ5.con_id, exchange="CME"))
    client.send(9, 8, 2, *contract(NQZ5.con_id, exchange="CME"), False, "", "", "")
    client.history(3, contract(NQZ5.con_id, exchange="CME"))
    for req_id in "123":
        client.until(lambda f, req_id=req_id: f[0] == "4" and f[2:4] == [req_id, "200"], "error 200")


def test_other_account_clock_version_and_unit(gateway: GatewayThread) -> None:
    gateway.fault("account", account="U7654321")
    gateway.fault("clock_skew", seconds=3600)
    gateway.fault("server_version", version=163)
    gateway.fault("volume_unit", unit="shares")
    try:
        with RawClient(gateway.port) as client:
            assert client.message(15)[2] == "U7654321"
            assert client.version == 163
            client.send(49, 1)
            assert int(client.message(49)[2]) == pytest.approx(gateway.get("/world")["now"] + 3600, abs=5)
            client.market_data(1, contract(TSLA.con_id))
            assert int(client.until(lambda f: f[0] == "2" and f[3] == "8", "the volume")[4]) > 1_000_000
    finally:
        gateway.fault("volume_unit", unit="lots")


def test_answers_come_late(gateway: GatewayThread, client: RawClient) -> None:
    gateway.fault("delay", seconds=0.4)
    began = time.monotonic()
    client.send(49, 1)
    client.message(49)
    assert time.monotonic() - began >= 0.4


def test_the_port_is_reset(gateway: GatewayThread, client: RawClient) -> None:
    gateway.fault("port_reset", port=7500)
    assert client.error(1300)[4].endswith("7500")
    client.wait_closed()


def test_a_lower_line_limit_applies_at_once(gateway: GatewayThread, client: RawClient) -> None:
    gateway.fault("line_limit", limit=1)
    stream(client)
    client.market_data(2, contract(AAPL.con_id))
    client.error(101)
    gateway.fault("line_limit", limit=100)


def test_a_slow_line_cuts_frames_anywhere_and_loses_nothing(gateway: GatewayThread, client: RawClient) -> None:
    gateway.fault("slow", bytes_per_s=20_000)
    client.send(9, 8, 2, *contract(TSLA.con_id), False, "", "", "")
    client.send(61, 1)
    client.message(62)
    assert len([f for f in client.messages if f[0] == "61"]) == 12
    gateway.fault("slow")
    client.message(52)
    alive(client)


def test_a_contract_is_renamed(gateway: GatewayThread, client: RawClient) -> None:
    nasty = "<img src=x onerror=alert(1)>"
    gateway.fault("rename", con_id=AAPL.con_id, local_symbol=nasty, long_name="Caf\u00e9")
    client.send(9, 8, 2, *contract(AAPL.con_id), False, "", "", "")
    fields = client.until(lambda f: f[0] == "10", "details")
    assert fields[9] == nasty and "Caf\\u00e9" in fields
    gateway.fault("rename", con_id=AAPL.con_id, local_symbol="AAPL", long_name="AAPL INC")


def test_other_limits(gateway: GatewayThread, client: RawClient) -> None:
    gateway.fault("scanner_slots", limit=1)
    client.scan(1)
    client.scan(2)
    assert "Only 1 simultaneous" in client.error(322)[4]
    gateway.fault("scanner_slots", limit=10)
    gateway.fault("message_limit", limit=10)
    for _ in range(12):
        client.send(49, 1)
    assert "max=10" in client.error(100)[4]
    gateway.fault("message_limit", limit=50)


def test_faults_are_listed(gateway: GatewayThread) -> None:
    gateway.fault("mute_ticks", con_id=5)
    answer = gateway.get("/faults")
    assert answer["active"]["muted_con_ids"] == [5]
    asked = (
        "drop abort silence resume refuse accept_silent mute_ticks unmute_ticks error lose_data notice line_limit "
        "client_id_busy withhold garbage bogus_length tick_value volume_unit"
    )
    assert set(asked.split()) <= set(answer["kinds"])


def test_what_a_fault_does_not_know_is_refused_before_anything_is_done(gateway: GatewayThread) -> None:
    before = gateway.get("/faults")
    for kind, params in before["params"].items():
        given = {"kind": kind, "nonsense": 1, **({"seconds": 0} if "seconds" in params else {})}
        status, answer = gateway.call("POST", "/fault", given)
        assert status == 400 and f"{kind} has no parameter nonsense; it takes" in answer["error"]
    assert gateway.get("/faults")["active"] == before["active"]
    assert sorted(before["params"]) == before["kinds"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"kind": "burst", "con_id": TSLA.con_id, "n": 5}, "burst has no parameter n; it takes con_id, count"),
        ({"kind": "burst", "counts": 5}, "did you mean count?"),
        ({"kind": "burst", "count": 0}, "burst: count is 0; must be a whole number from 1 on"),
        ({"kind": "line_limit"}, "line_limit needs limit, a whole number"),
        ({"kind": "restart", "seconds": "soon"}, "restart: seconds is 'soon'; must be seconds, a number from 0 on"),
        ({"kind": "farm", "which": "usfarm"}, "which is 'usfarm'; must be one of: data, history, definitions"),
        ({"kind": "tick_value", "tick": "last"}, "tick_value: needs value"),
        ({"kind": "withhold", "message": ["currentTime", "currenTime"]}, "; must be a number, or one of: positionEnd"),
        ({"kind": "split", "con_id": TSLA.con_id, "ratio": 0}, "split: ratio is 0; must be above 0"),
        ({"kind": "nonsense"}, "kind 'nonsense' is unknown; one of: abort,"),
    ],
)  # fmt: skip
def test_words_of_a_refused_fault(gateway: GatewayThread, body: dict[str, object], said: str) -> None:
    status, answer = gateway.call("POST", "/fault", body)
    assert status == 400 and said in answer["error"]


def test_null_is_as_good_as_not_given(gateway: GatewayThread) -> None:
    status, _ = gateway.call("POST", "/fault", {"kind": "delay", "seconds": None})
    assert status == 200
    assert gateway.call("POST", "/fault", {"kind": "farm", "which": None, "up": True})[0] == 200


def test_a_burst_has_as_many_ticks_as_asked(gateway: GatewayThread, client: RawClient) -> None:
    stream(client)
    client.messages.clear()
    gateway.fault("burst", con_id=TSLA.con_id, count=500)
    wait_for(lambda: (client.poll(), sum(f[0] == "1" and f[3] == "4" for f in client.messages))[1] >= 500, "the burst")
    assert sum(f[0] == "1" and f[3] == "4" for f in client.messages) < 520


def test_a_halt_says_so_and_stops_the_price(gateway: GatewayThread, client: RawClient) -> None:
    stream(client)
    client.messages.clear()
    gateway.fault("halt", con_id=TSLA.con_id)
    client.until(lambda f: f[0] == "45" and f[3:5] == ["49", "1.0"], "the halt")
    assert not ticks(client)
    gateway.fault("halt", con_id=TSLA.con_id, off=True)
    client.until(lambda f: f[0] == "45" and f[3:5] == ["49", "0.0"], "the end of the halt")
    assert ticks(client)


def test_a_crossed_quote_stays_crossed(gateway: GatewayThread, client: RawClient) -> None:
    stream(client)
    crossed = gateway.fault("crossed", con_id=TSLA.con_id)
    assert float(crossed["bid"]) > float(crossed["ask"])
    shown = {f[3]: f[4] for f in ticks(client) if f[0] == "1" and f[3] in ("1", "2")}
    assert shown == {"1": crossed["bid"], "2": crossed["ask"]}
    gateway.fault("crossed", con_id=TSLA.con_id, off=True)
    shown = {f[3]: f[4] for f in ticks(client, 1.0) if f[0] == "1" and f[3] in ("1", "2")}
    assert float(shown["1"]) < float(shown["2"])


def test_ticks_come_twice_and_late(gateway: GatewayThread, client: RawClient) -> None:
    stream(client)
    gateway.fault("duplicate_ticks", copies=2)
    client.settle(0.3)
    doubled = [f for f in ticks(client, 1.0) if f[3] == "8"]
    assert len(doubled) >= 2 and all(doubled.count(one) >= 2 for one in doubled[1:-1])
    gateway.fault("duplicate_ticks", copies=1)
    gateway.fault("late_ticks", seconds=30)
    client.settle(0.3)
    assert not ticks(client)
    gateway.fault("late_ticks", seconds=0)
    assert ticks(client)


def test_data_become_delayed(gateway: GatewayThread, client: RawClient) -> None:
    gateway.fault("delayed", con_id=TSLA.con_id)
    client.market_data(1, contract(TSLA.con_id))
    assert client.error(354)[2] == "1"
    client.send(59, 1, 4)
    client.market_data(2, contract(TSLA.con_id))
    assert client.error(10167)[2] == "2"
    assert client.message(58, 2, 2)[3] == "3"
    client.until(lambda f: f[0] == "1" and f[2:4] == ["2", "68"], "a delayed last price")
    client.market_data(3, contract(AAPL.con_id))
    assert client.message(58, 3, 2)[3] == "1"
    gateway.fault("delayed")
    client.market_data(4, contract(AAPL.con_id))
    assert client.message(58, 4, 2)[3] == "3"


def test_pacing_can_be_off(gateway: GatewayThread, client: RawClient) -> None:
    gateway.fault("pacing", on=False)
    for req_id in range(20):
        client.history(req_id, contract(TSLA.con_id), bar="5 secs", duration="60 S")
    for req_id in range(20):
        client.message(17, req_id)
    gateway.fault("pacing", on=True)
    client.history(50, contract(TSLA.con_id), bar="5 secs", duration="60 S")
    client.history(51, contract(TSLA.con_id), bar="5 secs", duration="60 S")
    assert "pacing violation" in client.error(162)[4]


def test_a_split_keeps_the_money(gateway: GatewayThread, client: RawClient) -> None:
    def row() -> dict[str, float]:
        return next(one for one in gateway.get("/world")["holdings"] if one["con_id"] == TSLA.con_id)

    client.send(61, 1)
    client.message(62)
    before, quote = row(), gateway.get(f"/quote?con_id={TSLA.con_id}")["quote"]
    client.messages.clear()
    assert gateway.fault("split", con_id=TSLA.con_id, ratio=4)["accounts"] == 1
    told = client.until(lambda f: f[0] == "61" and f[3] == str(TSLA.con_id), "the new quantity")
    after, split = row(), gateway.get(f"/quote?con_id={TSLA.con_id}")["quote"]
    assert float(told[14]) == after["quantity"] == 4 * before["quantity"]
    assert after["avg_cost"] == pytest.approx(before["avg_cost"] / 4)
    assert split["close"] == pytest.approx(quote["close"] / 4, abs=0.01)
    assert after["value"] == pytest.approx(before["value"], rel=0.01)
    gateway.fault("split", con_id=TSLA.con_id, ratio=0.25)
    assert row()["quantity"] == before["quantity"]


def test_a_slow_line_is_not_buffered_for_ever() -> None:
    with running_gateway(write_bound_bytes=100_000) as gateway, RawClient(gateway.port) as client:
        client.message(9)
        stream(client)
        gateway.fault("slow", bytes_per_s=100)
        gateway.fault("burst", con_id=TSLA.con_id, count=20_000)
        wait_for(lambda: gateway.ledger()["slow_clients_dropped"], "the client is dropped")
