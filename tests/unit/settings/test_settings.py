"""Precedence with provenance, the environment, config.yaml, saved settings, and the words of every refusal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import AppConfig
from engine.errors import ConfigError
from engine.settings.effective import load_settings, resolve, saved_layer
from engine.settings.saved import load_saved, write_saved
from engine.settings.sources import FIELDS, Layer, from_environment, from_yaml

NOTHING = Layer("config.yaml")


def layers(
    typed: dict[str, Any] | None = None,
    environ: dict[str, str] | None = None,
    saved: dict[str, Any] | None = None,
    file: dict[str, Any] | None = None,
) -> list[Layer]:
    return [
        Layer("command line", typed or {}, {key: f"command line --{key}" for key in typed or {}}),
        from_environment(environ or {}),
        saved_layer(saved or {}),
        Layer("config.yaml", file or {}),
    ]


def refusal(*given_layers: Layer) -> str:
    with pytest.raises(ConfigError) as error:
        resolve(given_layers)
    return str(error.value)


def test_without_anything_the_defaults_hold() -> None:
    settings = resolve(layers())
    assert settings.config == AppConfig()
    assert set(settings.origins.values()) == {"default"}
    assert settings.locked == frozenset()


def test_each_layer_beats_those_below_it() -> None:
    key = "lines.limit"
    stack: dict[str, Any] = {"file": {key: 40}}
    expected = [(40, "config.yaml")]
    assert (resolve(layers(**stack)).value(key), resolve(layers(**stack)).origin(key)) == expected[0]
    stack["saved"] = {key: 41}
    assert (resolve(layers(**stack)).value(key), resolve(layers(**stack)).origin(key)) == (41, "saved")
    stack["environ"] = {"QTRADE_LINES__LIMIT": "42"}
    settings = resolve(layers(**stack))
    assert (settings.value(key), settings.origin(key)) == (42, "environment QTRADE_LINES__LIMIT")
    stack["typed"] = {key: 43}
    settings = resolve(layers(**stack))
    assert (settings.value(key), settings.origin(key)) == (43, "command line --lines.limit")
    assert settings.locked == {key}


@given(st.lists(st.sampled_from([0, 1, 2, 3]), unique=True))
def test_the_strongest_layer_that_speaks_wins(speaking: list[int]) -> None:
    stack = [dict[str, Any]() for _ in range(4)]
    for rank in speaking:
        stack[rank]["web.port"] = 9000 + rank
    settings = resolve(
        [
            Layer(name, values)
            for name, values in zip(("command line", "environment", "saved", "config.yaml"), stack, strict=True)
        ]
    )
    assert settings.config.web.port == (9000 + min(speaking) if speaking else 8052)


@pytest.mark.parametrize(
    ("environ", "mode"),
    [
        ({"DRY_RUN": "1"}, "simulated"),
        ({"DRY_RUN": "1", "ENV": "live"}, "simulated"),
        ({"DRY_RUN": "0"}, "paper"),
        ({"DRY_RUN": "0", "ENV": "paper"}, "paper"),
        ({"DRY_RUN": "false", "ENV": "LIVE"}, "live"),
        ({"ENV": "live"}, "simulated"),
        ({"ENV": "/etc/profile"}, "simulated"),
        ({"QTRADE_BROKER__MODE": "paper"}, "paper"),
    ],
)
def test_the_predecessors_variables(environ: dict[str, str], mode: str) -> None:
    assert resolve(layers(environ=environ)).config.broker.mode == mode


def test_the_command_line_beats_dry_run() -> None:
    assert resolve(layers({"broker.mode": "paper"}, {"DRY_RUN": "1"})).config.broker.mode == "paper"


def test_dry_run_beats_what_was_saved() -> None:
    settings = resolve(layers(environ={"DRY_RUN": "1"}, saved={"broker.mode": "live"}))
    assert (settings.config.broker.mode, settings.origin("broker.mode")) == ("simulated", "environment DRY_RUN")
    assert "broker.mode" in settings.locked


def test_env_alone_is_noted() -> None:
    assert resolve(layers(environ={"ENV": "live"})).notes == ("ENV=live has no effect without DRY_RUN=0",)


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        (
            {"DRY_RUN": "maybe"},
            "environment DRY_RUN is 'maybe'; must be 0 or 1. Set DRY_RUN=1 for the simulated gateway.",
        ),
        ({"DRY_RUN": "0", "ENV": "prod"}, "environment ENV is 'prod'; with DRY_RUN=0 it must be paper or live."),
        (
            {"DRY_RUN": "0", "QTRADE_BROKER__MODE": "live"},
            "environment QTRADE_BROKER__MODE says live but environment DRY_RUN says paper; they must agree.",
        ),
        (
            {"QTRADE_LINE__LIMIT": "4"},
            "environment QTRADE_LINE__LIMIT: line.limit is not a setting. Did you mean lines.limit?",
        ),
    ],
)
def test_a_wrong_environment_is_refused(environ: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        from_environment(environ)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("QTRADE_BROKER__MARKET_DATA_TYPE", "3", 3),
        ("QTRADE_BREAKOUT__LONGS", "false", False),
        ("QTRADE_BROKER__PORT", "null", None),
        ("QTRADE_BROKER__ACCOUNT", "DU1234567", "DU1234567"),
        ("QTRADE_MARKET_SCAN__ENABLED", "Momentum, Halted", ("Momentum", "Halted")),
        ("QTRADE_DATA_DIR", "/tmp/here", "/tmp/here"),  # noqa: S108 - a text, not used as a path
        ("QTRADE_SIMULATOR__SPEED", "2.5", 2.5),
    ],
)
def test_values_in_the_environment_have_the_kind_of_their_field(key: str, text: str, value: Any) -> None:
    settings = resolve(layers(environ={key: text}))
    assert settings.value(key.removeprefix("QTRADE_").lower().replace("__", ".")) == value


def test_a_refusal_says_where_what_rule_and_cure() -> None:
    assert refusal(Layer("config.yaml", {"lines.limit": 1400})) == (
        "config.yaml: lines.limit is 1400; must be 1-1000 (a whole number). Change or remove it (default 50)."
    )


def test_a_refusal_names_no_default_where_there_is_none() -> None:
    text = refusal(Layer("config.yaml", {"broker.port": 0}))
    assert text.endswith("Change or remove it.") and "None" not in text


def test_a_contradiction_between_two_values_names_both() -> None:
    text = refusal(
        Layer("command line", {"lines.limit": 4}, {"lines.limit": "command line X"}),
        Layer("config.yaml", {"lines.buffer": 5}),
    )
    assert "lines.limit is 4 (command line X)" in text
    assert "lines.buffer is 5 (config.yaml)" in text
    assert "must be below limit" in text


def test_other_refusals_name_the_choices() -> None:
    assert "must be one of simulated, paper, live" in refusal(Layer("config.yaml", {"broker.mode": "demo"}))
    assert "must be a computer's name" in refusal(Layer("command line", {"web.host": "a b"}))
    assert "nan; must be 0-120" in refusal(Layer("config.yaml", {"breakout.confirm_s": float("nan")}))


def test_a_host_for_the_simulated_gateway_is_a_contradiction() -> None:
    assert "the simulated gateway always runs on this machine" in refusal(
        *layers({"broker.mode": "simulated", "broker.host": "10.0.0.5"})
    )


def test_a_port_written_for_another_mode_is_not_used() -> None:
    settings = resolve(
        layers(environ={"DRY_RUN": "0", "ENV": "live"}, file={"broker.mode": "paper", "broker.port": 7497})
    )
    assert settings.config.broker.effective_port() == 7496
    assert settings.origin("broker.port") == "default"
    assert settings.notes == ("broker.port from config.yaml is for paper; not used for live.",)


def test_a_port_beside_its_mode_is_used() -> None:
    settings = resolve(layers(file={"broker.mode": "paper", "broker.port": 4002}))
    assert settings.config.broker.effective_port() == 4002
    settings = resolve(layers({"broker.mode": "live", "broker.port": 4001}, file={"broker.mode": "paper"}))
    assert settings.config.broker.effective_port() == 4001


def test_the_page_changes_what_is_not_locked() -> None:
    settings = resolve(layers(environ={"QTRADE_LINES__LIMIT": "40"}, file={"lines.buffer": 4}))
    changed = settings.with_saved({"lines.buffer": 6})
    assert (changed.config.lines.buffer, changed.origin("lines.buffer")) == (6, "saved")
    assert changed.saved_values() == {"lines.buffer": 6}
    assert settings.config.lines.buffer == 4, "the former settings are untouched"
    reverted = changed.with_saved({}, forget=["lines.buffer"])
    assert (reverted.config.lines.buffer, reverted.origin("lines.buffer")) == (4, "config.yaml")
    with pytest.raises(ConfigError, match="lines.limit is fixed by environment QTRADE_LINES__LIMIT"):
        settings.with_saved({"lines.limit": 30})
    with pytest.raises(ConfigError, match="lines.buffer is 40; must be|buffer is 40"):
        settings.with_saved({"lines.buffer": 40})
    with pytest.raises(ConfigError, match="Settings page: lines.limt is not a setting. Did you mean lines.limit"):
        settings.with_saved({"lines.limt": 1})


def load(saved: dict[str, Any], **stack: Any) -> Any:
    typed, environment, _, file = layers(**stack)
    return load_settings(typed, environment, saved_layer(saved), file)


def test_saved_values_that_are_no_longer_valid_are_left_out_with_a_note() -> None:
    settings = load({"lines.limit": 5000, "lines.buffer": 6, "gone.setting": 1})
    assert (settings.config.lines.limit, settings.config.lines.buffer) == (50, 6)
    assert any("lines.limit is 5000" in note for note in settings.notes)
    assert any("gone.setting" in note for note in settings.notes)


def test_saved_values_that_contradict_a_locked_one_are_left_out() -> None:
    settings = load({"lines.buffer": 45}, environ={"QTRADE_LINES__LIMIT": "10"})
    assert (settings.config.lines.limit, settings.config.lines.buffer) == (10, 5)


def test_a_bad_file_is_still_refused_when_the_saved_values_are_good() -> None:
    with pytest.raises(ConfigError, match="config.yaml: web.port is 0"):
        load({"lines.limit": 40}, file={"web.port": 0})


@given(
    st.dictionaries(
        st.one_of(st.sampled_from(sorted(FIELDS)), st.text(max_size=20)),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.floats(),
            st.text(max_size=20),
            st.lists(st.integers(), max_size=3),
        ),
        max_size=6,
    )
)
def test_whatever_was_saved_the_start_succeeds(saved: dict[str, Any]) -> None:
    settings = load(saved)
    assert AppConfig.model_validate(settings.config.model_dump()) == settings.config


def write(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_file_is_valid_and_simulated(root: Path) -> None:
    assert resolve([from_yaml(root / "config.yaml")]).config.broker.mode == "simulated"


def test_a_missing_or_empty_file_is_no_error(tmp_path: Path) -> None:
    assert from_yaml(tmp_path / "config.yaml").values == {}
    assert from_yaml(write(tmp_path, "# nothing\n")).values == {}
    assert from_yaml(write(tmp_path, "lines:\n  # limit: 40\n")).values == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lines:\n  limit: [", "config.yaml, line"),
        ("lines:\n\tlimit: 3", "config.yaml, line 2"),
        ("- a\n- b\n", "holds list; must be sections"),
        ("lines: 5\n", "lines is 5; must be a section"),
        ("lines:\n  limt: 5\n", "config.yaml: lines.limt is not a setting. Did you mean lines.limit?"),
        ("line:\n  limit: 5\n", "config.yaml: line is not a setting"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        from_yaml(write(tmp_path, text))
    assert message in str(error.value)


def test_saved_settings_come_back(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    assert load_saved(path).values == {}
    write_saved(path, {"lines.limit": 40})
    assert load_saved(path) == load_saved(path)
    assert load_saved(path).values == {"lines.limit": 40}
    assert load_saved(path).notes == ()


def test_a_check_leaves_a_damaged_file_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text("{")
    (note,) = load_saved(path, look_only=True).notes
    assert "would move it aside" in note
    assert [each.name for each in tmp_path.iterdir()] == ["settings.json"]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"format": 99, "values": {}}', '{"format": 1}', "\x00\x00"])
def test_a_damaged_file_is_moved_aside_and_its_copy_is_used(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    write_saved(path, {"lines.limit": 40})
    write_saved(path, {"lines.limit": 41})
    path.write_text(damage)
    loaded = load_saved(path, clock_wall=lambda: 1_700_000_000.0)
    assert loaded.values == {"lines.limit": 41}, "the last change is not lost"
    assert "settings.json.bad-1700000000" in loaded.notes[0] and "its copy was taken" in loaded.notes[0]
    assert (tmp_path / "settings.json.bad-1700000000").read_text() == damage
    second = load_saved(path)
    assert (second.values, second.notes) == ({"lines.limit": 41}, ()), "the second start finds it too"
    write_saved(path, {"lines.limit": 42})
    assert json.loads(path.read_text())["values"] == {"lines.limit": 42}


def test_nothing_that_is_not_a_number_is_written(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    write_saved(path, {"lines.limit": 40})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_saved(path, {"lines.limit": float("nan")})
    assert load_saved(path).values == {"lines.limit": 40}
