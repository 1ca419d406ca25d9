"""Answers of the engine to the commands of the pages, by request id. Pure."""

from __future__ import annotations

from typing import Any

from engine.state.sections import AnswersSection

MOST = 20


def answers_part(section: AnswersSection | None) -> dict[str, Any]:
    """The part "answers": request id -> [ok, text] or [ok, text, value]; whoever asked in this tab waits for its id."""
    newest = section.answers[-MOST:] if section else ()
    return {a.request_id: [a.ok, a.text] if a.value is None else [a.ok, a.text, a.value] for a in newest}
