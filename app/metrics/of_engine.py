"""What the engine has published, as samples of the catalogue. Pure: nothing is counted or looked at here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from app.snapshots import Snapshots
from engine.state.alert_sections import AlertsSection
from engine.state.counter_sections import CountersSection, Spread, Tally
from engine.state.sections import (
    BrokerSection,
    HealthSection,
    LinesSection,
    PositionsSection,
    QuotesSection,
    ScannersSection,
    Section,
)

SECTIONS = (
    "heartbeat", "broker", "lines", "positions", "quotes", "scanners", "health", "lab", "alerts", "counters",
)  # fmt: skip
ALIVE_S = 10.0
SEVERITIES = ("info", "warning", "error")
ALERT_SEVERITIES = ("info", "warning", "urgent")

S = TypeVar("S", bound=Section)


class Total(NamedTuple):
    """Of a summary."""

    number: int
    sum_s: float


class Sample(NamedTuple):
    """`labels` in the order of the catalogue."""

    name: str
    value: float | Total | Spread
    labels: tuple[str, ...] = ()


def engine_samples(s: Snapshots) -> Iterator[Sample]:
    """Nothing but that it is silent of an engine that is: its last values would pass for those of now."""
    is_up = s.silent_s is not None and s.silent_s <= ALIVE_S
    yield Sample("qtrade_engine_up", float(is_up))
    if s.silent_s is not None:
        yield Sample("qtrade_engine_heartbeat_age_seconds", s.silent_s)
    if not is_up:
        return
    yield from _of(s.broker, _broker)
    yield from _of(s.lines, _lines)
    yield from _of(s.quotes, _quotes)
    yield from _of(s.positions, _positions)
    yield from _of(s.scanners, _scanners)
    yield from _of(s.health, _health)
    yield from _of(s.alerts, _alerts)
    yield from _of(s.counters, _counters)
    yield Sample("qtrade_lab_running", float(s.lab is not None and s.lab.phase == "running"))


def _of(section: S | None, samples: Callable[[S], Iterator[Sample]]) -> Iterator[Sample]:
    return samples(section) if section is not None else iter(())


def _quotes(section: QuotesSection) -> Iterator[Sample]:
    yield Sample("qtrade_quotes", sum(quote.price is not None for quote in section.quotes))


def _broker(broker: BrokerSection) -> Iterator[Sample]:
    yield Sample("qtrade_broker_connected", float(broker.connected), (broker.mode,))
    yield Sample("qtrade_broker_state", 1.0, (broker.state,))


def _lines(lines: LinesSection) -> Iterator[Sample]:
    for priority, count in lines.by_class.items():
        yield Sample("qtrade_lines", count, (priority,))
    yield Sample("qtrade_lines_limit", lines.effective_limit)


def _positions(positions: PositionsSection) -> Iterator[Sample]:
    yield Sample("qtrade_positions", len(positions.tradable), ("tradable",))
    yield Sample("qtrade_positions", len(positions.filtered), ("left_out",))


def _scanners(scanners: ScannersSection) -> Iterator[Sample]:
    yield Sample("qtrade_universe_symbols", scanners.universe)
    for state, count in sorted(Counter(scan.state for scan in scanners.scans).items()):
        yield Sample("qtrade_scans", count, (state,))
    if scanners.longest_slice_ms is not None:
        yield Sample("qtrade_scanner_longest_slice_seconds", scanners.longest_slice_ms / 1_000.0)
    yield Sample("qtrade_signals_today", scanners.signals_today)


def _health(health: HealthSection) -> Iterator[Sample]:
    counted: Counter[str] = Counter(each.severity for each in health.conditions if each.open)
    for severity in SEVERITIES:
        yield Sample("qtrade_conditions_open", counted[severity], (severity,))
    for task, count in health.restarts.items():
        yield Sample("qtrade_task_restarts_total", count, (task,))
    for logger, count in health.error_counts.items():
        yield Sample("qtrade_log_errors_total", count, (logger,))
    yield Sample("qtrade_broker_sent_in_worst_second", health.sent_worst_second)
    if health.state_write_ms is not None:
        yield Sample("qtrade_state_write_seconds", health.state_write_ms / 1_000.0)
    if health.disk_free_gb is not None:
        yield Sample("qtrade_disk_free_bytes", health.disk_free_gb * 1e9)


def _alerts(alerts: AlertsSection) -> Iterator[Sample]:
    counted: Counter[str] = Counter(each.severity for each in alerts.occurrences if each.is_open)
    for severity in ALERT_SEVERITIES:
        yield Sample("qtrade_alerts_open", counted[severity], (severity,))
    for channel in alerts.channels:
        yield Sample("qtrade_alert_messages_waiting", channel.waiting, (channel.name,))
        yield Sample("qtrade_alert_channel_dead", float(bool(channel.dead)), (channel.name,))


def _counters(c: CountersSection) -> Iterator[Sample]:
    yield Sample("qtrade_loop_lateness_seconds", c.loop_late)
    yield Sample("qtrade_broker_connections_total", c.connections)
    yield from _tallied("qtrade_broker_disconnects_total", c.ends)
    yield from _tallied("qtrade_broker_failed_connects_total", c.failed_tries)
    if c.round_trip_s is not None:
        yield Sample("qtrade_decode_lag_seconds", c.round_trip_s)
    yield Sample("qtrade_broker_received_messages_total", c.messages)
    yield Sample("qtrade_broker_undecodable_messages_total", c.undecodable)
    yield Sample("qtrade_broker_sent_messages_total", c.sent)
    yield Sample("qtrade_ticks_total", c.ticks)
    yield Sample("qtrade_late_ticks_total", c.late_ticks)
    yield from _tallied("qtrade_lines_opened_total", c.opened)
    yield from _tallied("qtrade_line_evictions_total", c.evicted)
    yield from _tallied("qtrade_line_releases_total", c.released)
    yield from _tallied("qtrade_line_refusals_total", c.refused)
    yield Sample("qtrade_scanner_cycle_seconds", Total(c.cycles, c.cycles_s))
    yield from _tallied("qtrade_lab_runs_total", c.runs)
    yield Sample("qtrade_lab_preview_seconds", Total(c.previews, c.previews_s))
    yield from _tallied("qtrade_alerts_raised_total", c.raised)
    for each in c.messages_out:
        yield Sample("qtrade_alert_messages_total", each.count, (each.kind, each.also))
    if c.state_bytes is not None:
        yield Sample("qtrade_state_bytes", c.state_bytes)
    if c.journal_bytes is not None:
        yield Sample("qtrade_journal_bytes", c.journal_bytes)


def _tallied(name: str, tallies: Iterable[Tally]) -> Iterator[Sample]:
    for each in tallies:
        yield Sample(name, each.count, (each.kind,))
