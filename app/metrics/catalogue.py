"""Every metric that `/metrics` exports: name, kind, labels, meaning. `docs/metrics.md` is made of it.

Names by Prometheus' conventions: base units, `_total` for what only rises. No label holds a symbol, an account or an
address, and none a value that nobody has bounded.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["gauge", "counter", "histogram", "summary"]


class Spec(NamedTuple):
    """`about` stands in the answer itself and in the document. `group` = a heading of the document."""

    name: str
    kind: Kind
    about: str
    labels: tuple[str, ...] = ()
    group: str = ""


def _of(group: str, *specs: Spec) -> tuple[Spec, ...]:
    return tuple(spec._replace(group=group) for spec in specs)


CATALOGUE: tuple[Spec, ...] = (
    *_of(
        "Program",
        Spec("qtrade_build_info", "gauge", "1, with version and build of the program", ("version", "build")),
        Spec("qtrade_start_time_seconds", "gauge", "When the program began, UTC epoch seconds"),
        Spec("qtrade_engine_up", "gauge", "1 while the engine lives; else nothing else of it is exported"),
        Spec("qtrade_engine_heartbeat_age_seconds", "gauge", "Since the engine's last sign of life"),
        Spec("qtrade_loop_lateness_seconds", "histogram", "How late the engine's loop comes to its timers"),
        Spec("qtrade_task_restarts_total", "counter", "Parts of the engine that failed and began anew", ("task",)),
        Spec("qtrade_log_errors_total", "counter", "Records of level ERROR, by the part that wrote them", ("logger",)),
        Spec("qtrade_conditions_open", "gauge", "Conditions that Health lists as open", ("severity",)),
        Spec("process_cpu_seconds_total", "counter", "Processor time that the process has used"),
        Spec("process_resident_memory_bytes", "gauge", "Memory of the process"),
    ),
    *_of(
        "Broker",
        Spec("qtrade_broker_connected", "gauge", "1 while TWS is connected and answers", ("mode",)),
        Spec("qtrade_broker_state", "gauge", "1 for the state that the session is in (session.md)", ("state",)),
        Spec("qtrade_broker_connections_total", "counter", "Connections that came about"),
        Spec("qtrade_broker_disconnects_total", "counter", "Connections that ended, by cause", ("cause",)),
        Spec("qtrade_broker_failed_connects_total", "counter", "Tries to connect that failed, by cause", ("cause",)),
        Spec(
            "qtrade_decode_lag_seconds",
            "gauge",
            "From the newest question for TWS' time to its decoded answer: what waits in the socket makes it longer",
        ),
        Spec("qtrade_broker_received_messages_total", "counter", "Messages of TWS that were decoded"),
        Spec("qtrade_broker_undecodable_messages_total", "counter", "Messages of TWS that could not be read"),
        Spec("qtrade_broker_sent_messages_total", "counter", "Messages to TWS"),
        Spec("qtrade_broker_sent_in_worst_second", "gauge", "The most messages to TWS in any second; TWS allows 50"),
        Spec("qtrade_ticks_total", "counter", "Price updates of lines; their rate is ticks a second"),
        Spec("qtrade_late_ticks_total", "counter", "Updates of lines that were given back"),
    ),
    *_of(
        "Market-data lines",
        Spec("qtrade_lines", "gauge", "Lines in use, by priority (coverage = visits)", ("priority",)),
        Spec("qtrade_lines_limit", "gauge", "Lines that may be used: as set, or fewer where TWS has refused more"),
        Spec("qtrade_lines_opened_total", "counter", "Lines asked for", ("priority",)),
        Spec("qtrade_line_evictions_total", "counter", "Lines taken away for somebody stronger", ("priority",)),
        Spec("qtrade_line_releases_total", "counter", "Lines given back, nobody wanting them any more", ("priority",)),
        Spec(
            "qtrade_line_refusals_total",
            "counter",
            "Lines refused: IB's code, `no line` (the budget is full), `no data` (asked twice, and no tick)",
            ("cause",),
        ),
        Spec("qtrade_quotes", "gauge", "Symbols that have a price"),
        Spec("qtrade_positions", "gauge", "Positions: priced by lines (tradable), and left out of that", ("kind",)),
    ),
    *_of(
        "Scanners",
        Spec("qtrade_universe_symbols", "gauge", "Symbols that the scanners watch"),
        Spec("qtrade_scans", "gauge", "Scans by how they stand", ("state",)),
        Spec("qtrade_scanner_cycle_seconds", "summary", "How long the BreakoutScanner took to look at all symbols"),
        Spec("qtrade_scanner_longest_slice_seconds", "gauge", "The longest it kept the loop to itself in its last run"),
        Spec("qtrade_signals_today", "gauge", "Signals of the trading day"),
    ),
    *_of(
        "Lab",
        Spec("qtrade_lab_running", "gauge", "1 while a run is under way"),
        Spec("qtrade_lab_runs_total", "counter", "Runs that ended: done, failed, cancelled", ("outcome",)),
        Spec("qtrade_lab_preview_seconds", "summary", "How long previews of thresholds took"),
    ),
    *_of(
        "Alerts",
        Spec("qtrade_alerts_open", "gauge", "Alerts that are so now", ("severity",)),
        Spec("qtrade_alerts_raised_total", "counter", "Alerts raised", ("severity",)),
        Spec(
            "qtrade_alert_messages_total",
            "counter",
            "Messages to a channel, by its name: accepted, failed (tried again), rejected, uncertain (no answer)",
            ("channel", "outcome"),
        ),
        Spec("qtrade_alert_messages_waiting", "gauge", "Messages that wait for a channel", ("channel",)),
        Spec("qtrade_alert_channel_dead", "gauge", "1 for a channel that takes nothing any more", ("channel",)),
    ),
    *_of(
        "Disk",
        Spec("qtrade_state_bytes", "gauge", "The folder of published snapshots"),
        Spec("qtrade_journal_bytes", "gauge", "The journals of the watched accounts"),
        Spec("qtrade_state_write_seconds", "gauge", "How long the last write of the state took"),
        Spec("qtrade_disk_free_bytes", "gauge", "Free space where the data folder lies"),
    ),
    *_of(
        "Pages",
        Spec("qtrade_poll_duration_seconds", "histogram", "How long the server took to answer a poll of a page"),
        Spec("qtrade_http_responses_total", "counter", "Answers of the dashboard", ("code",)),
        Spec("qtrade_logins_total", "counter", "Tries to log in: accepted, refused, locked_out", ("outcome",)),
        Spec("qtrade_sessions", "gauge", "Browsers that are logged in"),
    ),
)  # fmt: skip
