"""`/metrics`: what is exported is what the catalogue names, the document explains and the dashboard asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from app.deps import AppDeps
from app.factory import ROOT, create_app
from app.metrics.catalogue import CATALOGUE
from app.metrics.document import FILE, document
from engine.clock import FakeClock
from engine.state.bus import StateBus
from engine.state.counter_sections import CountersSection, Spread, Tally
from engine.state.lab_sections import LabSection
from tests.app.sample_alerts import alerts
from tests.app.sample_state import WALL, fill_sample, health

HEADERS = {"Host": "127.0.0.1"}
BY_NAME = {spec.name: spec for spec in CATALOGUE}
ENDS = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}
PROMQL = frozenset({"sum", "by", "le", "rate", "increase", "histogram_quantile", "time", "job"})


def counters(**changed: Any) -> CountersSection:
    whole = CountersSection(
        loop_late=Spread((0.001, 0.01, 0.1), (500, 80, 20, 1), 1.25), messages=90_000, undecodable=3, sent=1_200,
        round_trip_s=0.042, connections=4, ends=(Tally("dropped", 2), Tally("asked", 1)),
        failed_tries=(Tally("refused", 17),), ticks=64_000, late_ticks=5,
        opened=(Tally("100", 3), Tally("coverage", 800)), evicted=(Tally("25", 2),), released=(Tally("coverage", 780),),
        refused=(Tally("101", 1), Tally("no line", 9)), cycles=360, cycles_s=7.5, runs=(Tally("done", 2),), previews=5,
        previews_s=1.5, raised=(Tally("urgent", 1),),
        messages_out=(Tally("phone", 7, "accepted"), Tally("phone", 1, "failed")),
        state_bytes=1_048_576, journal_bytes=4_194_304,
    )  # fmt: skip
    return replace(whole, **changed)


class House:
    def __init__(self, has_engine: bool = True) -> None:
        self.clock = FakeClock(wall=WALL)
        self.bus = StateBus(None, self.clock)
        if has_engine:
            fill_sample(self.bus, WALL, self.clock.mono())
            self.bus.publish("counters", counters())
            self.bus.publish("health", replace(health(WALL), error_counts={"qtrade.web": 2}, restarts={"lines": 1}))
            self.bus.publish("lab", LabSection(phase="running"))
            self.bus.publish("alerts", alerts(WALL))
        deps = AppDeps(state=self.bus, clock=self.clock, build_id="abc1234", version="1.2.3")
        self.client = create_app(deps).server.test_client()

    def scrape(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        text = self.client.get("/metrics", headers=HEADERS).text
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in parse_text(text)
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float | None:
        return self.scrape().get((name, frozenset(labels.items())))


@pytest.fixture
def house() -> House:
    return House()


def bare(name: str) -> str:
    """The name in the catalogue of a sample's or an expression's."""
    if name in BY_NAME:
        return name
    return next((n for n, spec in BY_NAME.items() if name in [n + end for end in ENDS.get(spec.kind, ())]), name)


def test_all_of_the_catalogue_is_exported_and_nothing_else(house: House) -> None:
    house.client.get("/feed?path=/", headers=HEADERS)
    scraped = house.scrape()
    assert {bare(name) for name, _labels in scraped} == set(BY_NAME) - {"qtrade_logins_total"}
    for name, labels in scraped:
        known = {*BY_NAME[bare(name)].labels, *(["le"] if name.endswith("_bucket") else [])}
        assert {label for label, _value in labels} == known, name


def test_values_are_those_that_the_engine_has_published(house: House) -> None:
    assert house.value("qtrade_build_info", version="1.2.3", build="abc1234") == 1
    assert house.value("qtrade_engine_up") == 1
    assert house.value("qtrade_ticks_total") == 64_000
    assert house.value("qtrade_line_refusals_total", cause="no line") == 9
    assert house.value("qtrade_broker_disconnects_total", cause="dropped") == 2
    assert house.value("qtrade_broker_failed_connects_total", cause="refused") == 17
    assert house.value("qtrade_scanner_cycle_seconds_sum") == 7.5
    assert house.value("qtrade_scanner_cycle_seconds_count") == 360
    assert house.value("qtrade_loop_lateness_seconds_bucket", le="0.01") == 580
    assert house.value("qtrade_loop_lateness_seconds_bucket", le="+Inf") == 601
    assert house.value("qtrade_loop_lateness_seconds_count") == 601
    assert house.value("qtrade_alert_messages_total", channel="phone", outcome="failed") == 1
    assert house.value("qtrade_lab_running") == 1
    status = house.client.get("/api/v1/status", headers=HEADERS).json
    for priority, count in status["lines"]["by_priority"].items():
        assert house.value("qtrade_lines", priority=priority) == count
    assert house.value("qtrade_universe_symbols") == status["scanners"]["universe"]


def test_the_dashboard_counts_itself(house: House) -> None:
    for _ in range(3):
        house.client.get("/feed?path=/", headers=HEADERS)
    house.client.get("/no/such/page", headers=HEADERS)
    assert house.value("qtrade_poll_duration_seconds_count") == 3
    assert house.value("qtrade_http_responses_total", code="404") == 1
    memory = house.value("process_resident_memory_bytes")
    assert memory is not None and memory > 1e6


def test_of_a_silent_engine_nothing_old_is_told(house: House) -> None:
    house.clock.advance(60.0)
    found = house.scrape()
    assert found["qtrade_engine_up", frozenset()] == 0
    assert found["qtrade_engine_heartbeat_age_seconds", frozenset()] > 50
    assert ("qtrade_ticks_total", frozenset()) not in found
    assert House(has_engine=False).value("qtrade_engine_up") == 0


def test_a_scrape_is_no_look(house: House) -> None:
    house.clock.advance(60.0)
    house.scrape()
    assert not house.bus.is_watched, "the engine makes nothing for it"
    house.client.get("/feed?path=/", headers=HEADERS)
    assert house.bus.is_watched


def test_no_account_symbol_or_address_is_in_it(house: House) -> None:
    text = house.client.get("/metrics", headers=HEADERS).text
    assert not re.search(r"DU\d|TSLA|NQZ5|https?:|ntfys?:|@", text)


def test_both_formats_are_what_their_parsers_take(house: House) -> None:
    plain = house.client.get("/metrics", headers=HEADERS)
    assert plain.headers["Content-Type"].startswith("text/plain; version=")
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    openmetrics = house.client.get("/metrics", headers={**HEADERS, **accept})
    assert openmetrics.headers["Content-Type"].startswith("application/openmetrics-text")
    assert len(list(parse_openmetrics(openmetrics.text))) == len(list(parse_text(plain.text))) == len(CATALOGUE)


def test_names_follow_prometheus() -> None:
    for spec in CATALOGUE:
        assert re.fullmatch(r"(qtrade|process)_[a-z0-9]+(_[a-z0-9]+)*", spec.name)
        assert spec.name.endswith("_total") is (spec.kind == "counter"), spec.name
        assert not re.search(r"_(ms|mb|gb|kb|pct|percent|minutes)(_|$)", spec.name), "base units"
        assert spec.kind not in ENDS or spec.name.endswith("_seconds")
        assert spec.about and not spec.about.endswith(".")


def test_the_document_is_that_of_the_catalogue() -> None:
    assert FILE.read_text(encoding="utf-8") == document(), "python -m app.metrics.document"


# --- the dashboard for Grafana --------------------------------------------------------------------------------------


def panels() -> list[dict[str, Any]]:
    whole = json.loads((ROOT / "docs" / "grafana" / "qtrade.json").read_text(encoding="utf-8"))
    return list(whole["panels"])


def expressions() -> Iterator[tuple[str, str, str]]:
    """(title, expression, legend) of each target."""
    for panel in panels():
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"], target["legendFormat"]


def names_in(expression: str) -> set[str]:
    without_labels = re.sub(r"\{[^}]*\}|\[[^\]]*\]|by \([^)]*\)", "", expression)
    return {word for word in re.findall(r"[a-z_][a-z0-9_:]*", without_labels) if word not in PROMQL}


def test_each_expression_asks_for_metrics_and_labels_that_exist() -> None:
    seen = 0
    for title, expression, legend in expressions():
        names = {bare(name) for name in names_in(expression)}
        assert names and names <= set(BY_NAME), (title, expression)
        labels = {label for name in names for label in BY_NAME[name].labels}
        grouped = {word.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for word in group.split(",")}
        matched = set(re.findall(r"(\w+)\s*=~?\s*\"", expression))
        assert grouped - {"le"} <= labels and matched - {"job"} <= labels, (title, expression)
        assert set(re.findall(r"\{\{(\w+)\}\}", legend)) <= labels, (title, legend)
        seen += 1
    assert seen > 40


def test_counts_are_shown_as_rates_and_histograms_as_quantiles() -> None:
    for title, expression, _legend in expressions():
        for name in names_in(expression):
            kind = BY_NAME[bare(name)].kind
            if kind != "gauge":
                assert re.search(rf"(rate|increase)\({name}\{{", expression), (title, expression)
            if kind == "histogram":
                assert "histogram_quantile" in expression and "by (le)" in expression, (title, expression)


def test_the_dashboard_shows_every_metric() -> None:
    shown = {bare(name) for _title, expression, _legend in expressions() for name in names_in(expression)}
    assert shown == set(BY_NAME)


def test_panels_lie_beside_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    ids = [panel["id"] for panel in panels()]
    assert len(set(ids)) == len(ids)
    for panel in panels():
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken and max(x for x, _y in cells) < 24, panel["title"]
        taken |= cells
