"""The cards that judge signals: scoreboard, shadow set, missed-signal audit."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.bind import bound
from app.components.card import card
from app.components.controls import segmented
from app.components.table import Col, table

YARDSTICK = (
    "Medians of the way from the signal's price, towards its side, in ATR of its one-minute bars: 0 = where it was, "
    "before spread and commission. n = live signals; in brackets those known so far. Up = above 0 after 30 min, beside "
    "what 19 of 20 coins would give."
)
GROUPS = (
    Col("kind", "By", "soft"),
    Col("name", "Group"),
    Col("n", "n", "num"),
    Col("m5", "5 min", "num"),
    Col("m15", "15 min", "num"),
    Col("m30", "30 min", "num"),
    Col("m60", "60 min", "num"),
    Col("best", "Best 30", "num"),
    Col("worst", "Worst 30", "num"),
    Col("judged", "Judgement", "soft"),
)
FOUND = (
    Col("at", "At", "soft"),
    Col("sym", "Symbol"),
    Col("side", "Side", "soft"),
    Col("level", "Level", "num"),
    Col("score", "Score at signal", "num"),
    Col("m30", "30 min", "num"),
    Col("who", "", "soft"),
)


def scoreboard(view_id: str) -> Component:
    """Medians in ATR by group, of today and of the days kept."""
    tables = [
        html.Div(
            [
                html.P(YARDSTICK, className="qt-score-words"),
                html.P(bound(f"scores.rank_{view}"), className="qt-score-words"),
                _scrolled(table(f"scores_{view}", GROUPS, caption)),
            ],
            hidden=view != "today",
            **attrs(data_score=view),
        )
        for view, caption in (("today", "Outcomes of today's signals"), ("days", "Outcomes of the last 20 sessions"))
    ]
    return card(
        "Scoreboard",
        tables,
        state="scores",
        fact=["median moves in ATR · ", bound("scores.days")],
        controls=segmented(view_id, (("today", "Today"), ("days", "20 sessions")), "today"),
        glyph="clipboard-data",
        aged=False,
        cls="qt-card-scores qt-flush",
    )


def shadow_card() -> Component:
    """Both sets side by side."""
    body = [
        html.P(bound("scores.shadow"), className="qt-score-words"),
        _scrolled(table("shadow", FOUND, "One set only")),
    ]
    return card(
        "Shadow set",
        body,
        state="shadow",
        fact=bound("scores.shadow_fact"),
        glyph="layers",
        aged=False,
        cls="qt-card-shadow qt-flush",
    )


def audit_card(request: str) -> Component:
    """What the line limit cost today; `request` = id of the page's store."""
    body = [
        html.P(bound("scores.audit"), className="qt-score-words"),
        _scrolled(table("audit", FOUND, "Missed signals")),
    ]
    run = html.Button(
        "Audit now",
        className="qt-button qt-button-small",
        title="Judge today's bars of every symbol that was scanned, in the lab process",
        **attrs(data_qt_audit="1", data_request=request),
    )
    return card(
        "Missed signals",
        body,
        state="audit",
        fact=bound("scores.audit_fact"),
        controls=run,
        glyph="eye-slash",
        aged=False,
        cls="qt-card-audit qt-flush",
    )


def _scrolled(inner: Component) -> Component:
    return html.Div(inner, className="qt-scroll-y qt-scroll-x", tabIndex=0)
