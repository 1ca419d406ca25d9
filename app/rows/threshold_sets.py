"""Named sets of thresholds as the page shows them: what each changes, which is in force, which in the shadow. Pure."""

from __future__ import annotations

from typing import Any

from app.rows.thresholds import label_of, rows_by_key, shown
from engine.state.sections import SettingsSection, ThresholdSetRow

MOST_WORDS = 6


def sets_part(section: SettingsSection | None) -> dict[str, Any]:
    """The part "sets": name -> [order, built in, in force, what would change in words, in the shadow, problem]."""
    if section is None:
        return {}
    return {
        row.name: [
            order,
            row.built_in,
            row.in_force,
            differences(row, section),
            row.name == section.shadow,
            row.problem,
        ]
        for order, row in enumerate(section.sets)
    }


def differences(row: ThresholdSetRow, section: SettingsSection) -> str:
    """ "Buffer 0.1 → 0.3, Confirmation 10 → 20": what loading it would change."""
    rows = rows_by_key(section)
    words = []
    for name, value in row.values.items():
        key = f"breakout.{name}"
        if key in rows and rows[key].value != value:
            words.append(f"{label_of(key)} {shown(key, rows[key].value)} → {shown(key, value)}")
    more = f" and {len(words) - MOST_WORDS} more" if len(words) > MOST_WORDS else ""
    return ", ".join(words[:MOST_WORDS]) + more
