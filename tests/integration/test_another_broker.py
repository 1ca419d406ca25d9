"""Another broker is chosen while the program runs: nothing of the former shows under the new one, nothing is mixed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.launch import wiring
from app.launch.parts import Plan
from engine.settings.effective import EffectiveSettings, resolve
from engine.settings.sources import Layer
from engine.state.bus import StateBus
from engine.state.commands import ApplySettings
from engine.storage.build_id import build_id
from tests.integration.engine_bench import BRISK, ROOT, wait_for
from tests.integration.second_gateway import HELD, SecondGateway
from tests.patience import DEADLINE_S

FIRST, SECOND = "DU1111111", "DU2222222"
MSFT, ES, *_ = HELD


class Program:
    """Engine, stores and pages as the launcher puts them together, without a server."""

    def __init__(self, port: int, folder: Path) -> None:
        layers = [Layer("command line"), Layer("environment"), Layer("saved", {"broker.mode": "paper"})]
        self.moves: list[tuple[str, int]] = []
        settings = resolve([*layers, Layer("config.yaml", {"broker.port": port, "broker.mode": "paper"})])
        plan = Plan(
            settings, "127.0.0.1", port, folder, build_id(ROOT), ROOT,
            timings=BRISK, period_stretch=0.2, move=self._move,
        )  # fmt: skip
        parts = wiring.assemble(plan)
        self.engine, self.client = parts.engine, parts.wsgi.test_client()
        self.state: StateBus = parts.engine._state  # type: ignore[attr-defined]

    def _move(self, settings: EffectiveSettings) -> tuple[str, int]:
        assert not self.positions(), "what was shown is gone before anything else comes"
        assert self.state.read("pnl") is None and self.state.read("broker") is None
        broker = settings.config.broker
        self.moves.append((broker.host, broker.effective_port() or 0))
        return self.moves[-1]

    def positions(self) -> set[tuple[str, str]]:
        section: Any = self.state.read("positions")
        return {(row.account, row.local_symbol) for row in section.tradable} if section is not None else set()

    def broker(self) -> dict[str, Any]:
        return dict(self.client.get("/api/v1/status").get_json()["broker"])

    def apply(self, request_id: str, changes: dict[str, Any]) -> str:
        """The answer, which comes although who gives it ends."""
        self.state.submit(ApplySettings(request_id, changes))

        def answered() -> Any:
            section: Any = self.state.read("answers")
            return next((each for each in section.answers if each.request_id == request_id), None)

        answer = wait_for(answered, "the answer")
        assert answer.ok, answer.text
        return str(answer.text)


@pytest.fixture
def gateways() -> Iterator[tuple[SecondGateway, SecondGateway]]:
    with (
        SecondGateway(account=FIRST, clients={FIRST: [MSFT]}) as first,
        SecondGateway(account=SECOND, clients={SECOND: [ES]}) as second,
    ):
        yield first, second


@pytest.fixture
def program(gateways: tuple[SecondGateway, SecondGateway], tmp_path: Path) -> Iterator[Program]:
    made = Program(gateways[0].port, tmp_path)
    made.engine.start()
    yield made
    assert made.engine.stop(DEADLINE_S)


def owners(folder: Path) -> set[str]:
    """Whose points this folder's journal holds."""
    try:
        with closing(sqlite3.connect(f"file:{folder / 'journal.sqlite3'}?mode=ro", uri=True)) as connection:
            return {str(row[0]) for row in connection.execute("SELECT DISTINCT account FROM pnl_points")}
    except sqlite3.OperationalError:
        return set()


def test_another_port_is_another_account_and_nothing_of_the_first_stays(
    program: Program, gateways: tuple[SecondGateway, SecondGateway], tmp_path: Path
) -> None:
    first, second = gateways
    wait_for(lambda: program.positions() == {(FIRST, "MSFT")}, "the first account's position")
    wait_for(lambda: owners(tmp_path / f"paper-{FIRST}") == {FIRST}, "its points")
    said = program.apply("a" * 32, {"broker.port": second.port})
    assert f"Connecting to 127.0.0.1:{second.port} (paper) now." in said
    wait_for(lambda: program.positions() == {(SECOND, ES.local)}, "the second account's position")
    assert program.moves == [("127.0.0.1", second.port)]
    assert (program.broker()["port"], program.broker()["account"]) == (second.port, SECOND)
    wait_for(lambda: not first.clients, "the first one's connection is closed")
    answers: Any = program.state.read("answers")
    assert [each.request_id for each in answers.answers] == ["a" * 32], "who asked can still read it"
    kept: Any = program.state.read("settings")
    assert next(row.value for row in kept.rows if row.key == "broker.port") == second.port
    wait_for(lambda: owners(tmp_path / f"paper-{SECOND}") == {SECOND}, "its points")
    assert owners(tmp_path / f"paper-{FIRST}") == {FIRST}
    with closing(sqlite3.connect(tmp_path / f"paper-{SECOND}" / "journal.sqlite3")) as journal:
        (kinds,) = journal.execute("SELECT group_concat(text) FROM connection_events").fetchall()
    assert str(first.port) not in str(kinds), "the first one's connection is told in its own journal"


def test_a_port_where_nothing_listens_shows_no_former_account(
    program: Program, gateways: tuple[SecondGateway, SecondGateway]
) -> None:
    wait_for(lambda: program.positions() == {(FIRST, "MSFT")}, "the first account's position")
    nowhere = gateways[1].port
    gateways[1].stop()
    program.apply("b" * 32, {"broker.port": nowhere})
    wait_for(lambda: program.broker()["reason"].startswith("Nothing listens"), lambda: program.broker())
    broker = program.broker()
    assert broker["reason"] == f"Nothing listens on 127.0.0.1:{nowhere}"
    assert (broker["account"], broker["accounts"]) == (None, [])
    assert not program.positions()
    points = program.client.get("/api/v1/pnl").get_json()
    assert [point for point in points if point["daily"] is not None] == []
    program.apply("d" * 32, {"broker.client_id": 77})  # the same gateway, which has not said yet whose it is
    wait_for(
        lambda: len(program.moves) == 2 and program.broker()["reason"].startswith("Nothing listens"), program.broker
    )
    assert (program.broker()["account"], program.broker()["accounts"]) == (None, [])
    program.apply("c" * 32, {"broker.port": gateways[0].port})
    wait_for(lambda: program.positions() == {(FIRST, "MSFT")}, "back again")


def test_what_the_connection_does_not_depend_on_leaves_it_alone(
    program: Program, gateways: tuple[SecondGateway, SecondGateway]
) -> None:
    wait_for(lambda: program.positions() == {(FIRST, "MSFT")}, "the first account's position")
    changes: list[dict[str, Any]] = [
        {"broker.allow_delayed_signals": True},
        {"simulator.speed": 3},
        {"lines.limit": 45},
    ]
    for n, change in enumerate(changes):
        assert "Connecting" not in program.apply(f"{n:032d}", change)
    assert program.moves == [] and len(gateways[0].connects) == 1
