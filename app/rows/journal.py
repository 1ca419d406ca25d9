"""The parts of the Journal page that the poll brings: the engine's answers. All else is asked for by its own route."""

from __future__ import annotations

from typing import Any

from app.rows.answers import answers_part
from app.snapshots import Snapshots


def journal_parts(s: Snapshots) -> dict[str, dict[str, Any]]:
    """Answers to what the page's forms have asked for."""
    return {"answers": answers_part(s.answers)}
