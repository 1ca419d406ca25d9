"""Every message of the protocol is answered under its own request id, at every version that is served."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from simulator.wire.messages import PROTOCOL, REQUEST_ID_AT, WITHOUT_ID
from simulator.wire.versions import MAX_VERSION, MIN_VERSION
from tests.integration.fake_world import TSLA
from tests.integration.gateway_thread import GatewayThread, running_gateway
from tests.integration.raw_client import RawClient, contract

BLOCK = contract(TSLA.con_id)
# The fields of a full request behind its id, where it has any that matter.
BODIES: dict[int, list[object]] = {
    1: [*BLOCK, False, "", False, False, ""],
    3: [*BLOCK, "", "", "BUY", 1, "LMT", "1.0"],
    7: [0, "", "", "", "", "", ""],
    9: [*BLOCK, False, "", "", ""],
    10: [*BLOCK, 5, False, ""],
    20: [*BLOCK, False, "", "1 min", "600 S", 1, "TRADES", 2, False, ""],
    22: [5, "STK", "STK.US.MAJOR", "TOP_PERC_GAIN", *[""] * 16, "ALL", "", ""],
    50: [*BLOCK, 5, "TRADES", 0, ""],
    62: ["All", "NetLiquidation"],
    74: ["DU1234567", ""],
    76: ["DU1234567", "", 1],
    78: ["TSLA", "", "STK", TSLA.con_id],
    81: ["TSL"],
    86: [TSLA.con_id, "BRFG", "", "", 5, ""],
    87: [*BLOCK, False, 1, "TRADES", 2],
    92: ["DU1234567", ""],
    94: ["DU1234567", "", TSLA.con_id],
    96: [*BLOCK, "", "", 10, "TRADES", 1, 0, ""],
    97: [*BLOCK, "Last", 0, False],
}
# What TWS says nothing to: ends of what was begun, bulletins that never come, its own log.
SILENT = {63, 75, 77, 90, 93, 95} | {12, 13, 14, 15, 59, 64}
ANSWERS = {5: "53", 6: "6", 8: "9", 16: "53", 17: "15", 24: "19", 49: "49", 61: "62", 80: "78", 82: "80", 85: "85",
           91: "93", 99: "102"}  # fmt: skip
REFUSED = {18, 58, 65, 66, 72, 73}  # they have no id to answer under
BODIES_WITHOUT_ID: dict[int, list[object]] = {6: [1, "DU1234567"], 91: []}
NOT_UNDER_ID = {71}


@pytest.fixture(scope="module")
def gateway() -> Iterator[GatewayThread]:
    with running_gateway(speed=20.0, message_limit=100_000) as thread:  # real-time bars come each 5 s of its clock
        yield thread


def message(message_id: int, req_id: int) -> list[object]:
    """The request with its id in its place, its version before it where it has one."""
    if message_id == 19:
        return [19, 1, 1, "<xml/>", req_id]
    place = REQUEST_ID_AT[message_id]
    return [message_id, *[1] * (place - 1), req_id, *BODIES.get(message_id, [])]


def is_answer(fields: list[str], req_id: int) -> bool:
    """Whether a message bears this request id where such messages have it."""
    return str(req_id) in fields[1:4]


@pytest.mark.parametrize("version", range(MIN_VERSION, MAX_VERSION + 1))
def test_under_its_own_id_at_every_version(gateway: GatewayThread, version: int) -> None:
    with RawClient(gateway.port, f"v{version}..{version}", client_id=version) as client:
        client.message(9)
        asked = {message_id: 70_000 + message_id for message_id in REQUEST_ID_AT if message_id not in SILENT}
        for message_id, req_id in asked.items():
            client.send(*message(message_id, req_id))
        for message_id, req_id in asked.items():
            client.until(lambda f, r=req_id: is_answer(f, r), f"an answer to message {message_id}")
        assert not [f for f in client.messages if f[0] == "4" and f[2] == "-1" and int(f[3]) < 2000]
        errors = {f[2]: f[3] for f in client.messages if f[0] == "4"}
        assert "10000" not in errors.values() and "322" not in errors.values()


def test_what_has_no_id_gets_its_own_message_or_words(gateway: GatewayThread) -> None:
    with RawClient(gateway.port, client_id=9) as client:
        client.message(9)
        for message_id in sorted(WITHOUT_ID - SILENT - NOT_UNDER_ID):
            client.messages.clear()
            body = [26] if message_id == 91 else [1, *BODIES_WITHOUT_ID.get(message_id, [1, 1])]
            client.send(message_id, *body)
            if message_id in REFUSED:
                error = client.error(321)
                assert error[2] == "-1" and len(error[4]) > len("Error validating request."), message_id
            else:
                client.message(int(ANSWERS[message_id]))


@pytest.mark.parametrize("message_id", sorted(SILENT))
def test_silence_is_only_where_nothing_is_asked(gateway: GatewayThread, message_id: int) -> None:
    with RawClient(gateway.port, client_id=10) as client:
        client.message(9)
        client.until(lambda f: f[0] == "4" and f[3] == "2158", "the last notice")
        client.messages.clear()
        client.send(*(message(message_id, 5) if message_id in REQUEST_ID_AT else [message_id, 1, 1]))
        client.send(49, 1)
        client.message(49)
        assert [f[0] for f in client.messages] == ["49"]


def test_cut_short_messages_keep_their_id(gateway: GatewayThread) -> None:
    with RawClient(gateway.port, client_id=11) as client:
        client.message(9)
        for message_id in (1, 9, 20, 22, 50, 62, 74, 76, 78, 81, 87, 92, 94, 97):
            place = REQUEST_ID_AT[message_id]
            client.send(message_id, *[1] * (place - 1), 80_000 + message_id)
            error = client.until(lambda f, r=80_000 + message_id: f[0] == "4" and f[2] == str(r), "the error")
            assert error[3] == "320" and error[4].startswith("Error reading request. ")


def test_a_number_outside_of_the_protocol_is_said() -> None:
    with running_gateway(message_limit=100_000) as gateway, RawClient(gateway.port) as client:
        client.message(9)
        for number in sorted(set(range(200)) - PROTOCOL):
            client.messages.clear()
            client.send(number, 1, 77)
            assert client.error(320)[4] == f"Error reading request. Unknown message id '{number}'"


@pytest.mark.parametrize(
    ("number", "body", "req_id"),
    [
        (201, b"\x08\x2a", "42"),  # market data, request id 42
        (201, b"\x08\xac\x02\x12\x00", "300"),
        (220, b"\x08\xff\xff\xff\x7f", "268435455"),
        (261, b"", "-1"),  # positions have no id
        (271, b"\x08\x07", "-1"),  # startApi: field 1 is the client id
        (201, b"\x12\x00", "-1"),
        (20, b"55\x00265598\x00", "55"),  # a raw number before fields of text
        (61, b"1\x00", "-1"),
    ],
)
def test_protobuf_is_refused_in_words(gateway: GatewayThread, number: int, body: bytes, req_id: str) -> None:
    with RawClient(gateway.port, "v100..225", client_id=12) as client:
        client.message(9)
        payload = struct.pack(">I", number) + body
        client.sock.sendall(struct.pack(">I", len(payload)) + payload)
        error = client.error(503)
        assert error[2] == req_id
        assert "server version 201; this connection speaks 178" in error[4]
        client.send(49, 1)
        client.message(49)


@pytest.mark.parametrize("versions", ["v201..225", "v179..200", "v100..156"])
def test_versions_that_are_not_served_are_refused_in_words(gateway: GatewayThread, versions: str) -> None:
    with RawClient(gateway.port, versions) as client:
        assert client.version == MAX_VERSION
        words = client.error(503)[4]
        assert words.startswith("The TWS is out of date") and words.endswith(
            f"It speaks server versions {MIN_VERSION} to {MAX_VERSION}; the client asks for {versions}."
        )
        client.wait_closed()


def test_requests_before_the_start_are_refused(gateway: GatewayThread) -> None:
    with RawClient(gateway.port, start=False) as client:
        client.handshake("v157..176")
        client.send(*message(20, 5))
        assert client.error(504)[2] == "5"
