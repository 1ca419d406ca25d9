"""The door through which commands come in: right types, finite numbers, bounded sizes. Pure."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping

import msgspec

from engine.errors import CommandRefused
from engine.state.commands import (
    AnyCommand,
    ApplySettings,
    Command,
    DropLevel,
    FindSymbol,
    ImportSymbols,
    KeepChannel,
    KeepLevel,
    KeepNote,
    NoteDay,
    NoteTrip,
    OpenSymbol,
    PinSymbol,
    PreviewThresholds,
    ProbeBroker,
    RunLab,
)
from engine.state.lab_sections import MOST_RANGES, MOST_VALUES
from engine.state.watchlist_sections import IMPORT_MAX
from engine.state.watchlist_sections import NOTE_MAX as SYMBOL_NOTE_MAX

BYTES_MAX = 16_384
TEXT_MAX = 256
URL_MAX = 1_000
NOTE_MAX = 10_000  # of a note, which the trader writes; how long it may be its desk says
CHANGES_MAX = 100
LONG_TEXTS: dict[type[Command], int] = {ImportSymbols: IMPORT_MAX, KeepNote: SYMBOL_NOTE_MAX}
_BYTES_A_CHARACTER = 6  # at most, as JSON


def checked(command: Command) -> AnyCommand:
    """The command, rebuilt from its plain values so that every field has the type that it promises.

    Raises:
        CommandRefused: the text is for the user.
    """
    try:
        encoded = msgspec.json.encode(command)
        most = BYTES_MAX + _BYTES_A_CHARACTER * LONG_TEXTS.get(type(command), 0)
        if len(encoded) > most:
            raise CommandRefused(f"The command has {len(encoded)} bytes; at most {most} are taken.")
        valid: AnyCommand = msgspec.json.decode(encoded, type=AnyCommand)
    except (msgspec.MsgspecError, TypeError, UnicodeError, RecursionError) as error:
        raise CommandRefused(f"The command is not valid: {error}.") from error
    _check_texts(valid)
    _check_values(command, valid)
    return valid


def received(body: bytes) -> AnyCommand:
    """A command that came from another process, before it is `checked`.

    Raises:
        CommandRefused: it is none.
    """
    try:
        command: AnyCommand = _commands.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise CommandRefused(f"The command is not valid: {error}.") from error
    return command


_commands: msgspec.json.Decoder[AnyCommand] = msgspec.json.Decoder(AnyCommand)


def _check_texts(command: AnyCommand) -> None:
    if not command.request_id:
        raise CommandRefused("The command is not valid: it has no request id.")
    for field in command.__struct_fields__:
        value = getattr(command, field)
        most = _most(command, field)
        if isinstance(value, str) and len(value) > most:
            raise CommandRefused(f"The command is not valid: {field} has {len(value)} characters (max {most:,}).")


def _most(command: AnyCommand, field: str) -> int:
    if field == "url" and isinstance(command, KeepChannel):
        return URL_MAX
    if field == "text" and type(command) in LONG_TEXTS:
        return LONG_TEXTS[type(command)]
    return NOTE_MAX if field == "note" and isinstance(command, NoteTrip | NoteDay) else TEXT_MAX


def _check_values(given: Command, command: AnyCommand) -> None:
    if isinstance(command, (OpenSymbol, PinSymbol, KeepNote, KeepLevel, DropLevel)) and command.con_id <= 0:
        raise CommandRefused(f"The command is not valid: con_id is {command.con_id}; must be above 0.")
    if isinstance(command, ProbeBroker) and not 1 <= command.port <= 65535:
        raise CommandRefused(f"Port is {command.port}; must be 1-65535.")
    if isinstance(command, FindSymbol) and not command.text.strip():
        raise CommandRefused("Type a symbol or a name first.")
    if isinstance(command, FindSymbol) and any(unicodedata.category(each).startswith("C") for each in command.text):
        raise CommandRefused("A symbol's name holds no control characters.")  # TWS ends a field at one of them
    if isinstance(given, ApplySettings):
        _check_changes(given.changes, least=1)
    if isinstance(given, PreviewThresholds):
        _check_changes(given.changes, least=0)
    if isinstance(given, RunLab):
        _check_run(given)


def _check_run(command: RunLab) -> None:
    names = [each.name for each in command.ranges]
    if len(names) > MOST_RANGES or len(set(names)) < len(names):
        raise CommandRefused(f"{len(names)} parameters vary; at most {MOST_RANGES} different ones can.")
    if any(not 1 <= len(each.values) <= MOST_VALUES for each in command.ranges):
        raise CommandRefused(f"Each parameter takes 1-{MOST_VALUES} values.")
    if not 1 <= command.least_signals <= 1_000:
        raise CommandRefused(f"At least {command.least_signals} signals; must be 1-1,000.")


def _check_changes(changes: Mapping[str, object], least: int) -> None:
    """Looks at the values as given: JSON has already turned NaN into null."""
    if not least <= len(changes) <= CHANGES_MAX:
        raise CommandRefused(f"{len(changes)} settings at once; must be {least}-{CHANGES_MAX}.")
    for key, value in changes.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise CommandRefused(f"{key}: {value} is not a number that can be set.")
