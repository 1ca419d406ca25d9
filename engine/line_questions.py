"""Questions of the Lines page: what would a line more do, with the score that the board knows? Engine thread only."""

from __future__ import annotations

from engine.domain import ContractRef, LineClass
from engine.lines.bus import MarketDataBus
from engine.lines.what_if import WhatIf, trial_demand
from engine.scanners.board import usable
from engine.scanners.coordinator import ScannerCoordinator


class LineQuestions:
    """Answers out of the bus' own plan; asks for nothing."""

    def __init__(self, bus: MarketDataBus, coordinator: ScannerCoordinator) -> None:
        self._bus = bus
        self._coordinator = coordinator

    def what_if(self, contract: ContractRef, line_class: LineClass) -> WhatIf:
        """Without a score, which only candidates have, an ordinary candidate is tried with 0."""
        score = self._coordinator.score_of(contract.con_id)
        answer = self._bus.what_if(trial_demand(usable(contract), line_class, score, self._coordinator.top_score))
        if line_class == "pinned" or score is not None:
            return answer
        tried = (
            "counted as 0" if line_class == "25" else f"counted as {self._coordinator.top_score:.2f}, the least for 50"
        )
        detail = f"{answer.detail} It is no candidate now: its score is {tried}.".lstrip()
        return WhatIf(answer.headline, detail, answer.victim)

    def explain(self, con_id: int) -> str:
        return self._bus.explain(con_id)
