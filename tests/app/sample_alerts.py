"""A section of alerts with one of everything: for the pages, the API and the browser."""

from __future__ import annotations

from engine.state.alert_sections import (
    BROWSER,
    AlertsSection,
    ChannelRow,
    HeartbeatRow,
    Occurrence,
    Rule,
    RuleRow,
)
from tests.app.sample_state import ACCOUNT, MARKET, NQ, WALL


def occurrence(number: int, wall: float = WALL, **changes: object) -> Occurrence:
    values: dict[str, object] = {
        "id": number, "rule_id": 1, "rule_version": 1, "kind": "day_pnl", "subject": "all", "severity": "warning",
        "state": "raised", "title": "Day P&L below −500 USD", "text": "Day P&L is −2,624.52 USD, all accounts.",
        "value": -2_624.52, "raised_wall": wall - 60.0, "raised_market": MARKET - 60.0, "changed_wall": wall - 60.0,
    }  # fmt: skip
    return Occurrence(**(values | changes))  # type: ignore[arg-type]


def rule(number: int, kind: str, values: dict[str, object], **changes: object) -> Rule:
    made: dict[str, object] = {
        "id": number, "version": 1, "kind": kind, "values": values, "channels": (BROWSER, "phone"),
        "severity": "warning", "cool_down_min": 15.0, "changed_wall": WALL,
    }  # fmt: skip
    return Rule(**(made | changes))  # type: ignore[arg-type]


def alerts(wall: float = WALL) -> AlertsSection:
    """Two new, one snoozed, one that was there at the start, one over; three rules; three channels."""
    price = {"symbol": NQ, "side": "reaches", "level": 25_100.0, "often": "once"}
    return AlertsSection(
        is_ready=True,
        currency="USD",
        accounts=(ACCOUNT,),
        lists=((5, "Biotech"),),
        rules=(
            RuleRow(rule(1, "day_pnl", {"account": "", "side": "below", "amount": -500.0}),
                    "the day's P&L of all accounts falls below −500 USD", 1),
            RuleRow(rule(2, "price", price, channels=(BROWSER,)), "NQZ5 reaches 25,100.00, once", 0,
                    level="25,100.00"),
            RuleRow(rule(3, "disk", {"gb": 2.0}, enabled=False, channels=("pager",)),
                    "less than 2 GB are free on the disk", 0, "The channel pager is gone."),
        ),
        occurrences=(
            occurrence(6, wall, severity="urgent", title="TSLA has no live price", text="Position TSLA: its line brings"
                       " nothing though it should.", kind="no_price", con_id=76_792_991, symbol="TSLA",
                       call_id=7, call_wall=wall - 60.0),
            occurrence(5, wall, is_unknown=True, rule_id=5),
            occurrence(4, wall, rule_id=4, title="Cushion below 10 %", snoozed_until=wall + 900.0, seen_wall=wall),
            occurrence(3, wall, rule_id=3, found="start", title="Less than 2 GB free", seen_wall=wall),
            occurrence(2, wall, rule_id=2, state="cleared", title="NQZ5 at 25,000.00", con_id=NQ, symbol="NQZ5",
                       severity="info", seen_wall=wall, cleared_wall=wall - 5.0),
        ),
        receipts={6: (("phone", "raised", "accepted: The service took it"),), 5: (("mail", "raised", "retry: away"),)},
        channels=(
            ChannelRow("phone", "ntfy", "ntfys://t...c", "file", True, accepted_wall=wall - 50.0,
                       words="The service took it"),
            ChannelRow("mail", "E-Mail", "mailtos://user:****@host/me%40host", "environment", True,
                       dead="3 tries in a row failed: The service can't be reached", waiting=2),
            ChannelRow("hook", "JSON", "json://127.0.0.1:8149/…", "file", False),
        ),
        heartbeat=HeartbeatRow("https://hc.example/…", "file", wall - 20.0, "Answered 200"),
    )  # fmt: skip
