"""The scanner-parameter document (1-2 MB of XML) as values: instruments, locations, scan codes, filter tags. Pure.

Only US instruments are kept: the others are no market of this program, and they are most of the document.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from engine.errors import QTradeError
from engine.state.scan_sections import FilterKind, ScanChoice, ScanFilter, ScanInstrument, ScanParameters

BYTES_MAX = 16 * 1024 * 1024
_KINDS: dict[str, FilterKind] = {"Double": "number", "Int": "whole", "Combo": "choice", "Boolean": "choice"}


def parse(xml: str) -> ScanParameters:
    """Raises QTradeError: not readable, or without scan codes."""
    if len(xml) > BYTES_MAX or "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise QTradeError("The gateway's scanner parameters are not the document that is expected; they are not used.")
    try:
        root = ElementTree.fromstring(xml.encode("utf-8"))  # noqa: S314 - no entities, see above
    except ElementTree.ParseError as error:
        raise QTradeError(f"The gateway's scanner parameters can't be read: {error}.") from None
    instruments = tuple(_instruments(root))
    ours = frozenset(each.code for each in instruments)
    codes = tuple(_choices(root.iter("ScanType"), "scanCode", ours))
    if not codes:
        raise QTradeError("The gateway's scanner parameters name no scan for US instruments.")
    wanted = frozenset(filter_id for each in instruments for filter_id in each.filters)
    return ScanParameters(
        instruments,
        codes,
        tuple(_choices(root.iter("Location"), "locationCode", ours)),
        tuple(_filters(root, wanted)),
    )


def is_ours(instrument: str) -> bool:
    """US stocks, ETFs, futures and indexes."""
    return instrument == "STK" or instrument.endswith(".US")


def _instruments(root: ElementTree.Element) -> Iterator[ScanInstrument]:
    for each in root.iter("Instrument"):
        code = _text(each, "type")
        if is_ours(code):
            yield ScanInstrument(code, _text(each, "name") or code, _list(each, "filters"))


def _choices(found: Iterator[ElementTree.Element], tag: str, ours: frozenset[str]) -> Iterator[ScanChoice]:
    seen: set[str] = set()
    for each in found:
        code = _text(each, tag)
        instruments = tuple(name for name in _list(each, "instruments") if name in ours)
        if code and instruments and code not in seen:
            seen.add(code)
            yield ScanChoice(code, _text(each, "displayName") or code, instruments)


def _filters(root: ElementTree.Element, wanted: frozenset[str]) -> Iterator[ScanFilter]:
    seen: set[str] = set()
    for holder in root.iter("FilterList"):
        for each in holder:
            filter_id = _text(each, "id")
            if filter_id not in wanted:
                continue
            for field in each.iter("AbstractField"):
                tag = _text(field, "code")
                if tag and tag not in seen:
                    seen.add(tag)
                    yield _filter(field, tag, filter_id, _text(each, "category"))


def _filter(field: ElementTree.Element, tag: str, filter_id: str, category: str) -> ScanFilter:
    kind_name = field.get("type", "").rpartition(".")[2].removesuffix("Field")
    kind = _KINDS.get(kind_name, "text")
    choices = tuple(text for value in field.iter("ComboValue") if (text := _text(value, "code")))
    if kind_name == "Boolean" and not choices:
        choices = ("true", "false")
    # A field that is said to hold numbers, but is known to take words (stkTypes), stays free text.
    if tag == "stkTypes" or (kind == "choice" and not choices):
        kind = "text"
    return ScanFilter(tag, _text(field, "displayName") or category or tag, kind, filter_id, choices)


def _text(element: ElementTree.Element, tag: str) -> str:
    return (element.findtext(tag) or "").strip()


def _list(element: ElementTree.Element, tag: str) -> tuple[str, ...]:
    return tuple(part for each in _text(element, tag).split(",") if (part := each.strip()))
