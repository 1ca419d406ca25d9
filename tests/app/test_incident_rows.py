"""The card "Time to recover" and its JSON: causes, their symbols, the last seven days, what is not known."""

from __future__ import annotations

import pytest

from app.api_views import incidents as incidents_json
from app.rows.health import report
from app.rows.incidents import duration, incident_parts, incidents_state
from app.snapshots import Snapshots
from engine.clock import FakeClock
from engine.state.bus import StateBus
from engine.state.incident_sections import IncidentsSection
from tests.app.sample_state import WALL, fill_sample

NAMES = ("broker", "health", "incidents", "heartbeat")


@pytest.fixture
def bus() -> StateBus:
    made = StateBus(None, FakeClock(wall=WALL))
    fill_sample(made, WALL)
    return made


def read(bus: StateBus) -> Snapshots:
    return Snapshots.read(bus, NAMES, "alive", WALL, ("0.1.0+5a1c9e77", "0.1.0"))


def test_causes_with_their_symbols_by_day(bus):
    parts = incident_parts(read(bus))
    rows = sorted(parts["rows:incidents"].values(), key=lambda row: row["order"])
    assert [row["name"] for row in rows] == [
        "Connection to TWS", "Data farm", "No quotes on any line", "One position without quotes", "– CLZ5", "– TSLA",
    ]  # fmt: skip
    link, farm, feed, _, crude, _ = rows
    assert (link["count"], link["longest"]) == ("14", "3 min 37 s")
    assert [link[f"d{i}"] for i in range(7)] == ["1"] * 7
    assert (farm["d0"], farm["d1"], farm["last"], farm["median"]) == ("1", "1", "1 min 00 s", "32 s")
    assert feed["median"][2].startswith("No end of it was seen")
    assert (crude["count"], crude["last"]) == ("2", "1 min 11 s")
    heads = parts["incidents"]
    assert heads["d0"] == "Today" and heads["d1"].split()[0] in {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}
    assert heads["fact"] == "20 outages"


def test_what_goes_on_is_said(bus):
    section = bus.read("incidents")
    assert isinstance(section, IncidentsSection)
    first = section.figures[0]
    open_one = type(first)(**{**{n: getattr(first, n) for n in first.__struct_fields__}, "is_open": True})
    bus.publish("incidents", IncidentsSection(figures=(open_one,), newest=()))
    parts = incident_parts(read(bus))
    assert parts["rows:incidents"]["link|"]["last"] == ["going on", "warn"]
    assert parts["incidents"]["fact"] == "14 outages, 1 going on"


def test_before_the_first_outage_the_card_says_what_will_fill_it(bus):
    bus.publish("incidents", IncidentsSection(figures=(), newest=()))
    assert incidents_state(read(bus))["s"] == "empty"
    bus.remove("incidents")
    assert incidents_state(read(bus))["s"] == "loading"
    assert incidents_json(read(bus)) == {"figures": [], "incidents": []}


def test_the_report_and_the_json_have_them(bus):
    assert "Connection to TWS: 14x, recovered in 2 min 26 s / " in report(read(bus))
    answer = incidents_json(read(bus))
    assert answer["figures"][0]["cause"] == "Connection to TWS" and answer["figures"][0]["count"] == 14
    assert answer["incidents"][0]["cause"] == "Data farm" and answer["incidents"][0]["red_at"] is not None
    unseen = next(each for each in answer["incidents"] if not each["seen"])
    assert unseen["words"].endswith("QTrade did not run when it ended.")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0.2 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"), (348.0, "5 min 48 s"), (9_000.0, "2 h 30 min")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text
