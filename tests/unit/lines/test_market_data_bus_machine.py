"""Any sequence of demands, settings, losses and errors: the bus' ledger is the gateway's, and no rule is broken."""

from __future__ import annotations

from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.config import CoverageSettings, LineSettings
from engine.domain import Demand
from tests.examples import examples
from tests.unit.lines.fake_gateway import FakeGateway
from tests.unit.lines.line_samples import contract, want

CON_IDS = st.integers(1, 40)
SCORES = st.sampled_from([0.1, 0.3, 0.32, 0.5, 0.7, 0.71, 0.9])

SCAN_WISHES = st.lists(
    st.builds(want, CON_IDS, st.sampled_from(["50", "25", "25"]), SCORES),
    max_size=15,
    unique_by=lambda wish: wish.contract.con_id,
)


class LinesMachine(RuleBasedStateMachine):
    """Small budgets, so that every limit is met often. Positions may exceed the lines."""

    def __init__(self) -> None:
        super().__init__()
        self.gateway = FakeGateway(LineSettings(top_max=100, limit=12, buffer=3, normal_max=3, min_hold_s=20, ttl_s=60))
        self.connected = False

    @initialize()
    def begin(self) -> None:
        self.connect()

    def _put_positions(self, con_ids: set[int]) -> None:
        self.gateway.set_positions(con_ids)
        self.gateway.bus.demand("positions", [want(c, "100", exposure=float(c)) for c in sorted(con_ids)])

    # --- demands ------------------------------------------------------------------------------------------------

    @rule(con_ids=st.sets(CON_IDS, max_size=6))
    def positions_change(self, con_ids: set[int]) -> None:
        self._put_positions(con_ids)

    @rule(con_id=CON_IDS)
    def one_position_more(self, con_id: int) -> None:
        self._put_positions(self.gateway.positions | {con_id})

    @rule(con_ids=st.sets(CON_IDS, min_size=13, max_size=16))
    def more_positions_than_lines(self, con_ids: set[int]) -> None:
        self._put_positions(con_ids)

    @rule(wishes=SCAN_WISHES)
    def scans_change(self, wishes: list[Demand]) -> None:
        self.gateway.bus.demand("scanners", wishes)

    @rule(con_ids=st.lists(CON_IDS, max_size=20, unique=True))
    def coverage_moves_on(self, con_ids: list[int]) -> None:
        self.gateway.bus.demand("coverage", [want(c, "coverage", c / 100) for c in con_ids])

    @rule(con_ids=st.lists(CON_IDS, max_size=30, unique=True))
    def the_universe_changes(self, con_ids: list[int]) -> None:
        self.gateway.rotation.universe([contract(c) for c in con_ids], self.gateway.clock.mono())

    @rule(hints=st.dictionaries(CON_IDS, st.floats(0, 1), max_size=5))
    def scans_give_hints(self, hints: dict[int, float]) -> None:
        self.gateway.rotation.hint(hints, self.gateway.clock.mono())

    @rule(con_ids=st.sets(CON_IDS, max_size=12))
    def some_breakouts_are_being_confirmed(self, con_ids: set[int]) -> None:
        self.gateway.confirming.clear()
        self.gateway.confirming.update(con_ids)

    @rule(con_ids=st.lists(CON_IDS, max_size=7, unique=True), borrowed=st.booleans())
    def pins_change(self, con_ids: list[int], borrowed: bool) -> None:
        self.gateway.bus.demand("pins", [want(c, "pinned", borrowed=borrowed) for c in con_ids])

    @rule(
        limit=st.integers(4, 16), buffer=st.integers(0, 3), normal_max=st.integers(0, 5), dwell=st.sampled_from([2, 5])
    )
    def settings_change(self, limit: int, buffer: int, normal_max: int, dwell: int) -> None:
        self.gateway.set_settings(
            LineSettings(top_max=100, limit=limit, buffer=buffer, normal_max=normal_max, min_hold_s=20, ttl_s=60),
            CoverageSettings(dwell_s=dwell),
        )

    # --- the world ----------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.05, 0.25, 1.0, 3.0, 6.0, 20.0]))
    def time_passes(self, seconds: float) -> None:
        self.gateway.run(seconds)

    @precondition(lambda self: self.connected)
    @rule()
    def disconnect(self) -> None:
        self.gateway.disconnect()
        self.connected = False

    @precondition(lambda self: not self.connected)
    @rule()
    def connect(self) -> None:
        self.gateway.connect()
        self.connected = True

    @precondition(lambda self: self.connected)
    @rule()
    def lines_dropped(self) -> None:
        self.gateway.data_lost()

    @precondition(lambda self: self.connected)
    @rule(really=st.booleans())
    def lines_kept(self, really: bool) -> None:
        self.gateway.data_kept(really=really)

    @precondition(lambda self: self.connected)
    @rule()
    def farm_flaps(self) -> None:
        self.gateway.farm(up=False)
        self.gateway.run(0.3)
        self.gateway.farm(up=True)

    @precondition(lambda self: self.gateway.open)
    @rule(pick=st.integers(0, 99), code=st.sampled_from([200, 354, 10168, 321]))
    def a_line_is_refused(self, pick: int, code: int) -> None:
        self.gateway.error(self.gateway.open_ids()[pick % len(self.gateway.open)], code, dead=True)

    @precondition(lambda self: self.gateway.open)
    @rule(pick=st.integers(0, 99), code=st.sampled_from([300, 10089, 10090, 10167, 10197, 99_999]))
    def a_line_gets_advice(self, pick: int, code: int) -> None:
        self.gateway.error(self.gateway.open_ids()[pick % len(self.gateway.open)], code, dead=False)

    @rule(con_ids=st.sets(CON_IDS, max_size=4))
    def some_contracts_are_unknown(self, con_ids: set[int]) -> None:
        self.gateway.refuse = dict.fromkeys(con_ids, 200)

    @rule(con_ids=st.sets(CON_IDS, max_size=4))
    def some_contracts_are_silent(self, con_ids: set[int]) -> None:
        self.gateway.mute = con_ids

    @rule(limit=st.sampled_from([3, 8, 100]))
    def tws_windows_take_lines(self, limit: int) -> None:
        self.gateway.line_limit = limit

    # --- what must hold -----------------------------------------------------------------------------------------

    @invariant()
    def no_rule_is_broken(self) -> None:
        assert self.gateway.violations == []

    @invariant()
    def the_snapshot_adds_up(self) -> None:
        section = self.gateway.report.snapshot()
        assert sum(section.by_class.values()) == section.used == len(section.rows)

    @precondition(lambda self: self.connected)
    @rule()
    def at_rest_the_ledgers_agree(self) -> None:
        """Nothing on its way: the same contracts under the same requests, and every line that may tick does."""
        self.gateway.rotation.universe([], self.gateway.clock.mono())
        self.gateway.run(8.0)
        for _ in range(40):
            self.gateway.run(2.0)
            if not self._is_moving():
                break
        self.gateway.assert_ledgers_agree()
        if self._positions_without_line():
            self.gateway.run(1.0)  # one that was left alone may just have become due
        assert not self._positions_without_line()

    def _positions_without_line(self) -> list[int]:
        """Positions that could have a line and have none."""
        section = self.gateway.report.snapshot()
        if section.used >= section.effective_limit:
            return []
        lines = {row.con_id for row in section.rows}
        return [con_id for con_id in self.gateway.positions - lines if not self._is_left_alone(con_id)]

    def _is_moving(self) -> bool:
        return any(row.state in ("pending", "cancelling") for row in self.gateway.report.snapshot().rows)

    def _is_left_alone(self, con_id: int) -> bool:
        return "asked again in" in self.gateway.report.explain(con_id)


LinesMachine.TestCase.settings = examples(
    30, stateful_step_count=30, derandomize=True, suppress_health_check=list(HealthCheck)
)
TestLinesMachine = LinesMachine.TestCase
