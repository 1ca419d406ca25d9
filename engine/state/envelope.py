"""How a section lies on disk: its kind, version and body; decoded into the typed struct or refused."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from engine.errors import StateError
from engine.state.alert_sections import ALERT_SECTIONS
from engine.state.counter_sections import COUNTER_SECTIONS
from engine.state.desk_sections import DESK_SECTIONS
from engine.state.engine_sections import ENGINE_SECTIONS
from engine.state.incident_sections import INCIDENT_SECTIONS
from engine.state.lab_sections import LAB_SECTIONS
from engine.state.scan_sections import SCAN_SECTIONS
from engine.state.score_sections import SCORE_SECTIONS
from engine.state.sections import AT_TIMES, SECTIONS, Section, SymbolSection
from engine.state.watchlist_sections import WATCHLIST_SECTIONS
from engine.storage.encodable import to_json

SYMBOL_PREFIX = "symbol:"
SEQS_KEY = "seqs"  # section name -> seq, so that a reader polls one small value
_SNAPSHOT = "snapshot"  # ... and in the same table, under a name that no section has, the number of the moment


class Envelope(Struct, frozen=True):
    kind: str
    version: int
    body: msgspec.Raw


_envelopes = msgspec.json.Decoder(Envelope)
NAMED: dict[str, type[Section]] = {
    **SECTIONS,
    **AT_TIMES,
    **SCORE_SECTIONS,
    **SCAN_SECTIONS,
    **LAB_SECTIONS,
    **INCIDENT_SECTIONS,
    **ALERT_SECTIONS,
    **COUNTER_SECTIONS,
    **DESK_SECTIONS,
    **ENGINE_SECTIONS,
    **WATCHLIST_SECTIONS,
}
_kinds: tuple[type[Section], ...] = (*NAMED.values(), SymbolSection)
_decoders: dict[type[Section], msgspec.json.Decoder[Section]] = {kind: msgspec.json.Decoder(kind) for kind in _kinds}
_seqs = msgspec.json.Decoder(dict[str, int])


def symbol_key(con_id: int) -> str:
    """The name of one contract's section."""
    return f"{SYMBOL_PREFIX}{con_id}"


def kind_of(name: str) -> type[Section]:
    """The struct that a section's name stands for.

    Raises:
        StateError: no such section.
    """
    if name.startswith(SYMBOL_PREFIX) and name[len(SYMBOL_PREFIX) :].lstrip("-").isdigit():
        return SymbolSection
    if name in NAMED:
        return NAMED[name]
    raise StateError(f"there is no section {name!r}; known: {', '.join(NAMED)}, symbol:<con_id>")


def wrap(snapshot: Section) -> Envelope:
    """The value to store. NaN and infinity become null and are refused again at the reader's door."""
    kind = type(snapshot)
    return Envelope(kind.__name__, kind.VERSION, msgspec.Raw(to_json(snapshot)))


def unwrap(name: str, stored: bytes) -> Section:
    """The typed snapshot of a stored value.

    Raises:
        StateError: of another version, of another kind, or not of the right types.
    """
    kind = kind_of(name)
    try:
        envelope = _envelopes.decode(stored)
        if envelope.kind != kind.__name__:
            raise StateError(f"state section {name}: found a {envelope.kind}, must be a {kind.__name__}; dropped")
        if envelope.version != kind.VERSION:
            raise StateError(
                f"state section {name}: is of version {envelope.version}, this program reads version {kind.VERSION};"
                " dropped. It comes back as soon as the engine of this version publishes it"
            )
        return _decoders[kind].decode(envelope.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StateError(f"state section {name}: {error}; dropped") from error


def wrap_seqs(snapshot: int | None, seqs: dict[str, int]) -> dict[str, int]:
    """The table to store; the snapshot's number is left out when the sections are not of one moment."""
    return seqs if snapshot is None else {**seqs, _SNAPSHOT: snapshot}


def unwrap_seqs(stored: bytes) -> tuple[int | None, dict[str, int]]:
    """The number of the moment (None = not said) and section name -> seq.

    Raises:
        StateError: the value is not a table of numbers.
    """
    try:
        seqs = _seqs.decode(stored)
        return seqs.pop(_SNAPSHOT, None), seqs
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StateError(f"state: the table of sequence numbers is not readable ({error})") from error
