"""The status block in the words that the user knows from the system before, for the log and the health page."""

from __future__ import annotations

from engine.broker.port import LinkState
from engine.state.sections import LinesSection


def uptime_text(seconds: float) -> str:
    """As hours:minutes:seconds, e.g. 2:30:38."""
    whole = max(0, int(seconds))
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def status_block(
    uptime_s: float, lines: LinesSection, positions: int, prices: int, link: LinkState
) -> tuple[tuple[str, str], ...]:
    """(name, value) pairs; "IB connected" is True for whatever gateway it was given, the mode stands beside it."""
    near = " [NEAR]" if lines.near else ""
    return (
        ("Uptime", uptime_text(uptime_s)),
        ("Subscriptions", f"{lines.used}/{lines.effective_limit}{near}"),
        ("Positions", str(positions)),
        ("Scanner capacity", f"{lines.scanner_capacity} slots, {lines.scanner_free} available"),
        ("Prices", str(prices)),
        ("IB connected", f"{link.connected} ({link.mode})"),
        ("Live mode", str(link.mode == "live")),
    )
