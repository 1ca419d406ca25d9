"""What the gateway's scanner-parameter document offers, as the form for custom scans needs it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from engine.state.sections import Section

FilterKind = Literal["number", "whole", "text", "choice"]


class ScanInstrument(Struct, frozen=True):
    """`filters` = ids of the filters that it takes."""

    code: str
    name: str
    filters: tuple[str, ...]


class ScanChoice(Struct, frozen=True):
    """A scan code or a location; `instruments` that it goes with."""

    code: str
    name: str
    instruments: tuple[str, ...]


class ScanFilter(Struct, frozen=True):
    """One tag that a subscription may name. `filter_id` is what instruments list; `choices` of a choice."""

    tag: str
    name: str
    kind: FilterKind
    filter_id: str
    choices: tuple[str, ...] = ()


class ScanParameters(Struct, frozen=True):
    instruments: tuple[ScanInstrument, ...] = ()
    codes: tuple[ScanChoice, ...] = ()
    locations: tuple[ScanChoice, ...] = ()
    filters: tuple[ScanFilter, ...] = ()


class ScanParametersSection(Section, frozen=True, kw_only=True):
    """`day` (YYYYMMDD, New York) of the document; "" and a `message` while there is none."""

    parameters: ScanParameters
    day: str = ""
    message: str = ""


SCAN_SECTIONS: dict[str, type[Section]] = {"scan_parameters": ScanParametersSection}
