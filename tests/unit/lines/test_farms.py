"""Which data farms are down, by what TWS says; what a line has brought since they fell."""

import pytest

from engine.broker.port import SystemNotice
from engine.lines.farms import TRIES_S, Farms
from tests.unit.lines.fake_gateway import FakeGateway
from tests.unit.lines.line_samples import want


def told(farms: Farms, code: int, farm: str = "usfarm", at: float = 0.0, text: str = "said") -> list[str]:
    """Names of the farms that are back by this notice."""
    return [each.name for each in farms.take(SystemNotice(code, text, farm), at)]


@pytest.mark.parametrize(
    ("down", "kind", "back"),
    [(2103, "data", 2104), (2103, "data", 2108), (2105, "history", 2106), (2105, "history", 2107),
     (2157, "definitions", 2158)],
)  # fmt: skip
def test_a_farm_is_down_from_its_fall_until_it_is_back(down, kind, back):
    farms = Farms()
    assert told(farms, down, at=5.0) == []
    told(farms, down, at=9.0)
    assert [(farm.name, farm.kind, farm.fell_mono) for farm in farms.down()] == [("usfarm", kind, 5.0)]
    assert told(farms, back, "eufarm") == [] and farms.down()
    assert told(farms, back) == ["usfarm"] and not farms.down()
    assert told(farms, back) == [], "once"


def test_a_sleeping_farm_that_was_not_down_is_none():
    farms = Farms()
    for code in (2104, 2106, 2107, 2108, 2119, 2158):
        assert told(farms, code) == []
    assert not farms.down()


def test_a_farm_that_connects_is_back_when_no_failure_follows():
    farms = Farms()
    for at in (0.0, 20.0, 40.0):  # broken, connecting, broken again ...
        told(farms, 2103, at=at)
        told(farms, 2119, at=at + 1.0)
        assert farms.given_time(at + 19.0) == () and farms.data()
    assert farms.given_time(41.0 + TRIES_S - 0.1) == ()
    assert [farm.fell_mono for farm in farms.given_time(41.0 + TRIES_S)] == [0.0]
    assert not farms.down()


def test_after_a_new_connection_a_farm_is_down_until_tws_says_how_it_stands():
    farms = Farms()
    told(farms, 2103)
    farms.on_connected(100.0)
    assert farms.data()
    told(farms, 2103, at=101.0)
    assert farms.given_time(1_000.0) == (), "still broken"
    farms.on_connected(1_000.0)
    assert farms.given_time(1_000.0 + TRIES_S) and not farms.down()


def test_1102_says_which_farms_are_connected():
    farms = Farms()
    for farm in ("usfarm", "eufarm"):
        told(farms, 2103, farm)
    assert told(
        farms, 1102, "", text="restored - data maintained. All data farms are connected: usfarm; secdefnj."
    ) == ["usfarm"]
    assert [farm.name for farm in farms.down()] == ["eufarm"]


def test_what_a_line_has_brought_since_a_farm_fell():
    gateway = FakeGateway()
    gateway.connect()
    gateway.set_positions({1, 2})
    gateway.bus.demand("position", [want(1, "100"), want(2, "100")])
    gateway.run(30.0)
    assert gateway.bus.standing(1) is None
    gateway.farm(up=False)
    assert [place and (place.farms, place.is_silent) for place in map(gateway.bus.standing, (1, 2))] == [
        (("usfarm",), False), (("usfarm",), False)
    ], "it may be either of them"  # fmt: skip
    for line in gateway.open.values():
        line.ticks = line.contract.con_id == 2
    fell = gateway.clock.mono()
    gateway.run(8.0)
    assert gateway.bus.standing(2) is None, "its prices come from elsewhere"
    place = gateway.bus.standing(1)
    assert place is not None and place.is_silent and fell - 1.0 <= place.since_mono <= fell
    gateway.farm(up=True)
    assert gateway.bus.standing(1) is None
    gateway.violations.clear()


def test_a_cached_answer_is_no_price_of_now():
    gateway = FakeGateway()
    gateway.connect()
    gateway.set_positions({1})
    gateway.bus.demand("position", [want(1, "100")])
    gateway.farm(up=False)
    while gateway.bus.ledger.get(1).first_tick_mono is None:
        gateway.run(0.25)
    for line in gateway.open.values():
        line.ticks = False
    gateway.run(20.0)
    assert gateway.bus.standing(1).is_silent
