"""What the form for custom scans offers, and the scans that are kept. Pure."""

from __future__ import annotations

from typing import Any

from app.rows.kept import kept
from app.rows.thresholds import rows_by_key
from app.snapshots import Snapshots
from engine.state.scan_sections import ScanChoice, ScanParametersSection
from engine.state.sections import SettingsSection

CUSTOM = "market_scan.custom"


def custom_parts(s: Snapshots) -> dict[str, dict[str, Any]]:
    """Parts "scanparams" (the gateway's document, changes once a day) and "customs" (the scans that are kept)."""
    return {"scanparams": parameters_part(s.scan_parameters), "customs": customs_part(s.settings)}


@kept
def parameters_part(section: ScanParametersSection | None) -> dict[str, Any]:
    """Lists of [code, words, instruments]; filters [tag, words, kind, instruments' filter id, choices]."""
    if section is None:
        return {"message": "The engine has not said yet what the gateway offers."}
    p = section.parameters
    return {
        "message": section.message,
        "instruments": [[each.code, each.name, list(each.filters)] for each in p.instruments],
        "codes": [_choice(each) for each in sorted(p.codes, key=lambda each: each.name)],
        "locations": [_choice(each) for each in p.locations],
        "filters": [[f.tag, f.name, f.kind, f.filter_id, list(f.choices)] for f in p.filters],
    }


def _choice(each: ScanChoice) -> list[Any]:
    return [each.code, each.name, list(each.instruments)]


@kept
def customs_part(settings: SettingsSection | None) -> dict[str, Any]:
    """Name -> [order, scan code, instrument, location, filters, side]."""
    row = rows_by_key(settings).get(CUSTOM)
    kept = row.value if row is not None and isinstance(row.value, dict) else {}
    return {
        name: [i, scan["scan_code"], scan["instrument"], scan["location"], scan["filters"], scan["side"]]
        for i, (name, scan) in enumerate(sorted(kept.items()))
    }


def complaints(asked: dict[str, Any], section: ScanParametersSection | None) -> str:
    """Why a scan can't be kept, by what the gateway offers; "" = nothing speaks against it, or nothing is known."""
    if section is None or not section.parameters.codes:
        return ""
    p = section.parameters
    instrument = asked["instrument"]
    for word, choices, value in (
        ("scan code", p.codes, asked["scan_code"]),
        ("location", p.locations, asked["location"]),
    ):
        found = next((each for each in choices if each.code == value), None)
        if found is None or instrument not in found.instruments:
            return f"The gateway offers no {word} {value} for {instrument}. Choose one of the list."
    kinds = {each.tag: each for each in p.filters}
    for tag, value in asked["filters"]:
        known = kinds.get(tag)
        if known is None:
            return f"The gateway knows no filter {tag}. Choose one of the list."
        if known.kind in ("number", "whole") and not _is_number(value, whole=known.kind == "whole"):
            return f"{known.name} ({tag}) is {value!r}; must be a {'whole ' if known.kind == 'whole' else ''}number."
        if known.choices and value not in known.choices:
            return f"{known.name} ({tag}) must be one of {', '.join(known.choices)}."
    return ""


def _is_number(text: str, *, whole: bool) -> bool:
    plain = text.removeprefix("-")
    if whole:
        return plain.isdecimal()
    left, _, right = plain.partition(".")
    return (left + right).isdecimal()
