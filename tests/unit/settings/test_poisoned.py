"""Whatever was stored: the settings come up valid, say what they left out, keep it beside, and say it once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.launch.simulator_process import command_line
from engine.config import AppConfig
from engine.settings.effective import EffectiveSettings, load_settings, saved_layer
from engine.settings.saved import load_saved, set_aside
from engine.settings.sources import FIELDS, Layer
from engine.storage import rescues

HOSTILE: tuple[Any, ...] = (
    "A\u0000", "--fresh", "-x", "\x1b]0;x\x07", "a\n2026-01-01T00:00:00.000Z ERROR forged", "../../x", "x" * 100_000,
    "\u202eevil", "", " ", "a..b", "nan", 10**300, -1, 1e308, 0.5, True, None, [], {}, [[]], ["\u0000"], {"": {}},
    {"a\u0000": {"bars_n": 1}}, {"s": {"bars_n": 10**30}}, {"s": {"x" * 500: 1}}, {"s": 1}, [{"a": [1]}] * 50,
)  # fmt: skip
EMPTY = Layer("config.yaml")


def started(values: Any) -> EffectiveSettings:
    return load_settings(Layer("command line"), Layer("environment"), saved_layer(values), EMPTY)


def assert_harmless(settings: EffectiveSettings) -> None:
    """What is in force is what the models take, and can be published and handed to a process."""
    AppConfig.model_validate(settings.config.model_dump())
    msgspec.json.encode(settings.config.model_dump(mode="json"))
    config = settings.config
    words = command_line(config.simulator, 4_000, Path("/x"), config.broker.account)
    assert all(word.isprintable() for word in words)
    assert ("--fresh" in words) is config.simulator.fresh
    assert all(len(note) < 3_000 for note in settings.left_out)


@pytest.mark.parametrize("key", FIELDS)
def test_no_value_of_any_setting_stops_the_start(key: str) -> None:
    for value in HOSTILE:
        other = "coverage.dwell_s" if key.startswith("lines.") else "lines.swaps_per_minute"
        settings = started({key: value, other: 7})
        assert_harmless(settings)
        assert settings.value(other) == 7, "a setting of another kind is in force"


@given(
    st.dictionaries(
        st.sampled_from([*FIELDS, "lines", "no.such", ""]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(HOSTILE),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=6,
        ),
        max_size=6,
    )
)
def test_no_set_of_values_does(values: dict[str, Any]) -> None:
    assert_harmless(started(values))


@pytest.mark.parametrize("account", ["A\u0000", "--fresh", "DU1 2", "", "-", "a/b", "DU1234567\n"])
def test_an_account_that_no_gateway_has_is_left_out_in_words(account: str) -> None:
    settings = started({"broker.account": account})
    assert settings.config.broker.account is None
    (note,) = settings.left_out
    assert note.isprintable() and "must be an account id" in note


def test_of_a_collection_only_the_wrong_entry_goes() -> None:
    scan = {
        "scan_code": "TOP_PERC_GAIN",
        "instrument": "STK",
        "location": "STK.US.MAJOR",
        "filters": [],
        "side": "long",
    }
    settings = started(
        {
            "market_scan.custom": {"Mine": scan, "Bad\u0000": scan, "Worse": {**scan, "scan_code": "A\u0000"}},
            "sets.saved": {"Good": {"bars_n": 20}, "\u202eBad": {"bars_n": 20}},
        }
    )
    assert list(settings.config.market_scan.custom) == ["Mine"]
    assert list(settings.config.sets.saved) == ["Good"]
    assert len(settings.left_out) >= 1


def test_what_was_left_out_is_kept_beside_and_said_once(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    content = {"format": 1, "values": {"broker.account": "A\u0000", "lines.limit": 40, "no.such": 1}}
    path.write_text(json.dumps(content), encoding="utf-8")
    settings = started(load_saved(path).values)
    assert settings.config.lines.limit == 40 and len(settings.left_out) == 2
    set_aside(path, settings.saved_values(), settings.left_out, 1_700_000_000.0)
    (aside,) = (each for each in tmp_path.glob("settings.json.bad-*"))
    assert json.loads(aside.read_bytes()) == content
    (told,) = rescues.take(tmp_path)
    assert "broker.account" in told.text and "no.such" in told.text and aside.name in told.text
    again = load_saved(path)
    assert dict(again.values) == {"lines.limit": 40} and not again.notes
    assert started(again.values).left_out == ()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[" * 200_000, b"\xff\xfe", b'{"format": 99, "values": {}}', b'{"format": 1, "values": []}',
        b'{"format": 1, "values": {"lines.limit": ' + b"9" * 5_000 + b"}}",
        b'{"format": 1, "values": {"lines.limit": Infinity, "lines.buffer": NaN}}',
        b'{"format": 1, "values": {"lines.limit": "\\ud800"}}',
    ],
)  # fmt: skip
def test_no_file_stops_the_start(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    saved = load_saved(path)
    assert_harmless(started(saved.values))
    rescues.take(tmp_path)
