from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.wire.frames import MAX_FRAME_BYTES, PREFIX, FrameError, FrameReader, frame, text_of
from simulator.wire.versions import negotiate

TEXT = st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=20)


def test_frame_is_length_then_payload() -> None:
    assert frame("49\x001\0") == b"\0\0\0\x0549\x001\0"


def test_other_characters_go_out_as_escapes() -> None:
    assert frame("Café 😀\0")[4:] == b"Caf\\u00e9 \\ud83d\\ude00\0"
    assert frame("Café\0")[4:].decode("unicode-escape") == "Café\0"


@given(st.lists(TEXT, max_size=5), st.integers(1, 9))
def test_frames_may_be_split_anywhere(texts: list[str], step: int) -> None:
    payloads = [f"{text}\0" for text in texts]
    data = PREFIX + b"".join(map(frame, payloads))
    reader, seen = FrameReader(), []
    for start in range(0, len(data), step):
        seen += reader.feed(data[start : start + step])
    assert list(map(text_of, seen)) == payloads


def test_a_stranger_is_refused() -> None:
    with pytest.raises(FrameError, match="greeting"):
        FrameReader().feed(b"GET / HTTP/1.1\r\n")


def test_a_bogus_length_is_refused() -> None:
    with pytest.raises(FrameError, match="at most"):
        FrameReader().feed(PREFIX + struct.pack(">I", MAX_FRAME_BYTES + 1))


def test_bytes_that_are_no_text_do_not_raise() -> None:
    assert list(map(text_of, FrameReader().feed(PREFIX + b"\0\0\0\x02\xff\0"))) == ["\\xff\0"]


@pytest.mark.parametrize(
    ("greeting", "version"),
    [
        ("v157..176", 176),
        ("v157..178", 178),
        ("v100..157", 157),
        ("v100..225", 178),
        ("v157..176 +PACEAPI", 176),
        ("v157..176\0", 176),
        ("v165", 165),
        ("v201..225", None),
        ("v100..156", None),
        ("v50..99", None),
        ("hello", None),
    ],
)
def test_negotiation_takes_the_lower_maximum(greeting: str, version: int | None) -> None:
    assert negotiate(greeting) == version
