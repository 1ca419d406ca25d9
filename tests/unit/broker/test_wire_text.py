"""Names in any bytes, numbers without powers of ten."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.broker.wire_text import escaped, plain_number_text, readable, wire_number


def as_the_library_reads(raw: bytes) -> str:
    return raw.decode(errors="backslashreplace")


@pytest.mark.parametrize(
    ("raw", "currency", "shown"),
    [
        (b"APPLE INC", "USD", "APPLE INC"),
        ("許功蓋".encode("big5"), "TWD", "許功蓋"),  # each sign ends in a backslash byte
        ("許功 LTD".encode("big5"), "HKD", "許功 LTD"),
        ("トヨタ自動車".encode("cp932"), "JPY", "トヨタ自動車"),
        ("삼성전자".encode("cp949"), "KRW", "삼성전자"),
        ("Société Générale".encode("cp1252"), "EUR", "Société Générale"),
        ("Société Générale".encode(), "EUR", "Société Générale"),
        (b"Nestl\\u00e9", "CHF", "Nestlé"),
        (b"a \\ud83d\\ude00", "USD", "a 😀"),
        (b"half \\ud83d", "USD", "half �"),
        (b"short \\u12", "USD", "short \\u12"),
        (b"path C:\\new\\", "USD", "path C:\\new\\"),
        (b"two\nlines\x07", "USD", "two lines "),
        (b"\x1b]0;owned\x07x", "USD", " ]0;owned x"),
        ("a\u202egnp.exe\u200b".encode(), "USD", "a gnp.exe "),
        (b"C1 \\u009b2J", "USD", "C1  2J"),
        (b"\x81\x8d", "USD", "��"),
        (b"", "", ""),
    ],
)
def test_a_name_is_read(raw, currency, shown):
    assert readable(as_the_library_reads(raw), currency) == shown


def test_a_name_without_an_end_is_cut():
    assert readable("W" * 320, "USD", 64) == "W" * 63 + "…"
    assert len(readable("m" * 100_000)) == 2_000


@given(st.binary(max_size=60), st.sampled_from(["USD", "TWD", "JPY", "CNH", "KRW", ""]))
def test_any_bytes_give_a_text_that_every_encoder_takes(raw, currency):
    text = readable(as_the_library_reads(raw), currency)
    assert text.encode().decode() == text
    assert "\x00" not in text
    assert "\n" not in text
    assert escaped(text).encode().decode("unicode-escape") == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_on_the_wire_has_no_power_of_ten(value):
    text = wire_number(value)
    assert set(text) <= set("-0123456789.")
    assert float(text) == value


@pytest.mark.parametrize(
    ("value", "text"), [(12_500_000.0, "12500000"), (1e-05, "0.00001"), (0.5, "0.5"), (100.0, "100"), (0.0, "0")]
)
def test_numbers_that_had_powers_of_ten(value, text):
    assert wire_number(value) == text


@pytest.mark.parametrize(
    ("text", "sent"),
    [("1e6", "1000000"), ("2.5E-3", "0.0025"), ("1e+06", "1000000"), ("5", "5"), ("5.0", "5.0"), ("exc:ETF", "exc:ETF"),
     ("1e999", "1e999"), ("inf", "inf"), ("E5", "E5"), ("", "")],
)  # fmt: skip
def test_a_filter_that_is_a_number_loses_its_power_of_ten(text, sent):
    assert plain_number_text(text) == sent
