"""Plays the steps of a scenario in the gateway's loop, and tells how far it is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from simulator.control import ControlError, ControlRequest, Route
from simulator.fault_actions import fault_params
from simulator.fault_params import AMOUNT, CON_ID, NUMBER, SCALAR, SECONDS, TEXT, Param, one_of
from simulator.model import Instrument, World
from simulator.scenario import Actions, Scenario, ScenarioError, Step
from simulator.trading import KINDS

log = logging.getLogger("simulator.scenario")

LOOK_S = 0.05
# Beside the faults: what the control port can do with the market and the book.
MARKET_ACTIONS: dict[str, Mapping[str, Param]] = {
    "trade": {"con_id": CON_ID.needed(), "shares": AMOUNT.needed(), "price": AMOUNT, "account": TEXT,
              "kind": one_of(*KINDS)},
    "position": {"con_id": CON_ID.needed(), "quantity": AMOUNT.needed(), "avg_cost": AMOUNT, "account": TEXT},
    "pin": {"con_id": CON_ID.needed(), "price": NUMBER},
    "correct": {"exec_id": TEXT.needed(), "price": AMOUNT, "shares": AMOUNT, "account": TEXT},
    "commission": {"exec_id": TEXT.needed(), "account": TEXT},
    "hold": {"seconds": SECONDS},
    "release": {},
    "note": {"text": SCALAR.needed()},
}  # fmt: skip


def actions() -> Actions:
    """Everything that a step can do."""
    return fault_params() | MARKET_ACTIONS


def with_contracts(scenario: Scenario, instruments: list[Instrument]) -> Scenario:
    """The scenario with con_ids in the place of local symbols. Raises ScenarioError."""
    con_ids = {one.local_symbol: one.con_id for one in instruments}
    known = set(con_ids.values())
    steps = []
    for step in scenario.steps:
        if (con_id := step.params.get("con_id")) is not None and con_id not in known:
            raise ScenarioError(
                f"{scenario.name}, line {step.line}: con_id is {con_id}; must be that of a contract of this market. "
                "Name it by contract, its local symbol; another portfolio may have it."
            )
        if step.contract and step.contract not in con_ids:
            raise ScenarioError(
                f"{scenario.name}, line {step.line}: contract is {step.contract!r}; must be the local symbol of a "
                f"contract of this market, such as {', '.join(list(con_ids)[:3])}. Another portfolio may have it."
            )
        params = step.params | ({"con_id": con_ids[step.contract]} if step.contract else {})
        steps.append(replace(step, params=params, contract=""))
    return replace(scenario, steps=tuple(steps))


@dataclass(slots=True)
class _Done:
    wall_s: float  # since the scenario began
    market: float
    answer: object
    failed: bool


class ScenarioRun:
    """One scenario under way. `wall` is monotonic seconds; `routes` do what the steps ask for."""

    def __init__(
        self, scenario: Scenario, world: World, routes: Mapping[tuple[str, str], Route], wall: Callable[[], float]
    ) -> None:
        self._scenario, self._world, self._routes, self._wall = scenario, world, routes, wall
        self._began = wall()
        self._done: list[_Done] = []
        self._due_wall: float | None = None  # of the next step, when it has a wall time

    async def play(self) -> None:
        """Returns after the last step. A step that fails is noted; the next ones go on."""
        for step in self._scenario.steps:
            if step.at is None:
                self._due_wall = self._wall() + step.after_s
            while not self._is_due(step):  # noqa: ASYNC110
                await asyncio.sleep(LOOK_S)  # the market's clock tells nobody
            self._due_wall = None
            self._do(step)

    def _is_due(self, step: Step) -> bool:
        if step.at is not None:
            return self._world.now() >= step.at
        return self._due_wall is None or self._wall() >= self._due_wall

    def _do(self, step: Step) -> None:
        failed, answer = False, None
        try:
            answer = self._answer(step)
        except ControlError as problem:
            failed, answer = True, problem.message
        except Exception as problem:
            log.exception("step of line %d failed", step.line)
            failed, answer = True, f"{type(problem).__name__}: {problem}"
        if failed:
            log.error("%s, line %d: %s failed: %s", self._scenario.name, step.line, step.action, answer)
        self._done.append(_Done(self._wall() - self._began, self._world.now(), answer, failed))

    def _answer(self, step: Step) -> object:
        if step.action == "note":
            return step.params["text"]
        if step.action in MARKET_ACTIONS:
            return self._routes["POST", f"/{step.action}"](_request(step.action, step.params))
        return self._routes["POST", "/fault"](_request("fault", {"kind": step.action, **step.params}))

    def report(self) -> dict[str, object]:
        """For the control port: each step with when it is due and what came of it."""
        steps = []
        for n, step in enumerate(self._scenario.steps):
            row: dict[str, object] = {"line": step.line, "do": step.action, "params": step.params}
            row |= {"at": step.at} if step.at is not None else {"after_s": step.after_s}
            if n < len(self._done):
                done = self._done[n]
                row |= {"done_s": round(done.wall_s, 3), "done_market": done.market, "failed": done.failed,
                        "answer": done.answer}  # fmt: skip
            steps.append(row)
        return {
            "name": self._scenario.name,
            "about": self._scenario.about,
            "start": self._scenario.start,
            "running_s": round(self._wall() - self._began, 3),
            "done": len(self._done),
            "failed": sum(one.failed for one in self._done),
            "over": len(self._done) == len(self._scenario.steps),
            "steps": steps,
        }


def _request(path: str, body: dict[str, Any]) -> ControlRequest:
    return ControlRequest("POST", f"/{path}", {}, dict(body))
