"""Scenario files: what they may hold, how errors are said, when steps are due, and what comes of them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from simulator.__main__ import main
from simulator.control import ControlError, ControlRequest
from simulator.scenario import FOLDER, Scenario, ScenarioError, built_in, find, load, parse, start_of
from simulator.scenario_run import ScenarioRun, actions, with_contracts
from tests.integration.fake_world import CLZ5, FakeWorld
from tests.long.scenarios import EXPECTED, Watched, judged
from tests.patience import DEADLINE_S
from tests.unit.simulator.world_samples import new_york

HEAD = "about: a day\nstart: 2025-11-05T10:00\n"
STEP = f"{HEAD}steps:\n- "
START = new_york("2025-11-05 10:00")
LOST = ("TWS has lost its connection to IB",)
WELL_KNOWN = {"nightly-restart", "nightly-reset", "farm-flap", "competing-login", "wrong-port", "half-open",
              "data-lost", "data-kept", "expiry", "weekend", "half-day", "holiday", "clocks-back",
              "clocks-forward"}  # fmt: skip


def read(steps: str, head: str = HEAD) -> Scenario:
    return parse("day.yaml", "day", f"{head}steps:\n{steps}", actions())


def error(text: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        parse("day.yaml", "day", text, actions())
    return str(caught.value)


def test_every_built_in_one_is_sound_and_all_well_known_days_are_there() -> None:
    found = {name: load(path, actions()) for name, path in built_in().items()}
    assert set(found) >= WELL_KNOWN
    world = FakeWorld(lambda: 0.0)
    for name, scenario in found.items():
        with_contracts(scenario, world.instruments())
        assert scenario.name == name and scenario.start == start_of(name) and scenario.about
    assert {path.suffix for path in FOLDER.iterdir()} == {".yaml"}


def test_times_of_steps() -> None:
    scenario = read(
        "- {at: 60, do: drop}\n"
        "- {at: 10:02, do: drop}\n"
        '- {at: "10:02:30", do: drop}\n'
        "- {after: 2.5, do: drop}\n"
        "- {at: 09:00, do: drop}\n"
        "- {at: 2025-11-07T08:00, do: drop}\n"
    )
    assert [step.at for step in scenario.steps] == [
        START + 60, START + 120, START + 150, None, new_york("2025-11-06 09:00"), new_york("2025-11-07 08:00")
    ]  # fmt: skip
    assert scenario.steps[3].after_s == 2.5
    twice = read("- {at: 01:30, do: drop}\n- {at: 01:30, do: drop}\n- {at: 01:15, do: drop}\n",
                 "about: back\nstart: 2025-11-02T00:45\n")  # fmt: skip
    first, second, third = (step.at or 0.0 for step in twice.steps)
    assert first == second and third - first == 45 * 60, "01:15 comes a second time"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "day.yaml: must hold about, start,"),
        ("about: [\n", "day.yaml, line 2, column 1: "),
        ("- 1\n", "day.yaml: must hold about"),
        ("start: 2025-11-05T10:00\n", "line 1: about must be: says what happens on that day"),
        ("about: x\n", "day.yaml: start is missing; it must be a New York date and time"),
        ("about: x\nstart: soon\n", "line 2: start is 'soon'; must be: a New York date"),
        ("about: x\nstart: 2031-01-01T10:00\n", "from 2024-10-01 to 2026-12-31"),
        (HEAD + "speeed: 2\n", "line 3: speeed is unknown; known are about, start, speed, portfolio, accounts, "),
        (HEAD + "speeed: 2\n", "Did you mean speed?"),
        (HEAD + "speed: 0\n", "line 3: speed is '0'; must be: market seconds a second, a number above 0"),
        (HEAD + "about: y\n", "line 3: about stands there twice; keep one of them"),
        (HEAD + "steps: soon\n", "line 3: steps is 'soon'; must be: a list"),
        (HEAD + "steps:\n- drop\n", "line 4: a step is 'drop'; must be: 'at' or 'after', 'do'"),
        (STEP + "{do: drop}\n", "line 4: the step has neither at nor after"),
        (STEP + "{at: 1, after: 1, do: drop}\n", "line 4: the step has both at and after"),
        (STEP + "{at: 1}\n", "line 4: the step has no do; one of: abort, "),
        (STEP + "{at: 1, do: dorp}\n", "line 4: dorp is unknown; known are abort,"),
        (STEP + "{at: 1, do: dorp}\n", "Did you mean drop?"),
        (STEP + "{at: noon, do: drop}\n", "line 4: at is 'noon'; must be: seconds since the start"),
        (STEP + "{at: 25:00, do: drop}\n", "line 4: at is '25:00'"),
        (STEP + "{at: 9, do: drop}\n- {at: 5, do: drop}\n", "line 5: at is '5'; must be: not before the step"),
        (STEP + "{at: 2027-01-01T00:00, do: drop}\n", "must be: by the end of 2026-12-31, the last day of this market"),
        (STEP + "{at: 1, do: withhold, message: positionsEnd}\n", "message is 'positionsEnd'; must be a number, or"),
        (STEP + "{at: 1, do: tick_value, tick: lats, value: 1}\n", "tick is 'lats'; must be a number, or one of: bid_"),
        (STEP + "{at: 1, do: error, code: 162, next: histori}\n", "next is 'histori'; must be one of: market_data,"),
        (STEP + "{after: -1, do: drop}\n", "line 4: after is '-1'; must be: wall seconds"),
        (STEP + "{at: 1, do: restart, second: 3}\n", "line 4: restart has no parameter second; it takes seconds"),
        (STEP + "{at: 1, do: restart, seconds: soon}\n", "line 4: restart: seconds is 'soon'; must be seconds"),
        (STEP + "{at: 1, do: line_limit}\n", "line 4: line_limit needs limit, a whole number"),
        (STEP + "{at: 1, do: restart, contract: CLZ5}\n", "line 4: contract is 'CLZ5'; must be: only in a step"),
        (STEP + "{at: 1, do: trade, contract: CLZ5}\n", "line 4: trade needs shares"),
        (STEP + "{at: 1, do: volume_unit, unit: tons}\n", "unit is 'tons'; must be one of: lots, shares, mixed"),
    ],
)  # fmt: skip
def test_errors_say_line_finding_rule_and_cure(text: str, expected: str) -> None:
    said = error(text)
    assert expected in said and said.startswith("day.yaml")


def test_a_contract_that_this_market_lacks_is_said_with_its_line() -> None:
    scenario = read("- {at: 1, do: expire, contract: CLZ9}\n")
    with pytest.raises(ScenarioError, match=r"line 4: contract is 'CLZ9'; must be the local symbol"):
        with_contracts(scenario, FakeWorld(lambda: 0.0).instruments())


def test_a_con_id_that_this_market_lacks_is_said_with_its_line() -> None:
    instruments = FakeWorld(lambda: 0.0).instruments()
    with pytest.raises(ScenarioError, match=r"line 4: con_id is 999; must be that of a contract of this market"):
        with_contracts(read("- {at: 1, do: mute_ticks, con_id: 999}\n"), instruments)
    sound = read(f"- {{at: 1, do: mute_ticks, con_id: {CLZ5.con_id}}}\n- {{at: 1, do: mute_ticks}}\n")
    assert with_contracts(sound, instruments) == sound


def test_names_and_files(tmp_path: Path) -> None:
    assert find("weekend") == FOLDER / "weekend.yaml"
    own = tmp_path / "own.yaml"
    own.write_text(HEAD, encoding="utf-8")
    assert load(find(str(own)), actions()).name == "own"
    with pytest.raises(ScenarioError, match="neither a built-in scenario nor a YAML file.*Did you mean weekend"):
        find("weekent")


def test_the_program_ends_before_it_begins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(f"{HEAD}steps:\n- {{at: 1, do: nothing}}\n", encoding="utf-8")
    for asked, expected in (("nightly", "--scenario nightly"), (str(wrong), "wrong.yaml, line 4: nothing is unknown")):
        assert main(["--scenario", asked]) == 2
        assert expected in capsys.readouterr().err


def test_steps_are_done_in_time_and_one_that_fails_ends_nothing() -> None:
    told: list[tuple[float, dict[str, object]]] = []
    wall = [0.0]

    def fault(request: ControlRequest) -> object:
        told.append((wall[0], request.body))
        if request.body["kind"] == "drop":
            raise ControlError(400, "no such session")
        return {"done": True}

    scenario = read("- {at: 10, do: farm, contract: CLZ5}\n".replace("farm", "expire") +
                    "- {after: 3, do: drop}\n- {at: 11, do: note, text: late}\n- {after: 1, do: resume}\n")  # fmt: skip
    world = FakeWorld(lambda: wall[0], speed=2.0)
    scenario = with_contracts(scenario, world.instruments())
    run = ScenarioRun(scenario, world, {("POST", "/fault"): fault}, lambda: wall[0])

    async def play() -> None:
        task = asyncio.create_task(run.play())
        for _ in range(200):
            wall[0] += 0.1
            await asyncio.sleep(0)
            await asyncio.sleep(0.001)
            if task.done():
                break
        await asyncio.wait_for(task, DEADLINE_S)

    assert run.report()["over"] is False
    asyncio.run(play())
    report = run.report()
    assert [body["kind"] for _, body in told] == ["expire", "drop", "resume"]
    assert told[0][1]["con_id"] == CLZ5.con_id
    assert told[0][0] >= 5.0, "ten market seconds at double speed"
    assert (report["done"], report["failed"], report["over"]) == (4, 1, True)
    steps = report["steps"]
    assert isinstance(steps, list)
    assert steps[1]["failed"] and steps[1]["answer"] == "no such session" and steps[2]["answer"] == "late"


@pytest.mark.parametrize(
    ("looks", "wrong"),
    [
        ([(29.0, ()), (31.0, LOST), (50.0, LOST), (50.9, ()), (60.0, ())], "not judged: no answer for 19.0 s"),
        ([(29.0, ()), (51.0, ()), (60.0, ())], "not judged: no answer for 22.0 s"),
        ([*((float(at), ()) for at in range(25, 32)), *((float(at), LOST) for at in range(32, 51)), (51.0, ())], ""),
        ([(float(at), ()) for at in range(25, 60)], "not red within 5 s"),
    ],
)
def test_a_day_that_nobody_could_look_at_is_not_judged(looks, wrong):
    watched = Watched(0.0)
    watched.looks = [(at, "degraded" if why else "ok", why) for at, why in looks]
    _, said = judged(EXPECTED["data-kept"], watched, 30.0, 50.0, 0)
    assert said.startswith(wrong) and bool(said) is bool(wrong)
